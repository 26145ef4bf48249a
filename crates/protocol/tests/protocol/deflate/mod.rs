//! permessage-deflate: the two directions, and what their tests share.

mod compressors;
mod decompressors;
mod inflater;
mod jobs;
mod round_trips;
mod streaming;

use ferrows_protocol::{
    Compressors, Context, Decompressors, DeflateParameters, InflateError, Inflated,
};

/// Miri takes a second and more to compress a short message.
const fn in_miri(few: usize, many: usize) -> usize {
    if cfg!(miri) { few } else { many }
}

/// The longest message that is drawn, and about how many there are of them at most.
const LONGEST: usize = in_miri(1800, 12_000);
const MOST: usize = in_miri(3, 25);

const DEFAULT: DeflateParameters = DeflateParameters {
    level: 6,
    window_bits: 15,
    mem_level: 8,
    strategy: 0,
};

const fn context(parameters: DeflateParameters, takeover: bool) -> Context {
    Context {
        parameters,
        takeover,
        idle: 100,
    }
}

fn compress(compressors: &mut Compressors, id: u32, data: &[u8], fin: bool) -> Vec<u8> {
    let mut output = b"kept".to_vec();
    assert!(compressors.compress(id, data, fin, 0, &mut output));
    assert!(output.starts_with(b"kept"));
    output.split_off(4)
}

fn inflate(
    decompressors: &mut Decompressors,
    id: u32,
    data: &[u8],
    fin: bool,
) -> Result<Vec<u8>, InflateError> {
    limited(decompressors, id, data, fin, usize::MAX, usize::MAX)
}

/// Finishes as a job what is more work than `budget`.
fn limited(
    decompressors: &mut Decompressors,
    id: u32,
    data: &[u8],
    fin: bool,
    limit: usize,
    budget: usize,
) -> Result<Vec<u8>, InflateError> {
    let mut output = Vec::new();
    match decompressors.inflate(id, data, fin, limit, budget, &mut output)? {
        Inflated::Whole => Ok(output),
        Inflated::Unfinished(mut job) => {
            assert!(output.is_empty());
            job.run();
            decompressors.finish(Some(id), job)
        }
    }
}

/// Text that repeats itself, here and there.
fn text(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed | 1;
    let mut words = Vec::new();
    while words.len() < length {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        words
            .extend_from_slice(format!("{{\"id\":{},\"side\":\"buy\"}},", state % 5000).as_bytes());
    }
    words.truncate(length);
    words
}
