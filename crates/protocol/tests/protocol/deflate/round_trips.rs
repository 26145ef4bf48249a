//! What one side sends is what the other reads, and a second implementation.

use ferrows_protocol::{Compressors, Decompressors, DeflateParameters};
use proptest::prelude::*;

use super::inflater::Inflater;
use super::{LONGEST, MOST, compress, context, in_miri, inflate, limited, text};
use crate::streams::config;

#[derive(Clone, Debug)]
struct Message {
    length: usize,
    seed: u32,
    pieces: usize,
    before: Before,
}

#[derive(Clone, Copy, Debug)]
enum Before {
    Nothing,
    DropContext,
    Sweep,
}

fn message() -> impl Strategy<Value = Message> {
    let length = prop_oneof![0..40usize, 0..1500usize, 1500..LONGEST];
    let before = prop_oneof![
        6 => Just(Before::Nothing),
        1 => Just(Before::DropContext),
        1 => Just(Before::Sweep)
    ];
    (length, 0..6u32, 1..4usize, before).prop_map(|(length, seed, pieces, before)| Message {
        length,
        seed,
        pieces,
        before,
    })
}

fn parameters() -> impl Strategy<Value = DeflateParameters> {
    (-1..=9i8, 9..=15u8, 1..=9u8, 0..=4u8).prop_map(|(level, window_bits, mem_level, strategy)| {
        DeflateParameters {
            level,
            window_bits,
            mem_level,
            strategy,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: in_miri(2, 400) as u32, ..config() })]

    /// Under all parameters, on connections that take turns, with contexts dropped in between, what
    /// one side sends is what the other and a second implementation read.
    #[test]
    fn messages_arrive_as_they_were_sent(
        parameters in parameters(),
        takeover in any::<bool>(),
        budget in prop_oneof![Just(usize::MAX), 1..2000usize],
        messages in prop::collection::vec((0..3usize, message()), 1..MOST),
    ) {
        let mut compressors = Compressors::new(2);
        let mut decompressors = Decompressors::default();
        let mut connections: Vec<(u32, u32, Inflater)> = (0..3)
            .map(|_| (
                compressors.open(context(parameters, takeover)).unwrap(),
                decompressors.open(parameters.window_bits, takeover),
                Inflater::default(),
            ))
            .collect();
        for (index, message) in messages {
            let (from, to, second) = &mut connections[index];
            match message.before {
                Before::Nothing => {}
                Before::DropContext => compressors.drop_context(*from),
                Before::Sweep => {
                    compressors.sweep(1000);
                    decompressors.trim();
                }
            }
            let plain = text(message.length, message.seed);
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            let size = plain.len() / message.pieces + 1;
            let mut pieces: Vec<&[u8]> = plain.chunks(size).collect();
            pieces.resize(message.pieces, &[]);
            for (at, piece) in pieces.iter().enumerate() {
                let fin = at + 1 == pieces.len();
                let data = compress(&mut compressors, *from, piece, fin);
                let inflated = limited(&mut decompressors, *to, &data, fin, usize::MAX, budget);
                ours.extend(inflated.unwrap());
                theirs.extend(second.inflate(&data, fin));
            }
            prop_assert_eq!(&ours, &plain);
            prop_assert_eq!(&theirs, &plain);
        }
    }

    /// The window that was agreed on is kept to: history of that length is enough.
    #[test]
    fn no_distance_is_longer_than_the_window(
        parameters in parameters(),
        messages in prop::collection::vec((1..LONGEST / 3, 0..3u32), 1..MOST.div_ceil(2)),
    ) {
        let mut compressors = Compressors::new(2);
        let mut decompressors = Decompressors::default();
        // RFC 7692 knows 2^8 too, for which 2^9 is used.
        for (asked, agreed) in [(parameters.window_bits, parameters.window_bits), (9, 8)] {
            let parameters = DeflateParameters { window_bits: asked, ..parameters };
            let from = compressors.open(context(parameters, true)).unwrap();
            let to = decompressors.open(agreed, true);
            for &(length, seed) in &messages {
                let plain = text(length, seed);
                let data = compress(&mut compressors, from, &plain, true);
                prop_assert_eq!(inflate(&mut decompressors, to, &data, true), Ok(plain));
            }
        }
    }
}
