/// The memory that is read into.
///
/// ```text
///  ┌──────────────────────┬──────────┬───────────────────┐
///  │ payloads in use      │ a read   │                   │
///  └──────────────────────┴──────────┴───────────────────┘
///                         ▲ start
/// ```
/// What a read brings is parsed where it is. If the sink keeps payloads of it, the next read begins
/// behind them, otherwise at the same place.
pub(crate) struct Space<'a> {
    memory: &'a mut [u8],
    start: usize,
    min_read: usize,
}

impl<'a> Space<'a> {
    pub(crate) fn new(memory: &'a mut [u8], min_read: usize) -> Self {
        Self {
            memory,
            start: 0,
            min_read: min_read.max(1),
        }
    }

    /// Whether another poll's space is needed to go on.
    #[inline]
    pub(crate) fn is_used_up(&self) -> bool {
        self.start > 0 && self.memory.len().saturating_sub(self.start) < self.min_read
    }

    /// Where the next read goes in the memory.
    #[inline]
    pub(crate) fn start(&self) -> usize {
        self.start
    }

    /// Room for the next read, of at most `max` bytes.
    #[inline]
    pub(crate) fn room(&mut self, max: usize) -> &mut [u8] {
        let room = self.memory.get_mut(self.start..).unwrap_or_default();
        let len = room.len().min(max);
        room.get_mut(..len).unwrap_or_default()
    }

    /// Spares the first `kept` bytes of the memory.
    #[inline]
    pub(crate) fn keep(&mut self, kept: usize) {
        self.start = self.start.max(kept).min(self.memory.len());
    }
}
