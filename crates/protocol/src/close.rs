//! The payload of close frames (RFC 6455 §5.5.1, §7.4).

use crate::error::{ErrorIndex, ProtocolError};
use crate::header::MAX_CONTROL_LEN;
use crate::utf8::is_valid_utf8;

/// What stands for the status code of a close frame that has none (RFC 6455 §7.1.5).
pub const NO_STATUS: u16 = 1005;

/// The longest reason that fits into a close frame.
pub const MAX_REASON_LEN: usize = MAX_CONTROL_LEN - 2;

/// Whether a close frame may carry `code`: 1000–1014 less those that only stand for something, and
/// 3000–4999.
pub const fn is_valid_close_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Reads a close frame's payload: the status code and the reason.
pub(crate) fn parse(payload: &[u8], validate_utf8: bool) -> Result<(u16, &[u8]), ProtocolError> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return Ok((NO_STATUS, &[]));
    };
    let code = u16::from_be_bytes(*code);
    if !is_valid_close_code(code) {
        return Err(ErrorIndex::InvalidCloseCode.about(code));
    }
    if validate_utf8 && !is_valid_utf8(reason) {
        return Err(ErrorIndex::InvalidUtf8.error());
    }
    Ok((code, reason))
}

/// The payload of a close frame with `code` and `reason`, of which at most `MAX_REASON_LEN` bytes
/// fit: the memory, and how much of it the payload is.
pub fn close_payload(code: u16, reason: &[u8]) -> ([u8; MAX_CONTROL_LEN], usize) {
    let mut payload = [0; MAX_CONTROL_LEN];
    let len = reason.len().min(MAX_REASON_LEN);
    if let Some((first, rest)) = payload.split_first_chunk_mut() {
        *first = code.to_be_bytes();
        for (to, from) in rest.iter_mut().zip(reason) {
            *to = *from;
        }
    }
    (payload, len.saturating_add(2))
}
