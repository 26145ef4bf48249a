//! The last bytes a peer has sent, as far as its next message may refer back to them.

use ferrows_zlib::Inflater;

/// Never holds more than what was pushed, nor more than its limit.
#[derive(Debug)]
pub struct History {
    /// Once full, the oldest byte is at `start`; before that, at 0.
    bytes: Vec<u8>,
    start: usize,
    limit: usize,
}

impl History {
    pub const fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            start: 0,
            limit,
        }
    }

    pub fn push(&mut self, added: &[u8]) {
        let added = added
            .get(added.len().saturating_sub(self.limit)..)
            .unwrap_or_default();
        let room = self.limit.saturating_sub(self.bytes.len());
        let (growth, overwriting) = added.split_at(added.len().min(room));
        self.grow(growth);
        self.overwrite(overwriting);
    }

    /// The oldest bytes, then the latest.
    pub fn parts(&self) -> [&[u8]; 2] {
        let (latest, oldest) = self.bytes.split_at_checked(self.start).unwrap_or_default();
        [oldest, latest]
    }

    /// Has an inflater that knows nothing know them.
    pub fn install(&self, inflater: &mut Inflater) {
        for part in self.parts() {
            if !part.is_empty() {
                inflater.add_history(part);
            }
        }
    }

    pub fn clear(&mut self) {
        self.bytes = Vec::new();
        self.start = 0;
    }

    /// The memory that it takes.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    fn grow(&mut self, added: &[u8]) {
        let needed = self.bytes.len().saturating_add(added.len());
        let capacity = self.bytes.capacity();
        if needed > capacity {
            // Exactly what is needed the first time: many peers send one message and no more.
            let wanted = needed.max(capacity.saturating_add(capacity / 2));
            let wanted = wanted.min(self.limit);
            self.bytes
                .reserve_exact(wanted.saturating_sub(self.bytes.len()));
        }
        self.bytes.extend_from_slice(added);
    }

    /// It is full: `added` takes the place of the oldest bytes.
    fn overwrite(&mut self, added: &[u8]) {
        let mut added = added;
        while !added.is_empty() {
            let target = self.bytes.get_mut(self.start..).unwrap_or_default();
            let (now, later) = added.split_at(added.len().min(target.len()));
            if let Some(target) = target.get_mut(..now.len()) {
                target.copy_from_slice(now);
            }
            self.start = self.start.saturating_add(now.len());
            if self.start >= self.bytes.len() {
                self.start = 0;
            }
            if now.is_empty() && self.bytes.is_empty() {
                return;
            }
            added = later;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::History;

    fn whole(history: &History) -> Vec<u8> {
        history.parts().concat()
    }

    #[test]
    fn it_is_the_end_of_what_was_pushed() {
        let mut all = Vec::new();
        let mut history = History::new(256);
        let mut next = 0u8;
        for length in [0, 1, 100, 155, 1, 30, 256, 3, 255, 700, 255, 2, 0, 511] {
            let piece: Vec<u8> = (0..length)
                .map(|_| {
                    next = next.wrapping_mul(17).wrapping_add(29);
                    next
                })
                .collect();
            history.push(&piece);
            all.extend_from_slice(&piece);
            assert!(all.ends_with(&whole(&history)));
            assert_eq!(whole(&history).len(), all.len().min(256));
            assert!(history.capacity() <= 256);
        }
        history.clear();
        assert_eq!((whole(&history).len(), history.capacity()), (0, 0));
    }

    #[test]
    fn it_takes_no_more_memory_than_what_has_arrived() {
        let mut history = History::new(32_768);
        history.push(&[1; 200]);
        assert_eq!(history.capacity(), 200);
    }
}
