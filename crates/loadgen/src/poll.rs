//! One epoll instance (level-triggered) over all connections of a run.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;

use crate::failure;
use crate::failure::Result;

/// How a run waits for its peer.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// A run in which nothing happens for so long has stalled.
    pub patience: Duration,
    /// Asks again and again instead of sleeping. Whoever writes to a sleeper pays for waking it, which on
    /// a virtual machine can cost as much as the write itself, and which a peer on another machine never
    /// asks for.
    pub spins: bool,
}

pub struct Poll {
    epoll: OwnedFd,
    events: Box<[Event]>,
    ready: usize,
    waiting: Waiting,
    /// Since something has happened.
    waited: Duration,
    idle: Duration,
}

/// A connection, by the number it was added with, that can be read or written.
#[derive(Clone, Copy)]
pub struct Ready {
    pub number: u32,
    pub readable: bool,
    pub writable: bool,
}

impl Poll {
    pub fn new(waiting: Waiting) -> Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let none = Event {
            flags: EventFlags::empty(),
            data: EventData::new_u64(0),
        };
        Ok(Self {
            epoll,
            events: vec![none; 1024].into(),
            ready: 0,
            waiting,
            waited: Duration::ZERO,
            idle: Duration::ZERO,
        })
    }

    pub fn add(&self, source: impl AsFd, number: u32, for_room: bool) -> Result<()> {
        Ok(epoll::add(
            &self.epoll,
            source,
            EventData::new_u64(number.into()),
            flags(for_room),
        )?)
    }

    /// Whether to report, beside input, room for output.
    pub fn modify(&self, source: impl AsFd, number: u32, for_room: bool) -> Result<()> {
        Ok(epoll::modify(
            &self.epoll,
            source,
            EventData::new_u64(number.into()),
            flags(for_room),
        )?)
    }

    pub fn remove(&self, source: impl AsFd) -> Result<()> {
        Ok(epoll::delete(&self.epoll, source)?)
    }

    /// Waits for events, at most so long, and returns their number. Fails when the run
    /// has stalled.
    pub fn wait(&mut self, timeout: Duration) -> Result<usize> {
        let began = Instant::now();
        self.ready = if self.waiting.spins {
            loop {
                let ready = self.ask(Duration::ZERO)?;
                if ready > 0 || began.elapsed() >= timeout {
                    break ready;
                }
            }
        } else {
            self.ask(timeout)?
        };
        self.idle += began.elapsed();
        self.waited = if self.ready == 0 {
            self.waited + timeout
        } else {
            Duration::ZERO
        };
        if self.waited >= self.waiting.patience {
            return Err(failure!(
                "nothing has happened for {} s: the peer owes an answer",
                self.waiting.patience.as_secs_f64()
            ));
        }
        Ok(self.ready)
    }

    fn ask(&mut self, timeout: Duration) -> Result<usize> {
        let limit = Timespec {
            tv_sec: timeout.as_secs() as i64,
            tv_nsec: timeout.subsec_nanos().into(),
        };
        match epoll::wait(&self.epoll, &mut self.events[..], Some(&limit)) {
            Err(Errno::INTR) => Ok(0),
            result => Ok(result?),
        }
    }

    /// Time spent waiting so far.
    pub fn idle(&self) -> Duration {
        self.idle
    }

    /// One of the events of the last `wait`.
    pub fn event(&self, index: usize) -> Ready {
        let Event { flags, data } = self.events[..self.ready][index];
        Ready {
            number: data.u64() as u32,
            // An error is found by reading.
            readable: flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR),
            writable: flags.contains(EventFlags::OUT),
        }
    }
}

fn flags(for_room: bool) -> EventFlags {
    if for_room {
        EventFlags::IN | EventFlags::OUT
    } else {
        EventFlags::IN
    }
}
