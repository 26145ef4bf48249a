use std::collections::VecDeque;

use crate::connection::Connection;
use crate::id::ConnectionId;

/// The connections by id, and which one has which descriptor.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
    /// Empty rows; the one that has been empty for longest comes first, so that a stale id stays
    /// recognisable for as long as possible.
    free: VecDeque<u32>,
    /// By descriptor: the bits of the id, or 0.
    by_fd: Vec<u32>,
    len: usize,
}

#[derive(Debug)]
// Not boxed: almost all rows are taken.
#[allow(clippy::large_enum_variant)]
enum Row {
    /// The next connection's id.
    Free(ConnectionId),
    Taken(Connection),
}

impl Table {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The id for the next `insert`; `None` when the table is full.
    pub(crate) fn next_id(&mut self) -> Option<ConnectionId> {
        if let Some(Row::Free(id)) = self.free.front().and_then(|&i| self.rows.get(i as usize)) {
            return Some(*id);
        }
        ConnectionId::first(self.rows.len())
    }

    /// Takes a connection that has the id of `next_id`.
    pub(crate) fn insert(&mut self, connection: Connection) {
        let id = connection.id;
        let fd = connection.socket.number();
        if self.by_fd.len() <= fd {
            self.by_fd.resize(fd.saturating_add(1), 0);
        }
        if let Some(entry) = self.by_fd.get_mut(fd) {
            *entry = id.bits();
        }
        self.len = self.len.saturating_add(1);
        match self.rows.get_mut(id.index()) {
            Some(row) => {
                self.free.pop_front();
                *row = Row::Taken(connection);
            }
            None => self.rows.push(Row::Taken(connection)),
        }
    }

    #[inline]
    pub(crate) fn get(&self, id: ConnectionId) -> Option<&Connection> {
        match self.rows.get(id.index())? {
            Row::Taken(connection) if connection.id == id => Some(connection),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        match self.rows.get_mut(id.index())? {
            Row::Taken(connection) if connection.id == id => Some(connection),
            _ => None,
        }
    }

    /// The connection that has the descriptor with this number.
    pub(crate) fn by_fd(&self, fd: usize) -> Option<ConnectionId> {
        let bits = self.by_fd.get(fd).copied()?;
        (bits != 0).then_some(ConnectionId::from_bits(bits))
    }

    pub(crate) fn remove(&mut self, id: ConnectionId) -> Option<Connection> {
        self.get(id)?;
        let row = self.rows.get_mut(id.index())?;
        let Row::Taken(connection) = std::mem::replace(row, Row::Free(id.next())) else {
            return None;
        };
        self.free.push_back(id.index() as u32);
        self.len = self.len.saturating_sub(1);
        if let Some(entry) = self.by_fd.get_mut(connection.socket.number()) {
            *entry = 0;
        }
        Some(connection)
    }
}
