//! A reactor with the owner of its descriptors and a sink that remembers.

use std::collections::HashMap;
use std::os::fd::{AsRawFd, OwnedFd};

use ferrows_protocol::{Event, Options, Payload};
use ferrows_reactor::{ConnectionId, Limits, Notice, Polled, Reactor, Sink, Verdict};
use rustix::net::sockopt;

use crate::peer::{Kind, Peer, is_readable, pair, wait_readable};

/// What a sink was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Raw(Vec<u8>),
    Message(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, Vec<u8>),
    Notice(Notice),
}

pub const ENDED: Told = Told::Notice(Notice::Ended);

pub fn text(text: &str) -> Told {
    Told::Message(text.as_bytes().to_vec())
}

pub fn broken(errno: rustix::io::Errno) -> Told {
    Told::Notice(Notice::Broken(errno.raw_os_error()))
}

/// How a connection goes on after a message.
type Judge = Box<dyn FnMut(ConnectionId, &[u8]) -> Verdict>;

pub struct Memory {
    pub told: Vec<(ConnectionId, Told)>,
    /// How much it takes before it is full.
    pub room: usize,
    /// Whether payloads stay where they are in the space.
    pub keeps: bool,
    pub kept: Vec<(ConnectionId, std::ops::Range<usize>)>,
    /// Payloads that came in memory of their own.
    pub owned: usize,
    /// Whether large messages get memory of it, and how many have.
    pub lends: bool,
    pub lent: usize,
    pub verdict: Judge,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            told: Vec::new(),
            room: usize::MAX,
            keeps: false,
            kept: Vec::new(),
            owned: 0,
            lends: true,
            lent: 0,
            verdict: Box::new(|_, _| Verdict::Continue),
        }
    }
}

impl Memory {
    fn take(&mut self, id: ConnectionId, told: Told) {
        self.room = self.room.checked_sub(1).expect("told although it is full");
        self.told.push((id, told));
    }
}

impl Sink for Memory {
    fn event(&mut self, id: ConnectionId, event: Event<'_>) -> Verdict {
        let told = match event {
            Event::Data(data) => {
                let verdict = (self.verdict)(id, data.payload.bytes());
                if let Verdict::Fail(_) = verdict {
                    return verdict;
                }
                match &data.payload {
                    Payload::Chunk { bytes, offset } if self.keeps => {
                        self.kept.push((id, *offset..offset + bytes.len()));
                    }
                    Payload::Chunk { .. } => {}
                    Payload::Owned(_) => self.owned += 1,
                }
                self.take(id, Told::Message(data.payload.into_vec()));
                return verdict;
            }
            Event::Ping(payload) => Told::Ping(payload.to_vec()),
            Event::Pong(payload) => Told::Pong(payload.to_vec()),
            Event::Close { code, reason } => Told::Close(code, reason.to_vec()),
        };
        self.take(id, told);
        Verdict::Continue
    }

    fn lend(&mut self, len: usize) -> Option<Box<dyn ferrows_reactor::Memory>> {
        self.lent += usize::from(self.lends);
        self.lends
            .then(|| Box::new(vec![0xee_u8; len]) as Box<dyn ferrows_reactor::Memory>)
    }

    fn notice(&mut self, id: ConnectionId, notice: Notice) {
        self.take(id, Told::Notice(notice));
    }

    fn raw(&mut self, id: ConnectionId, bytes: Vec<u8>) {
        self.told.push((id, Told::Raw(bytes)));
    }

    fn is_full(&self) -> bool {
        self.room == 0
    }

    fn kept(&self) -> usize {
        self.kept
            .iter()
            .map(|(_, range)| range.end)
            .max()
            .unwrap_or(0)
    }
}

pub struct World {
    pub reactor: Reactor,
    pub space: Vec<u8>,
    pub memory: Memory,
    pub sockets: HashMap<ConnectionId, OwnedFd>,
    /// Whether the last poll was stopped.
    is_stopped: bool,
}

impl World {
    pub fn new() -> Self {
        Self::with(Limits::default(), 64 * 1024)
    }

    pub fn with(limits: Limits, space: usize) -> Self {
        Self {
            reactor: Reactor::new(limits).unwrap(),
            space: vec![0; space],
            memory: Memory::default(),
            sockets: HashMap::new(),
            is_stopped: false,
        }
    }

    pub fn connect(&mut self, kind: Kind) -> (ConnectionId, Peer) {
        let (socket, peer) = pair(kind);
        (self.add(socket), peer)
    }

    pub fn add(&mut self, socket: OwnedFd) -> ConnectionId {
        self.add_with(socket, Options::default())
    }

    pub fn add_with(&mut self, socket: OwnedFd, options: Options) -> ConnectionId {
        // SAFETY: `sockets` keeps it open until `remove`, or for as long as the reactor is used.
        let id = unsafe { self.reactor.add(socket.as_raw_fd(), options) }.unwrap();
        assert!(self.sockets.insert(id, socket).is_none());
        id
    }

    pub fn remove(&mut self, id: ConnectionId) {
        assert!(self.reactor.remove(id));
        self.sockets.remove(&id);
    }

    /// The sending side keeps little, so that sends are refused soon.
    pub fn shrink(&self, id: ConnectionId) {
        sockopt::set_socket_send_buffer_size(&self.sockets[&id], 4096).unwrap();
    }

    pub fn poll(&mut self) -> Polled {
        let polled = self.reactor.poll(&mut self.space, &mut self.memory);
        let polled = polled.unwrap();
        self.is_stopped = polled == Polled::More;
        polled
    }

    /// Polls once the reactor has something to do.
    pub fn wake_up(&mut self) -> Polled {
        if !self.is_stopped {
            wait_readable(self.reactor.epoll_fd());
        }
        self.poll()
    }

    /// Wakes up until the sink has been told `count` things, and returns all.
    pub fn hear(&mut self, count: usize) -> Vec<(ConnectionId, Told)> {
        while self.memory.told.len() < count {
            while self.wake_up() == Polled::More {}
        }
        std::mem::take(&mut self.memory.told)
    }

    /// `hear` for a world in which only one connection says something.
    pub fn hear_from(&mut self, id: ConnectionId, count: usize) -> Vec<Told> {
        let told = self.hear(count);
        told.into_iter()
            .map(|(from, told)| {
                assert_eq!(from, id);
                told
            })
            .collect()
    }

    /// Wakes up until there is nothing to do, and returns what the sink was told. Fails when there is
    /// always something.
    pub fn settle(&mut self) -> Vec<(ConnectionId, Told)> {
        for _ in 0..1000 {
            if !self.is_stopped && !self.is_ready() {
                return std::mem::take(&mut self.memory.told);
            }
            while self.poll() == Polled::More {}
        }
        panic!("epoll goes on for ever");
    }

    /// `settle` that leaves what was told where it is.
    pub fn settle_quietly(&mut self) {
        let told = self.settle();
        self.memory.told = told;
    }

    /// Whether epoll reports something.
    pub fn is_ready(&self) -> bool {
        is_readable(&self.reactor.epoll_fd(), 0)
    }

    /// Sends until the kernel has refused, then `more` bytes, and returns everything.
    pub fn fill(&mut self, id: ConnectionId, more: usize) -> Vec<u8> {
        let mut all = Vec::new();
        let mut refused = false;
        while !refused {
            let bytes = pattern(all.len(), 10_000);
            let sent = self.reactor.send(id, &bytes);
            assert_eq!(sent.written + sent.queued, bytes.len());
            refused = sent.queued > 0;
            all.extend(bytes);
        }
        let bytes = pattern(all.len(), more);
        assert_eq!(self.reactor.send(id, &bytes).queued, more);
        all.extend(bytes);
        all
    }
}

/// Bytes of a stream in which every place looks different.
pub fn pattern(start: usize, len: usize) -> Vec<u8> {
    (start..start + len)
        .map(|i| (i as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect()
}
