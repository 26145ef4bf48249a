//! Decompressors beside one stream a connection, which is what they have to be indistinguishable from.

use ferrows_protocol::{Compressors, Decompressors, DeflateParameters, InflateError, Inflated};
use proptest::prelude::*;

use super::streaming::{Outcome, Streaming};
use super::{DEFAULT, MOST, compress, context, in_miri, inflate, limited, text};
use crate::streams::config;

#[test]
#[cfg_attr(
    miri,
    ignore = "it takes Miri a quarter of an hour and more and shows it nothing"
)]
fn one_inflater_serves_all_connections() {
    let mut compressors = Compressors::new(512);
    let mut decompressors = Decompressors::default();
    let pairs: Vec<(u32, u32)> = (0..200)
        .map(|_| {
            let from = compressors.open(context(DEFAULT, true)).unwrap();
            (from, decompressors.open(15, true))
        })
        .collect();
    let mut exchange = |length, rounds| {
        for round in 0..rounds {
            for (index, &(from, to)) in pairs.iter().enumerate() {
                let message = text(length, round * 7 + index as u32 % 5);
                let data = compress(&mut compressors, from, &message, true);
                assert_eq!(inflate(&mut decompressors, to, &data, true), Ok(message));
            }
        }
        decompressors.stats()
    };
    // Short messages need none of zlib's.
    let stats = exchange(200, 3);
    assert_eq!(stats.inflaters, 0);
    assert!((200 * 600..=200 * 900).contains(&stats.history_bytes));
    let stats = exchange(17_000, 1);
    assert_eq!(stats.inflaters, 1);
    let stats = exchange(200, 1);
    assert_eq!(stats.inflaters, 1);
}

#[test]
fn history_is_not_kept_longer_than_the_window() {
    let mut compressors = Compressors::new(8);
    let mut decompressors = Decompressors::default();
    for (bits, window_bits) in [(8, 9), (9, 9), (12, 12), (15, 15)] {
        let parameters = DeflateParameters {
            window_bits,
            ..DEFAULT
        };
        let from = compressors.open(context(parameters, true)).unwrap();
        let to = decompressors.open(bits, true);
        let before = decompressors.stats().history_bytes;
        for seed in 0..in_miri(2, 40) as u32 {
            let message = text(1500, seed % 3);
            let data = compress(&mut compressors, from, &message, true);
            assert_eq!(inflate(&mut decompressors, to, &data, true), Ok(message));
        }
        assert!(decompressors.stats().history_bytes - before <= 1 << bits);
    }
}

/// Empty stored blocks, fixed blocks, and the smallest dynamic blocks.
#[test]
fn blocks_without_content_cost_what_they_take_on_the_wire() {
    let mut decompressors = Decompressors::default();
    let to = decompressors.open(15, true);
    let empty = [0u8, 0, 0, 0xff, 0xff].repeat(in_miri(1000, 200_000));
    let output = limited(&mut decompressors, to, &empty, true, 10, 1000);
    // The last one is cut off: TAIL completes the next.
    assert!(output.is_ok_and(|bytes| bytes.is_empty()));
    assert_eq!(decompressors.stats().history_bytes, 0);
}

#[test]
fn a_bomb_costs_what_the_limit_says() {
    let mut compressors = Compressors::new(8);
    let mut decompressors = Decompressors::default();
    let from = compressors.open(context(DEFAULT, true)).unwrap();
    let bomb = compress(
        &mut compressors,
        from,
        &vec![0; in_miri(15_000, 50_000_000)],
        true,
    );
    for takeover in [true, false] {
        let to = decompressors.open(15, takeover);
        for budget in [usize::MAX, 100] {
            let mut output = Vec::new();
            let inflated = decompressors.inflate(to, &bomb, true, 10_000, budget, &mut output);
            let memory = match inflated {
                Err(error) => {
                    assert_eq!(error, InflateError::TooLong);
                    output.capacity()
                }
                Ok(Inflated::Whole) => panic!("it has gone through"),
                Ok(Inflated::Unfinished(mut job)) => {
                    job.run();
                    assert_eq!(
                        decompressors.finish(Some(to), job),
                        Err(InflateError::TooLong)
                    );
                    0
                }
            };
            assert!(memory <= 10_001, "{memory}");
            // It is as new.
            assert_eq!(inflate(&mut decompressors, to, &[0], true), Ok(Vec::new()));
        }
    }
}

#[test]
fn a_limit_of_exactly_the_length_is_enough() {
    let mut compressors = Compressors::new(8);
    let mut decompressors = Decompressors::default();
    let from = compressors.open(context(DEFAULT, true)).unwrap();
    let to = decompressors.open(15, true);
    for length in [1usize, 1023, 1024, 1025, 5000] {
        let message = text(length, 1);
        for limit in [length, length - 1] {
            let data = compress(&mut compressors, from, &message, true);
            let result = limited(&mut decompressors, to, &data, true, limit, length / 2);
            if limit == length {
                assert_eq!(result.as_ref(), Ok(&message));
            } else {
                assert_eq!(result, Err(InflateError::TooLong));
                compressors.drop_context(from);
            }
        }
    }
}

#[test]
fn errors_have_the_words_of_zlib() {
    let mut decompressors = Decompressors::default();
    let to = decompressors.open(15, true);
    for (data, words) in [
        (&[0x06][..], "invalid block type"),
        (
            &[0x00, 0x05, 0x00, 0x00, 0x00],
            "invalid stored block lengths",
        ),
        (&[0x4b, 0x04, 0x72, 0x00], "invalid distance too far back"),
    ] {
        assert_eq!(
            inflate(&mut decompressors, to, data, true),
            Err(InflateError::Corrupt(words))
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: in_miri(2, 400) as u32, ..config() })]

    /// Whatever is sent, in whatever pieces, on connections that take turns: each one answers as if
    /// it had a stream of its own that nobody else uses and nothing is taken away from.
    #[test]
    fn sharing_changes_nothing(
        takeover in any::<bool>(),
        budget in prop_oneof![Just(usize::MAX), 1..200usize],
        limit in prop_oneof![3 => Just(100_000usize), 1 => 1..600usize],
        frames in prop::collection::vec((0..3usize, damaged(), any::<bool>()), 1..MOST + 5),
    ) {
        let mut decompressors = Decompressors::default();
        let mut connections: Vec<(u32, Streaming)> = (0..3)
            .map(|_| (decompressors.open(15, takeover), Streaming::new(takeover)))
            .collect();
        for (index, data, fin) in frames {
            let (id, streaming) = &mut connections[index];
            let ours = match limited(&mut decompressors, *id, &data, fin, limit, budget) {
                Ok(bytes) => Outcome::Bytes(bytes),
                Err(InflateError::Corrupt(words)) => Outcome::Corrupt(words.to_owned()),
                Err(InflateError::TooLong) => Outcome::TooLong,
                Err(InflateError::NoMemory) => panic!("no memory"),
            };
            let theirs = streaming.inflate(&data, fin, limit);
            match (&ours, &theirs) {
                // What is said where the words are lost: in the middle of a frame that pauses.
                (Outcome::Corrupt(words), Outcome::Corrupt(_))
                    if budget < usize::MAX && words == "invalid distance too far back" => {}
                _ => prop_assert_eq!(ours, theirs),
            }
        }
    }
}

/// A frame that is right, cut off, changed, finished with BFINAL, or made of random bytes.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let whole = (0..300usize, 0..4u32, -1..=9i8).prop_map(|(length, seed, level)| {
        let mut compressors = Compressors::new(1);
        let parameters = DeflateParameters { level, ..DEFAULT };
        let id = compressors.open(context(parameters, true)).unwrap();
        compress(&mut compressors, id, &text(length, seed), true)
    });
    let finished = (0..300usize, 0..4u32)
        .prop_map(|(length, seed)| miniz_oxide::deflate::compress_to_vec(&text(length, seed), 6));
    let any_frame = prop_oneof![4 => whole, 1 => finished];
    prop_oneof![
        4 => any_frame.clone(),
        2 => (any_frame.clone(), any::<prop::sample::Index>()).prop_map(|(mut data, at)| {
            data.truncate(at.index(data.len() + 1));
            data
        }),
        1 => (any_frame.clone(), any::<prop::sample::Index>(), 1..=255u8).prop_map(
            |(mut data, at, bits)| {
                if !data.is_empty() {
                    let at = at.index(data.len());
                    data[at] ^= bits;
                }
                data
            }
        ),
        1 => (any_frame, prop::collection::vec(any::<u8>(), 0..6)).prop_map(
            |(mut data, more)| {
                data.extend(more);
                data
            }
        ),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ]
}
