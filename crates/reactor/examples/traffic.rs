//! Fixed work for profilers that count instructions, and with a clock for those who read one:
//!
//! ```sh
//! cargo run --release --example traffic                # every workload, with ns per message
//! valgrind --tool=callgrind target/release/examples/traffic echo-20-16 50
//! ```
//!
//! Peers and reactor are one thread with Unix sockets between them, so that the same name and number
//! of rounds is the same work in every run. What comes back is counted.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use ferrows_protocol::{
    Event, Frame, FrameHeader, MaskingKey, Opcode, Options, append_frame, append_frames,
};
use ferrows_reactor::{ConnectionId, Limits, Notice, Polled, Reactor, Row, Sink, Verdict};

/// A workload runs so many rounds and returns how many messages it has sent.
type Workload = fn(rounds: usize) -> usize;

const WORKLOADS: [(&str, Workload); 4] = [
    ("echo-20-1", |rounds| echo(rounds * 8, 64, 20, 1)),
    ("echo-20-16", |rounds| echo(rounds, 64, 20, 16)),
    ("echo-16k", |rounds| echo(rounds, 16, 16 * 1024, 1)),
    ("broadcast-10-200", |rounds| broadcast(rounds, 200, 128, 10)),
];

fn main() {
    let mut args = std::env::args().skip(1);
    let name = args.next();
    let rounds = args
        .next()
        .map_or(200, |rounds| rounds.parse().expect("a number of rounds"));
    for (workload, run) in WORKLOADS {
        if name.as_deref().is_none_or(|name| name == workload) {
            let start = Instant::now();
            let messages = run(rounds);
            let ns = start.elapsed().as_nanos() as f64 / messages as f64;
            println!("{workload:24} {messages:9} × {ns:10.1} ns");
        }
    }
}

/// Every peer sends `in_flight` messages at once and gets them back.
fn echo(rounds: usize, connections: usize, len: usize, in_flight: usize) -> usize {
    let mut world = World::new(connections, len);
    let sent = frames(len, in_flight, Some([0x12, 0x34, 0x56, 0x78]));
    let answer = frames(len, in_flight, None).len();
    for _ in 0..rounds {
        for peer in &mut world.peers {
            peer.write_all(&sent).expect("room for a few messages");
        }
        world.poll();
        world.flush();
        world.receive(answer);
    }
    rounds * connections * in_flight
}

/// Messages that are encoded once are sent to all.
fn broadcast(rounds: usize, connections: usize, len: usize, messages: usize) -> usize {
    let mut world = World::new(connections, len);
    let answer = frames(len, messages, None);
    for _ in 0..rounds {
        let Echoes { slab, rows, .. } = &mut world.echoes;
        slab.extend_from_slice(&answer);
        let len = answer.len() as u32;
        rows.extend(world.ids.iter().map(|id| Row {
            connection: id.bits(),
            offset: 0,
            len,
        }));
        world.flush();
        world.receive(answer.len());
    }
    rounds * connections * messages
}

/// A reactor with connections, and their peers.
struct World {
    peers: Vec<UnixStream>,
    /// The reactor's ends, open for as long as it has them.
    ends: Vec<UnixStream>,
    ids: Vec<ConnectionId>,
    reactor: Reactor,
    space: Vec<u8>,
    echoes: Echoes,
    received: Vec<u8>,
}

impl World {
    fn new(connections: usize, len: usize) -> Self {
        let mut reactor = Reactor::new(Limits::default()).expect("a reactor");
        let (peers, ends): (Vec<_>, Vec<_>) = (0..connections)
            .map(|_| UnixStream::pair().expect("two sockets"))
            .unzip();
        let add = |end: &UnixStream| {
            end.set_nonblocking(true).expect("a socket");
            // SAFETY: `ends` closes its sockets after `reactor` is gone, see `drop`.
            unsafe { reactor.add(end.as_raw_fd(), Options::default()) }.expect("a connection")
        };
        Self {
            ids: ends.iter().map(add).collect(),
            peers,
            ends,
            reactor,
            space: vec![0; 256 * 1024],
            echoes: Echoes::default(),
            received: vec![0; 20 * len + 1024],
        }
    }

    fn poll(&mut self) {
        while self
            .reactor
            .poll(&mut self.space, &mut self.echoes)
            .expect("no error")
            == Polled::More
        {}
    }

    fn flush(&mut self) {
        let Echoes { slab, rows } = &mut self.echoes;
        let flushed = self.reactor.flush(rows, slab);
        assert!(flushed.incomplete.is_empty());
        rows.clear();
        slab.clear();
    }

    /// Every peer reads so many bytes.
    fn receive(&mut self, len: usize) {
        for peer in &mut self.peers {
            peer.read_exact(&mut self.received[..len])
                .expect("an answer");
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for id in &self.ids {
            self.reactor.remove(*id);
        }
        self.ends.clear();
    }
}

/// Answers every message with itself.
#[derive(Default)]
struct Echoes {
    slab: Vec<u8>,
    rows: Vec<Row>,
}

impl Sink for Echoes {
    fn event(&mut self, id: ConnectionId, event: Event<'_>) -> Verdict {
        let Event::Data(data) = event else {
            panic!("an unexpected event")
        };
        let offset = self.slab.len();
        append_frame(&mut self.slab, &frame(data.payload.bytes(), None));
        let len = self.slab.len() - offset;
        self.rows.push(Row {
            connection: id.bits(),
            offset: offset as u32,
            len: len as u32,
        });
        Verdict::Continue
    }

    fn notice(&mut self, _: ConnectionId, notice: Notice) {
        panic!("an unexpected {notice:?}");
    }

    fn is_full(&self) -> bool {
        false
    }
}

fn frames(len: usize, count: usize, key: Option<MaskingKey>) -> Vec<u8> {
    let payload = vec![b'a'; len];
    let mut bytes = Vec::new();
    append_frames(&mut bytes, (0..count).map(|_| frame(&payload, key)));
    bytes
}

fn frame(payload: &[u8], key: Option<MaskingKey>) -> Frame<'_> {
    let length = payload.len() as u64;
    let header = FrameHeader {
        fin: true,
        rsv1: false,
        opcode: Opcode::Binary,
        key,
        length,
    };
    Frame { header, payload }
}
