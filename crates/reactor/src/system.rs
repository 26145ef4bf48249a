//! Every system call of the reactor, counted.

use std::io::IoSlice;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::io::{Errno, Result, retry_on_intr};
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, recv, send, sendmsg, sockopt};

use crate::connection::Connection;
use crate::socket::Socket;
use crate::stats::Stats;

/// What epoll calls the reactor's own descriptor; ids of connections are shorter.
pub(crate) const WAKE: u64 = u64::MAX;

#[derive(Debug)]
pub(crate) struct System {
    epoll: OwnedFd,
    wake: OwnedFd,
    /// Whether `wake` was written to and epoll has not told so yet.
    awake: bool,
    pub(crate) stats: Stats,
}

impl System {
    pub(crate) fn new() -> Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        // Edge-triggered: every write is told once, and nobody needs to read the counter.
        let flags = EventFlags::IN | EventFlags::ET;
        epoll::add(&epoll, &wake, EventData::new_u64(WAKE), flags)?;
        Ok(Self {
            epoll,
            wake,
            awake: false,
            stats: Stats::default(),
        })
    }

    #[inline]
    pub(crate) fn epoll_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }

    /// Fills `events`, as far as its capacity goes, with what is ready now.
    pub(crate) fn wait(&mut self, events: &mut Vec<Event>) -> Result<()> {
        const NO_TIME: Timespec = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        count(&mut self.stats.waits);
        events.clear();
        match epoll::wait(&self.epoll, spare_capacity(events), Some(&NO_TIME)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes the epoll descriptor readable.
    pub(crate) fn wake(&mut self) {
        if !self.awake {
            self.awake = true;
            count(&mut self.stats.wakes);
            // Only a counter at its end refuses, and such a one has told epoll already.
            let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
        }
    }

    /// epoll has told of the last `wake`.
    #[inline]
    pub(crate) fn woken(&mut self) {
        self.awake = false;
    }

    /// Has epoll watch `connection` for what it is interested in.
    #[inline]
    pub(crate) fn watch(&mut self, connection: &mut Connection) -> Result<()> {
        let interest = connection.interest();
        if interest == connection.watched {
            return Ok(());
        }
        self.change(connection, interest)
    }

    #[cold]
    fn change(&mut self, connection: &mut Connection, interest: Option<EventFlags>) -> Result<()> {
        count(&mut self.stats.changes);
        let before = std::mem::replace(&mut connection.watched, interest);
        let data = EventData::new_u64(connection.id.bits().into());
        let socket = connection.socket;
        let fd = socket.as_fd();
        match (before, interest) {
            (_, None) => epoll::delete(&self.epoll, fd),
            (None, Some(flags)) => epoll::add(&self.epoll, fd, data, flags),
            (Some(_), Some(flags)) => epoll::modify(&self.epoll, fd, data, flags),
        }
    }

    #[inline]
    pub(crate) fn receive(&mut self, socket: Socket, room: &mut [u8]) -> Result<usize> {
        count(&mut self.stats.reads);
        let (received, _) =
            retry_on_intr(|| recv(socket.as_fd(), &mut *room, RecvFlags::DONTWAIT))?;
        Ok(received)
    }

    /// Whether the next read would bring bytes rather than the end.
    pub(crate) fn peek(&mut self, socket: Socket) -> Result<bool> {
        count(&mut self.stats.reads);
        let mut byte = [0];
        let flags = RecvFlags::DONTWAIT | RecvFlags::PEEK;
        let (peeked, _) = retry_on_intr(|| recv(socket.as_fd(), &mut byte, flags))?;
        Ok(peeked > 0)
    }

    #[inline]
    pub(crate) fn send(&mut self, socket: Socket, bytes: &[u8]) -> Result<usize> {
        count(&mut self.stats.writes);
        retry_on_intr(|| send(socket.as_fd(), bytes, SEND_FLAGS))
    }

    #[inline]
    pub(crate) fn send_slices(&mut self, socket: Socket, slices: &[IoSlice<'_>]) -> Result<usize> {
        count(&mut self.stats.writes);
        retry_on_intr(|| {
            let mut control = SendAncillaryBuffer::default();
            sendmsg(socket.as_fd(), slices, &mut control, SEND_FLAGS)
        })
    }

    /// The error that the socket has on it, which is taken off.
    pub(crate) fn socket_error(&self, socket: Socket) -> Option<Errno> {
        sockopt::socket_error(socket.as_fd()).ok()?.err()
    }
}

const SEND_FLAGS: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);

#[inline]
fn count(counter: &mut u64) {
    *counter = counter.wrapping_add(1);
}
