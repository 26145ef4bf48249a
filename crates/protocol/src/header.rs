//! A frame's header as bytes.
//!
//! ```text
//!  0               1               2 or 2–3 or 2–9         4 bytes
//! ┌─┬─┬─┬─┬───────┬─┬─────────────┬───────────────────────┬─────────────┐
//! │F│R│R│R│opcode │M│ 7 bits, 126 │ 16 bits if 126,       │ masking key │
//! │I│S│S│S│       │A│ or 127      │ 64 bits if 127        │ if MASK     │
//! │N│1│2│3│       │S│             │                       │             │
//! └─┴─┴─┴─┴───────┴K┴─────────────┴───────────────────────┴─────────────┘
//! ```
//! (RFC 6455 §5.2.)

use core::ops::Deref;

use crate::mask::MaskingKey;
use crate::opcode::Opcode;

/// The longest header: 64 bits of length and a masking key.
pub const MAX_HEADER_LEN: usize = 14;

/// The longest payload of a control frame (RFC 6455 §5.5).
pub const MAX_CONTROL_LEN: usize = 125;

pub(crate) const FIN: u8 = 0x80;
pub(crate) const RSV1: u8 = 0x40;
pub(crate) const RSV23: u8 = 0x30;
pub(crate) const OPCODE: u8 = 0x0f;
pub(crate) const MASK: u8 = 0x80;
pub(crate) const LENGTH: u8 = 0x7f;
pub(crate) const LENGTH_16: u8 = 126;
pub(crate) const LENGTH_64: u8 = 127;

/// What a frame's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Whether the frame is the last one of its message.
    pub fin: bool,
    /// Whether the message is compressed; set on its first frame only (RFC 7692 §6).
    pub rsv1: bool,
    /// What the frame carries.
    pub opcode: Opcode,
    /// The key with which the payload is masked: a client's frames have one, a server's none.
    pub key: Option<MaskingKey>,
    /// The payload's length in bytes.
    pub length: u64,
}

impl FrameHeader {
    /// How many bytes `encode` makes.
    #[inline]
    pub const fn encoded_len(&self) -> usize {
        match (self.length, self.key.is_some()) {
            (0..126, false) => 2,
            (0..126, true) => 6,
            (126..0x1_0000, false) => 4,
            (126..0x1_0000, true) => 8,
            (_, false) => 10,
            (_, true) => 14,
        }
    }

    /// The header's bytes, with the shortest encoding of the length.
    #[inline]
    pub fn encode(&self) -> HeaderBytes {
        let fin = if self.fin { FIN } else { 0 };
        let rsv1 = if self.rsv1 { RSV1 } else { 0 };
        let a = fin | rsv1 | self.opcode as u8;
        let mask = if self.key.is_some() { MASK } else { 0 };
        let [k0, k1, k2, k3] = self.key.unwrap_or_default();
        let [l0, l1, l2, l3, l4, l5, l6, l7] = self.length.to_be_bytes();
        // Without a key the four bytes behind the length are zeros that `len` cuts off.
        let bytes = match self.length {
            0..126 => [a, mask | l7, k0, k1, k2, k3, 0, 0, 0, 0, 0, 0, 0, 0],
            126..0x1_0000 => {
                let b = mask | LENGTH_16;
                [a, b, l6, l7, k0, k1, k2, k3, 0, 0, 0, 0, 0, 0]
            }
            _ => {
                let b = mask | LENGTH_64;
                [a, b, l0, l1, l2, l3, l4, l5, l6, l7, k0, k1, k2, k3]
            }
        };
        HeaderBytes {
            bytes,
            len: self.encoded_len() as u8,
        }
    }
}

/// An encoded header; dereferences to its bytes.
#[derive(Clone, Copy, Debug)]
pub struct HeaderBytes {
    bytes: [u8; MAX_HEADER_LEN],
    len: u8,
}

impl Deref for HeaderBytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}
