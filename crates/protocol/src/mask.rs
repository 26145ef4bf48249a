//! Masking (RFC 6455 §5.3). The same XOR masks and unmasks.
//!
//! The loops below are plain Rust over fixed-size blocks: the compiler turns each block into vector
//! instructions of the target.

/// The four bytes of a frame's masking key, in the order in which they are sent.
pub type MaskingKey = [u8; 4];

/// Wide enough for two SSE registers an iteration, small enough for short frames to use it.
const BLOCK: usize = 32;

/// A multiple of four, so that every piece begins with the key's first byte.
const APPEND_PIECE: usize = 4096;

/// XORs `bytes`, the beginning of a payload, with `key` in place.
#[inline]
pub fn mask(bytes: &mut [u8], key: MaskingKey) {
    let (blocks, rest) = bytes.as_chunks_mut::<BLOCK>();
    let wide = repeat::<BLOCK>(key);
    for block in blocks {
        xor(block, &wide);
    }
    let (words, rest) = rest.as_chunks_mut::<8>();
    let wide = repeat::<8>(key);
    for word in words {
        xor(word, &wide);
    }
    let (half, rest) = rest.as_chunks_mut::<4>();
    for half in half {
        xor(half, &key);
    }
    for (byte, key) in rest.iter_mut().zip(key) {
        *byte ^= key;
    }
}

/// XORs `bytes`, which begin `offset` bytes into a payload, with `key` in place.
#[inline]
pub fn mask_at(bytes: &mut [u8], key: MaskingKey, offset: u64) {
    mask(bytes, rotated(key, offset));
}

/// Writes `source`, the beginning of a payload, XORed with `key` to the beginning of `target`. The
/// shorter of the two says how many bytes.
#[inline]
pub fn mask_copy(target: &mut [u8], source: &[u8], key: MaskingKey) {
    let len = target.len().min(source.len());
    let (Some(target), Some(source)) = (target.get_mut(..len), source.get(..len)) else {
        return;
    };
    let (to, to_rest) = target.as_chunks_mut::<BLOCK>();
    let (from, from_rest) = source.as_chunks::<BLOCK>();
    let wide = repeat::<BLOCK>(key);
    for (to, from) in to.iter_mut().zip(from) {
        copy_xor(to, from, &wide);
    }
    let (to, to_rest) = to_rest.as_chunks_mut::<8>();
    let (from, from_rest) = from_rest.as_chunks::<8>();
    let wide = repeat::<8>(key);
    for (to, from) in to.iter_mut().zip(from) {
        copy_xor(to, from, &wide);
    }
    let (to, to_rest) = to_rest.as_chunks_mut::<4>();
    let (from, from_rest) = from_rest.as_chunks::<4>();
    for (to, from) in to.iter_mut().zip(from) {
        copy_xor(to, from, &key);
    }
    for ((to, from), key) in to_rest.iter_mut().zip(from_rest).zip(key) {
        *to = from ^ key;
    }
}

/// Appends `source`, the beginning of a payload, XORed with `key` to `target`.
#[inline]
pub fn mask_append(target: &mut Vec<u8>, source: &[u8], key: MaskingKey) {
    target.reserve(source.len());
    // A `Vec` can't be written to past its length without unsafe code or zeroing first: pieces that
    // stay in the first-level cache make a copy with the XOR behind it as good as one pass.
    for piece in source.chunks(APPEND_PIECE) {
        let start = target.len();
        target.extend_from_slice(piece);
        if let Some(piece) = target.get_mut(start..) {
            mask(piece, key);
        }
    }
}

/// `key` as it applies `offset` bytes into a payload.
#[inline]
pub(crate) fn rotated(key: MaskingKey, offset: u64) -> MaskingKey {
    let bits = (offset as u32 & 3).wrapping_mul(8);
    u32::from_le_bytes(key).rotate_right(bits).to_le_bytes()
}

/// `N` is a multiple of four.
#[inline(always)]
fn repeat<const N: usize>(key: MaskingKey) -> [u8; N] {
    let mut wide = [0; N];
    let (words, _) = wide.as_chunks_mut::<4>();
    words.fill(key);
    wide
}

#[inline(always)]
fn xor<const N: usize>(block: &mut [u8; N], wide: &[u8; N]) {
    for (byte, key) in block.iter_mut().zip(wide) {
        *byte ^= key;
    }
}

#[inline(always)]
fn copy_xor<const N: usize>(to: &mut [u8; N], from: &[u8; N], wide: &[u8; N]) {
    for ((to, from), key) in to.iter_mut().zip(from).zip(wide) {
        *to = from ^ key;
    }
}
