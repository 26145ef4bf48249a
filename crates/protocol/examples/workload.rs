//! Fixed work for profilers that count instructions, and with a clock for those who read one:
//!
//! ```sh
//! cargo run --release --example workload               # every workload, with ns per frame
//! valgrind --tool=callgrind target/release/examples/workload parse-masked-100 200
//! ```
//!
//! The same name and number of rounds is the same work in every run. What came out is checked.

use std::hint::black_box;
use std::time::Instant;

use ferrows_protocol::{
    Data, Event, Flow, Frame, FrameHeader, Incoming, Opcode, Options, append_frames, is_valid_utf8,
    mask, write_frame,
};

const CHUNK: usize = 64 * 1024;

/// A workload runs so many rounds and returns how many units (frames or buffers) it has done.
type Workload = fn(rounds: usize) -> usize;

const WORKLOADS: [(&str, Workload); 13] = [
    ("parse-masked-20", |rounds| parse(rounds, 20, Opcode::Text)),
    ("parse-masked-20-binary", |rounds| {
        parse(rounds, 20, Opcode::Binary)
    }),
    ("parse-masked-100", |rounds| {
        parse(rounds, 100, Opcode::Text)
    }),
    ("parse-masked-100-binary", |rounds| {
        parse(rounds, 100, Opcode::Binary)
    }),
    ("parse-masked-1k", |rounds| {
        parse(rounds, 1024, Opcode::Text)
    }),
    ("parse-masked-16k", |rounds| {
        parse(rounds, 16 * 1024, Opcode::Text)
    }),
    ("parse-masked-1m", |rounds| {
        parse(rounds.div_ceil(16), 1024 * 1024, Opcode::Text)
    }),
    ("parse-masked-1m-direct", |rounds| {
        parse_direct(rounds.div_ceil(16))
    }),
    ("encode-100", |rounds| encode(rounds, None)),
    ("encode-masked-100", |rounds| {
        encode(rounds, Some([1, 2, 3, 4]))
    }),
    ("mask-64k", |rounds| {
        let mut bytes = vec![0; CHUNK];
        for _ in 0..rounds {
            mask(black_box(&mut bytes), [1, 2, 3, 4]);
        }
        rounds
    }),
    ("mask-100", |rounds| {
        let mut bytes = vec![0; 100];
        for _ in 0..rounds * 600 {
            mask(black_box(&mut bytes), [1, 2, 3, 4]);
        }
        rounds * 600
    }),
    ("utf8-64k", |rounds| {
        let text = "Grüße, 世界! ".repeat(CHUNK / 17);
        for _ in 0..rounds {
            assert!(is_valid_utf8(black_box(text.as_bytes())));
        }
        rounds
    }),
];

fn main() {
    let mut args = std::env::args().skip(1);
    let name = args.next();
    let rounds = args
        .next()
        .map_or(2000, |rounds| rounds.parse().expect("a number of rounds"));
    for (workload, run) in WORKLOADS {
        if name.as_deref().is_none_or(|name| name == workload) {
            let start = Instant::now();
            let units = run(rounds);
            let ns = start.elapsed().as_nanos() as f64 / units as f64;
            println!("{workload:24} {units:9} × {ns:10.1} ns");
        }
    }
}

/// Parses reads of 64 KiB full of masked frames of `len` bytes.
fn parse(rounds: usize, len: usize, opcode: Opcode) -> usize {
    let payload = vec![b'a'; len];
    let frame = frame(opcode, &payload, Some([0x12, 0x34, 0x56, 0x78]));
    let mut source = Vec::new();
    while source.len() < CHUNK {
        append_frames(&mut source, [frame]);
    }
    let mut incoming = Incoming::new(Options::default());
    let mut chunk = vec![0; CHUNK];
    let mut messages = 0;
    let mut bytes = 0;
    let mut sink = |event: Event<'_>| {
        if let Event::Data(Data { payload, .. }) = event {
            messages += 1;
            bytes += payload.bytes().len();
        }
        Flow::Continue
    };
    for _ in 0..rounds {
        for part in source.chunks(CHUNK) {
            let chunk = &mut chunk[..part.len()];
            chunk.copy_from_slice(part);
            let consumed = incoming.decode(chunk, &mut sink).expect("legal frames");
            assert_eq!(consumed, part.len());
        }
    }
    assert_eq!(bytes, messages * len);
    assert_eq!(messages, rounds * source.len() / frame.encoded_len());
    messages
}

/// Receives messages of 1 MiB: the first 64 KiB by `decode`, the others directly.
fn parse_direct(rounds: usize) -> usize {
    let payload = vec![b'a'; 1024 * 1024];
    let mut source = Vec::new();
    append_frames(
        &mut source,
        [frame(
            Opcode::Text,
            &payload,
            Some([0x12, 0x34, 0x56, 0x78]),
        )],
    );
    let options = Options {
        apart: 32 * 1024,
        ..Options::default()
    };
    let mut incoming = Incoming::new(options);
    let mut messages = 0;
    let mut sink = |_: Event<'_>| Flow::Continue;
    let mut memory = vec![0; source.len()];
    for _ in 0..rounds {
        memory.copy_from_slice(&source);
        let (first, mut rest) = memory.split_at_mut(CHUNK);
        let header = incoming.decode(first, &mut sink).expect("legal frames");
        let (_, mut piece) = first.split_at_mut(header);
        loop {
            let ended = incoming.receive_apart(piece).expect("legal frames");
            messages += usize::from(ended.is_some());
            if rest.is_empty() {
                break;
            }
            (piece, rest) = rest.split_at_mut(rest.len().min(256 * 1024));
        }
        black_box(&memory);
    }
    assert_eq!(messages, rounds);
    messages
}

/// Encodes reads of 64 KiB full of frames of 100 bytes into memory that is there.
fn encode(rounds: usize, key: Option<[u8; 4]>) -> usize {
    let payload = [b'a'; 100];
    let mut target = vec![0; CHUNK];
    let mut frames = 0;
    for _ in 0..rounds {
        let mut rest = &mut target[..];
        while let Some(len) = write_frame(rest, &frame(Opcode::Text, black_box(&payload), key)) {
            rest = &mut rest[len..];
            frames += 1;
        }
        black_box(&mut target);
    }
    frames
}

fn frame(opcode: Opcode, payload: &[u8], key: Option<[u8; 4]>) -> Frame<'_> {
    let header = FrameHeader {
        fin: true,
        rsv1: false,
        opcode,
        key,
        length: payload.len() as u64,
    };
    Frame { header, payload }
}
