//! Any bytes as compressed frames, in any pieces, on connections that take turns: each one answers
//! as if it had a stream of its own.

#![no_main]

use ferrows_protocol::{Decompressors, InflateError, Inflated};
use ferrows_protocol_fuzz::Input;
use ferrows_protocol_fuzz::streaming::{Outcome, Streaming};
use libfuzzer_sys::fuzz_target;

const CONNECTIONS: usize = 3;
const LIMIT: usize = 1 << 16;

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let takeover = input.bool();
    let mut decompressors = Decompressors::default();
    let mut connections: Vec<(u32, Streaming)> = (0..CONNECTIONS)
        .map(|_| (decompressors.open(15, takeover), Streaming::new(takeover)))
        .collect();
    while !input.0.is_empty() {
        let choice = input.byte();
        let fin = choice & 1 == 1;
        let limit = if choice & 2 == 0 {
            LIMIT
        } else {
            usize::from(input.byte())
        };
        let budget = if choice & 4 == 0 {
            usize::MAX
        } else {
            usize::from(input.byte())
        };
        let (id, streaming) = &mut connections[usize::from(choice >> 3) % CONNECTIONS];
        let length = usize::from(u16::from_le_bytes(input.array()));
        let frame = input.bytes(length);

        let ours = match inflate(&mut decompressors, *id, frame, fin, limit, budget) {
            Ok(bytes) => Outcome::Bytes(bytes),
            Err(InflateError::TooLong) => Outcome::TooLong,
            Err(InflateError::Corrupt(words)) => Outcome::Corrupt(words.to_owned()),
            Err(InflateError::NoMemory) => panic!("no memory"),
        };
        let theirs = streaming.inflate(frame, fin, limit);
        match (&ours, &theirs) {
            // Where the words are lost, others are said.
            (Outcome::Corrupt(words), Outcome::Corrupt(_))
                if words == "invalid distance too far back" => {}
            // More than the limit, and corrupt a little later: either may be noticed first.
            (Outcome::Corrupt(_), Outcome::TooLong) | (Outcome::TooLong, Outcome::Corrupt(_)) => {}
            _ => assert_eq!(ours, theirs),
        }
    }
});

fn inflate(
    decompressors: &mut Decompressors,
    id: u32,
    frame: &[u8],
    fin: bool,
    limit: usize,
    budget: usize,
) -> Result<Vec<u8>, InflateError> {
    let mut output = Vec::new();
    match decompressors.inflate(id, frame, fin, limit, budget, &mut output)? {
        Inflated::Whole => Ok(output),
        Inflated::Unfinished(mut job) => {
            job.run();
            decompressors.finish(Some(id), job)
        }
    }
}
