//! What an endpoint reported, as values that can be compared.

use std::mem;

use ferrows_protocol::{
    Boundary, Data, Ended, Event, Flow, Incoming, Opcode, Options, Payload, ProtocolError, Rest,
    Sink,
};

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

/// The same, but receives the rest of frames apart wherever `decode` leaves them for that.
pub fn transcript_apart<'a>(
    options: Options,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Transcript {
    let mut incoming = Incoming::new(options);
    let mut sink = Recorder::default();
    let mut error = None;
    let mut message: Option<Vec<u8>> = None;
    for chunk in chunks {
        let chunk = &mut chunk.to_vec()[..];
        let mut at = 0;
        while at < chunk.len() {
            let rest = &mut chunk[at..];
            let result = match (&mut message, incoming.rest()) {
                (Some(message), Some(Rest { missing, .. })) => {
                    let len = rest.len().min(missing as usize);
                    at += len;
                    receive_apart(&mut incoming, message, &rest[..len], &mut sink)
                }
                _ => {
                    message = None;
                    incoming.decode(rest, &mut sink).map(|consumed| {
                        at += consumed;
                        consumed < rest.len() || incoming.rest().is_none()
                    })
                }
            };
            match result {
                // A piece that ends in front of a payload may be gone on with in either way.
                Ok(true) => message = incoming.rest().map(|_| incoming.take_arrived()),
                Ok(false) => {}
                Err(found) => {
                    error = error.or(Some(found));
                    break;
                }
            }
        }
    }
    Transcript {
        items: sink.items,
        error,
    }
}

/// Whether the frame, and with it what was received apart, is complete.
fn receive_apart(
    incoming: &mut Incoming,
    message: &mut Vec<u8>,
    piece: &[u8],
    sink: &mut Recorder,
) -> Result<bool, ProtocolError> {
    let start = message.len();
    message.extend_from_slice(piece);
    let ended = incoming.receive_apart(&mut message[start..])?;
    if let Some(Ended {
        opcode,
        compressed,
        end,
    }) = ended
    {
        sink.event(Event::Data(Data {
            opcode,
            compressed,
            end,
            payload: Payload::Owned(message),
        }));
    }
    Ok(ended.is_some())
}
