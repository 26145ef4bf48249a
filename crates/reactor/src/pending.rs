/// Bytes of a peer that were read but could not be delivered yet. Holds no memory when it is empty.
#[derive(Debug, Default)]
pub(crate) struct Pending(Option<Box<Unread>>);

#[derive(Debug, Default)]
struct Unread {
    bytes: Vec<u8>,
    start: usize,
}

impl Pending {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Adds bytes, of which there have to be some.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.0
            .get_or_insert_default()
            .bytes
            .extend_from_slice(bytes);
    }

    /// The bytes in order.
    pub(crate) fn bytes(&self) -> &[u8] {
        let Some(unread) = &self.0 else { return &[] };
        unread.bytes.get(unread.start..).unwrap_or_default()
    }

    /// Drops the first `len` bytes, and the memory with the last one.
    pub(crate) fn consume(&mut self, len: usize) {
        let Some(unread) = &mut self.0 else { return };
        unread.start = unread.start.saturating_add(len);
        if unread.start >= unread.bytes.len() {
            self.0 = None;
        }
    }
}
