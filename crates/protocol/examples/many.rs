use ferrows_protocol::{Compressors, Context, Decompressors, DeflateParameters};
use std::time::Instant;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let content = std::fs::read(&a[1]).unwrap();
    let connections: usize = a[2].parse().unwrap();
    let burst: usize = a[3].parse().unwrap();
    let messages: Vec<&[u8]> = content.split(|&b| b == b'\n').collect();
    let mut c = Compressors::new(512);
    let mut c2 = Compressors::new(512);
    let mut d = Decompressors::default();
    let g = |i: usize, d: i32| a.get(i).map_or(d, |x| x.parse().unwrap());
    let p = DeflateParameters {
        level: g(4, 6) as i8,
        window_bits: g(5, 15) as u8,
        mem_level: g(6, 8) as u8,
        strategy: 0,
    };
    let ctx = Context {
        parameters: p,
        takeover: true,
        idle: 1000,
    };
    let ids: Vec<(u32, u32, u32)> = (0..connections)
        .map(|_| {
            (
                c.open(ctx).unwrap(),
                d.open(15, true),
                c2.open(ctx).unwrap(),
            )
        })
        .collect();
    // wire prepared
    let rounds = 200;
    let mut wire: Vec<Vec<u8>> = vec![];
    let _ = 0;
    for r in 0..rounds {
        for (q, id) in ids.iter().enumerate() {
            for b in 0..burst {
                let k = r * burst + b + q;
                let mut o = vec![];
                c2.compress(id.2, messages[k % messages.len()], true, 0, &mut o);
                wire.push(o);
            }
        }
    }
    let (mut tc, mut td, mut n) = (0u128, 0u128, 0u32);
    let mut w = 0;
    let mut size = 0;
    let mut o = Vec::new();
    let mut i = Vec::with_capacity(131073);
    for r in 0..rounds {
        for (q, id) in ids.iter().enumerate() {
            for b in 0..burst {
                let k = r * burst + b + q;
                i.clear();
                let s = Instant::now();
                d.inflate(id.1, &wire[w], true, usize::MAX, 131072, &mut i)
                    .unwrap();
                td += s.elapsed().as_nanos();
                w += 1;
                assert_eq!(i, messages[k % messages.len()]);
                o.clear();
                let s = Instant::now();
                c.compress(id.0, messages[k % messages.len()], true, 0, &mut o);
                tc += s.elapsed().as_nanos();
                n += 1;
                size += o.len();
            }
        }
    }
    println!(
        "{connections} conns burst {burst}: {:.1} B compress {:.2} inflate {:.2} us",
        size as f64 / n as f64,
        tc as f64 / n as f64 / 1e3,
        td as f64 / n as f64 / 1e3
    );
}
