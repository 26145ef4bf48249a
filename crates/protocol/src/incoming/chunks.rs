use crate::error::{ErrorIndex, ProtocolError};

/// Counts the reads whose bytes wait for the step at hand to become complete. A peer that sends a
/// byte at a time costs more than its bytes.
#[derive(Debug, Default)]
pub(super) struct ChunkCount(u32);

impl ChunkCount {
    /// Whether another chunk may come; `max` 0 means yes.
    #[inline]
    pub(super) fn admit(&self, max: u32) -> Result<(), ProtocolError> {
        if max > 0 && self.0 >= max {
            return Err(ErrorIndex::TooManyChunks.error());
        }
        Ok(())
    }

    /// A chunk was worked off: `arrived` bytes, with it, had come for the step that was at hand
    /// before it, and `left` wait for the step that is at hand now.
    #[inline]
    pub(super) fn note(&mut self, arrived: u64, left: u64) {
        self.0 = match left {
            0 => 0,
            // No step was completed, which would have consumed some.
            _ if left == arrived => self.0.saturating_add(1),
            _ => 1,
        };
    }
}
