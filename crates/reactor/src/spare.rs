use ferrows_protocol::{Direct, Incoming};

/// Memory of large messages that were delivered, for the next ones. Fresh memory is expensive: the
/// allocator gets it from the kernel, which clears it page by page.
#[derive(Debug)]
pub(crate) struct Spare {
    /// Empty, and with capacity.
    buffers: Vec<Vec<u8>>,
    capacity: usize,
    max: usize,
    /// Batches since one of them was needed.
    idle: u32,
}

/// Smaller memory is left to the allocator.
const MIN_BUFFER: usize = 64 * 1024;

/// A shorter read does not leave a piece that needs much memory.
const MIN_READ: usize = 16 * 1024;

/// A piece that will fill less than one part in so many gets memory of its own.
const PROPORTION: usize = 4;

/// After so many batches without large messages all memory is freed.
const MAX_IDLE: u32 = 256;

impl Spare {
    /// Keeps at most `max` bytes.
    pub(crate) fn new(max: usize) -> Self {
        Self {
            buffers: Vec::new(),
            capacity: 0,
            max,
            idle: 0,
        }
    }

    /// Takes memory that nobody needs any more.
    pub(crate) fn put(&mut self, mut buffer: Vec<u8>) {
        let capacity = self.capacity.saturating_add(buffer.capacity());
        if buffer.capacity() >= MIN_BUFFER && capacity <= self.max {
            buffer.clear();
            self.capacity = capacity;
            self.buffers.push(buffer);
        }
    }

    /// Lends memory for what a read of `len` bytes may leave incomplete. Returns whether it has.
    #[inline]
    pub(crate) fn lend(&mut self, incoming: &mut Incoming, len: usize) -> bool {
        len >= MIN_READ && !self.buffers.is_empty() && self.lend_last(incoming)
    }

    /// The memory of a message for a frame of which at least `min` bytes are still to come: lent where
    /// it has none yet.
    pub(crate) fn direct<'a>(
        &mut self,
        incoming: &'a mut Incoming,
        min: usize,
    ) -> Option<Direct<'a>> {
        let missing = incoming.missing();
        if missing >= min as u64
            && let Some(last) = self.buffers.last()
            && last.capacity() as u64 <= missing.saturating_mul(PROPORTION as u64)
        {
            self.idle = 0;
            self.lend_last(incoming);
        }
        incoming.direct(min)
    }

    fn lend_last(&mut self, incoming: &mut Incoming) -> bool {
        let memory = incoming.memory();
        if memory.capacity() > 0 {
            return false;
        }
        let Some(buffer) = self.buffers.pop() else {
            return false;
        };
        self.capacity = self.capacity.saturating_sub(buffer.capacity());
        *memory = buffer;
        true
    }

    /// Takes back what was lent, unless the message at hand needs it.
    pub(crate) fn settle(&mut self, incoming: &mut Incoming) {
        let coming = incoming.direct(1).map_or(0, |direct| direct.limit());
        let memory = incoming.memory();
        let needed = memory.len().saturating_add(coming);
        if needed.saturating_mul(PROPORTION) >= memory.capacity() {
            self.idle = 0;
            return;
        }
        let own = memory.as_slice().to_vec();
        self.put(std::mem::replace(memory, own));
    }

    /// A batch is over.
    #[inline]
    pub(crate) fn age(&mut self) {
        if !self.buffers.is_empty() {
            self.idle = self.idle.saturating_add(1);
            if self.idle > MAX_IDLE {
                self.buffers = Vec::new();
                self.capacity = 0;
                self.idle = 0;
            }
        }
    }

    #[cfg(test)]
    fn kept(&self) -> usize {
        self.buffers.iter().map(Vec::capacity).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferrows_protocol::{Event, Flow, Options};

    /// A masked binary frame of `len` zeros, with a key of zeros.
    fn frame(len: usize) -> Vec<u8> {
        let mut bytes = vec![0x82, 0xff];
        bytes.extend((len as u64).to_be_bytes());
        bytes.resize(bytes.len().saturating_add(len).saturating_add(4), 0);
        bytes
    }

    fn decode(incoming: &mut Incoming, bytes: &[u8]) {
        let mut sink = |_: Event<'_>| Flow::Continue;
        assert_eq!(
            incoming.decode(&mut bytes.to_vec(), &mut sink),
            Ok(bytes.len())
        );
    }

    fn spare_with(capacity: usize) -> Spare {
        let mut spare = Spare::new(1 << 20);
        spare.put(Vec::with_capacity(capacity));
        spare
    }

    #[test]
    fn a_large_piece_keeps_what_is_lent() {
        let mut spare = spare_with(200_000);
        let mut incoming = Incoming::new(Options::default());
        assert!(spare.lend(&mut incoming, 100_000));
        decode(&mut incoming, frame(150_000).split_at(100_000).0);
        spare.settle(&mut incoming);
        assert_eq!(spare.kept(), 0);
        assert_eq!(incoming.memory().len(), 100_000 - 14);
        assert!(incoming.held() >= 200_000);
    }

    #[test]
    fn the_beginning_of_a_large_message_keeps_what_is_lent() {
        let mut spare = spare_with(200_000);
        let mut incoming = Incoming::new(Options::default());
        assert!(spare.lend(&mut incoming, 20_000));
        decode(&mut incoming, frame(150_000).split_at(20_000).0);
        spare.settle(&mut incoming);
        assert_eq!(spare.kept(), 0);
        assert!(incoming.held() >= 200_000);
    }

    #[test]
    fn a_small_piece_gets_memory_of_its_own() {
        let mut spare = spare_with(200_000);
        let mut incoming = Incoming::new(Options::default());
        assert!(spare.lend(&mut incoming, 20_000));
        let mut stream = frame(1000).repeat(20);
        stream.truncate(20_000);
        decode(&mut incoming, &stream);
        spare.settle(&mut incoming);
        assert!(spare.kept() >= 200_000);
        assert!(incoming.held() > 0 && incoming.held() < 2000);
    }

    #[test]
    fn the_rest_of_a_large_frame_gets_what_is_lent_before_it_comes() {
        for (capacity, len, lends) in [
            (200_000, 150_000, true),
            (200_000, 50_001, true),
            (200_000, 49_000, false),
            (70_000, 20_000, false),
        ] {
            let mut spare = spare_with(capacity);
            let mut incoming = Incoming::new(Options::default());
            assert!(spare.direct(&mut incoming, 32_000).is_none());
            assert_eq!(incoming.held(), 0);
            decode(&mut incoming, frame(len).split_at(14).0);
            let _ = spare.direct(&mut incoming, 32_000);
            assert_eq!(incoming.memory().capacity() >= capacity, lends, "{len}");
        }
    }

    #[test]
    fn nothing_is_left_with_an_idle_connection() {
        let mut spare = spare_with(200_000);
        let mut incoming = Incoming::new(Options::default());
        assert!(spare.lend(&mut incoming, 100_000));
        decode(&mut incoming, &frame(70_000));
        spare.settle(&mut incoming);
        assert!(spare.kept() >= 200_000);
        assert_eq!(incoming.held(), 0);
    }

    #[test]
    fn memory_is_bounded_and_freed_when_it_is_not_needed() {
        let mut spare = Spare::new(1 << 20);
        for _ in 0..100 {
            spare.put(Vec::with_capacity(100_000));
            spare.put(Vec::with_capacity(1000));
            spare.put(Vec::with_capacity(2 << 20));
        }
        assert!(spare.kept() <= 1 << 20 && spare.kept() >= 900_000);
        assert_eq!(spare.kept(), spare.capacity);
        for _ in 0..=MAX_IDLE {
            assert!(spare.kept() > 0);
            spare.age();
        }
        assert_eq!((spare.kept(), spare.capacity), (0, 0));
    }
}
