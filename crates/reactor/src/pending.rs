/// Bytes of a peer that were read but could not be delivered yet.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    bytes: Vec<u8>,
    start: usize,
}

impl Pending {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The bytes in order.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Drops the first `len` bytes, and the memory with the last one.
    pub(crate) fn consume(&mut self, len: usize) {
        self.start = self.start.saturating_add(len);
        if self.start >= self.bytes.len() {
            *self = Self::default();
        }
    }
}
