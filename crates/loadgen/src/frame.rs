//! Frames on the wire: RFC 6455 §5.2.

use crate::failure;
use crate::failure::Result;

pub type MaskingKey = [u8; 4];

/// The key of every frame a client sends here. Not zero: a server must not get away without unmasking.
pub const MASKING_KEY: MaskingKey = [0x5a, 0xc3, 0x17, 0x8e];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    Continuation = 0x0,
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xa,
}

impl Opcode {
    fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    pub fn is_control(self) -> bool {
        self as u8 & 0x8 != 0
    }
}

/// Everything in front of a frame's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub fin: bool,
    /// RSV1: the message is compressed (RFC 7692 §6).
    pub compressed: bool,
    pub opcode: Opcode,
    pub masking_key: Option<MaskingKey>,
    pub length: u64,
}

/// 2 bytes, at most 8 of extended payload length, and the masking key.
pub const LONGEST: usize = 14;

impl Header {
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push((self.fin as u8) << 7 | (self.compressed as u8) << 6 | self.opcode as u8);
        let masked = if self.masking_key.is_some() { 0x80 } else { 0 };
        match self.length {
            0..=125 => out.push(masked | self.length as u8),
            126..=0xffff => {
                out.push(masked | 126);
                out.extend((self.length as u16).to_be_bytes());
            }
            _ => {
                out.push(masked | 127);
                out.extend(self.length.to_be_bytes());
            }
        }
        out.extend(self.masking_key.iter().flatten());
    }

    /// The length in bytes of the header that begins with these two bytes.
    pub fn size(first: [u8; 2]) -> usize {
        let extended = match first[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        2 + extended + if first[1] & 0x80 == 0 { 0 } else { 4 }
    }

    /// Reads a complete header.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes[0] & 0x30 != 0 {
            return Err(failure!("the peer sent a frame with RSV2 or RSV3 set"));
        }
        let Some(opcode) = Opcode::from_bits(bytes[0] & 0x0f) else {
            return Err(failure!(
                "the peer sent a frame with opcode {:#x}",
                bytes[0] & 0x0f
            ));
        };
        let masked = bytes[1] & 0x80 != 0;
        let (length, key) = if masked {
            bytes.split_at(bytes.len() - 4)
        } else {
            (bytes, &[][..])
        };
        let length = match length[1] & 0x7f {
            short @ 0..=125 => u64::from(short),
            _ => length[2..]
                .iter()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        };
        let header = Self {
            fin: bytes[0] & 0x80 != 0,
            compressed: bytes[0] & 0x40 != 0,
            opcode,
            masking_key: key.try_into().ok(),
            length,
        };
        if opcode.is_control() && (length > 125 || !header.fin || header.compressed) {
            return Err(failure!(
                "the peer sent a control frame that is too long, fragmented or compressed"
            ));
        }
        Ok(header)
    }
}

/// Masks or unmasks a part of a payload that begins `offset` bytes into it (RFC 6455 §5.3).
pub fn mask(bytes: &mut [u8], key: MaskingKey, offset: u64) {
    let mut key = key;
    key.rotate_left((offset % 4) as usize);
    let mut words = bytes.chunks_exact_mut(4);
    for word in &mut words {
        for (byte, k) in word.iter_mut().zip(key) {
            *byte ^= k;
        }
    }
    for (byte, k) in words.into_remainder().iter_mut().zip(key) {
        *byte ^= k;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masking_in_parts_equals_masking_at_once() {
        let key = [0xa1, 0xb2, 0xc3, 0xd4];
        let mut whole = [7; 23];
        mask(&mut whole, key, 0);
        for cut in 0..whole.len() {
            let mut parts = [7; 23];
            mask(&mut parts[..cut], key, 0);
            mask(&mut parts[cut..], key, cut as u64);
            assert_eq!(parts, whole);
        }
    }
}
