//! Broadcast: one connection sends messages that the server sends to all; a round is over when all
//! have all of them.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::checker::Checker;
use crate::connection::{BATCH, Connection, Message, Receiver};
use crate::failure::Result;
use crate::frame::{MASKING_KEY, Opcode};
use crate::handshake::{Target, open};
use crate::meter::{Meter, Span};
use crate::payload::{Payload, Stamped};
use crate::poll::Poll;

#[derive(Clone, Debug)]
pub struct Broadcast {
    pub target: Target,
    /// Receivers, the sender among them.
    pub connections: u32,
    /// Messages a round.
    pub messages: u64,
    pub size: usize,
    pub opcode: Opcode,
    pub slow: Slow,
}

/// Receivers beside the others that read only so many bytes a second. No round waits for them.
#[derive(Clone, Copy, Debug)]
pub struct Slow {
    pub connections: u32,
    pub bytes_per_second: usize,
}

/// How often slow readers read.
const PAUSE: Duration = Duration::from_millis(20);

struct Peer {
    connection: Connection,
    checker: Checker,
}

pub fn run(broadcast: &Broadcast, span: Span) -> Result<Map<String, Value>> {
    let mut payload = Payload::Stamped(Stamped::new(broadcast.opcode, broadcast.size, true));
    let mut peers = open_all(&broadcast.target, broadcast.connections)?;
    let mut slow = open_all(&broadcast.target, broadcast.slow.connections)?;
    let pace = broadcast.slow.bytes_per_second as u128 * PAUSE.as_millis() / 1000;
    let mut slow_buffer = vec![0; pace.max(1) as usize];
    let mut poll = Poll::new(broadcast.target.waiting)?;
    for (number, peer) in peers.iter().enumerate() {
        poll.add(&peer.connection, number as u32, false)?;
    }
    let mut buffer = vec![0; BATCH];
    let mut batch = Vec::with_capacity(BATCH);
    let mut meter = Meter::new("message", span);
    let mut rounds = 0;
    let mut slept = Instant::now();

    while !meter.is_over(&poll)? {
        rounds += 1;
        let until = rounds * broadcast.messages;
        let sent = meter.now();
        peers[0].connection.queue(broadcast.messages);
        let mut wants_room = !peers[0]
            .connection
            .flush(0, &mut payload, Some(&mut batch))?;
        if wants_room {
            poll.modify(&peers[0].connection, 0, true)?;
        }
        let mut missing = peers.len();
        while missing > 0 {
            let timeout = if slow.is_empty() {
                Duration::from_secs(1)
            } else {
                PAUSE
            };
            for index in 0..poll.wait(timeout)? {
                let ready = poll.event(index);
                let peer = &mut peers[ready.number as usize];
                if ready.readable {
                    let now = meter.now();
                    let checker = &mut peer.checker;
                    let mut deliveries = Deliveries {
                        payload: &payload,
                        checker,
                        meter: Some((&mut meter, now - sent)),
                    };
                    let before = deliveries.checker.received();
                    peer.connection.read(&mut buffer, &mut deliveries)?;
                    missing -= usize::from(before < until && peer.checker.received() == until);
                }
                if ready.writable
                    && wants_room
                    && peer.connection.flush(0, &mut payload, Some(&mut batch))?
                {
                    poll.modify(&peer.connection, 0, false)?;
                    wants_room = false;
                }
            }
            if !slow.is_empty() && slept.elapsed() >= PAUSE {
                slept = Instant::now();
                for peer in &mut slow {
                    let mut deliveries = Deliveries {
                        payload: &payload,
                        checker: &mut peer.checker,
                        meter: None,
                    };
                    peer.connection.read(&mut slow_buffer, &mut deliveries)?;
                }
            }
        }
    }

    let mut report = meter.report()?;
    if !slow.is_empty() {
        let behind = slow
            .iter()
            .map(|peer| rounds * broadcast.messages - peer.checker.received())
            .max();
        report.insert("slow_readers_behind_messages".into(), json!(behind));
    }
    Ok(report)
}

fn open_all(target: &Target, count: u32) -> Result<Vec<Peer>> {
    let open_one = |_| {
        let (stream, _) = open(target, Ipv4Addr::LOCALHOST)?;
        // All receive what connection 0 sends.
        Ok(Peer {
            connection: Connection::new(stream, Some(MASKING_KEY))?,
            checker: Checker::new(0, None),
        })
    };
    (0..count).map(open_one).collect()
}

struct Deliveries<'a> {
    payload: &'a Payload,
    checker: &'a mut Checker,
    /// Where to count, and the time since the round was sent.
    meter: Option<(&'a mut Meter, u64)>,
}

impl Receiver for Deliveries<'_> {
    fn part(&mut self, message: Message, offset: u64, bytes: &[u8]) -> Result<()> {
        self.checker.part(self.payload, message, offset, bytes)
    }

    fn complete(&mut self, message: Message, length: u64) -> Result<()> {
        self.checker.complete(self.payload, message, length)?;
        if let Some((meter, latency)) = &mut self.meter {
            meter.count(length, *latency);
        }
        Ok(())
    }
}
