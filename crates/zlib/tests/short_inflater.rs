//! The decompressor for whole short messages, beside zlib-rs's.

use ferrows_zlib::{
    Deflater, Inflater, MAX_INPUT, Parameters, ShortDeflater, ShortInflater, Stopped, Workspace,
};
use proptest::prelude::*;

const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
const LIMIT: usize = 8 * 1024;

/// What zlib-rs makes of a message after a history; None if that is out of the ordinary.
fn reference(payload: &[u8], history: &[u8]) -> Option<Vec<u8>> {
    let mut inflater = Inflater::new().unwrap();
    inflater.add_history(history);
    let mut output = Vec::with_capacity(LIMIT + 1);
    let progress = inflater.inflate(payload, &mut output, LIMIT + 1);
    if progress.stopped != Stopped::Input || progress.taken < payload.len() {
        return None;
    }
    let room = LIMIT + 1 - output.len();
    let (progress, between_blocks) = inflater.inflate_to_boundary(&TAIL, &mut output, room);
    (progress.stopped == Stopped::Input && between_blocks && output.len() <= LIMIT)
        .then_some(output)
}

/// Bytes of few letters, with repetitions.
fn text(length: usize, letters: u32, seed: u32) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let mut bytes: Vec<u8> = Vec::new();
    while bytes.len() < length {
        let from = next() as usize % (bytes.len() + 1);
        let count = (next() as usize % 300).min(bytes.len() - from);
        bytes.extend_from_within(from..from + count);
        bytes.extend((0..next() % 20).map(|_| (next() % letters) as u8));
    }
    bytes.truncate(length);
    bytes
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![0..40usize, 1..2000usize, Just(LIMIT), Just(LIMIT + 1)];
    let letters = prop_oneof![Just(1u32), 2..6u32, 6..100u32, Just(256u32)];
    (length, letters, any::<u32>()).prop_map(|(length, letters, seed)| text(length, letters, seed))
}

fn compress(message: &[u8], history: &[u8], level: i8, strategy: u8) -> Vec<u8> {
    let mut payload = Vec::new();
    if level < 0 {
        let mut deflater = ShortDeflater::new(15);
        let mut workspace = Workspace::default();
        for piece in history.chunks(2048) {
            deflater.deflate(piece, true, &mut workspace, &mut Vec::new());
        }
        for piece in message.chunks(2048) {
            deflater.deflate(piece, false, &mut workspace, &mut payload);
        }
    } else {
        let mut deflater = Deflater::new(Parameters {
            level,
            window_bits: 15,
            mem_level: 8,
            strategy,
        })
        .unwrap();
        deflater.deflate(history, &mut Vec::new());
        deflater.deflate(message, &mut payload);
    }
    if payload.ends_with(&TAIL) {
        payload.truncate(payload.len() - TAIL.len());
    }
    payload
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_message_inflates_to_what_zlib_says_or_is_left_to_it(
        (message, before) in (message(), message()),
        (level, strategy) in (-1..=9i8, 0..=4u8),
        split in any::<prop::sample::Index>(),
        damage in prop::option::weighted(0.5, (any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let mut payload = compress(&message, &before, level, strategy);
        if let Some((at, byte)) = damage && !payload.is_empty() {
            let at = at.index(payload.len());
            payload[at] = byte;
        }
        let (oldest, latest) = before.split_at(split.index(before.len() + 1));
        let mut short = ShortInflater::default();
        // What was there before has no influence.
        short.inflate(&compress(&before, &[], 6, 0), [&[], &[]], LIMIT);
        let found = short.inflate(&payload, [oldest, latest], LIMIT).map(<[u8]>::to_vec);
        let expected = reference(&payload, &before);
        if found.is_some() {
            prop_assert_eq!(&found, &expected);
        }
        if damage.is_none() {
            let ordinary = !message.is_empty() && message.len() <= LIMIT
                && payload.len() <= MAX_INPUT;
            prop_assert_eq!(found.is_some(), ordinary);
        }
    }

    #[test]
    fn any_bytes_inflate_to_what_zlib_says_or_are_left_to_it(
        payload in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut short = ShortInflater::default();
        let found = short.inflate(&payload, [&[], &[]], LIMIT).map(<[u8]>::to_vec);
        if found.is_some() {
            prop_assert_eq!(found, reference(&payload, &[]));
        }
    }
}

#[test]
fn what_is_longer_than_the_limit_is_left_to_zlib() {
    let message = text(600, 20, 5);
    let payload = compress(&message, &[], 6, 0);
    let mut short = ShortInflater::default();
    assert_eq!(short.inflate(&payload, [&[], &[]], 599), None);
    assert_eq!(short.inflate(&payload, [&[], &[]], 600), Some(&message[..]));
}

#[test]
fn the_end_of_the_stream_is_left_to_zlib() {
    let mut short = ShortInflater::default();
    // A fixed block with one letter, without BFINAL and with it.
    assert_eq!(
        short.inflate(&[0x4a, 0x04, 0x00], [&[], &[]], LIMIT),
        Some(&b"a"[..])
    );
    assert_eq!(short.inflate(&[0x4b, 0x04, 0x00], [&[], &[]], LIMIT), None);
}
