//! What an endpoint reported, as values that can be compared.

use std::mem;

use ferrows_protocol::{Boundary, Event, Flow, Incoming, Opcode, Options, ProtocolError, Sink};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, Vec<u8>),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    pub items: Vec<Item>,
    pub error: Option<ProtocolError>,
}

/// A sink that joins pieces to messages and, if told to, stops after every so many events.
#[derive(Debug, Default)]
pub struct Recorder {
    pub items: Vec<Item>,
    /// Stops after each event whose number this divides; 0 never does.
    stop_every: usize,
    /// The payload lengths of data events and what ended with them.
    pub pieces: Vec<(usize, Boundary)>,
    events: usize,
    pending: Vec<u8>,
}

impl Recorder {
    pub fn stopping_every(events: usize) -> Self {
        Self {
            stop_every: events,
            ..Self::default()
        }
    }
}

impl Sink for Recorder {
    fn event(&mut self, event: Event<'_>) -> Flow {
        match event {
            Event::Data(data) => {
                assert!(!data.compressed, "nothing here inflates");
                self.pieces.push((data.payload.bytes().len(), data.end));
                self.pending.extend_from_slice(data.payload.bytes());
                if data.end == Boundary::Message {
                    let bytes = mem::take(&mut self.pending);
                    self.items.push(match data.opcode {
                        Opcode::Text => Item::Text(bytes),
                        Opcode::Binary => Item::Binary(bytes),
                        other => panic!("{other:?} is no kind of message"),
                    });
                }
            }
            Event::Ping(payload) => self.items.push(Item::Ping(payload.to_vec())),
            Event::Pong(payload) => self.items.push(Item::Pong(payload.to_vec())),
            Event::Close { code, reason } => self.items.push(Item::Close(code, reason.to_vec())),
        }
        self.events += 1;
        if self.stop_every > 0 && self.events.is_multiple_of(self.stop_every) {
            Flow::Stop
        } else {
            Flow::Continue
        }
    }
}

/// Gives all of `chunk` to `incoming`, going on wherever the sink stops it.
pub fn decode_all<S: Sink>(
    incoming: &mut Incoming,
    mut chunk: &mut [u8],
    sink: &mut S,
) -> Result<(), ProtocolError> {
    while !chunk.is_empty() {
        let consumed = incoming.decode(chunk, sink)?;
        chunk = &mut chunk[consumed..];
    }
    Ok(())
}

/// What an endpoint with `options` reports about `chunks`.
pub fn transcript<'a>(
    options: Options,
    recorder: Recorder,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Transcript {
    let mut incoming = Incoming::new(options);
    let mut sink = recorder;
    let mut error = None;
    for chunk in chunks {
        let result = decode_all(&mut incoming, &mut chunk.to_vec(), &mut sink);
        error = error.or(result.err());
    }
    Transcript {
        items: sink.items,
        error,
    }
}
