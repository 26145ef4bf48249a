//! The compressor for short messages, read by zlib-rs.

use ferrows_zlib::{Inflater, MAX_PIECE, ShortDeflater, Workspace};
use proptest::prelude::*;

const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// Inflates a frame's payload, which has to end between two blocks.
fn inflate(inflater: &mut Inflater, data: &[u8], fin: bool) -> Vec<u8> {
    let mut output = Vec::with_capacity(MAX_PIECE + 1);
    let mut data = data.to_vec();
    if fin {
        data.extend(TAIL);
    }
    let (payload, tail) = data.split_at(data.len() - TAIL.len());
    assert_eq!(tail, TAIL);
    inflater.inflate(payload, &mut output, usize::MAX);
    let (_, between_blocks) = inflater.inflate_to_boundary(tail, &mut output, usize::MAX);
    assert!(between_blocks);
    output
}

/// Bytes of which some come again: of an alphabet of so many letters, with pieces of what was before.
fn piece() -> impl Strategy<Value = (usize, u16, u32)> {
    let length = prop_oneof![1..64usize, 1..=MAX_PIECE, Just(MAX_PIECE)];
    let letters = prop_oneof![Just(1u16), 2..5u16, 5..64u16, Just(256u16)];
    (length, letters, any::<u32>())
}

fn bytes((length, letters, seed): (usize, u16, u32), before: &[u8]) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as usize
    };
    let mut bytes = Vec::new();
    while bytes.len() < length {
        let from = next() % (before.len() + 1);
        let count = next() % 40;
        if next() % 3 == 0 && from + count <= before.len() {
            bytes.extend_from_slice(&before[from..from + count]);
        } else {
            bytes.extend((0..count).map(|_| (next() % usize::from(letters)) as u8));
        }
    }
    bytes.truncate(length);
    bytes
}

#[test]
fn what_is_longer_than_a_piece_is_refused() {
    let mut output = Vec::new();
    let mut deflater = ShortDeflater::new(15);
    let long = vec![0; MAX_PIECE + 1];
    assert!(!deflater.deflate(&long, true, &mut Workspace::default(), &mut output));
    assert!(output.is_empty());
}

#[test]
fn every_length_and_every_distance_is_written_as_it_is_read() {
    // Noise, then copies of it from all distances, in all lengths.
    let noise = bytes((MAX_PIECE, 256, 7), &[]);
    let mut workspace = Workspace::default();
    for length in 3..=300 {
        let mut deflater = ShortDeflater::new(15);
        let mut inflater = Inflater::new().unwrap();
        for at in (0..MAX_PIECE - length).step_by(97) {
            let message = [&noise[at..at + length], &[at as u8], &noise[..at]].concat();
            for message in message.chunks(MAX_PIECE) {
                let mut data = Vec::new();
                assert!(deflater.deflate(message, true, &mut workspace, &mut data));
                assert_eq!(inflate(&mut inflater, &data, true), message);
            }
        }
    }
}

#[test]
fn what_does_not_compress_becomes_hardly_longer() {
    let mut workspace = Workspace::default();
    let mut deflater = ShortDeflater::new(15);
    let mut inflater = Inflater::new().unwrap();
    for (seed, length) in (1..=MAX_PIECE).step_by(50).enumerate() {
        let message = bytes((length, 256, seed as u32), &[]);
        let mut data = Vec::new();
        deflater.deflate(&message, true, &mut workspace, &mut data);
        assert!(data.len() <= length + 6, "{} of {length}", data.len());
        assert_eq!(inflate(&mut inflater, &data, true), message);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn messages_and_fragments_are_read_as_they_were_written(
        window_bits in 9..=15u8,
        pieces in prop::collection::vec((piece(), any::<bool>(), 0..30u8), 1..80),
    ) {
        let mut workspace = Workspace::default();
        let mut deflater = ShortDeflater::new(3);
        deflater.reset(window_bits);
        let mut inflater = Inflater::new().unwrap();
        let mut before = Vec::new();
        for (piece, fin, choice) in pieces {
            if choice == 0 {
                // Its context is dropped; the peer's is not.
                deflater.reset(window_bits);
            }
            let message = bytes(piece, &before);
            let mut data = vec![1, 2, 3];
            prop_assert!(deflater.deflate(&message, fin, &mut workspace, &mut data));
            prop_assert_eq!(&data[..3], &[1, 2, 3]);
            prop_assert_eq!(&inflate(&mut inflater, &data[3..], fin), &message);
            before.extend(message);
            before.drain(..before.len().saturating_sub(20_000));
        }
    }
}
