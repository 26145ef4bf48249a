//! Messages: their limits, their UTF-8, and their bytes when they come in pieces.

use core::mem;

use super::{Boundary, Data, Event, Flow, Incoming, Options, Payload, Sink, Stage};
use crate::error::{ErrorIndex, ProtocolError};
use crate::header::FrameHeader;
use crate::mask::{MaskingKey, mask, mask_append};
use crate::opcode::Opcode;
use crate::utf8::Utf8Validator;

/// The least memory that a message in pieces gets, if its header claims as much.
const MIN_CAPACITY: u64 = 1024;

/// The message whose frames are coming.
#[derive(Debug, Default)]
pub(super) struct Message {
    /// `Text` or `Binary` between the first frame's header and the end of the last frame.
    pub(super) opcode: Option<Opcode>,
    compressed: bool,
    utf8: Utf8Validator,
    /// Frames that have come to their end.
    fragments: u32,
    /// The sum of the lengths in the headers so far.
    length: u64,
    /// What has come and was not delivered, unmasked.
    pub(super) buffer: Vec<u8>,
}

impl Message {
    /// Whether a frame of `length` more bytes is within the limit, which holds for the message.
    #[inline]
    pub(super) fn check_length(&self, length: u64, max: u32) -> Result<(), ProtocolError> {
        if max > 0 && self.length.saturating_add(length) > u64::from(max) {
            return Err(ErrorIndex::MessageTooLong.error());
        }
        Ok(())
    }

    #[inline]
    pub(super) fn begin_frame(&mut self, header: &FrameHeader) {
        if header.opcode != Opcode::Continuation {
            self.opcode = Some(header.opcode);
            self.compressed = header.rsv1;
        }
        self.length = self.length.saturating_add(header.length);
    }

    #[inline]
    fn end_frame(&mut self, max_fragments: u32) -> Result<(), ProtocolError> {
        self.fragments = self.fragments.saturating_add(1);
        if max_fragments > 0 && self.fragments > max_fragments {
            return Err(ErrorIndex::TooManyFragments.error());
        }
        Ok(())
    }

    /// Forgets everything but the buffer.
    #[inline]
    fn end(&mut self) {
        self.opcode = None;
        self.fragments = 0;
        self.length = 0;
    }

    #[inline]
    fn is_to_validate(&self, options: &Options) -> bool {
        self.opcode == Some(Opcode::Text) && !self.compressed && !options.skip_utf8_validation
    }
}

/// Takes note of the next piece of a text; its answer comes with the last one.
#[inline]
fn validate(utf8: &mut Utf8Validator, piece: &[u8], end: Boundary) -> Result<(), ProtocolError> {
    if end != Boundary::Message {
        utf8.push(piece);
    } else if !utf8.finish_with(piece) {
        return Err(ErrorIndex::InvalidUtf8.error());
    }
    Ok(())
}

impl Incoming {
    /// Takes the next bytes of a data frame's payload.
    #[inline]
    pub(super) fn receive_data<S>(
        &mut self,
        piece: &mut [u8],
        offset: usize,
        sink: &mut S,
    ) -> Result<Flow, ProtocolError>
    where
        S: Sink + ?Sized,
    {
        let (key, end) = self.advance(piece.len())?;
        let deliver = self.is_to_deliver(piece.len(), end);
        let in_place = deliver && self.message.buffer.is_empty();
        if in_place {
            self.unmask(piece, key, end)?;
        } else {
            let start = self.message.buffer.len();
            let arrived = (start as u64).saturating_add(piece.len() as u64);
            self.reserve(piece.len(), arrived, self.frame.missing());
            mask_append(&mut self.message.buffer, piece, key);
            if self.message.is_to_validate(&self.options) {
                let bytes = self.message.buffer.get(start..).unwrap_or_default();
                validate(&mut self.message.utf8, bytes, end)?;
            }
        }
        if !deliver {
            return Ok(Flow::Continue);
        }
        if in_place {
            Ok(self.deliver(
                end,
                Payload::Chunk {
                    bytes: piece,
                    offset,
                },
                sink,
            ))
        } else {
            Ok(self.deliver_buffer(end, sink))
        }
    }

    /// Unmasks the next part of a frame and takes note of it.
    #[inline]
    pub(super) fn unmask(
        &mut self,
        part: &mut [u8],
        key: MaskingKey,
        end: Boundary,
    ) -> Result<(), ProtocolError> {
        if key != [0; 4] {
            mask(part, key);
        }
        if self.message.is_to_validate(&self.options) {
            validate(&mut self.message.utf8, part, end)?;
        }
        Ok(())
    }

    /// Whether bytes wait that must be delivered before the next `len` ones can be in place.
    #[inline]
    pub(super) fn must_flush(&self, len: usize) -> bool {
        !self.message.buffer.is_empty() && !self.frame.opcode.is_control() && self.is_part(len)
    }

    /// Delivers the bytes that wait, as a part.
    #[cold]
    pub(super) fn flush<S>(&mut self, sink: &mut S) -> Flow
    where
        S: Sink + ?Sized,
    {
        self.deliver_buffer(Boundary::Part, sink)
    }

    /// Makes room for `room` bytes, with which `arrived` bytes of the message have come, and for what
    /// is `missing` of the frame only as far as that is in proportion to what really came.
    fn reserve(&mut self, room: usize, arrived: u64, missing: u64) {
        let claims_all = self.ends_delivery();
        let buffer = &mut self.message.buffer;
        if buffer.capacity().saturating_sub(buffer.len()) >= room {
            return;
        }
        let len = buffer.len() as u64;
        let needed = len.saturating_add(room as u64);
        let wanted = if claims_all {
            let claimed = arrived.saturating_add(missing);
            arrived.saturating_mul(4).max(MIN_CAPACITY).min(claimed)
        } else {
            arrived.saturating_mul(2).max(MIN_CAPACITY)
        };
        let additional = wanted.max(needed).saturating_sub(len);
        buffer.reserve_exact(usize::try_from(additional).unwrap_or(room));
    }

    /// Whether nothing that is delivered at the frame's end comes in a later one.
    #[inline]
    pub(super) fn ends_delivery(&self) -> bool {
        self.frame.fin || self.message.compressed || self.options.by_frame
    }

    /// Counts `len` bytes, and the frame if they are its last ones. Returns their key.
    #[inline]
    pub(super) fn advance(&mut self, len: usize) -> Result<(MaskingKey, Boundary), ProtocolError> {
        let key = self.frame.next_key();
        self.frame.receive(len);
        let end = self.frame.boundary();
        if end != Boundary::Part {
            self.stage = Stage::Header;
            self.message.end_frame(self.options.max_fragments)?;
        }
        Ok((key, end))
    }

    #[inline]
    fn is_to_deliver(&self, len: usize, end: Boundary) -> bool {
        match end {
            Boundary::Message => true,
            Boundary::Frame if self.options.by_frame || self.message.compressed => true,
            _ => self.is_part(len),
        }
    }

    #[inline]
    fn is_part(&self, len: usize) -> bool {
        let min = self.options.min_part as usize;
        min > 0 && len >= min && !self.message.compressed
    }

    #[inline]
    fn deliver_buffer<S>(&mut self, end: Boundary, sink: &mut S) -> Flow
    where
        S: Sink + ?Sized,
    {
        let mut buffer = mem::take(&mut self.message.buffer);
        self.deliver(end, Payload::Owned(&mut buffer), sink)
    }

    /// The kind of the message, and whether it is compressed, which ends if `end` says so.
    #[inline]
    pub(super) fn finish(&mut self, end: Boundary) -> (Opcode, bool) {
        let message = &mut self.message;
        let kind = (message.opcode.unwrap_or(Opcode::Binary), message.compressed);
        if end == Boundary::Message {
            message.end();
        }
        kind
    }

    #[inline]
    fn deliver<S>(&mut self, end: Boundary, payload: Payload<'_>, sink: &mut S) -> Flow
    where
        S: Sink + ?Sized,
    {
        let (opcode, compressed) = self.finish(end);
        sink.event(Event::Data(Data {
            opcode,
            compressed,
            end,
            payload,
        }))
    }
}

/// A multiple of four, so that every piece begins with the key's same byte.
pub(super) const HOT_PIECE: usize = 16 * 1024;
