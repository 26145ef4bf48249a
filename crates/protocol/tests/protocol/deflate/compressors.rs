use ferrows_protocol::{Compressors, Decompressors, DeflateParameters};
use ferrows_zlib::Deflater;

use super::{DEFAULT, compress, context, in_miri, inflate, text};

#[test]
fn an_empty_message_is_an_empty_stored_block() {
    // RFC 7692 §7.2.3.6.
    let mut compressors = Compressors::new(8);
    for takeover in [true, false] {
        let id = compressors.open(context(DEFAULT, takeover)).unwrap();
        assert_eq!(compress(&mut compressors, id, b"", true), [0]);
        assert_eq!(
            compress(&mut compressors, id, b"", false),
            [0, 0, 0, 0xff, 0xff]
        );
        assert_eq!(compress(&mut compressors, id, b"", true), [0]);
    }
}

#[test]
fn a_message_may_refer_to_the_one_before_it() {
    // RFC 7692 §7.2.3.2.
    let mut compressors = Compressors::new(8);
    let message = text(1000, 7);
    for (takeover, shorter) in [(true, true), (false, false)] {
        let id = compressors.open(context(DEFAULT, takeover)).unwrap();
        let first = compress(&mut compressors, id, &message, true).len();
        let second = compress(&mut compressors, id, &message, true).len();
        assert_eq!(second < first / 4, shorter);
    }
}

#[test]
fn parameters_are_checked() {
    let mut compressors = Compressors::new(8);
    for parameters in [
        DeflateParameters {
            level: 10,
            ..DEFAULT
        },
        DeflateParameters {
            level: -2,
            ..DEFAULT
        },
        DeflateParameters {
            window_bits: 8,
            ..DEFAULT
        },
        DeflateParameters {
            window_bits: 16,
            ..DEFAULT
        },
        DeflateParameters {
            mem_level: 0,
            ..DEFAULT
        },
        DeflateParameters {
            mem_level: 10,
            ..DEFAULT
        },
        DeflateParameters {
            strategy: 5,
            ..DEFAULT
        },
    ] {
        assert_eq!(compressors.open(context(parameters, true)), None);
    }
}

#[test]
fn connections_without_context_share_a_compressor() {
    let mut compressors = Compressors::new(8);
    let count = in_miri(3, 100);
    for seed in 0..count {
        let id = compressors.open(context(DEFAULT, false)).unwrap();
        compress(&mut compressors, id, &text(300, seed as u32), true);
    }
    let stats = compressors.stats();
    assert_eq!(
        (stats.connections, stats.short, stats.contexts),
        (count, 1, 0)
    );
}

#[test]
fn idle_connections_have_no_compressor() {
    let mut compressors = Compressors::new(8);
    let ids: Vec<u32> = (0..3)
        .map(|_| compressors.open(context(DEFAULT, true)).unwrap())
        .collect();
    let mut output = Vec::new();
    for (&id, now) in ids.iter().zip([0, 50, 90]) {
        compressors.compress(id, b"busy", true, now, &mut output);
    }
    assert_eq!(compressors.stats().contexts, 3);
    assert_eq!(compressors.sweep(99), Some(1));
    assert_eq!(compressors.stats().contexts, 3);
    assert_eq!(compressors.sweep(150), Some(40));
    assert_eq!(compressors.stats().contexts, 1);
    assert_eq!(compressors.sweep(190), None);
    let stats = compressors.stats();
    assert_eq!((stats.contexts, stats.short, stats.full), (0, 0, 0));
}

#[test]
#[cfg_attr(
    miri,
    ignore = "it takes Miri a quarter of an hour and more and shows it nothing"
)]
fn no_more_connections_than_allowed_have_a_compressor() {
    // Those for short messages take less memory, and there may be more of them.
    for (level, count, most) in [(7, 10, 4), (6, 60, 32)] {
        let parameters = DeflateParameters { level, ..DEFAULT };
        let mut compressors = Compressors::new(4);
        let mut decompressors = Decompressors::default();
        let pairs: Vec<(u32, u32)> = (0..count)
            .map(|_| {
                let from = compressors.open(context(parameters, true)).unwrap();
                (from, decompressors.open(15, true))
            })
            .collect();
        for round in 0..50 {
            for (index, &(from, to)) in pairs.iter().enumerate() {
                let message = text(100 + index, round);
                let data = compress(&mut compressors, from, &message, true);
                assert_eq!(inflate(&mut decompressors, to, &data, true), Ok(message));
                assert!(compressors.stats().contexts <= most);
            }
        }
        assert_eq!(compressors.stats().contexts, most);
        // One that is used all the time keeps its context, whoever comes and goes.
        let message = text(500, 3);
        let steady = pairs[0].0;
        compress(&mut compressors, steady, &message, true);
        for &(from, _) in &pairs[1..] {
            compress(&mut compressors, from, b"once", true);
            assert!(compress(&mut compressors, steady, &message, true).len() < 20);
        }
    }
}

#[test]
fn the_first_long_message_brings_one_of_zlibs_compressors() {
    let mut compressors = Compressors::new(4);
    let mut decompressors = Decompressors::default();
    let from = compressors.open(context(DEFAULT, true)).unwrap();
    let to = decompressors.open(15, true);
    let mut kinds = Vec::new();
    for length in [100, 2048, 2049, 100, 5000] {
        let message = text(length, 1);
        let data = compress(&mut compressors, from, &message, true);
        assert_eq!(inflate(&mut decompressors, to, &data, true), Ok(message));
        let stats = compressors.stats();
        kinds.push((stats.full, stats.contexts));
    }
    assert_eq!(kinds, [(0, 1), (0, 1), (1, 1), (1, 1), (1, 1)]);
}

#[test]
#[cfg_attr(
    miri,
    ignore = "it takes Miri a quarter of an hour and more and shows it nothing"
)]
fn short_messages_become_about_as_short_as_zlib_makes_them() {
    for takeover in [true, false] {
        let mut compressors = Compressors::new(4);
        let id = compressors.open(context(DEFAULT, takeover)).unwrap();
        let mut zlib = Deflater::new(DEFAULT).unwrap();
        let (mut ours, mut theirs) = (0, 0);
        for seed in 0..200 {
            let message = trades(40 + 9 * seed as usize, seed);
            ours += compress(&mut compressors, id, &message, true).len();
            if !takeover {
                zlib.reset();
            }
            let mut output = Vec::new();
            zlib.deflate(&message, &mut output);
            theirs += output.len() - 4;
        }
        assert!(ours * 100 < theirs * 103, "{ours} to {theirs}");
    }
}

/// JSON as an API sends it.
fn trades(length: usize, seed: u32) -> Vec<u8> {
    let mut state = (seed + 1) * 7919;
    let mut next = |below: u32| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state % below
    };
    let mut json = format!("{{\"channel\":\"trades\",\"sequence\":{seed},\"items\":[");
    while json.len() < length {
        let symbol = ["ACME", "GLOBEX", "INITECH", "UMBRELLA"][next(4) as usize];
        let side = ["buy", "sell"][next(2) as usize];
        json += &format!(
            "{{\"id\":{},\"symbol\":\"{symbol}\",\"side\":\"{side}\",\"price\":{}.{:02}}},",
            next(u32::MAX),
            next(1000),
            next(100)
        );
    }
    json.truncate(length);
    json.into_bytes()
}

#[test]
fn a_block_made_apart_is_good_for_every_connection() {
    let mut compressors = Compressors::new(8);
    let mut decompressors = Decompressors::default();
    let before = text(400, 5);
    let shared = text(600, 6);
    let pairs: Vec<(u32, u32)> = (0..3)
        .map(|_| {
            let from = compressors.open(context(DEFAULT, true)).unwrap();
            (from, decompressors.open(15, true))
        })
        .collect();
    for &(from, to) in &pairs {
        let data = compress(&mut compressors, from, &before, true);
        assert_eq!(
            inflate(&mut decompressors, to, &data, true).unwrap(),
            before
        );
    }
    let mut block = Vec::new();
    assert!(compressors.compress_apart(pairs[0].0, &shared, &mut block));
    for &(from, to) in &pairs {
        assert_eq!(
            inflate(&mut decompressors, to, &block, true).unwrap(),
            shared
        );
        compressors.drop_context(from);
        let data = compress(&mut compressors, from, &before, true);
        assert_eq!(
            inflate(&mut decompressors, to, &data, true).unwrap(),
            before
        );
    }
}

#[test]
fn after_a_block_made_apart_the_own_context_is_of_no_use() {
    // The reason for `drop_context`: distances are counted back through what the peer has seen.
    let mut compressors = Compressors::new(8);
    let mut decompressors = Decompressors::default();
    let from = compressors.open(context(DEFAULT, true)).unwrap();
    let to = decompressors.open(15, true);
    let message = text(400, 5);
    let data = compress(&mut compressors, from, &message, true);
    inflate(&mut decompressors, to, &data, true).unwrap();

    let mut block = Vec::new();
    compressors.compress_apart(from, &text(600, 6), &mut block);
    inflate(&mut decompressors, to, &block, true).unwrap();

    let data = compress(&mut compressors, from, &message, true);
    assert_ne!(inflate(&mut decompressors, to, &data, true), Ok(message));
}
