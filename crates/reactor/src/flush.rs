//! Sending for many connections at once, with one system call for each.

use std::io::IoSlice;

use crate::backlog::MAX_SLICES;
use crate::id::ConnectionId;
use crate::reactor::Reactor;
use crate::send::Sent;

/// A row of the table that `Reactor::flush` takes: bytes of the slab that are to be sent. In memory
/// it is three words of 32 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Row {
    /// The bits of the connection's id.
    pub connection: u32,
    /// Where in the slab the bytes begin.
    pub offset: u32,
    /// How many there are.
    pub len: u32,
}

impl Row {
    /// How many words a row has.
    pub const WORDS: usize = 3;

    /// Rows from memory that somebody else has filled. Words behind the last whole row are ignored.
    pub fn from_words(words: &[u32]) -> &[Self] {
        let (rows, _) = words.as_chunks::<{ Self::WORDS }>();
        // SAFETY: `Row` is `repr(C)` with the three words of the array and nothing else, so that its
        // size and alignment are the array's, and every bit pattern is a row.
        unsafe { std::slice::from_raw_parts(rows.as_ptr().cast(), rows.len()) }
    }
}

/// What `Reactor::flush` leaves behind.
#[derive(Clone, Copy, Debug)]
pub struct Flushed<'a> {
    /// The connections of which the kernel has not taken everything: it waits in their backlogs, or
    /// their sockets have failed. All others' bytes were taken.
    pub incomplete: &'a [ConnectionId],
}

/// Scratch memory of `Reactor::flush`, empty between two calls but for `incomplete`.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    runs: Vec<Run>,
    /// The connections with runs, in the order of their first ones.
    connections: Vec<ConnectionId>,
    incomplete: Vec<ConnectionId>,
    gathered: Vec<u8>,
}

/// Bytes of one connection that are in one place of the slab.
#[derive(Clone, Copy, Debug)]
struct Run {
    start: usize,
    end: usize,
    /// The connection's next run, or `NONE`.
    next: u32,
}

const NONE: u32 = u32::MAX;

/// Runs of at least so many bytes on average are given to the kernel where they are; shorter ones are
/// copied together first.
const MIN_SLICE: usize = 4 * 1024;

/// The scratch memory that is kept.
const MAX_GATHERED: usize = 1024 * 1024;

impl Reactor {
    /// Sends the rows' bytes of `slab`. The order of each connection's rows is kept, whatever is
    /// between them, and each connection costs one system call. Rows of connections that were removed
    /// are skipped.
    pub fn flush(&mut self, rows: &[Row], slab: &[u8]) -> Flushed<'_> {
        self.link(rows, slab.len());
        let connections = std::mem::take(&mut self.runs.connections);
        self.runs.incomplete.clear();
        for &id in &connections {
            self.flush_one(id, slab);
        }
        let runs = &mut self.runs;
        runs.connections = connections;
        runs.connections.clear();
        runs.runs.clear();
        if runs.gathered.capacity() > MAX_GATHERED {
            runs.gathered = Vec::new();
        }
        Flushed {
            incomplete: &runs.incomplete,
        }
    }

    /// Makes a list of runs for each connection.
    fn link(&mut self, rows: &[Row], slab_len: usize) {
        let Runs {
            runs, connections, ..
        } = &mut self.runs;
        for row in rows {
            let id = ConnectionId::from_bits(row.connection);
            let start = row.offset as usize;
            let end = start.saturating_add(row.len as usize);
            debug_assert!(end <= slab_len, "row outside the slab");
            let Some(connection) = self.table.get_mut(id) else {
                continue;
            };
            if let Some((_, last)) = connection.runs
                && let Some(run) = runs.get_mut(last as usize)
                && run.end == start
            {
                run.end = end;
                continue;
            }
            let index = runs.len() as u32;
            runs.push(Run {
                start,
                end,
                next: NONE,
            });
            match &mut connection.runs {
                Some((_, last)) => {
                    if let Some(run) = runs.get_mut(*last as usize) {
                        run.next = index;
                    }
                    *last = index;
                }
                empty => {
                    *empty = Some((index, index));
                    connections.push(id);
                }
            }
        }
    }

    fn flush_one(&mut self, id: ConnectionId, slab: &[u8]) {
        let Some(connection) = self.table.get_mut(id) else {
            return;
        };
        let Some((first, last)) = connection.runs.take() else {
            return;
        };
        let list = List {
            runs: &self.runs.runs,
            next: first,
            slab,
        };
        let (result, total) = if first == last {
            let bytes = list.single();
            (self.system.send_or_queue(connection, bytes), bytes.len())
        } else {
            let (count, total) = list.measure();
            let result = if count <= MAX_SLICES && total >= count.saturating_mul(MIN_SLICE) {
                let mut slices = [IoSlice::new(&[]); MAX_SLICES];
                for (slice, bytes) in slices.iter_mut().zip(list) {
                    *slice = IoSlice::new(bytes);
                }
                let slices = slices.get(..count).unwrap_or_default();
                self.system.send_slices_or_queue(connection, slices)
            } else {
                let gathered = &mut self.runs.gathered;
                gathered.clear();
                list.for_each(|bytes| gathered.extend_from_slice(bytes));
                self.system.send_or_queue(connection, gathered)
            };
            (result, total)
        };
        let Sent { written, .. } = self.after_send(id, result);
        if written < total {
            self.runs.incomplete.push(id);
        }
    }
}

/// The bytes of one connection, run by run.
#[derive(Clone, Copy)]
struct List<'a> {
    runs: &'a [Run],
    next: u32,
    slab: &'a [u8],
}

impl<'a> List<'a> {
    #[inline]
    fn single(mut self) -> &'a [u8] {
        self.next().unwrap_or_default()
    }

    /// How many runs and how many bytes there are.
    fn measure(self) -> (usize, usize) {
        self.fold((0, 0), |(count, total): (usize, usize), bytes| {
            (count.saturating_add(1), total.saturating_add(bytes.len()))
        })
    }
}

impl<'a> Iterator for List<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let run = self.runs.get(self.next as usize)?;
        self.next = run.next;
        Some(self.slab.get(run.start..run.end).unwrap_or_default())
    }
}
