use core::ffi::CStr;

use libz_rs_sys::{
    Z_BLOCK, Z_BUF_ERROR, Z_OK, Z_STREAM_END, Z_SYNC_FLUSH, inflate, inflateEnd, inflateInit2_,
    inflateReset, inflateSetDictionary, z_stream, zlibVersion,
};

use crate::stream::{STREAM_SIZE, run};

/// The largest window: raw streams of every smaller one can be read with it.
const WINDOW_BITS: i32 = -15;

/// How far a call of `inflate` has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many bytes of the input were used.
    pub taken: usize,
    /// Why it has stopped.
    pub stopped: Stopped,
}

/// Why a call of `inflate` has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The input is used up.
    Input,
    /// There is no room left.
    Output,
    /// At the end of the stream: a block with BFINAL (RFC 1951 §3.2.3). Nothing that follows is used.
    End,
    /// The stream is corrupt; zlib's words for it, or none: where there is much room and much input,
    /// zlib-rs may forget them. Only `reset` helps.
    Corrupt(&'static str),
}

/// A decompressor.
pub struct Inflater {
    stream: Box<z_stream>,
}

// SAFETY: the stream owns its state, which has no ties to the thread that made it.
unsafe impl Send for Inflater {}

impl core::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Inflater")
    }
}

impl Inflater {
    /// None when there is no memory.
    pub fn new() -> Option<Self> {
        let mut stream = Box::new(z_stream::default());
        // SAFETY: the stream has been initialised, with an allocator, and is not moved.
        let answer =
            unsafe { inflateInit2_(&mut *stream, WINDOW_BITS, zlibVersion(), STREAM_SIZE) };
        (answer == Z_OK).then_some(Self { stream })
    }

    /// Forgets all it has read.
    pub fn reset(&mut self) {
        // SAFETY: `new` has initialised the stream.
        unsafe { inflateReset(&mut *self.stream) };
    }

    /// Adds `bytes` to what the stream may refer back to, as if they had been inflated. Only between
    /// two blocks.
    pub fn add_history(&mut self, bytes: &[u8]) {
        let length = u32::try_from(bytes.len()).unwrap_or(0);
        // SAFETY: `new` has initialised the stream, and the pointer has `length` bytes.
        unsafe { inflateSetDictionary(&mut *self.stream, bytes.as_ptr(), length) };
    }

    /// Appends to `output` what `input` inflates to, as far as its capacity goes and at most `room`
    /// bytes.
    pub fn inflate(&mut self, input: &[u8], output: &mut Vec<u8>, room: usize) -> Progress {
        self.run(input, output, room, Z_SYNC_FLUSH)
    }

    /// As `inflate` of all of a short `input`; returns with its progress whether the stream now
    /// stands between two blocks and between two bytes.
    pub fn inflate_to_boundary(
        &mut self,
        input: &[u8],
        output: &mut Vec<u8>,
        room: usize,
    ) -> (Progress, bool) {
        let mut room = room;
        let mut taken = 0;
        loop {
            let rest = input.get(taken..).unwrap_or_default();
            let before = output.len();
            // Stops before the header of every block.
            let mut progress = self.run(rest, output, room, Z_BLOCK);
            let stuck = progress.taken == 0 && output.len() == before;
            room -= output.len() - before;
            taken += progress.taken;
            progress.taken = taken;
            if progress.stopped != Stopped::Input || taken == input.len() || stuck {
                // zlib's `data_type`: unused bits, 64 in the last block, 128 before a header.
                let between = self.stream.data_type & 0xff == 128;
                if !between && progress.stopped == Stopped::Input {
                    // What the unused bits say.
                    progress.stopped = self.run(&[], output, room, Z_SYNC_FLUSH).stopped;
                }
                return (progress, between);
            }
        }
    }

    fn run(&mut self, input: &[u8], output: &mut Vec<u8>, room: usize, flush: i32) -> Progress {
        let room = room.min(output.capacity() - output.len());
        let before = output.len();
        let (answer, taken) = run(&mut self.stream, input, output, room, |stream| {
            // SAFETY: `new` has initialised the stream; `run` lends it valid memory.
            unsafe { inflate(stream, flush) }
        });
        let stopped = match answer {
            Z_STREAM_END => Stopped::End,
            Z_OK | Z_BUF_ERROR if output.len() - before == room => Stopped::Output,
            Z_OK | Z_BUF_ERROR => Stopped::Input,
            _ => Stopped::Corrupt(self.reason()),
        };
        Progress { taken, stopped }
    }

    fn reason(&self) -> &'static str {
        if self.stream.msg.is_null() {
            return "";
        }
        // SAFETY: zlib's messages are constants of its own.
        let text: &'static CStr = unsafe { CStr::from_ptr(self.stream.msg) };
        match text.to_str() {
            Ok("repeated call with bad state") | Err(_) => "",
            Ok(words) => words,
        }
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        // SAFETY: `new` has initialised the stream, and it is not used after this.
        unsafe { inflateEnd(&mut *self.stream) };
    }
}
