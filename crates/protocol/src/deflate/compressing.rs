//! One frame of a compressed message on its way through one of zlib's compressors.

use ferrows_zlib::Deflater;

use super::TAIL;

/// Appends a frame's payload: without the end of the flushed block if it is the last one of a message
/// (RFC 7692 §7.2.1).
pub fn compress(deflater: &mut Deflater, data: &[u8], fin: bool, output: &mut Vec<u8>) {
    deflater.deflate(data, output);
    if fin && output.ends_with(&TAIL) {
        output.truncate(output.len().saturating_sub(TAIL.len()));
    }
}

/// A frame that is compressed elsewhere, on another thread.
#[derive(Debug)]
pub struct CompressJob {
    pub(super) deflater: Deflater,
    pub(super) set: usize,
    pub(super) input: Vec<u8>,
    pub(super) fin: bool,
    pub(super) output: Vec<u8>,
    pub(super) done: bool,
}

impl CompressJob {
    /// Does the work. It has to be given back to `Compressors::finish` afterwards.
    pub fn run(&mut self) {
        compress(&mut self.deflater, &self.input, self.fin, &mut self.output);
        self.done = true;
    }
}
