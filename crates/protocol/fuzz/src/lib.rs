//! What the fuzz targets share: the reading of their input, and from the tests the reference decoder
//! and what is compared.

#[path = "../../tests/protocol/reference.rs"]
pub mod reference;
#[path = "../../tests/protocol/deflate/streaming.rs"]
pub mod streaming;
#[path = "../../tests/protocol/transcript.rs"]
pub mod transcript;

/// Takes numbers from the beginning of a fuzzer's input; zeros once it is used up.
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        byte
    }

    pub fn bool(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    pub fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        bytes
    }

    /// Up to 15 chunk sizes.
    pub fn sizes(&mut self) -> Vec<usize> {
        let count = self.byte() % 16;
        (0..count).map(|_| usize::from(self.byte())).collect()
    }
}

/// Cuts `bytes` into chunks of `sizes`, over and over; without sizes it stays whole.
pub fn chunks<'a>(bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = bytes;
    let mut chunks = Vec::new();
    if sizes.iter().any(|&size| size > 0) {
        for &size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, later) = rest.split_at(size.min(rest.len()));
            chunks.push(chunk);
            rest = later;
        }
    } else {
        chunks.push(rest);
    }
    chunks
}
