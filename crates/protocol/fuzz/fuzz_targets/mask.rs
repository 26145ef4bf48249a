//! Every way of masking is the XOR of RFC 6455 §5.3, byte by byte.
#![no_main]

use ferrows_protocol::{mask, mask_append, mask_at, mask_copy};
use ferrows_protocol_fuzz::Input;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let key: [u8; 4] = input.array();
    let offset = u64::from_le_bytes(input.array());
    let start = usize::from(input.byte() % 64);
    let source = &input.0[start.min(input.0.len())..];
    let naive: Vec<u8> = (source.iter().zip(key.iter().cycle()))
        .map(|(byte, key)| byte ^ key)
        .collect();

    let mut target = input.0.to_vec();
    let start = target.len() - source.len();
    mask(&mut target[start..], key);
    assert_eq!(target[start..], naive);
    assert_eq!(target[..start], input.0[..start]);

    target.fill(0);
    mask_copy(&mut target[start..], source, key);
    assert_eq!(target[start..], naive);

    target.truncate(start);
    mask_append(&mut target, source, key);
    assert_eq!(target[start..], naive);

    // Masking from an offset on continues what was masked before it.
    let mut rotated = key;
    rotated.rotate_left((offset % 4) as usize);
    let mut at = source.to_vec();
    mask_at(&mut at, key, offset);
    mask(&mut at, rotated);
    assert_eq!(at, source);
});
