//! Any bytes are UTF-8, whole or in pieces, if the standard library says so.
#![no_main]

use ferrows_protocol::{Utf8Validator, is_valid_utf8};
use ferrows_protocol_fuzz::{Input, chunks};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let sizes = input.sizes();
    let text = input.0;
    let valid = std::str::from_utf8(text).is_ok();
    assert_eq!(is_valid_utf8(text), valid);

    let mut validator = Utf8Validator::default();
    let pieces = chunks(text, &sizes);
    for piece in &pieces {
        validator.push(piece);
    }
    assert_eq!(validator.finish(), valid);

    let (last, others) = pieces.split_last().unwrap_or((&text, &[]));
    for piece in others {
        validator.push(piece);
    }
    assert_eq!(validator.finish_with(last), valid);
});
