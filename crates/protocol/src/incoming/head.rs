//! Reading and checking frame headers. The checks come in the order of the bytes that they need, and
//! as soon as these are there: a bad length is refused before the masking key has come.

use super::{Incoming, Stage};
use crate::error::{ErrorIndex, ProtocolError};
use crate::header::{
    FIN, FrameHeader, LENGTH, LENGTH_16, LENGTH_64, MASK, MAX_CONTROL_LEN, MAX_HEADER_LEN, OPCODE,
    RSV1, RSV23,
};
use crate::opcode::Opcode;

/// JavaScript's `Number.MAX_SAFE_INTEGER`.
const MAX_LENGTH: u64 = (1 << 53) - 1;

/// The first bytes of a header whose other bytes have not come.
#[derive(Debug, Default)]
pub(super) struct PartialHeader {
    bytes: [u8; MAX_HEADER_LEN],
    len: u8,
}

impl PartialHeader {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(usize::from(self.len)) {
            *slot = byte;
            self.len = self.len.saturating_add(1);
        }
    }
}

impl Incoming {
    /// Reads the header that `bytes`, behind what `partial` holds, begin with: the header, and how
    /// many of `bytes` belong to it. If it is not complete, keeps them all and returns `None`.
    #[inline]
    pub(super) fn read_header(
        &mut self,
        bytes: &[u8],
    ) -> Result<Option<(FrameHeader, usize)>, ProtocolError> {
        if self.partial.is_empty()
            && let Some(complete) = self.parse_header(bytes)?
        {
            return Ok(Some(complete));
        }
        self.read_split_header(bytes)
    }

    #[cold]
    fn read_split_header(
        &mut self,
        bytes: &[u8],
    ) -> Result<Option<(FrameHeader, usize)>, ProtocolError> {
        for (&byte, used) in bytes.iter().zip(1..) {
            self.partial.push(byte);
            if let Some((header, _)) = self.parse_header(self.partial.bytes())? {
                self.partial.len = 0;
                return Ok(Some((header, used)));
            }
        }
        Ok(None)
    }

    /// The header that `bytes` begin with and its length, or `None` if it is not complete.
    #[inline]
    fn parse_header(&self, bytes: &[u8]) -> Result<Option<(FrameHeader, usize)>, ProtocolError> {
        let [a, b, rest @ ..] = bytes else {
            return Ok(None);
        };
        let opcode = self.check_info(*a, *b)?;
        let (length, rest) = match b & LENGTH {
            LENGTH_16 => {
                let Some((length, rest)) = rest.split_first_chunk() else {
                    return Ok(None);
                };
                (u64::from(u16::from_be_bytes(*length)), rest)
            }
            LENGTH_64 => {
                let Some((length, rest)) = rest.split_first_chunk() else {
                    return Ok(None);
                };
                let length = u64::from_be_bytes(*length);
                if length > MAX_LENGTH {
                    return Err(ErrorIndex::UnsupportedPayloadLength.error());
                }
                (length, rest)
            }
            length => (u64::from(length), rest),
        };
        if !opcode.is_control() && length > 0 {
            self.message
                .check_length(length, self.options.max_payload)?;
        }
        let (key, rest) = if b & MASK == 0 {
            (None, rest)
        } else {
            let Some((key, rest)) = rest.split_first_chunk() else {
                return Ok(None);
            };
            (Some(*key), rest)
        };
        let header = FrameHeader {
            fin: a & FIN != 0,
            rsv1: a & RSV1 != 0,
            opcode,
            key,
            length,
        };
        Ok(Some((header, bytes.len().saturating_sub(rest.len()))))
    }

    /// Checks a header's first two bytes.
    #[inline]
    fn check_info(&self, a: u8, b: u8) -> Result<Opcode, ProtocolError> {
        if a & RSV23 != 0 {
            return Err(ErrorIndex::UnexpectedRsv23.error());
        }
        let rsv1 = a & RSV1 != 0;
        if rsv1 && !self.options.deflate {
            return Err(ErrorIndex::UnexpectedRsv1.error());
        }
        let bits = a & OPCODE;
        let invalid_opcode = ErrorIndex::InvalidOpcode.about(u16::from(bits));
        let opcode = Opcode::from_bits(bits).ok_or(invalid_opcode)?;
        let in_message = self.message.opcode.is_some();
        match opcode {
            Opcode::Continuation => {
                // RFC 7692 §6: only a message's first frame says that it is compressed.
                if rsv1 {
                    return Err(ErrorIndex::UnexpectedRsv1.error());
                }
                if !in_message {
                    return Err(invalid_opcode);
                }
            }
            // RFC 6455 §5.4: fragments of different messages are not interleaved.
            Opcode::Text | Opcode::Binary => {
                if in_message {
                    return Err(invalid_opcode);
                }
            }
            Opcode::Close | Opcode::Ping | Opcode::Pong => check_control(opcode, a, b)?,
        }
        // RFC 6455 §5.1.
        match (self.options.role.expects_mask(), b & MASK != 0) {
            (true, false) => Err(ErrorIndex::ExpectedMask.error()),
            (false, true) => Err(ErrorIndex::UnexpectedMask.error()),
            _ => Ok(opcode),
        }
    }

    /// How many bytes of the step at hand have come: of a header's first two bytes, of its extended
    /// length, of its masking key, or of the payload.
    #[inline]
    pub(super) fn buffered(&self) -> u64 {
        match self.stage {
            Stage::Payload => self.frame.received,
            Stage::Header => u64::from(self.partial.len.saturating_sub(self.partial.step())),
            Stage::Closed => 0,
        }
    }
}

impl PartialHeader {
    /// Where the step at hand begins.
    #[inline]
    fn step(&self) -> u8 {
        let [_, b, ..] = self.bytes;
        let key = match b & LENGTH {
            LENGTH_16 => 4,
            LENGTH_64 => 10,
            _ => 2,
        };
        match self.len {
            0..2 => 0,
            len if len < key => 2,
            _ => key,
        }
    }
}

/// RFC 6455 §5.5: control frames are short and never fragmented. None of them is compressed (RFC
/// 7692 §6.1), and a close frame's status code has two bytes (RFC 6455 §5.5.1).
#[inline]
fn check_control(opcode: Opcode, a: u8, b: u8) -> Result<(), ProtocolError> {
    if a & FIN == 0 {
        return Err(ErrorIndex::ExpectedFin.error());
    }
    if a & RSV1 != 0 {
        return Err(ErrorIndex::UnexpectedRsv1.error());
    }
    let length = b & LENGTH;
    if usize::from(length) > MAX_CONTROL_LEN || (opcode == Opcode::Close && length == 1) {
        return Err(ErrorIndex::InvalidControlPayloadLength.about(u16::from(length)));
    }
    Ok(())
}
