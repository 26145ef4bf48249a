//! What is known about a connection without asking the reactor: the reference of the random test.

use std::collections::HashMap;
use std::os::fd::OwnedFd;

use ferrows_protocol::{Boundary, Event, Opcode};
use ferrows_reactor::{ConnectionId, Memory, Notice, Sink, Verdict};
use rustix::io::Errno;

use crate::peer::{Kind, Peer, frame, masked};

/// xorshift64*.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }

    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// Mostly small.
    pub fn len(&mut self) -> usize {
        let max = match self.below(100) {
            0 => 150_000,
            1..4 => 20_000,
            4..12 => 1000,
            _ => 60,
        };
        self.below(max)
    }
}

/// A connection with both of its ends.
pub struct Link {
    /// Tells this connection from all others, in every message and in every byte.
    pub serial: u32,
    pub kind: Kind,
    pub id: ConnectionId,
    pub socket: OwnedFd,
    pub peer: Option<Peer>,
    pub paused: bool,
    pub held: bool,
    /// Whether the sink was told so.
    pub ended: bool,
    pub broken: bool,
    /// Whether bytes that were given to the reactor were lost.
    pub lost: bool,
    /// Whether the owner has closed the sending direction.
    pub shut: bool,
    pub half_closed: bool,
    /// Whether everything that was sent must arrive.
    pub reliable: bool,
    /// Frames that the peer has to send, and how many bytes of them it has sent.
    wire: Vec<u8>,
    sent: usize,
    /// Where in all that the peer sends the messages end.
    ends: Vec<u64>,
    sent_total: u64,
    heard: usize,
    /// Bytes given to the reactor, and those that have come to the peer.
    pub given: usize,
    pub received: usize,
}

impl Link {
    pub fn new(serial: u32, kind: Kind, id: ConnectionId, socket: OwnedFd, peer: Peer) -> Self {
        Self {
            serial,
            kind,
            id,
            socket,
            peer: Some(peer),
            paused: false,
            held: false,
            ended: false,
            broken: false,
            lost: false,
            shut: false,
            half_closed: false,
            reliable: true,
            wire: Vec::new(),
            sent: 0,
            ends: Vec::new(),
            sent_total: 0,
            heard: 0,
            given: 0,
            received: 0,
        }
    }

    /// The payload of a message.
    fn payload(serial: u32, number: usize, len: usize) -> Vec<u8> {
        let mut payload = Vec::with_capacity(len + 12);
        payload.extend(serial.to_le_bytes());
        payload.extend((number as u32).to_le_bytes());
        payload.extend((len as u32).to_le_bytes());
        payload.extend((0..len).map(|i| stream_byte(serial, number * 131 + i)));
        payload
    }

    /// Puts another message on the wire, perhaps in fragments, or a ping.
    pub fn plan_message(&mut self, random: &mut Random) {
        let number = self.ends.len();
        if random.one_in(10) {
            let payload = Self::payload(self.serial, number, random.below(100));
            self.wire.extend(frame(Opcode::Ping, &payload));
        } else {
            let payload = Self::payload(self.serial, number, random.len());
            let mut rest = &payload[..];
            let mut opcode = Opcode::Binary;
            loop {
                let fin = !random.one_in(6);
                let len = if fin {
                    rest.len()
                } else {
                    random.below(rest.len() + 1)
                };
                let (piece, others) = rest.split_at(len);
                let key = (random.below(1 << 30) as u32).to_le_bytes();
                self.wire.extend(masked(fin, opcode, piece, key));
                if fin {
                    break;
                }
                opcode = Opcode::Continuation;
                rest = others;
            }
        }
        let unsent = (self.wire.len() - self.sent) as u64;
        self.ends.push(self.sent_total + unsent);
    }

    pub fn has_unsent(&self) -> bool {
        self.sent < self.wire.len()
    }

    /// Takes the next bytes off the wire, at most `max`.
    pub fn unsent(&self, max: usize) -> &[u8] {
        let rest = &self.wire[self.sent..];
        &rest[..rest.len().min(max)]
    }

    pub fn note_sent(&mut self, len: usize) {
        self.sent += len;
        self.sent_total += len as u64;
        if self.sent == self.wire.len() {
            self.wire.clear();
            self.sent = 0;
        }
    }

    /// How many messages the peer has sent to their ends.
    pub fn complete(&self) -> usize {
        self.ends.partition_point(|&end| end <= self.sent_total)
    }

    pub fn sent_total(&self) -> u64 {
        self.sent_total
    }

    pub fn heard(&self) -> usize {
        self.heard
    }

    /// Has the peer read, at most `max` bytes. Returns whether anything came.
    pub fn read(&mut self, max: usize) -> bool {
        let Some(peer) = &self.peer else { return false };
        match peer.receive(max) {
            Ok(bytes) if bytes.is_empty() => {
                assert!(self.shut && self.received == self.given);
                false
            }
            Ok(bytes) => {
                for byte in bytes {
                    let expected = stream_byte(self.serial, self.received);
                    assert_eq!(byte, expected, "at {} of {}", self.received, self.serial);
                    self.received += 1;
                }
                assert!(self.received <= self.given);
                true
            }
            Err(Errno::AGAIN) => false,
            Err(error) => panic!("{error}"),
        }
    }

    fn check(&mut self, payload: &[u8]) {
        assert!(!self.held && !self.ended && !self.broken);
        // Only an error opens a paused connection.
        assert!(!self.paused || self.peer.is_none());
        let len = payload.len() - 12;
        let expected = Self::payload(self.serial, self.heard, len);
        assert!(
            payload == expected,
            "message {} of {}",
            self.heard,
            self.serial
        );
        self.heard += 1;
        assert!(self.heard <= self.complete());
    }
}

/// What stands at each place of what a connection sends.
pub fn stream_byte(serial: u32, place: usize) -> u8 {
    let mixed = (place as u32 ^ serial.rotate_left(16)).wrapping_mul(2_654_435_761);
    mixed.to_be_bytes()[0]
}

/// All connections, as the sink.
pub struct Model {
    pub links: Vec<Link>,
    pub places: HashMap<ConnectionId, usize>,
    pub random: Random,
    pub room: usize,
    pub messages: u64,
    pub broken: u64,
}

impl Model {
    fn take(&mut self, id: ConnectionId) -> &mut Link {
        self.room = self.room.checked_sub(1).expect("told although it is full");
        let place = self
            .places
            .get(&id)
            .expect("told about a removed connection");
        &mut self.links[*place]
    }
}

impl Sink for Model {
    fn event(&mut self, id: ConnectionId, event: Event<'_>) -> Verdict {
        let holds = self.random.one_in(50);
        let link = self.take(id);
        match event {
            Event::Data(data) => {
                assert_eq!(data.end, Boundary::Message);
                link.check(data.payload.bytes());
            }
            Event::Ping(payload) => link.check(payload),
            other => panic!("{other:?}"),
        }
        link.held = holds;
        self.messages += 1;
        if holds {
            Verdict::Hold
        } else {
            Verdict::Continue
        }
    }

    fn lend(&mut self, len: usize) -> Option<Box<dyn Memory>> {
        let lends = self.random.one_in(2);
        lends.then(|| Box::new(vec![0xee_u8; len]) as Box<dyn Memory>)
    }

    fn notice(&mut self, id: ConnectionId, notice: Notice) {
        let link = self.take(id);
        assert!(!link.broken);
        match notice {
            Notice::Progress { written, left } => {
                assert!(written > 0 && written + left <= link.given);
            }
            Notice::Ended => {
                assert!(!link.ended && !link.held);
                assert!(link.half_closed || link.peer.is_none());
                assert!(!link.reliable || link.heard == link.complete());
                link.ended = true;
            }
            Notice::Broken(_) => {
                assert!(link.peer.is_none() && !link.held);
                assert!(!link.reliable || link.heard == link.complete());
                link.broken = true;
                self.broken += 1;
            }
            Notice::Failed(error) => panic!("{error}"),
        }
    }

    fn is_full(&self) -> bool {
        self.room == 0
    }
}
