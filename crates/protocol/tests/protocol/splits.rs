//! However the same bytes are cut into chunks, and however they are asked for, the peer has said the
//! same.

use ferrows_protocol::{Boundary, Incoming, Options};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::reference::reference;
use crate::streams::{broken, config, legal, options, split};
use crate::transcript::{Recorder, decode_all, transcript, transcript_apart};

fn stream() -> impl Strategy<Value = crate::streams::Stream> {
    prop_oneof![legal(), broken()]
}

fn cuts() -> impl Strategy<Value = Vec<Index>> {
    vec(any::<Index>(), 0..12)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_decoder_agrees_with_the_reference(
        stream in stream(),
        options in options(),
        cuts in cuts(),
        max_buffered_chunks in 0..4u32,
    ) {
        let options = Options { role: stream.role, max_buffered_chunks, ..options };
        let chunks = split(&stream.bytes, &cuts);
        let transcript = transcript(options, Recorder::default(), chunks.iter().copied());
        prop_assert_eq!(transcript, reference(options, &chunks));
    }

    #[test]
    fn any_split_gives_the_same_events(stream in stream(), options in options(), cuts in cuts()) {
        let options = Options { role: stream.role, ..options };
        let whole = transcript(options, Recorder::default(), [&stream.bytes[..]]);
        let chunks = split(&stream.bytes, &cuts);
        let parts = transcript(options, Recorder::default(), chunks);
        prop_assert_eq!(&parts, &whole);
        let single = transcript(options, Recorder::default(), stream.bytes.chunks(1));
        prop_assert_eq!(&single, &whole);
    }

    #[test]
    fn stopping_changes_nothing(
        stream in stream(),
        options in options(),
        cuts in cuts(),
        stop_every in 1..4usize,
        max_buffered_chunks in 0..4u32,
        min_part in 0..40u32,
    ) {
        let role = stream.role;
        let options = Options { role, max_buffered_chunks, min_part, ..options };
        let chunks = split(&stream.bytes, &cuts);
        let going_on = transcript(options, Recorder::default(), chunks.clone());
        let stopping = Recorder::stopping_every(stop_every);
        prop_assert_eq!(transcript(options, stopping, chunks), going_on);
    }

    #[test]
    fn delivery_in_pieces_is_the_same_message(
        stream in stream(),
        options in options(),
        cuts in cuts(),
        by_frame: bool,
        min_part in 0..40u32,
    ) {
        let options = Options { role: stream.role, ..options };
        let chunks = split(&stream.bytes, &cuts);
        let whole = transcript(options, Recorder::default(), chunks.clone());
        let options = Options { by_frame, min_part, ..options };
        prop_assert_eq!(transcript(options, Recorder::default(), chunks), whole);
    }

    #[test]
    fn frames_are_delivered_with_their_lengths(stream in legal(), cuts in cuts()) {
        let options = Options { role: stream.role, by_frame: true, ..Options::default() };
        let pieces_of = |chunks: Vec<&[u8]>| {
            let mut sink = Recorder::default();
            let mut incoming = Incoming::new(options);
            for chunk in chunks {
                decode_all(&mut incoming, &mut chunk.to_vec(), &mut sink).unwrap();
            }
            sink.pieces
        };
        let whole = pieces_of(vec![&stream.bytes]);
        prop_assert!(whole.iter().all(|&(_, end)| end != Boundary::Part));
        prop_assert_eq!(pieces_of(split(&stream.bytes, &cuts)), whole);
    }

    #[test]
    fn receiving_apart_changes_nothing(
        stream in stream(),
        options in options(),
        cuts in cuts(),
        apart in 1..50u32,
        by_frame: bool,
        max_buffered_chunks in 0..4u32,
    ) {
        let options = Options { role: stream.role, by_frame, max_buffered_chunks, ..options };
        let chunks = split(&stream.bytes, &cuts);
        let whole = transcript(options, Recorder::default(), chunks.clone());
        let options = Options { apart, ..options };
        prop_assert_eq!(transcript_apart(options, chunks), whole);
    }
}
