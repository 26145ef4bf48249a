//! From a byte stream to frames.

use crate::failure::Result;
use crate::frame::{Header, LONGEST, mask};

/// Takes what a `Decoder` finds.
pub trait FrameSink {
    /// The header is complete.
    fn begin(&mut self, header: &Header) -> Result<()>;
    /// A part of the payload, unmasked, `offset` bytes into it; never empty.
    fn payload(&mut self, header: &Header, offset: u64, bytes: &[u8]) -> Result<()>;
    /// The payload is complete.
    fn end(&mut self, header: &Header) -> Result<()>;
}

/// Splits a byte stream, however it is cut into chunks, into frames. It keeps no payload.
///
/// Invariant: `header` is present exactly while a payload is incomplete, and then `collected` is 0.
#[derive(Default)]
pub struct Decoder {
    bytes: [u8; LONGEST],
    collected: usize,
    header: Option<Header>,
    offset: u64,
}

impl Decoder {
    /// Consumes a chunk, unmasking it in place.
    pub fn decode(&mut self, mut chunk: &mut [u8], sink: &mut impl FrameSink) -> Result<()> {
        loop {
            let header = match self.header {
                Some(header) => header,
                None => match self.header(&mut chunk)? {
                    Some(header) => {
                        sink.begin(&header)?;
                        header
                    }
                    None => return Ok(()),
                },
            };
            let part = chunk.len().min(
                (header.length - self.offset)
                    .try_into()
                    .unwrap_or(usize::MAX),
            );
            let (payload, rest) = chunk.split_at_mut(part);
            chunk = rest;
            if part > 0 {
                if let Some(key) = header.masking_key {
                    mask(payload, key, self.offset);
                }
                sink.payload(&header, self.offset, payload)?;
                self.offset += part as u64;
            }
            if self.offset < header.length {
                self.header = Some(header);
                return Ok(());
            }
            self.header = None;
            self.offset = 0;
            sink.end(&header)?;
        }
    }

    /// The next header, when the chunk has the last byte of it.
    fn header(&mut self, chunk: &mut &mut [u8]) -> Result<Option<Header>> {
        loop {
            let size = if self.collected < 2 {
                2
            } else {
                Header::size([self.bytes[0], self.bytes[1]])
            };
            if self.collected == size {
                self.collected = 0;
                return Header::parse(&self.bytes[..size]).map(Some);
            }
            let part = chunk.len().min(size - self.collected);
            if part == 0 {
                return Ok(None);
            }
            let (bytes, rest) = std::mem::take(chunk).split_at_mut(part);
            self.bytes[self.collected..][..part].copy_from_slice(bytes);
            self.collected += part;
            *chunk = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Opcode;

    #[derive(Default)]
    struct Collected {
        payload: Vec<u8>,
        frames: Vec<(Header, Vec<u8>)>,
    }

    impl FrameSink for Collected {
        fn begin(&mut self, _: &Header) -> Result<()> {
            assert!(self.payload.is_empty());
            Ok(())
        }

        fn payload(&mut self, _: &Header, offset: u64, bytes: &[u8]) -> Result<()> {
            assert_eq!(offset, self.payload.len() as u64);
            self.payload.extend(bytes);
            Ok(())
        }

        fn end(&mut self, header: &Header) -> Result<()> {
            self.frames
                .push((*header, std::mem::take(&mut self.payload)));
            Ok(())
        }
    }

    fn decode(bytes: &[u8], chunk: usize) -> Result<Vec<(Header, Vec<u8>)>> {
        let mut decoder = Decoder::default();
        let mut sink = Collected::default();
        for part in bytes.to_vec().chunks_mut(chunk) {
            decoder.decode(part, &mut sink)?;
        }
        Ok(sink.frames)
    }

    fn unmasked(opcode: Opcode, length: u64) -> Header {
        Header {
            fin: true,
            compressed: false,
            opcode,
            masking_key: None,
            length,
        }
    }

    #[test]
    fn the_examples_of_rfc_6455_5_7() {
        let mut hello = unmasked(Opcode::Text, 5);
        assert_eq!(
            decode(b"\x81\x05Hello", 100).unwrap(),
            [(hello, b"Hello".to_vec())]
        );
        hello.masking_key = Some([0x37, 0xfa, 0x21, 0x3d]);
        let bytes = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        assert_eq!(decode(bytes, 100).unwrap(), [(hello, b"Hello".to_vec())]);
    }

    #[test]
    fn every_length_form_survives_every_chunking() {
        for length in [0, 1, 125, 126, 127, 0xffff, 0x10000] {
            for masking_key in [None, Some([1, 2, 3, 4])] {
                let payload: Vec<u8> = (0..length).map(|i| i as u8).collect();
                let header = Header {
                    masking_key,
                    ..unmasked(Opcode::Binary, length)
                };
                let mut frame = Vec::new();
                header.write(&mut frame);
                let start = frame.len();
                frame.extend(&payload);
                if let Some(key) = masking_key {
                    mask(&mut frame[start..], key, 0);
                }
                let twice = [frame.clone(), frame].concat();
                for chunk in [1, 2, 3, 5, 1000, usize::MAX] {
                    let expected = [(header, payload.clone()), (header, payload.clone())];
                    assert_eq!(
                        decode(&twice, chunk).unwrap(),
                        expected,
                        "{length} by {chunk}"
                    );
                }
            }
        }
    }

    #[test]
    fn refuses_reserved_bits_unknown_opcodes_and_bad_control_frames() {
        for bytes in [
            &b"\xa1\x00"[..],
            b"\x91\x00",
            b"\x83\x00",
            b"\x09\x00",
            b"\xc9\x00",
            b"\x89\x7e\x00\x7e",
        ] {
            assert!(decode(bytes, 100).is_err(), "{bytes:02x?}");
        }
    }
}
