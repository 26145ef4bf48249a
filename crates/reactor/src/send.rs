//! Sending: what the kernel does not take at once waits in the connection's backlog.

use std::io::IoSlice;

use rustix::io::Errno;

use crate::backlog::MAX_SLICES;
use crate::connection::Connection;
use crate::id::ConnectionId;
use crate::reactor::Reactor;
use crate::sink::{Notice, Sink};
use crate::system::System;

/// What has become of bytes that were given to be sent. If the two do not add up to all of them, the
/// connection was removed or its socket has failed, and they are gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Bytes that the kernel has taken.
    pub written: usize,
    /// Bytes that wait in the backlog.
    pub queued: usize,
}

impl Reactor {
    /// Sends `bytes` behind everything that was sent before, as far as the kernel takes them; copies
    /// the others. Errors of the socket are reported by a later poll.
    pub fn send(&mut self, id: ConnectionId, bytes: &[u8]) -> Sent {
        let Some(connection) = self.table.get_mut(id) else {
            return Sent::default();
        };
        let result = self.system.send_or_queue(connection, bytes);
        self.after_send(id, result)
    }

    /// `send` for bytes in several places.
    pub fn send_vectored(&mut self, id: ConnectionId, slices: &[IoSlice<'_>]) -> Sent {
        let Some(connection) = self.table.get_mut(id) else {
            return Sent::default();
        };
        let result = self.system.send_slices_or_queue(connection, slices);
        self.after_send(id, result)
    }

    /// Sees to what a send has left behind.
    #[inline]
    pub(crate) fn after_send(&mut self, id: ConnectionId, result: Result<Sent, Errno>) -> Sent {
        match result {
            Ok(sent) if sent.queued == 0 => sent,
            other => self.after_refusal(id, other),
        }
    }

    #[cold]
    fn after_refusal(&mut self, id: ConnectionId, result: Result<Sent, Errno>) -> Sent {
        let Some(connection) = self.table.get_mut(id) else {
            return Sent::default();
        };
        match result {
            Ok(sent) => {
                self.agenda.watch(connection, &mut self.system);
                sent
            }
            Err(errno) => {
                self.agenda.fail(connection, &mut self.system, errno);
                Sent::default()
            }
        }
    }
}

impl System {
    #[inline]
    pub(crate) fn send_or_queue(
        &mut self,
        connection: &mut Connection,
        bytes: &[u8],
    ) -> Result<Sent, Errno> {
        if !connection.takes_bytes() || bytes.is_empty() {
            return Ok(Sent::default());
        }
        let written = if connection.backlog.is_empty() {
            taken(self.send(connection.socket, bytes))?
        } else {
            0
        };
        connection.note_written(written);
        let rest = bytes.get(written..).unwrap_or_default();
        connection.backlog.push(rest);
        Ok(Sent {
            written,
            queued: rest.len(),
        })
    }

    pub(crate) fn send_slices_or_queue(
        &mut self,
        connection: &mut Connection,
        slices: &[IoSlice<'_>],
    ) -> Result<Sent, Errno> {
        if !connection.takes_bytes() {
            return Ok(Sent::default());
        }
        let mut sent = Sent::default();
        if connection.backlog.is_empty() && slices.iter().any(|slice| !slice.is_empty()) {
            let at_once = slices.get(..MAX_SLICES).unwrap_or(slices);
            sent.written = taken(self.send_slices(connection.socket, at_once))?;
            connection.note_written(sent.written);
        }
        let mut skip = sent.written;
        for slice in slices {
            let rest = slice.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(slice.len());
            connection.backlog.push(rest);
            sent.queued = sent.queued.saturating_add(rest.len());
        }
        Ok(sent)
    }

    /// Gives the kernel as much of the backlog as it takes in one call.
    #[cold]
    pub(crate) fn write_backlog<S>(&mut self, connection: &mut Connection, sink: &mut S)
    where
        S: Sink + ?Sized,
    {
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let slices = connection.backlog.slices(&mut slices);
        let written = match taken(self.send_slices(connection.socket, slices)) {
            Ok(written) => written,
            Err(errno) => {
                connection.fail(errno);
                connection.forget(self);
                return;
            }
        };
        if written == 0 {
            return;
        }
        connection.note_written(written);
        connection.backlog.consume(written);
        let left = connection.backlog.len();
        if let Err(errno) = self.watch(connection) {
            connection.fail(errno);
            connection.forget(self);
        }
        sink.notice(connection.id, Notice::Progress { written, left });
    }
}

/// A socket without room has taken nothing.
#[inline]
fn taken(result: Result<usize, Errno>) -> Result<usize, Errno> {
    match result {
        Err(Errno::AGAIN) => Ok(0),
        other => other,
    }
}
