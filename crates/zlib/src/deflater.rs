use core::ffi::c_int;

use libz_rs_sys::{
    Z_DEFLATED, Z_OK, Z_SYNC_FLUSH, deflate, deflateEnd, deflateInit2_, deflateReset, deflateTune,
    z_stream, zlibVersion,
};

use crate::stream::{STREAM_SIZE, run};

/// What a compressor is made with: zlib's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Parameters {
    /// 0 (stored) to 9 (smallest), or -1, the default.
    pub level: i8,
    /// The window is 2 to the power of this: 9 to 15.
    pub window_bits: u8,
    /// 1 to 9.
    pub mem_level: u8,
    /// 0 (default), 1 (filtered), 2 (Huffman only), 3 (run lengths), 4 (fixed codes).
    pub strategy: u8,
}

impl Parameters {
    /// Whether a compressor can be made with them.
    pub const fn are_valid(&self) -> bool {
        matches!(self.level, -1..=9)
            && matches!(self.window_bits, 9..=15)
            && matches!(self.mem_level, 1..=9)
            && self.strategy <= 4
    }
}

/// A compressor.
pub struct Deflater {
    stream: Box<z_stream>,
}

// SAFETY: the stream owns its state, which has no ties to the thread that made it.
unsafe impl Send for Deflater {}

impl core::fmt::Debug for Deflater {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Deflater")
    }
}

impl Deflater {
    /// None when the parameters are not valid or there is no memory.
    pub fn new(parameters: Parameters) -> Option<Self> {
        if !parameters.are_valid() {
            return None;
        }
        let mut stream = Box::new(z_stream::default());
        // SAFETY: the stream has been initialised, with an allocator, and is not moved.
        let answer = unsafe {
            deflateInit2_(
                &mut *stream,
                c_int::from(parameters.level),
                Z_DEFLATED,
                -c_int::from(parameters.window_bits),
                c_int::from(parameters.mem_level),
                c_int::from(parameters.strategy),
                zlibVersion(),
                STREAM_SIZE,
            )
        };
        (answer == Z_OK).then_some(Self { stream })
    }

    /// How much it searches: zlib's `deflateTune`. Outlives `reset` no longer than until the next
    /// one.
    pub fn tune(&mut self, good: i32, lazy: i32, nice: i32, chain: i32) {
        // SAFETY: `new` has initialised the stream.
        unsafe { deflateTune(&mut *self.stream, good, lazy, nice, chain) };
    }

    /// Forgets all it has compressed.
    pub fn reset(&mut self) {
        // SAFETY: `new` has initialised the stream.
        unsafe { deflateReset(&mut *self.stream) };
    }

    /// Appends what `input` is compressed to, up to a byte boundary after an empty stored block
    /// (RFC 7692 §7.2.1). Nothing is appended for no input after a call.
    pub fn deflate(&mut self, input: &[u8], output: &mut Vec<u8>) {
        let mut input = input;
        output.reserve(input.len() / 4 + 64);
        loop {
            let (_, taken) = run(&mut self.stream, input, output, usize::MAX, |stream| {
                // SAFETY: `new` has initialised the stream; `run` lends it valid memory.
                unsafe { deflate(stream, Z_SYNC_FLUSH) }
            });
            input = input.get(taken..).unwrap_or_default();
            // Room that is left over says that everything has been flushed.
            if output.len() < output.capacity() {
                return;
            }
            output.reserve(output.len().max(256));
        }
    }
}

impl Drop for Deflater {
    fn drop(&mut self) {
        // SAFETY: `new` has initialised the stream, and it is not used after this.
        unsafe { deflateEnd(&mut *self.stream) };
    }
}
