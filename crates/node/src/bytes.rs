//! Functions with bufferutil's and utf-8-validate's signatures, safe on any argument.

use ferrows_protocol::{is_valid_utf8, mask as apply, mask_copy};
use napi::bindgen_prelude::{Error, Result, Status, Uint8ArraySlice};
use napi_derive::napi;

fn key(mask: &[u8]) -> Result<[u8; 4]> {
    mask.first_chunk().copied().ok_or_else(|| {
        Error::new(
            Status::InvalidArg,
            "The masking key must have four bytes".to_owned(),
        )
    })
}

fn out_of_range() -> Error {
    Error::new(
        Status::InvalidArg,
        "The source or the output is too short".to_owned(),
    )
}

/// Writes `length` bytes of `source`, XORed with `mask` (RFC 6455 §5.3), to `output` at `offset`.
/// Both may be the same memory.
#[napi(catch_unwind)]
pub fn mask(
    source: Uint8ArraySlice,
    mask: Uint8ArraySlice,
    mut output: Uint8ArraySlice,
    offset: u32,
    length: u32,
) -> Result<()> {
    let key = key(&mask)?;
    let (offset, length) = (offset as usize, length as usize);
    if length > source.len()
        || offset
            .checked_add(length)
            .is_none_or(|end| end > output.len())
    {
        return Err(out_of_range());
    }
    let from = source.as_ptr();
    // SAFETY: both ranges were checked to lie in memory that JavaScript keeps alive during this
    // call. `copy` allows them to overlap; afterwards only `target` is used.
    let target = unsafe {
        let to = output.as_mut().as_mut_ptr().add(offset);
        let apart = from.add(length) <= to.cast_const() || to.cast_const().add(length) <= from;
        if apart {
            let target = core::slice::from_raw_parts_mut(to, length);
            mask_copy(target, core::slice::from_raw_parts(from, length), key);
            return Ok(());
        }
        core::ptr::copy(from, to, length);
        core::slice::from_raw_parts_mut(to, length)
    };
    apply(target, key);
    Ok(())
}

/// XORs `buffer` with `mask` in place (RFC 6455 §5.3).
#[napi(catch_unwind)]
pub fn unmask(mut buffer: Uint8ArraySlice, mask: Uint8ArraySlice) -> Result<()> {
    let key = key(&mask)?;
    // SAFETY: JavaScript runs nothing else meanwhile, and the key has been copied out.
    apply(unsafe { buffer.as_mut() }, key);
    Ok(())
}

/// Whether `bytes` are UTF-8 (RFC 3629).
#[napi(js_name = "isValidUTF8", catch_unwind)]
pub fn is_valid(bytes: Uint8ArraySlice) -> bool {
    is_valid_utf8(&bytes)
}
