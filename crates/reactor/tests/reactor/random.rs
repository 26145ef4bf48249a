//! Many connections with random traffic, aborts, half-closes and descriptors that are used again,
//! against the model: no byte is lost, comes twice, or reaches a wrong connection.
//!
//! `REACTOR_SEED`, `REACTOR_STEPS` and `REACTOR_CONNECTIONS` change the run.

use std::collections::HashMap;
use std::env;
use std::io::IoSlice;
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use ferrows_protocol::Options;
use ferrows_reactor::{ConnectionId, Limits, Polled, Reactor, Row, Sent};
use rustix::io::{Errno, dup2};
use rustix::net::{Shutdown, shutdown, sockopt};
use rustix::process::{Resource, getrlimit, setrlimit};

use crate::model::{Link, Model, Random, stream_byte};
use crate::peer::{Kind, is_readable, pair, tcp_pair};

/// Senders that wait for the kernel above this give it no more.
const MAX_BACKLOG: usize = 300_000;

/// How long nothing at all may happen although something has to.
const PATIENCE: Duration = Duration::from_secs(20);

struct Run {
    reactor: Reactor,
    model: Model,
    space: Vec<u8>,
    listener: TcpListener,
    serial: u32,
    is_stopped: bool,
}

#[test]
fn no_byte_is_lost_or_reaches_a_wrong_connection() {
    let seed = setting("REACTOR_SEED", 0x5eed);
    let connections = setting("REACTOR_CONNECTIONS", 1200) as usize;
    let steps = setting("REACTOR_STEPS", 60_000);
    println!("REACTOR_SEED={seed} REACTOR_CONNECTIONS={connections} REACTOR_STEPS={steps}");
    let mut limits = getrlimit(Resource::Nofile);
    limits.current = limits.maximum;
    setrlimit(Resource::Nofile, limits).unwrap();

    let mut run = Run::new(seed);
    for _ in 0..connections {
        let link = run.open(None);
        run.model.places.insert(link.id, run.model.links.len());
        run.model.links.push(link);
    }
    for _ in 0..steps {
        run.step();
    }
    run.finish();
    let Model {
        messages, broken, ..
    } = run.model;
    println!("{messages} messages, {broken} errors, {:?}", run.reactor);
    assert!(messages > steps / 4 && broken > 0);
}

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().unwrap())
}

impl Run {
    fn new(seed: u64) -> Self {
        let limits = Limits {
            budget: 20_000,
            apart: 3000,
            min_read: 100,
            promises: 400_000,
            turns: 64,
        };
        Self {
            reactor: Reactor::new(limits).unwrap(),
            model: Model {
                links: Vec::new(),
                places: HashMap::new(),
                random: Random(seed | 1),
                room: 0,
                messages: 0,
                broken: 0,
            },
            space: vec![0; 64 * 1024],
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            serial: 0,
            is_stopped: false,
        }
    }

    /// Opens a connection, with the number of `descriptor` if there is one.
    fn open(&mut self, descriptor: Option<OwnedFd>) -> Link {
        let random = &mut self.model.random;
        let (kind, (mut socket, peer)) = if random.one_in(2) {
            (Kind::Unix, pair(Kind::Unix))
        } else {
            (Kind::Tcp, tcp_pair(&self.listener))
        };
        if let Some(mut descriptor) = descriptor {
            dup2(&socket, &mut descriptor).unwrap();
            socket = descriptor;
        }
        if random.one_in(3) {
            // With less, TCP waits for acknowledgements, which come late.
            let size = if kind == Kind::Tcp { 64 * 1024 } else { 4096 };
            sockopt::set_socket_send_buffer_size(&socket, size).unwrap();
        }
        // SAFETY: the link owns the descriptor and is given up after the connection is removed.
        let id = unsafe { self.reactor.add(socket.as_raw_fd(), Options::default()) }.unwrap();
        self.serial += 1;
        let mut link = Link::new(self.serial, kind, id, socket, peer);
        if random.one_in(4) {
            link.plan_message(random);
            let head = link.unsent(random.below(100)).to_vec();
            self.reactor.feed(id, &head);
            link.note_sent(head.len());
        }
        link
    }

    fn step(&mut self) {
        let place = self.model.random.below(self.model.links.len());
        match self.model.random.below(100) {
            0..35 => self.peer_sends(place),
            35..50 => {
                let max = 1 + self.model.random.below(100_000);
                self.model.links[place].read(max);
            }
            50..65 => self.owner_sends(place),
            65..68 => self.owner_flushes(),
            68..74 => self.pause_or_resume(place),
            74..82 => self.release(place),
            82 => self.peer_half_closes(place),
            83 => self.peer_closes(place),
            84..88 => self.replace(place),
            88 if self.model.random.one_in(2) => self.owner_half_closes(place),
            _ => self.poll(),
        }
    }

    fn poll(&mut self) {
        self.model.room = 1 + self.model.random.below(40);
        let size = [64, 500, 5000, self.space.len()][self.model.random.below(4)];
        let polled = self.reactor.poll(&mut self.space[..size], &mut self.model);
        self.is_stopped = polled.unwrap() == Polled::More;
    }

    fn peer_sends(&mut self, place: usize) {
        let Model { links, random, .. } = &mut self.model;
        let link = &mut links[place];
        if link.half_closed || link.peer.is_none() {
            return;
        }
        for _ in 0..random.below(5) {
            link.plan_message(random);
        }
        let max = if random.one_in(3) {
            1 + random.below(50)
        } else {
            1_000_000
        };
        push(link, max);
    }

    fn owner_sends(&mut self, place: usize) {
        let Model { links, random, .. } = &mut self.model;
        let link = &mut links[place];
        if link.shut || self.reactor.backlog_len(link.id) > MAX_BACKLOG {
            return;
        }
        let len = random.len();
        let bytes = next_bytes(link, len);
        let sent = if random.one_in(2) {
            self.reactor.send(link.id, &bytes)
        } else {
            let (a, b) = bytes.split_at(random.below(len + 1));
            let slices = [IoSlice::new(a), IoSlice::new(b)];
            self.reactor.send_vectored(link.id, &slices)
        };
        link.given += len;
        if sent.written + sent.queued < len {
            assert_eq!(sent, Sent::default());
        }
        note_lost(link, &self.reactor);
    }

    /// Many rows in any order, some of them for connections that are not there any more.
    fn owner_flushes(&mut self) {
        let Model { links, random, .. } = &mut self.model;
        let mut rows = Vec::new();
        let mut slab = Vec::new();
        let mut parts: HashMap<usize, usize> = HashMap::new();
        let range = 1 + random.below(links.len().min(30));
        let first = random.below(links.len() - range + 1);
        for _ in 0..1 + random.below(100) {
            let place = first + random.below(range);
            let link = &mut links[place];
            if link.shut || self.reactor.backlog_len(link.id) > MAX_BACKLOG {
                continue;
            }
            let len = random.len();
            let offset = slab.len();
            slab.extend(next_bytes(link, len));
            link.given += len;
            *parts.entry(place).or_default() += len;
            let mut push = |id: ConnectionId| {
                rows.push(Row {
                    connection: id.bits(),
                    offset: offset as u32,
                    len: len as u32,
                });
            };
            push(link.id);
            if random.one_in(20) {
                let stale = link.id.bits() ^ (1 + random.below(2000) as u32) << 20;
                push(ConnectionId::from_bits(stale));
            }
        }
        let incomplete = self.reactor.flush(&rows, &slab).incomplete.to_vec();
        for (place, len) in parts {
            let link = &mut links[place];
            note_lost(link, &self.reactor);
            let is_left = link.lost || self.reactor.backlog_len(link.id) > 0;
            assert_eq!(incomplete.contains(&link.id), is_left && len > 0);
        }
    }

    fn pause_or_resume(&mut self, place: usize) {
        let link = &mut self.model.links[place];
        link.paused = !link.paused;
        if link.paused {
            self.reactor.pause(link.id);
        } else {
            self.reactor.resume(link.id);
        }
    }

    fn release(&mut self, place: usize) {
        let link = &mut self.model.links[place];
        link.held = false;
        self.reactor.release(link.id);
    }

    fn peer_half_closes(&mut self, place: usize) {
        let link = &mut self.model.links[place];
        if let Some(peer) = &link.peer
            && !link.half_closed
        {
            peer.half_close();
            link.half_closed = true;
        }
    }

    fn peer_closes(&mut self, place: usize) {
        let Model { links, random, .. } = &mut self.model;
        let link = &mut links[place];
        let Some(peer) = link.peer.take() else {
            return;
        };
        // What is unread makes a close a reset, which overtakes what is on its way; so do bytes that
        // come later.
        link.reliable = false;
        if link.kind == Kind::Tcp && random.one_in(2) {
            peer.reset();
        }
    }

    fn owner_half_closes(&mut self, place: usize) {
        let link = &mut self.model.links[place];
        if self.reactor.backlog_len(link.id) == 0 && !link.shut && link.peer.is_some() {
            shutdown(&link.socket, Shutdown::Write).unwrap();
            link.shut = true;
        }
    }

    /// Removes a connection, closes its descriptor, and opens another one at once.
    fn replace(&mut self, place: usize) {
        let old = self.model.links[place].id;
        self.model.places.remove(&old);
        assert!(self.reactor.remove(old));
        let new = if self.model.random.one_in(2) {
            let stand_in = self.listener.as_fd().try_clone_to_owned().unwrap();
            let socket = std::mem::replace(&mut self.model.links[place].socket, stand_in);
            self.open(Some(socket))
        } else {
            self.open(None)
        };
        assert_eq!(self.reactor.send(old, b"stale"), Sent::default());
        self.model.places.insert(new.id, place);
        self.model.links[place] = new;
    }

    /// Lets everybody send and read what is left, and half-close. Then everything must have come.
    fn finish(&mut self) {
        let mut deadline = Instant::now() + PATIENCE;
        let mut progress = 0;
        loop {
            let mut is_done = true;
            for place in 0..self.model.links.len() {
                let link = &mut self.model.links[place];
                link.paused = false;
                self.reactor.resume(link.id);
                self.release(place);
                let link = &mut self.model.links[place];
                note_lost(link, &self.reactor);
                while link.read(1 << 20) {}
                if link.peer.is_some() && !link.half_closed && !push(link, 1 << 20) {
                    self.peer_half_closes(place);
                }
                is_done &= self.is_done(place);
            }
            if is_done {
                break;
            }
            let before = std::mem::replace(&mut progress, self.progress());
            if progress > before {
                deadline = Instant::now() + PATIENCE;
            }
            assert!(Instant::now() < deadline, "{}", self.undone());
            for _ in 0..200 {
                if self.is_stopped || is_readable(&self.reactor.epoll_fd(), 0) {
                    self.poll();
                }
            }
        }
        for link in &self.model.links {
            self.model.places.remove(&link.id);
            assert!(self.reactor.remove(link.id));
        }
        assert!(self.reactor.is_empty() && self.model.places.is_empty());
    }

    fn is_done(&self, place: usize) -> bool {
        let link = &self.model.links[place];
        let has_heard = link.heard() == link.complete();
        let has_answered = link.received == link.given;
        match &link.peer {
            Some(_) => link.ended && has_heard && has_answered && !link.broken,
            None => link.broken || (link.ended && !link.lost),
        }
    }

    fn progress(&self) -> u64 {
        let links = self.model.links.iter();
        links
            .map(|link| (link.received + link.heard()) as u64 + link.sent_total())
            .sum()
    }

    fn undone(&self) -> String {
        let places = 0..self.model.links.len();
        let undone: Vec<_> = places.filter(|&place| !self.is_done(place)).collect();
        let link = &self.model.links[undone[0]];
        format!(
            "{} connections are not done, the first: serial {} peer {} ended {} broken {} lost {} \
             half-closed {} heard {} of {}, received {} of {}, backlog {}",
            undone.len(),
            link.serial,
            link.peer.is_some(),
            link.ended,
            link.broken,
            link.lost,
            link.half_closed,
            link.heard(),
            link.complete(),
            link.received,
            link.given,
            self.reactor.backlog_len(link.id)
        )
    }
}

/// Has the peer send what it has to, at most `max` bytes. Returns whether something is left.
fn push(link: &mut Link, max: usize) -> bool {
    if let Some(peer) = &link.peer
        && link.has_unsent()
    {
        match peer.try_send(link.unsent(max)) {
            Ok(len) => link.note_sent(len),
            Err(Errno::AGAIN) => {}
            Err(error) => panic!("{error}"),
        }
    }
    link.has_unsent()
}

fn next_bytes(link: &Link, len: usize) -> Vec<u8> {
    (link.given..link.given + len)
        .map(|place| stream_byte(link.serial, place))
        .collect()
}

/// Finds out whether bytes were lost, which takes a peer that is gone.
fn note_lost(link: &mut Link, reactor: &Reactor) {
    let backlog = reactor.backlog_len(link.id) as u64;
    if reactor.written_total(link.id) + backlog != link.given as u64 {
        assert!(link.peer.is_none());
        link.lost = true;
    }
}
