//! Decompression of what a server sends back, compared on the way.

use flate2::{Decompress, FlushDecompress, Status};

use crate::failure;
use crate::failure::Result;

/// The receiving side of permessage-deflate (RFC 7692 §7.2.2) for one connection.
pub struct Inflater {
    stream: Decompress,
    keeps_context: bool,
    out: Box<[u8]>,
    /// Bytes of the current message inflated so far.
    inflated: usize,
}

impl Inflater {
    pub fn new(keeps_context: bool) -> Self {
        Self {
            stream: Decompress::new(false),
            keeps_context,
            out: vec![0; 64 * 1024].into(),
            inflated: 0,
        }
    }

    /// Inflates a part of a message; false when it does not go on as `plain` does.
    pub fn inflate(&mut self, mut bytes: &[u8], plain: &[u8]) -> Result<bool> {
        loop {
            let (taken, made) = (self.stream.total_in(), self.stream.total_out());
            let status = self
                .stream
                .decompress(bytes, &mut self.out, FlushDecompress::Sync)
                .map_err(|error| failure!("a message does not inflate: {error}"))?;
            bytes = &bytes[(self.stream.total_in() - taken) as usize..];
            let out = &self.out[..(self.stream.total_out() - made) as usize];
            if plain.get(self.inflated..self.inflated + out.len()) != Some(out) {
                return Ok(false);
            }
            self.inflated += out.len();
            let full = out.len() == self.out.len();
            if status == Status::StreamEnd {
                // A block with BFINAL set ends the stream (RFC 7692 §7.2.3.5).
                self.stream.reset(false);
            }
            if bytes.is_empty() && !full {
                return Ok(true);
            }
        }
    }

    /// Ends a message; false when it has another length.
    pub fn finish(&mut self, length: usize) -> Result<bool> {
        let whole = std::mem::take(&mut self.inflated) == length;
        if self.keeps_context {
            self.stream
                .decompress(&[0, 0, 0xff, 0xff], &mut self.out, FlushDecompress::Sync)
                .map_err(|error| failure!("a message does not end: {error}"))?;
        } else {
            self.stream.reset(false);
        }
        Ok(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compress, Compression, FlushCompress};

    /// Two messages of one context, without their tails.
    fn messages(plain: &[u8]) -> [Vec<u8>; 2] {
        let mut stream = Compress::new(Compression::default(), false);
        std::array::from_fn(|_| {
            let mut out = Vec::with_capacity(plain.len() + 100);
            stream
                .compress_vec(plain, &mut out, FlushCompress::Sync)
                .unwrap();
            out.truncate(out.len() - 4);
            out
        })
    }

    #[test]
    fn context_is_kept_from_message_to_message() {
        let plain: Vec<u8> = (0..200u8).collect();
        let [first, second] = messages(&plain);
        assert!(second.len() < first.len() / 4);
        let mut inflater = Inflater::new(true);
        for message in [first, second] {
            assert!(inflater.inflate(&message, &plain).unwrap());
            assert!(inflater.finish(plain.len()).unwrap());
        }
    }

    #[test]
    fn what_differs_or_is_cut_off_is_noticed() {
        let plain: Vec<u8> = (0..200u8).collect();
        let [message, _] = messages(&plain);
        let mut other = plain.clone();
        other[150] ^= 1;
        assert!(!Inflater::new(true).inflate(&message, &other).unwrap());
        let mut inflater = Inflater::new(false);
        inflater
            .inflate(&message[..message.len() / 2], &plain)
            .unwrap();
        assert!(!inflater.finish(plain.len()).unwrap());
    }

    #[test]
    fn what_is_no_deflate_is_a_failure() {
        assert!(Inflater::new(true).inflate(&[0xff; 10], &[]).is_err());
    }
}
