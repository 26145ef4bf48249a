use ferrows_protocol::{Utf8Validator, is_valid_utf8};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::streams::{config, split};

/// Bytes from the borders of what UTF-8 allows, so that random strings are nearly valid.
fn near_utf8() -> impl Strategy<Value = Vec<u8>> {
    let bytes = vec![
        b'a', 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec,
        0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
    ];
    let text = "[aé€😀\u{7ff}\u{800}\u{d7ff}\u{e000}\u{ffff}\u{10ffff}]{0,80}";
    let change = prop::option::of((any::<Index>(), select(bytes.clone())));
    prop_oneof![
        1 => vec(select(bytes), 0..8),
        3 => (text, change).prop_map(|(text, change)| {
            let mut bytes = text.into_bytes();
            if let (Some((index, byte)), false) = (change, bytes.is_empty()) {
                let at = index.index(bytes.len());
                bytes[at] = byte;
            }
            bytes
        }),
    ]
}

fn in_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> bool {
    let mut validator = Utf8Validator::default();
    for piece in pieces {
        validator.push(piece);
    }
    validator.finish()
}

#[test]
fn all_strings_of_two_bytes_and_their_two_pieces() {
    let step = if cfg!(miri) { 91 } else { 1 };
    for a in (0..=255).step_by(step) {
        for b in 0..=255 {
            let bytes = [a, b];
            let valid = std::str::from_utf8(&bytes).is_ok();
            assert_eq!(is_valid_utf8(&bytes), valid, "{bytes:x?}");
            assert_eq!(in_pieces([&bytes[..1], &bytes[1..]]), valid, "{bytes:x?}");
        }
    }
}

#[test]
fn every_character_survives_every_cut() {
    let step = if cfg!(miri) { 90_001 } else { 1 };
    for character in ('\0'..=char::MAX).step_by(step) {
        let mut memory = [0; 4];
        let bytes = character.encode_utf8(&mut memory).as_bytes();
        for cut in 0..=bytes.len() {
            assert!(in_pieces([&bytes[..cut], &bytes[cut..]]), "{character:?}");
        }
        assert!(in_pieces(bytes.chunks(1)), "{character:?}");
        assert!(!in_pieces([&bytes[..bytes.len() - 1]]) || bytes.len() == 1);
    }
}

#[test]
fn a_validator_starts_anew_after_each_answer() {
    let mut validator = Utf8Validator::default();
    validator.push(b"\xc3");
    assert!(!validator.finish());
    assert!(validator.finish_with(b"a"));
    validator.push(b"\xff");
    assert!(!validator.finish_with(b"a"));
    assert!(validator.finish());
}

#[test]
fn an_ascii_run_of_every_length_with_one_wrong_byte() {
    let step = if cfg!(miri) { 71 } else { 1 };
    for len in (1..300).step_by(step) {
        let mut bytes = vec![b'a'; len];
        assert!(is_valid_utf8(&bytes));
        for at in [0, len / 2, len - 1] {
            bytes[at] = 0x80;
            assert!(!is_valid_utf8(&bytes), "byte {at} of {len}");
            bytes[at] = b'a';
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn validation_is_that_of_the_standard_library(bytes in near_utf8()) {
        prop_assert_eq!(is_valid_utf8(&bytes), std::str::from_utf8(&bytes).is_ok());
    }

    #[test]
    fn pieces_are_judged_like_the_whole(
        bytes in near_utf8(),
        cuts in vec(any::<Index>(), 0..6),
    ) {
        let valid = std::str::from_utf8(&bytes).is_ok();
        prop_assert_eq!(in_pieces(split(&bytes, &cuts)), valid);
        prop_assert_eq!(in_pieces(bytes.chunks(1)), valid);
    }
}
