//! The reactor of a thread, in Node's event loop: one callback into JavaScript for everything that a
//! wake-up has found.
//!
//! ```text
//! event loop ──► on_poll ──► fill (Reactor::poll writes rows) ──► dispatch (JavaScript reads them)
//!                               ▲                                        │
//!                               └───────── until everything is read ◄────┘
//! ```
//! Nothing is borrowed while JavaScript runs, which calls the methods here.
//!
//! The class and the handle share the state; the state is given up when either is gone: when the
//! environment ends, or the object is collected.

use core::cell::{Cell, RefCell};
use core::ffi::{c_int, c_void};
use core::ptr;
use std::io::IoSlice;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use ferrows_protocol::{Data, Event, Options, Payload};
use ferrows_reactor::{
    ConnectionId, Limits, Notice, Polled, Reactor as Sockets, Row, Sent, Sink, Verdict,
};
use napi::bindgen_prelude::{
    Env, Error, Function, Int32Array, JsValue, Result, Status, Uint8Array, Uint8ArraySlice,
    Uint32Array,
};
use napi::sys;
use napi_derive::napi;

use crate::endpoints::options;
use crate::poll_handle::{PollHandle, data_of, free_handle};
use crate::table::{
    KIND_BROKEN, KIND_ENDED, KIND_PROGRESS, KIND_RAW, Owned, ROW, SMALL_MAX, TableSink,
};

/// The sockets of a thread's connections, read and written without Node.
#[napi]
pub struct Reactor {
    shared: Rc<Shared>,
}

struct Shared {
    env: sys::napi_env,
    dispatch: sys::napi_ref,
    /// `None` once it is given up.
    state: RefCell<Option<State>>,
    handle: RefCell<Option<PollHandle>>,
    hook: Cell<sys::napi_async_cleanup_hook_handle>,
}

pub(crate) struct State {
    pub(crate) sockets: Sockets,
    table: Int32Array,
    slab: Uint8Array,
    slab_used: usize,
    space: Uint8Array,
    space_used: usize,
    rows: Uint32Array,
    outbox: Uint8Array,
    incomplete: Uint32Array,
    owned: Owned,
    /// Connections that are to be paused, with what had been read of them when that was asked for.
    pausing: Vec<(ConnectionId, u64)>,
}

/// A flag of `add` beside those of an endpoint: the connection gets a descriptor of its own.
const DUPLICATE: u32 = 32;

/// What a connection that is to be paused may still read, as much as a stream of Node's.
const PAUSE_AFTER: u64 = 16 * 1024;

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
        let sockets = Sockets::new(Limits::default())
            .map_err(|error| Error::new(Status::GenericFailure, error.to_string()))?;
        let fd = sockets.epoll_fd().as_raw_fd();
        let mut reference = ptr::null_mut();
        // SAFETY: the environment and the function are current.
        let status =
            unsafe { sys::napi_create_reference(env.raw(), dispatch.raw(), 1, &mut reference) };
        if status != sys::Status::napi_ok {
            return Err(Error::new(
                Status::GenericFailure,
                "No reference".to_owned(),
            ));
        }
        let shared = Rc::new(Shared {
            env: env.raw(),
            dispatch: reference,
            state: RefCell::new(Some(State {
                sockets,
                table,
                slab,
                slab_used: 0,
                space,
                space_used: 0,
                rows,
                outbox,
                incomplete,
                owned: Owned::default(),
                pausing: Vec::new(),
            })),
            handle: RefCell::new(None),
            hook: Cell::new(ptr::null_mut()),
        });

        // The handle holds one count of `shared`, which `on_close` gives back.
        let data = Rc::into_raw(Rc::clone(&shared));
        // SAFETY: the epoll descriptor is closed with the state, which outlives the handle's polling
        // (`Shared::close`); `data` lives until `on_close`.
        let handle =
            unsafe { PollHandle::start(env.raw(), fd, on_poll, data.cast_mut().cast::<c_void>()) };
        let Some(handle) = handle else {
            // SAFETY: there is no handle to give the count back.
            drop(unsafe { Rc::from_raw(data) });
            shared.release();
            return Err(Error::new(
                Status::GenericFailure,
                "The event loop is not libuv's".to_owned(),
            ));
        };
        *shared.handle.borrow_mut() = Some(handle);

        let mut hook = ptr::null_mut();
        // SAFETY: the hook is removed before `shared` is freed (`on_close`).
        unsafe {
            sys::napi_add_async_cleanup_hook(
                env.raw(),
                Some(on_teardown),
                data.cast_mut().cast::<c_void>(),
                &mut hook,
            );
        }
        shared.hook.set(hook);
        Ok(Self { shared })
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
            if let Some(incoming) = state.sockets.incoming(id) {
                incoming.close();
            }
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
            if let Some(incoming) = state.sockets.incoming(ConnectionId::from_bits(id)) {
                incoming.set_max_payload(max_payload);
            }
        })
    }

    #[napi(catch_unwind)]
    pub fn set_by_frame(&self, id: u32, by_frame: bool) -> Result<()> {
        self.with(|state| {
            if let Some(incoming) = state.sockets.incoming(ConnectionId::from_bits(id)) {
                incoming.set_by_frame(by_frame);
            }
        })
    }

    /// Copies a payload that a row refers to into `target`, and frees it.
    #[napi(catch_unwind)]
    pub fn take_owned(&self, index: u32, mut target: Uint8ArraySlice) -> Result<()> {
        self.with(|state| {
            let Some(bytes) = state.owned.take(index as usize) else {
                return;
            };
            // SAFETY: `target` is new memory that JavaScript made for this call.
            let target = unsafe { target.as_mut() };
            let length = bytes.len().min(target.len());
            if let (Some(to), Some(from)) = (target.get_mut(..length), bytes.get(..length)) {
                to.copy_from_slice(from);
            }
            state.sockets.recycle(bytes);
        })
    }

    /// Whether the event loop goes on for the connections' sake.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, alive: bool) {
        if let Ok(handle) = self.shared.handle.try_borrow()
            && let Some(handle) = &*handle
        {
            handle.keep_alive(alive);
        }
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

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> Result<T> {
        let mut state = self.shared.state.try_borrow_mut().map_err(|_| given_up())?;
        state.as_mut().map(work).ok_or_else(given_up)
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Shared {
    /// Works off a wake-up.
    fn wake_up(&self) {
        loop {
            let mut scope = ptr::null_mut();
            // SAFETY: the environment of this thread; the scope is closed below.
            if unsafe { sys::napi_open_handle_scope(self.env, &mut scope) } != sys::Status::napi_ok
            {
                return;
            }
            let goes_on = self.can_call() && self.fill_and_dispatch();
            // SAFETY: it is the scope opened last.
            unsafe { sys::napi_close_handle_scope(self.env, scope) };
            if !goes_on {
                return;
            }
        }
    }

    /// Whether JavaScript may run. While an environment is torn down it may not, and descriptors are
    /// closed behind the reactor's back.
    fn can_call(&self) -> bool {
        let mut global = ptr::null_mut();
        let mut has = false;
        // SAFETY: the environment is current, and a handle scope is open.
        unsafe {
            sys::napi_get_global(self.env, &mut global) == sys::Status::napi_ok
                && sys::napi_has_element(self.env, global, 0, &mut has) == sys::Status::napi_ok
        }
    }

    /// Fills the table and has it read. Whether there is more to do.
    fn fill_and_dispatch(&self) -> bool {
        let filled = match self.state.try_borrow_mut() {
            Ok(mut state) => state.as_mut().map(State::fill),
            Err(_) => None,
        };
        let Some((count, more)) = filled else {
            return false;
        };
        if count > 0 && !self.dispatch(count) {
            return false;
        }
        more && count > 0
    }

    /// Calls JavaScript until it has read all rows. False once it cannot be called any more.
    fn dispatch(&self, count: i32) -> bool {
        let mut argument = count;
        loop {
            match self.call(argument) {
                sys::Status::napi_ok => return true,
                sys::Status::napi_pending_exception => {
                    let mut exception = ptr::null_mut();
                    // SAFETY: the environment is current, and a handle scope is open.
                    let status = unsafe {
                        let status =
                            sys::napi_get_and_clear_last_exception(self.env, &mut exception);
                        if status == sys::Status::napi_ok {
                            sys::napi_fatal_exception(self.env, exception)
                        } else {
                            status
                        }
                    };
                    if status != sys::Status::napi_ok || self.state.borrow().is_none() {
                        return false;
                    }
                    argument = -1;
                }
                _ => return false,
            }
        }
    }

    fn call(&self, argument: i32) -> sys::napi_status {
        let mut function = ptr::null_mut();
        let mut global = ptr::null_mut();
        let mut value = ptr::null_mut();
        // SAFETY: the environment is current, a handle scope is open, and the reference lives as long
        // as the state.
        unsafe {
            sys::napi_get_reference_value(self.env, self.dispatch, &mut function);
            sys::napi_get_global(self.env, &mut global);
            sys::napi_create_int32(self.env, argument, &mut value);
            if function.is_null() || global.is_null() || value.is_null() {
                return sys::Status::napi_generic_failure;
            }
            sys::napi_make_callback(
                self.env,
                ptr::null_mut(),
                global,
                function,
                1,
                &value,
                ptr::null_mut(),
            )
        }
    }

    /// Stops polling and gives up the state. May be called more than once.
    fn close(&self) {
        let handle = match self.handle.try_borrow_mut() {
            Ok(mut handle) => handle.take(),
            Err(_) => None,
        };
        if let Some(handle) = handle {
            handle.close(on_close);
            self.release();
        }
    }

    /// Frees what needs the environment.
    fn release(&self) {
        if let Ok(mut state) = self.state.try_borrow_mut()
            && let Some(state) = state.take()
        {
            drop(state);
            // SAFETY: it was made in this environment, and is used while there is a state only.
            unsafe { sys::napi_delete_reference(self.env, self.dispatch) };
        }
    }
}

impl State {
    /// Fills the table. Returns the number of rows, and whether there is more.
    fn fill(&mut self) -> (i32, bool) {
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

unsafe extern "C" fn on_poll(handle: *mut c_void, _status: c_int, _events: c_int) {
    // SAFETY: the handle's data is a count of `shared`, given back in `on_close`. Another one keeps
    // it while JavaScript runs.
    let shared = unsafe {
        let data = data_of(handle).cast::<Shared>().cast_const();
        Rc::increment_strong_count(data);
        Rc::from_raw(data)
    };
    let _ = catch_unwind(AssertUnwindSafe(|| shared.wake_up()));
}

unsafe extern "C" fn on_close(handle: *mut c_void) {
    // SAFETY: this is the last call for the handle: its count of `shared` is given back, and its
    // memory freed.
    unsafe {
        let shared = Rc::from_raw(data_of(handle).cast::<Shared>().cast_const());
        free_handle(handle);
        let hook = shared.hook.replace(ptr::null_mut());
        if !hook.is_null() {
            sys::napi_remove_async_cleanup_hook(hook);
        }
    }
}

/// The environment ends; it waits until `on_close` has removed the hook.
unsafe extern "C" fn on_teardown(_hook: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    // SAFETY: the handle's count keeps `shared` until `on_close`, which removes this hook.
    let shared = unsafe {
        let data = data.cast::<Shared>().cast_const();
        Rc::increment_strong_count(data);
        Rc::from_raw(data)
    };
    let _ = catch_unwind(AssertUnwindSafe(|| shared.close()));
}
