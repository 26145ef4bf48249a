use super::data::HOT_PIECE;
use super::{Boundary, Incoming, Stage};
use crate::error::ProtocolError;
use crate::opcode::Opcode;

/// What is known of a frame whose rest can be received apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    /// Bytes that have come of what will be delivered together with it.
    pub arrived: usize,
    /// Bytes of the frame that have not come; at least 1.
    pub missing: u64,
}

/// What ended with bytes that were received apart, as in `Data`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The kind of the message.
    pub opcode: Opcode,
    /// Whether the message is compressed.
    pub compressed: bool,
    /// `Frame` or `Message`.
    pub end: Boundary,
}

/// Receiving the rest of a large frame in memory of the caller's own, without a copy:
///
/// ```text
///  decode ──► rest() ──► take_arrived ──► receive_apart … receive_apart ──► Ended
///  stops      Some       what has come    the next bytes of the frame
/// ```
/// Whoever does not want to gives the next bytes to `decode`, as ever, at any time before
/// `take_arrived`.
impl Incoming {
    /// The rest of the current frame, if what is delivered at its end begins with bytes that are
    /// still here: it is the last frame of its message, or delivered on its own.
    #[inline]
    pub fn rest(&self) -> Option<Rest> {
        let is_data = self.stage == Stage::Payload && !self.frame.opcode.is_control();
        let missing = self.frame.missing();
        if !is_data || missing == 0 || self.options.min_part > 0 || !self.ends_delivery() {
            return None;
        }
        Some(Rest {
            arrived: self.message.buffer.len(),
            missing,
        })
    }

    /// Gives away what has come for `Rest::arrived`, and frees it. From now on the frame's bytes
    /// belong to `receive_apart`.
    pub fn take_arrived(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.message.buffer)
    }

    /// Takes the next bytes of the frame as one read chunk, at most `Rest::missing`: unmasks and
    /// validates them where they are. Returns what they complete.
    pub fn receive_apart(&mut self, piece: &mut [u8]) -> Result<Option<Ended>, ProtocolError> {
        if self.stage != Stage::Payload || piece.is_empty() {
            return Ok(None);
        }
        let arrived = self.frame.received.saturating_add(piece.len() as u64);
        let result = self
            .chunks
            .admit(self.options.max_buffered_chunks)
            .and_then(|()| self.advance(piece.len()))
            .and_then(|(key, end)| {
                // Parts that stay in the cache between the two passes.
                let mut parts = piece.chunks_mut(HOT_PIECE).peekable();
                while let Some(part) = parts.next() {
                    let end = match parts.peek() {
                        None => end,
                        Some(_) => Boundary::Part,
                    };
                    self.unmask(part, key, end)?;
                }
                Ok(end)
            });
        match result {
            Ok(Boundary::Part) => {
                self.chunks.note(arrived, self.buffered());
                Ok(None)
            }
            Ok(end) => {
                self.chunks.note(arrived, self.buffered());
                let (opcode, compressed) = self.finish(end);
                Ok(Some(Ended {
                    opcode,
                    compressed,
                    end,
                }))
            }
            Err(error) => {
                self.close();
                Err(error)
            }
        }
    }

    /// Whether `decode` leaves the payload of the frame that has just begun, of which `here` bytes
    /// are in the chunk, to be received apart.
    #[inline]
    pub(super) fn leaves_apart(&self, here: usize) -> bool {
        let min = self.options.apart;
        min > 0
            && self.frame.length.saturating_sub(here as u64) >= u64::from(min)
            && self.rest().is_some()
    }
}
