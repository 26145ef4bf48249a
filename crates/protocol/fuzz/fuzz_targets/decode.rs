//! Any bytes, in chunks whose sizes the input says, by every way of delivery: the transcript is that
//! of the reference decoder and that of the bytes in one chunk.
#![no_main]

use ferrows_protocol::{Incoming, Options, Role};
use ferrows_protocol_fuzz::reference::reference;
use ferrows_protocol_fuzz::transcript::{Recorder, Transcript, decode_all, transcript};
use ferrows_protocol_fuzz::{Input, chunks};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let flags = input.byte();
    let [max_payload, max_fragments, max_buffered_chunks, min_part, direct] = input.array();
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
    let directly = read_directly(by_frame, &chunks, usize::from(direct));
    assert_eq!(directly, whole);
});

/// Reads directly wherever that is offered, and otherwise a few bytes at a time.
fn read_directly(options: Options, chunks: &[&[u8]], min: usize) -> Transcript {
    let mut incoming = Incoming::new(options);
    let mut sink = Recorder::default();
    let mut error = None;
    for chunk in chunks {
        let mut rest = *chunk;
        while !rest.is_empty() {
            let result = if let Some(mut direct) = incoming.direct(min) {
                let (now, later) = rest.split_at(direct.limit().min(rest.len()));
                direct.buffer().extend_from_slice(now);
                rest = later;
                direct.commit(&mut sink)
            } else {
                let (now, later) = rest.split_at(rest.len().min(3));
                rest = later;
                decode_all(&mut incoming, &mut now.to_vec(), &mut sink)
            };
            error = error.or(result.err());
        }
        assert!(incoming.held() <= 4 * chunks.concat().len() + 16 * 1024);
    }
    Transcript {
        items: sink.items,
        error,
    }
}
