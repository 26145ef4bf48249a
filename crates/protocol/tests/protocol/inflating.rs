//! Compressed messages on their way from `Incoming` to a recorder, with the codec between them.

use std::mem;

use ferrows_protocol::{
    Boundary, Data, Decompressors, ErrorIndex, Event, Flow, InflateError, Inflated, Opcode,
    Options, Payload, ProtocolError, Sink, is_valid_utf8,
};

use crate::transcript::Recorder;

/// A sink that inflates, and checks what comes of it as the endpoint does.
pub struct Inflating {
    pub recorder: Recorder,
    options: Options,
    decompressors: Decompressors,
    id: u32,
    /// The message at hand.
    bytes: Vec<u8>,
}

impl Inflating {
    pub fn new(options: Options) -> Self {
        let mut decompressors = Decompressors::default();
        Self {
            recorder: Recorder::default(),
            options,
            id: decompressors.open(15, true),
            decompressors,
            bytes: Vec::new(),
        }
    }

    /// The message, with its last frame.
    fn push(&mut self, frame: &Data<'_>) -> Result<Option<Vec<u8>>, ProtocolError> {
        let fin = frame.end == Boundary::Message;
        let limit = match self.options.max_payload {
            0 => usize::MAX,
            max => max as usize - self.bytes.len(),
        };
        let payload = frame.payload.bytes();
        let (id, bytes) = (self.id, &mut self.bytes);
        match (self.decompressors).inflate(id, payload, fin, limit, usize::MAX, bytes) {
            Ok(Inflated::Whole) => {}
            Err(InflateError::TooLong) => return Err(ErrorIndex::MessageTooLong.error()),
            other => panic!("{other:?}"),
        }
        if !fin {
            return Ok(None);
        }
        let bytes = mem::take(&mut self.bytes);
        let checked = frame.opcode == Opcode::Text && !self.options.skip_utf8_validation;
        if checked && !is_valid_utf8(&bytes) {
            return Err(ErrorIndex::InvalidUtf8.error());
        }
        Ok(Some(bytes))
    }
}

impl Sink for Inflating {
    fn event(&mut self, event: Event<'_>) -> Flow {
        let frame = match event {
            Event::Data(frame) if frame.compressed => frame,
            other => return self.recorder.event(other),
        };
        match self.push(&frame) {
            Ok(None) => Flow::Continue,
            Ok(Some(mut bytes)) => self.recorder.event(Event::Data(Data {
                opcode: frame.opcode,
                compressed: false,
                end: Boundary::Message,
                payload: Payload::Owned(&mut bytes),
            })),
            Err(error) => Flow::Fail(error),
        }
    }
}
