use std::collections::VecDeque;
use std::io::IoSlice;

/// Bytes that the kernel has refused, in order. Holds no memory when it is empty.
#[derive(Debug, Default)]
pub(crate) struct Backlog(Option<Box<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    /// None of them is empty.
    chunks: VecDeque<Vec<u8>>,
    /// Bytes of the first chunk that the kernel has taken.
    start: usize,
    /// Bytes that it has not.
    len: usize,
}

/// The most pieces for one system call.
pub(crate) const MAX_SLICES: usize = 64;

/// Small pieces share a chunk up to this size, so that memory is freed as the kernel takes them.
const CHUNK: usize = 64 * 1024;

impl Backlog {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |queue| queue.len)
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let queue = self.0.get_or_insert_default();
        queue.len = queue.len.saturating_add(bytes.len());
        match queue.chunks.back_mut() {
            Some(last) if last.len().saturating_add(bytes.len()) <= CHUNK => {
                last.extend_from_slice(bytes);
            }
            _ => queue.chunks.push_back(bytes.to_vec()),
        }
    }

    /// Points the beginning of `slices` to the first bytes and returns that beginning.
    pub(crate) fn slices<'a, 'b>(
        &'a self,
        slices: &'b mut [IoSlice<'a>; MAX_SLICES],
    ) -> &'b [IoSlice<'a>] {
        let Some(queue) = &self.0 else { return &[] };
        let mut start = queue.start;
        let mut count: usize = 0;
        for (slice, chunk) in slices.iter_mut().zip(&queue.chunks) {
            *slice = IoSlice::new(chunk.get(start..).unwrap_or_default());
            start = 0;
            count = count.saturating_add(1);
        }
        slices.get(..count).unwrap_or_default()
    }

    /// Drops the first `len` bytes.
    pub(crate) fn consume(&mut self, len: usize) {
        let Some(queue) = &mut self.0 else { return };
        queue.len = queue.len.saturating_sub(len);
        if queue.len == 0 {
            self.0 = None;
            return;
        }
        let mut taken = queue.start.saturating_add(len);
        while let Some(first) = queue.chunks.front()
            && taken >= first.len()
        {
            taken = taken.saturating_sub(first.len());
            queue.chunks.pop_front();
        }
        queue.start = taken;
    }

    pub(crate) fn clear(&mut self) {
        self.0 = None;
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
mod tests {
    use super::*;

    fn contents(backlog: &Backlog) -> Vec<u8> {
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        backlog.slices(&mut slices).concat()
    }

    trait Concat {
        fn concat(&self) -> Vec<u8>;
    }

    impl Concat for [IoSlice<'_>] {
        fn concat(&self) -> Vec<u8> {
            self.iter().flat_map(|slice| slice.to_vec()).collect()
        }
    }

    #[test]
    fn bytes_come_out_as_they_went_in() {
        let mut backlog = Backlog::default();
        let mut model = Vec::new();
        let bytes: Vec<u8> = (0..200_000u32).map(|i| (i * 7 % 251) as u8).collect();
        for (round, len) in [1, 70_000, 30, 64_000, 1_500, 0, 100_000, 9]
            .into_iter()
            .enumerate()
        {
            backlog.push(&bytes[..len]);
            model.extend_from_slice(&bytes[..len]);
            assert_eq!(backlog.len(), model.len());
            assert_eq!(contents(&backlog), model);
            let taken = model.len() * round / 9;
            backlog.consume(taken);
            model.drain(..taken);
            assert_eq!(contents(&backlog), model);
        }
    }

    #[test]
    fn memory_is_freed_when_it_is_empty() {
        let mut backlog = Backlog::default();
        backlog.push(&[1; 100]);
        backlog.push(&[2; 100_000]);
        backlog.consume(99);
        assert!(!backlog.is_empty());
        backlog.consume(100_001);
        assert!(backlog.is_empty());
        assert_eq!(backlog.len(), 0);
        backlog.push(&[]);
        assert!(backlog.is_empty());
    }

    #[test]
    fn small_pieces_share_chunks_and_chunks_are_bounded() {
        let mut backlog = Backlog::default();
        for _ in 0..3000 {
            backlog.push(&[0; 100]);
        }
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let slices = backlog.slices(&mut slices);
        assert_eq!(slices.len(), 5);
        assert!(slices.iter().all(|slice| slice.len() <= CHUNK));
    }
}
