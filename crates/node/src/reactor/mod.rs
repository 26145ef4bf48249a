//! The reactor of a thread, in Node's event loop: one callback into JavaScript for everything that a
//! wake-up has found.
//!
//! ```text
//! event loop ──► on_poll ──► fill (Reactor::poll writes rows) ──► dispatch (JavaScript reads them)
//!                               ▲                                        │
//!                               └───────── until everything is read ◄────┘
//! ```
//! Nothing is borrowed while JavaScript runs, which calls the methods here.

mod control;
mod event_loop;
mod memory;
mod poll_handle;
mod state;

use std::io::IoSlice;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

use ferrows_protocol::Options;
use ferrows_reactor::{ConnectionId, Row, Sent};
use napi::bindgen_prelude::{
    Env, Error, Function, Int32Array, Result, Status, Uint8Array, Uint8ArraySlice, Uint32Array,
    Unknown,
};
use napi_derive::napi;

use crate::endpoints::options;
use crate::table::copy;
use event_loop::EventLoop;
use state::State;

/// The sockets of a thread's connections, read and written without Node.
#[napi]
pub struct Reactor {
    event_loop: Rc<EventLoop>,
}

/// A flag of `add` beside those of an endpoint: the connection gets a descriptor of its own.
const DUPLICATE: u32 = 32;

fn given_up() -> Error {
    Error::new(Status::Closing, "The reactor is closed".to_owned())
}

#[napi]
impl Reactor {
    /// Keeps all the memory, which must never be detached and is touched by nobody else while a
    /// method runs. `dispatch(count)` is called with the number of rows in the table, or -1 to go on
    /// after it has thrown. Throws where the event loop is not libuv's.
    #[napi(constructor, catch_unwind)]
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        env: Env,
        table: Int32Array,
        slab: Uint8Array,
        space: Uint8Array,
        rows: Uint32Array,
        outbox: Uint8Array,
        incomplete: Uint32Array,
        dispatch: Function<'_, i32, ()>,
    ) -> Result<Self> {
        let state = State::new(env.raw(), table, slab, space, rows, outbox, incomplete)?;
        let event_loop = EventLoop::start(env, state, dispatch)?;
        Ok(Self { event_loop })
    }

    /// Fills the table as a wake-up would. Returns twice the number of rows, plus 1 if there is more.
    #[napi(catch_unwind)]
    pub fn fill(&self) -> Result<i32> {
        self.with(|state| {
            let (count, more) = state.fill();
            count * 2 + i32::from(more && count > 0)
        })
    }

    /// Replaces the slab by a new one.
    #[napi(catch_unwind)]
    pub fn set_slab(&self, slab: Uint8Array) -> Result<()> {
        self.with(|state| {
            state.slab = slab;
            state.slab_used = 0;
        })
    }

    /// Replaces the memory that `flush` reads and writes.
    #[napi(catch_unwind)]
    pub fn set_outbox(
        &self,
        rows: Uint32Array,
        outbox: Uint8Array,
        incomplete: Uint32Array,
    ) -> Result<()> {
        self.with(|state| {
            state.rows = rows;
            state.outbox = outbox;
            state.incomplete = incomplete;
        })
    }

    /// Replaces the memory that is read into by new one.
    #[napi(catch_unwind)]
    pub fn set_space(&self, space: Uint8Array) -> Result<()> {
        self.with(|state| {
            state.space = space;
            state.space_used = 0;
        })
    }

    /// Takes a connected socket, which stays open until `remove`, unless the flags ask for a
    /// descriptor of its own. Limits: 0 means none.
    #[napi(catch_unwind)]
    pub fn add(
        &self,
        fd: i32,
        flags: u32,
        max_payload: u32,
        max_fragments: u32,
        max_buffered_chunks: u32,
    ) -> Result<u32> {
        self.with(|state| {
            let options = Options {
                max_payload,
                max_fragments,
                max_buffered_chunks,
                ..options(flags)
            };
            let added = if flags & DUPLICATE != 0 && fd >= 0 {
                // SAFETY: the owner of the descriptor, who calls this, has it open.
                let fd = unsafe { BorrowedFd::borrow_raw(fd) };
                state.sockets.add_duplicate(fd, options)
            } else {
                // SAFETY: the owner of the descriptor, who calls this, removes it before it is closed.
                unsafe { state.sockets.add(fd, options) }
            };
            let id =
                added.map_err(|error| Error::new(Status::GenericFailure, error.to_string()))?;
            Ok(id.bits())
        })?
    }

    /// Lets go of a connection. Its descriptor may be closed from now on.
    #[napi(catch_unwind)]
    pub fn remove(&self, id: u32) -> Result<()> {
        self.with(|state| {
            let id = ConnectionId::from_bits(id);
            state.pausing.retain(|&(other, _)| other != id);
            state.sockets.remove(id);
        })
    }

    /// Bytes of the peer that were read before `add`.
    #[napi(catch_unwind)]
    pub fn feed(&self, id: u32, bytes: Uint8ArraySlice) -> Result<()> {
        self.with(|state| state.sockets.feed(ConnectionId::from_bits(id), &bytes))
    }

    #[napi(catch_unwind)]
    pub fn pause(&self, id: u32) -> Result<()> {
        self.with(|state| state.sockets.pause(ConnectionId::from_bits(id)))
    }

    /// Pauses a connection once it has read a little more, so that its end is found out.
    #[napi(catch_unwind)]
    pub fn pause_soon(&self, id: u32) -> Result<()> {
        self.with(|state| {
            let id = ConnectionId::from_bits(id);
            let read = state.sockets.read_total(id);
            state.pausing.push((id, read));
        })
    }

    #[napi(catch_unwind)]
    pub fn resume(&self, id: u32) -> Result<()> {
        self.with(|state| {
            let id = ConnectionId::from_bits(id);
            state.pausing.retain(|&(other, _)| other != id);
            state.sockets.resume(id);
        })
    }

    /// Whether rows come with everything that is read, as it came.
    #[napi(catch_unwind)]
    pub fn tap(&self, id: u32, on: bool) -> Result<()> {
        self.with(|state| state.sockets.tap(ConnectionId::from_bits(id), on))
    }

    /// Whatever the peer sends from now on is read and thrown away.
    #[napi(catch_unwind)]
    pub fn discard(&self, id: u32) -> Result<()> {
        self.with(|state| {
            let id = ConnectionId::from_bits(id);
            state.sockets.discard(id);
            state.sockets.resume(id);
        })
    }

    /// Sends the first `count` rows of the outbox, and writes the ids of the connections of which the
    /// kernel has not taken everything to `incomplete`. Returns how many there are.
    #[napi(catch_unwind)]
    pub fn flush(&self, count: u32) -> Result<u32> {
        self.with(|state| {
            // SAFETY: JavaScript, which fills them, does not run; the memories do not overlap.
            let (words, outbox, incomplete) = unsafe {
                (
                    state.rows.as_mut(),
                    state.outbox.as_mut(),
                    state.incomplete.as_mut(),
                )
            };
            let length = (count as usize * Row::WORDS).min(words.len());
            let rows = Row::from_words(words.get(..length).unwrap_or_default());
            let flushed = state.sockets.flush(rows, outbox);
            let mut written = 0;
            for (to, id) in incomplete.iter_mut().zip(flushed.incomplete) {
                *to = id.bits();
                written += 1;
            }
            written
        })
    }

    /// Sends bytes from where they are. Returns how many of them the kernel has taken; the others are
    /// copied, and wait.
    #[napi(catch_unwind)]
    pub fn send(&self, id: u32, a: Uint8ArraySlice, b: Option<Uint8ArraySlice>) -> Result<u32> {
        self.with(|state| {
            let id = ConnectionId::from_bits(id);
            let Sent { written, .. } = match b {
                None => state.sockets.send(id, &a),
                Some(b) => state
                    .sockets
                    .send_vectored(id, &[IoSlice::new(&a), IoSlice::new(&b)]),
            };
            written as u32
        })
    }

    /// Bytes that wait for the kernel.
    #[napi(catch_unwind)]
    pub fn backlog(&self, id: u32) -> Result<f64> {
        self.with(|state| state.sockets.backlog_len(ConnectionId::from_bits(id)) as f64)
    }

    /// Bytes that the kernel has taken.
    #[napi(catch_unwind)]
    pub fn written(&self, id: u32) -> Result<f64> {
        self.with(|state| state.sockets.written_total(ConnectionId::from_bits(id)) as f64)
    }

    /// Bytes that were read from the socket.
    #[napi(catch_unwind)]
    pub fn read(&self, id: u32) -> Result<f64> {
        self.with(|state| state.sockets.read_total(ConnectionId::from_bits(id)) as f64)
    }

    #[napi(catch_unwind)]
    pub fn set_max_payload(&self, id: u32, max_payload: u32) -> Result<()> {
        self.with(|state| {
            let id = ConnectionId::from_bits(id);
            state.sockets.set_max_payload(id, max_payload);
        })
    }

    #[napi(catch_unwind)]
    pub fn set_by_frame(&self, id: u32, by_frame: bool) -> Result<()> {
        self.with(|state| {
            let id = ConnectionId::from_bits(id);
            state.sockets.set_by_frame(id, by_frame);
        })
    }

    /// Copies a payload that a row refers to as owned into `target`, and frees it.
    #[napi(catch_unwind)]
    pub fn take_owned(&self, index: u32, mut target: Uint8ArraySlice) -> Result<()> {
        self.with(|state| {
            if let Some(bytes) = state.owned.remove(index) {
                // SAFETY: `target` is new memory that JavaScript made for this call.
                copy(&bytes, unsafe { target.as_mut() });
            }
        })
    }

    /// The Buffer of a payload that a row refers to as lent, once.
    #[napi(catch_unwind)]
    pub fn take_lent(&self, env: Env, index: u32) -> Result<Option<Unknown<'_>>> {
        let memory = self.with(|state| state.lent.remove(index))?;
        Ok(memory.and_then(|memory| memory.into_value(env)))
    }

    /// Whether the event loop goes on for the connections' sake.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, alive: bool) {
        self.event_loop.keep_alive(alive);
    }

    /// Connections, waits, reads, writes, changes, wake-ups so far.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> Result<Vec<f64>> {
        self.with(|state| {
            let stats = state.sockets.stats();
            vec![
                state.sockets.len() as f64,
                stats.waits as f64,
                stats.reads as f64,
                stats.writes as f64,
                stats.changes as f64,
                stats.wakes as f64,
            ]
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> Result<T> {
        self.event_loop.with(work).ok_or_else(given_up)
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        self.event_loop.close();
    }
}
