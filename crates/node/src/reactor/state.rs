//! What the reactor keeps between two calls, and the rows that a poll leaves for JavaScript.

use std::any::Any;

use ferrows_protocol::{Data, Ended, Event, Payload, Slots};
use ferrows_reactor::{
    ConnectionId, Limits, Memory, Notice, Polled, Reactor as Sockets, Sink, Verdict,
};
use napi::bindgen_prelude::{Error, Int32Array, Result, Status, Uint8Array, Uint32Array};
use napi::sys;

use super::memory::JsMemory;
use crate::table::{KIND_BROKEN, KIND_ENDED, KIND_PROGRESS, KIND_RAW, ROW, SMALL_MAX, TableSink};

pub struct State {
    env: sys::napi_env,
    pub sockets: Sockets,
    table: Int32Array,
    pub slab: Uint8Array,
    pub slab_used: usize,
    pub space: Uint8Array,
    pub space_used: usize,
    pub rows: Uint32Array,
    pub outbox: Uint8Array,
    pub incomplete: Uint32Array,
    pub owned: Slots<Vec<u8>>,
    /// Large messages that wait for JavaScript to fetch them.
    pub lent: Slots<JsMemory>,
    /// Connections that are to be paused, with what had been read of them when that was asked for.
    pub pausing: Vec<(ConnectionId, u64)>,
}

/// What a connection that is to be paused may still read, as much as a stream of Node's.
const PAUSE_AFTER: u64 = 16 * 1024;

impl State {
    /// Keeps all the memory, which nobody else touches while a method runs.
    pub fn new(
        env: sys::napi_env,
        table: Int32Array,
        slab: Uint8Array,
        space: Uint8Array,
        rows: Uint32Array,
        outbox: Uint8Array,
        incomplete: Uint32Array,
    ) -> Result<Self> {
        let sockets = Sockets::new(Limits::default())
            .map_err(|error| Error::new(Status::GenericFailure, error.to_string()))?;
        Ok(Self {
            env,
            sockets,
            table,
            slab,
            slab_used: 0,
            space,
            space_used: 0,
            rows,
            outbox,
            incomplete,
            owned: Slots::default(),
            lent: Slots::default(),
            pausing: Vec::new(),
        })
    }

    /// Fills the table. Returns the number of rows, and whether there is more.
    pub fn fill(&mut self) -> (i32, bool) {
        // SAFETY: JavaScript, which reads them, does not run; the memories do not overlap.
        let (table, slab, space) =
            unsafe { (self.table.as_mut(), self.slab.as_mut(), self.space.as_mut()) };
        let (head, rows) = table.split_at_mut_checked(ROW).unwrap_or_default();
        let base = self.space_used;
        let room = space.get_mut(base..).unwrap_or_default();
        let mut sink = PollSink {
            table: TableSink {
                rows,
                count: 0,
                slab,
                slab_used: self.slab_used,
                owned: &mut self.owned,
                chunk_length: 0,
                base,
                one_by_one: false,
                connection: 0,
            },
            kept: 0,
            env: self.env,
            lent: &mut self.lent,
        };
        let polled = self.sockets.poll(room, &mut sink);
        self.slab_used = sink.table.slab_used;
        self.space_used = base + sink.kept;
        let count = sink.table.count as i32;
        let sockets = &mut self.sockets;
        self.pausing.retain(|&(id, before)| {
            let goes_on = sockets.read_total(id).wrapping_sub(before) < PAUSE_AFTER;
            if !goes_on {
                sockets.pause(id);
            }
            goes_on
        });
        if let [_, slab_used, space_used, ..] = head {
            *slab_used = self.slab_used as i32;
            *space_used = self.space_used as i32;
        }
        (count, matches!(polled, Ok(Polled::More)))
    }
}

/// Writes rows. Payloads in the space stay there.
struct PollSink<'a> {
    table: TableSink<'a>,
    kept: usize,
    env: sys::napi_env,
    lent: &'a mut Slots<JsMemory>,
}

impl Sink for PollSink<'_> {
    fn event(&mut self, id: ConnectionId, event: Event<'_>) -> Verdict {
        if let Event::Data(Data {
            payload: Payload::Chunk { bytes, offset },
            ..
        }) = &event
            && !bytes.is_empty()
        {
            self.kept = self.kept.max(offset + bytes.len());
        }
        self.table.connection = id.bits();
        self.table.put(event);
        Verdict::Continue
    }

    fn lend(&mut self, len: usize) -> Option<Box<dyn Memory>> {
        // SAFETY: the environment is that of this thread, and a handle scope is open: JavaScript has
        // called, or the event loop has opened one.
        let memory = unsafe { JsMemory::new(self.env, len)? };
        Some(Box::new(memory))
    }

    fn received(&mut self, id: ConnectionId, ended: Ended, memory: Box<dyn Memory>) -> Verdict {
        self.table.connection = id.bits();
        let memory: Box<dyn Any> = memory;
        if let Ok(memory) = memory.downcast::<JsMemory>() {
            let length = memory.len();
            let index = self.lent.insert(*memory);
            self.table.lent(&ended, index, length);
        }
        Verdict::Continue
    }

    fn notice(&mut self, id: ConnectionId, notice: Notice) {
        self.table.connection = id.bits();
        match notice {
            Notice::Failed(error) => self.table.error(&error),
            Notice::Progress { written, left } => {
                self.table
                    .row(KIND_PROGRESS, written as i32, left as i32, 0);
            }
            Notice::Ended => self.table.row(KIND_ENDED, 0, 0, 0),
            Notice::Broken(errno) => self.table.row(KIND_BROKEN, errno, 0, 0),
        }
    }

    fn raw(&mut self, id: ConnectionId, bytes: Vec<u8>) {
        self.table.connection = id.bits();
        self.table.owned(KIND_RAW, bytes);
    }

    fn is_full(&self) -> bool {
        !self.table.has_room()
    }

    fn kept(&self) -> usize {
        self.kept
    }
}

/// A slab without room for a row would never be read.
const _: () = assert!(SMALL_MAX >= 125);
