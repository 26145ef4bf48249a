/// How much a reactor does at a time.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes that are read from one connection in one wake-up; the others get their turn before the
    /// rest of a flood.
    pub budget: usize,
    /// Bytes of a frame that must be missing for the rest to be read straight into the message's own
    /// memory.
    pub direct: usize,
    /// The least room that a read gets, if the space given to `poll` has as much.
    pub min_read: usize,
    /// Bytes of memory that are kept from large messages for the next ones.
    pub spare: usize,
    /// Connections that get their turn in one wake-up.
    pub turns: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            budget: 256 * 1024,
            direct: 32 * 1024,
            min_read: 16 * 1024,
            spare: 4 * 1024 * 1024,
            turns: 1024,
        }
    }
}
