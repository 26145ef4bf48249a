//! Any bytes, in chunks whose sizes the input says, by every way of delivery: the transcript is that
//! of the reference decoder and that of the bytes in one chunk.
#![no_main]

use ferrows_protocol::{Options, Role};
use ferrows_protocol_fuzz::reference::reference;
use ferrows_protocol_fuzz::transcript::{Recorder, transcript, transcript_apart};
use ferrows_protocol_fuzz::{Input, chunks};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let flags = input.byte();
    let [max_payload, max_fragments, max_buffered_chunks, min_part, apart] = input.array();
    let sizes = input.sizes();
    let options = Options {
        role: if flags & 1 == 0 { Role::Client } else { Role::Server },
        skip_utf8_validation: flags & 2 != 0,
        max_payload: u32::from(max_payload),
        max_fragments: u32::from(max_fragments),
        max_buffered_chunks: u32::from(max_buffered_chunks),
        ..Options::default()
    };
    let chunks = chunks(input.0, &sizes);

    let expected = reference(options, &chunks);
    let plain = transcript(options, Recorder::default(), chunks.iter().copied());
    assert_eq!(plain, expected);

    let pieces = Options {
        by_frame: flags & 4 != 0,
        min_part: u32::from(min_part),
        ..options
    };
    let stopping = Recorder::stopping_every(usize::from(flags >> 4));
    let delivered = transcript(pieces, stopping, chunks.iter().copied());
    assert_eq!(delivered, expected);

    // Chunk counts apart, splits do not matter.
    let uncounted = Options {
        max_buffered_chunks: 0,
        ..options
    };
    let whole = transcript(uncounted, Recorder::default(), [input.0]);
    let split = transcript(uncounted, Recorder::default(), chunks.iter().copied());
    assert_eq!(split, whole);
    let by_frame = Options {
        by_frame: flags & 4 != 0,
        ..uncounted
    };
    assert_eq!(transcript(by_frame, Recorder::default(), chunks.iter().copied()), whole);
    let apart = Options {
        apart: u32::from(apart),
        by_frame: flags & 4 != 0,
        ..options
    };
    assert_eq!(transcript_apart(apart, chunks.iter().copied()), expected);
});
