use std::os::fd::OwnedFd;

use ferrows_protocol::Incoming;
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;

use crate::backlog::Backlog;
use crate::id::ConnectionId;
use crate::lent::Lent;
use crate::pending::Pending;
use crate::socket::Socket;

/// A connection as the reactor knows it.
///
/// ```text
///            read() == 0                 errno
///  ┌──────┐ ───────────► ┌───────┐ ─────────────┐
///  │ Open │              │ Ended │              ▼
///  └──────┘              └───────┘           ┌────────┐
///      │   errno of a read                   │ Broken │
///      ├────────────────────────────────────►└────────┘
///      │   errno of a write: what has come is read first (`failure`) ▲
///      └─────────────────────────────────────────────────────────────┘
/// ```
/// Beside that it may be paused (by whoever uses it) and held (by the sink). Both cost no system call
/// until the peer sends something; only then reading is taken out of what epoll watches (`reading`).
/// Whatever epoll reports without being asked, a hang-up or an error, ends the connection or takes it
/// out of epoll (`hung_up`), so that epoll does not report it for ever.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    pub(crate) socket: Socket,
    /// The descriptor, if the connection closes it: `socket` is a copy.
    pub(crate) own: Option<OwnedFd>,
    pub(crate) stage: Stage,
    pub(crate) paused: bool,
    pub(crate) held: bool,
    /// Whether the sink gets a copy of everything that is read.
    pub(crate) tapped: bool,
    /// Whether it waits in the agenda.
    pub(crate) scheduled: bool,
    /// Whether epoll is to report that there is something to read.
    pub(crate) reading: bool,
    /// Whether a hang-up was reported that cannot be acted on yet.
    pub(crate) hung_up: bool,
    /// What epoll watches; `None` if the descriptor is not in it.
    pub(crate) watched: Option<EventFlags>,
    /// The errno of a write, until it is reported.
    pub(crate) failure: Option<Errno>,
    /// The first and the last run of `Reactor::flush`.
    pub(crate) runs: Option<(u32, u32)>,
    pub(crate) read_total: u64,
    pub(crate) written_total: u64,
    pub(crate) backlog: Backlog,
    pub(crate) pending: Pending,
    pub(crate) incoming: Incoming,
    /// Where the rest of the current frame goes. `incoming` is not closed then.
    pub(crate) lent: Option<Box<Lent>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Open,
    /// The peer will send nothing more.
    Ended,
    /// The socket has failed, and it was reported.
    Broken,
}

impl Connection {
    pub(crate) fn new(id: ConnectionId, socket: Socket, incoming: Incoming) -> Self {
        Self {
            id,
            socket,
            own: None,
            stage: Stage::Open,
            paused: false,
            held: false,
            tapped: false,
            scheduled: false,
            reading: true,
            hung_up: false,
            watched: None,
            failure: None,
            runs: None,
            read_total: 0,
            written_total: 0,
            backlog: Backlog::default(),
            pending: Pending::default(),
            incoming,
            lent: None,
        }
    }

    /// What epoll should watch; `None` if it should not know the descriptor.
    #[inline]
    pub(crate) fn interest(&self) -> Option<EventFlags> {
        if self.stage == Stage::Broken || self.failure.is_some() {
            return None;
        }
        let mut flags = EventFlags::empty();
        if self.stage == Stage::Open && self.reading {
            flags |= EventFlags::IN;
        }
        if !self.backlog.is_empty() {
            flags |= EventFlags::OUT;
        }
        let nothing_follows = self.stage != Stage::Open || self.hung_up;
        if flags.is_empty() && nothing_follows {
            return None;
        }
        Some(flags)
    }

    /// Whether bytes that are to be sent still have a way out.
    #[inline]
    pub(crate) fn takes_bytes(&self) -> bool {
        self.stage != Stage::Broken && self.failure.is_none()
    }

    /// Takes note of a write's error. It is reported in the connection's next turn, after what came
    /// before it.
    #[cold]
    pub(crate) fn fail(&mut self, errno: Errno) {
        if self.takes_bytes() {
            self.failure = Some(errno);
        }
    }

    #[inline]
    pub(crate) fn note_written(&mut self, len: usize) {
        self.written_total = self.written_total.wrapping_add(len as u64);
    }
}
