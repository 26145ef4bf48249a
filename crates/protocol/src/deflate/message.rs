//! The seam for permessage-deflate (RFC 7692). `Incoming` hands on the frames of compressed messages
//! one by one, whole and unmasked. Between it and the sink of messages sits `Inflating`:
//!
//! ```text
//! Incoming ──► Inflating { codec: impl Inflate, message, sink } ──► sink
//!    compressed frames                              messages, inflated and validated
//! ```
//!
//! A sink that inflates elsewhere, on another thread, takes a compressed frame's payload, returns
//! `Flow::Stop`, and calls `InflatedMessage::push` there. Until that is done nothing more may be
//! decoded, so that the order of the connection's events is kept; an error ends with
//! `Incoming::close`.

use crate::error::{ErrorIndex, ProtocolError};
use crate::incoming::{Boundary, Data, Event, Flow, Options, Payload, Sink};
use crate::opcode::Opcode;
use crate::utf8::Utf8Validator;

/// The incoming direction of permessage-deflate, with the state that context takeover keeps.
pub trait Inflate {
    /// Appends to `output` what `payload` inflates to: the next frame of a compressed message, its
    /// last one if `fin`. Fails with `MessageTooLong`, before it has written more, when that would
    /// be more than `limit` bytes.
    fn inflate(
        &mut self,
        payload: &[u8],
        fin: bool,
        limit: usize,
        output: &mut Vec<u8>,
    ) -> Result<(), ProtocolError>;
}

/// A compressed message as far as it has been inflated. Empty, and without memory, between messages.
#[derive(Debug, Default)]
pub struct InflatedMessage {
    utf8: Utf8Validator,
    bytes: Vec<u8>,
}

impl InflatedMessage {
    /// Inflates the next frame. With the last one, returns the message.
    pub fn push<I>(
        &mut self,
        codec: &mut I,
        frame: &Data<'_>,
        options: &Options,
    ) -> Result<Option<Vec<u8>>, ProtocolError>
    where
        I: Inflate + ?Sized,
    {
        let fin = frame.end == Boundary::Message;
        let start = self.bytes.len();
        let limit = match options.max_payload {
            0 => usize::MAX,
            max => (max as usize).saturating_sub(start),
        };
        codec.inflate(frame.payload.bytes(), fin, limit, &mut self.bytes)?;
        let piece = self.bytes.get(start..).unwrap_or_default();
        if piece.len() > limit {
            return Err(ErrorIndex::MessageTooLong.error());
        }
        if frame.opcode == Opcode::Text && !options.skip_utf8_validation {
            self.utf8.push(piece);
            if fin && !self.utf8.finish() {
                return Err(ErrorIndex::InvalidUtf8.error());
            }
        }
        Ok(fin.then(|| core::mem::take(&mut self.bytes)))
    }
}

/// A sink that inflates at once and passes on messages and control frames.
#[derive(Debug)]
pub struct Inflating<'a, I: ?Sized, S: ?Sized> {
    /// The codec of this direction of the connection.
    pub codec: &'a mut I,
    /// The message at hand, which outlives a call of `decode`.
    pub message: &'a mut InflatedMessage,
    /// The endpoint's options.
    pub options: Options,
    /// Where events go; the data among them is never compressed.
    pub sink: &'a mut S,
}

impl<I, S> Sink for Inflating<'_, I, S>
where
    I: Inflate + ?Sized,
    S: Sink + ?Sized,
{
    fn event(&mut self, event: Event<'_>) -> Flow {
        let frame = match event {
            Event::Data(frame) if frame.compressed => frame,
            other => return self.sink.event(other),
        };
        match self.message.push(self.codec, &frame, &self.options) {
            Ok(None) => Flow::Continue,
            Ok(Some(mut bytes)) => self.sink.event(Event::Data(Data {
                opcode: frame.opcode,
                compressed: false,
                end: Boundary::Message,
                payload: Payload::Owned(&mut bytes),
            })),
            Err(error) => Flow::Fail(error),
        }
    }
}
