use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use ferrows_protocol::{Incoming, Options};
use rustix::io::{Errno, fcntl_dupfd_cloexec};

use crate::batch::Batch;
use crate::connection::Connection;
use crate::flush::Runs;
use crate::id::ConnectionId;
use crate::lent::Promises;
use crate::limits::Limits;
use crate::socket::Socket;
use crate::stats::Stats;
use crate::system::System;
use crate::table::Table;

/// The connections of one thread.
///
/// Ids of connections that were removed are no errors: what is asked of them does nothing.
pub struct Reactor {
    pub(crate) limits: Limits,
    pub(crate) system: System,
    pub(crate) table: Table,
    pub(crate) batch: Batch,
    pub(crate) agenda: Agenda,
    pub(crate) runs: Runs,
    pub(crate) promises: Promises,
}

/// Connections that get a turn though epoll has nothing to report of them.
#[derive(Debug, Default)]
pub(crate) struct Agenda(pub(crate) VecDeque<ConnectionId>);

impl Reactor {
    /// A reactor without connections.
    pub fn new(limits: Limits) -> io::Result<Self> {
        Ok(Self {
            limits,
            system: System::new()?,
            table: Table::default(),
            batch: Batch::new(limits.turns),
            agenda: Agenda::default(),
            runs: Runs::default(),
            promises: Promises::new(limits.promises),
        })
    }

    /// The descriptor that is readable, for `poll` and `epoll_wait`, when `poll` has something to do.
    /// Level-triggered.
    pub fn epoll_fd(&self) -> BorrowedFd<'_> {
        self.system.epoll_fd()
    }

    /// Takes a connected stream socket whose next bytes are frames.
    ///
    /// A connection that still has this descriptor is removed: its owner has closed it too early, and
    /// nothing that is meant for it may reach the new one.
    ///
    /// # Safety
    /// `fd` stays open until the connection is removed.
    pub unsafe fn add(&mut self, fd: RawFd, options: Options) -> io::Result<ConnectionId> {
        // SAFETY: the connection, which has the only copies, does not outlive its place in the table.
        let socket = unsafe { Socket::new(fd)? };
        self.insert(socket, None, options)
    }

    /// Takes a connected stream socket by a descriptor of the reactor's own, which is closed when the
    /// connection is removed. `fd` may be closed at any time: the connection goes on.
    pub fn add_duplicate(
        &mut self,
        fd: BorrowedFd<'_>,
        options: Options,
    ) -> io::Result<ConnectionId> {
        let own = fcntl_dupfd_cloexec(fd, 0)?;
        // SAFETY: the connection has both, and leaves epoll before it is dropped.
        let socket = unsafe { Socket::new(own.as_raw_fd())? };
        self.insert(socket, Some(own), options)
    }

    fn insert(
        &mut self,
        socket: Socket,
        own: Option<OwnedFd>,
        options: Options,
    ) -> io::Result<ConnectionId> {
        if let Some(stale) = self.table.by_fd(socket.number()) {
            self.remove(stale);
        }
        let id = self.table.next_id().ok_or(Errno::MFILE)?;
        let options = Options {
            apart: self.limits.apart,
            ..options
        };
        let mut connection = Connection::new(id, socket, Incoming::new(options));
        connection.own = own;
        self.system.watch(&mut connection)?;
        self.table.insert(connection);
        Ok(id)
    }

    /// Lets go of a connection and its descriptor, which may be closed from now on, and closes one of
    /// its own. Drops its backlog.
    /// Returns whether there was one.
    pub fn remove(&mut self, id: ConnectionId) -> bool {
        let Some(mut connection) = self.table.remove(id) else {
            return false;
        };
        connection.forget(&mut self.system);
        true
    }

    /// Takes bytes of the peer that were read elsewhere, before the reactor read any. They are
    /// delivered by the next poll.
    pub fn feed(&mut self, id: ConnectionId, bytes: &[u8]) {
        if let Some(connection) = self.table.get_mut(id)
            && !bytes.is_empty()
        {
            connection.pending.push(bytes);
            self.agenda.schedule(connection, &mut self.system);
        }
    }

    /// Delivers nothing of a connection until it is resumed; then goes on with the next frame that
    /// was not delivered. An end or an error with nothing unread before it is still reported, and an
    /// error always with what came before it.
    pub fn pause(&mut self, id: ConnectionId) {
        if let Some(connection) = self.table.get_mut(id) {
            connection.paused = true;
        }
    }

    /// Whether the sink gets a copy of everything that is read (`Sink::raw`), as it came.
    pub fn tap(&mut self, id: ConnectionId, on: bool) {
        if let Some(connection) = self.table.get_mut(id) {
            connection.tapped = on;
        }
    }

    /// Ends a `pause`.
    pub fn resume(&mut self, id: ConnectionId) {
        if let Some(connection) = self.table.get_mut(id) {
            connection.paused = false;
            self.agenda.go_on(connection, &mut self.system);
        }
    }

    /// Ends a `Verdict::Hold`.
    pub fn release(&mut self, id: ConnectionId) {
        if let Some(connection) = self.table.get_mut(id) {
            connection.held = false;
            self.agenda.go_on(connection, &mut self.system);
        }
    }

    /// Has everything thrown away that the peer sends from now on, and frees what has come and was not
    /// delivered. Its end is still reported, and an error.
    pub fn discard(&mut self, id: ConnectionId) {
        if let Some(connection) = self.table.get_mut(id) {
            connection.incoming.close();
            connection.lent = None;
            connection.pending.consume(usize::MAX);
        }
    }

    /// Sets `Options::max_payload` for frames that begin from now on.
    pub fn set_max_payload(&mut self, id: ConnectionId, max_payload: u32) {
        if let Some(connection) = self.table.get_mut(id) {
            connection.incoming.set_max_payload(max_payload);
        }
    }

    /// Sets `Options::by_frame` for frames that end from now on.
    pub fn set_by_frame(&mut self, id: ConnectionId, by_frame: bool) {
        if let Some(connection) = self.table.get_mut(id) {
            connection.incoming.set_by_frame(by_frame);
        }
    }

    /// Bytes that were read from the socket.
    pub fn read_total(&self, id: ConnectionId) -> u64 {
        self.table.get(id).map_or(0, |c| c.read_total)
    }

    /// Bytes that the kernel has taken.
    pub fn written_total(&self, id: ConnectionId) -> u64 {
        self.table.get(id).map_or(0, |c| c.written_total)
    }

    /// Bytes that were given to be sent and that the kernel has not taken.
    pub fn backlog_len(&self, id: ConnectionId) -> usize {
        self.table.get(id).map_or(0, |c| c.backlog.len())
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are no connections.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The system calls so far.
    pub fn stats(&self) -> Stats {
        self.system.stats
    }
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor")
            .field("connections", &self.len())
            .field("limits", &self.limits)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl Agenda {
    /// Has the connection get a turn in the next batch.
    pub(crate) fn schedule(&mut self, connection: &mut Connection, system: &mut System) {
        if !connection.scheduled {
            connection.scheduled = true;
            self.0.push_back(connection.id);
            system.wake();
        }
    }

    /// Goes on with the connection as far as nothing else forbids it: pausing does not keep errors
    /// from being reported.
    fn go_on(&mut self, connection: &mut Connection, system: &mut System) {
        if connection.held {
            return;
        }
        connection.reading |= !connection.paused;
        connection.hung_up = false;
        self.watch(connection, system);
        let may_deliver = !connection.paused && !connection.pending.is_empty();
        if may_deliver || connection.failure.is_some() {
            self.schedule(connection, system);
        }
    }

    /// Has epoll watch the connection for what it is interested in. One that epoll refuses fails.
    #[inline]
    pub(crate) fn watch(&mut self, connection: &mut Connection, system: &mut System) {
        if let Err(errno) = system.watch(connection) {
            self.fail(connection, system, errno);
        }
    }

    /// Has the connection's next turn report an error of its socket.
    #[cold]
    pub(crate) fn fail(&mut self, connection: &mut Connection, system: &mut System, errno: Errno) {
        connection.fail(errno);
        connection.forget(system);
        self.schedule(connection, system);
    }
}

impl Connection {
    /// Leaves epoll. A descriptor that its owner has closed is not there any more.
    pub(crate) fn forget(&mut self, system: &mut System) {
        self.reading = false;
        self.hung_up = true;
        self.backlog.clear();
        let _ = system.watch(self);
    }
}
