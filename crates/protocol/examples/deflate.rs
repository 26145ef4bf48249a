//! Compresses the lines of a file as messages, and inflates them again: bytes and time for each.
//!
//!     cargo run --release --example deflate -- FILE LEVEL (takeover | apart)

use std::time::Instant;

use ferrows_protocol::{Compressors, Context, Decompressors, DeflateParameters};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, file, level, mode] = arguments.as_slice() else {
        panic!("FILE LEVEL (takeover | apart)");
    };
    let content = std::fs::read(file).unwrap();
    let messages: Vec<&[u8]> = content.split(|&byte| byte == b'\n').collect();
    let takeover = mode == "takeover";
    let mut compressors = Compressors::new(256);
    let mut decompressors = Decompressors::default();
    let parameters = DeflateParameters {
        level: level.parse().unwrap(),
        window_bits: 15,
        mem_level: 8,
        strategy: 0,
    };
    let context = Context {
        parameters,
        takeover,
        idle: 1000,
    };
    let from = compressors.open(context).unwrap();
    let to = decompressors.open(15, takeover);
    let rounds = 20;
    let mut output = Vec::new();
    let mut inflated = Vec::with_capacity(1 << 20);
    let (mut size, mut compressing, mut inflating) = (0, 0, 0);
    for _ in 0..rounds {
        for message in &messages {
            output.clear();
            inflated.clear();
            let start = Instant::now();
            assert!(compressors.compress(from, message, true, 0, &mut output));
            compressing += start.elapsed().as_nanos();
            let start = Instant::now();
            decompressors
                .inflate(to, &output, true, 1 << 20, usize::MAX - 1, &mut inflated)
                .unwrap();
            inflating += start.elapsed().as_nanos();
            size += output.len();
            assert_eq!(inflated, *message);
        }
        compressors.drop_context(from);
    }
    let count = (messages.len() * rounds) as f64;
    println!(
        "level {level} {mode}: {:.1} B, compress {:.2} us, inflate {:.2} us",
        size as f64 / count,
        compressing as f64 / count / 1000.0,
        inflating as f64 / count / 1000.0
    );
}
