/// How much a reactor does at a time.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes that are read from one connection in one wake-up; the others get their turn before the
    /// rest of a flood.
    pub budget: usize,
    /// Bytes of a frame that must be missing for the message to be received in memory that the sink
    /// lends; 0 never asks for any.
    pub apart: u32,
    /// The least room that a read gets, if the space given to `poll` has as much.
    pub min_read: usize,
    /// Bytes that peers may have announced and not sent, of all connections together, for which there
    /// is memory. Beyond that a message gets none until a good part of it has come.
    pub promises: usize,
    /// Connections that get their turn in one wake-up.
    pub turns: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            budget: 256 * 1024,
            apart: 32 * 1024,
            min_read: 16 * 1024,
            promises: 16 * 1024 * 1024,
            turns: 1024,
        }
    }
}
