//! One `uv_poll_t` in Node's event loop. libuv's functions are looked up at run time: what runs this
//! addon may have none.

use core::ffi::{c_int, c_void};
use core::ptr;

use napi::sys;

use crate::symbols::lookup;

/// `UV_POLL` of `uv_handle_type`.
const UV_POLL: c_int = 8;
const UV_READABLE: c_int = 1;

type Handle = *mut c_void;
pub type OnPoll = unsafe extern "C" fn(Handle, c_int, c_int);
pub type OnClose = unsafe extern "C" fn(Handle);

/// The functions of libuv that are used.
#[derive(Clone, Copy)]
struct Libuv {
    handle_size: HandleSize,
    poll_init: PollInit,
    poll_start: PollStart,
    poll_stop: PollStop,
    close: Close,
    reference: OfHandle,
    unreference: OfHandle,
}

type HandleSize = unsafe extern "C" fn(c_int) -> usize;
type PollInit = unsafe extern "C" fn(*mut c_void, Handle, c_int) -> c_int;
type PollStart = unsafe extern "C" fn(Handle, c_int, OnPoll) -> c_int;
type PollStop = unsafe extern "C" fn(Handle) -> c_int;
type Close = unsafe extern "C" fn(Handle, OnClose);
type OfHandle = unsafe extern "C" fn(Handle);

impl Libuv {
    fn find() -> Option<Self> {
        macro_rules! function {
            ($name:literal, $signature:ty) => {
                // SAFETY: the signature is that of libuv 1, which has kept it.
                unsafe { core::mem::transmute::<*mut c_void, $signature>(lookup($name)?) }
            };
        }
        Some(Self {
            handle_size: function!(c"uv_handle_size", HandleSize),
            poll_init: function!(c"uv_poll_init", PollInit),
            poll_start: function!(c"uv_poll_start", PollStart),
            poll_stop: function!(c"uv_poll_stop", PollStop),
            close: function!(c"uv_close", Close),
            reference: function!(c"uv_ref", OfHandle),
            unreference: function!(c"uv_unref", OfHandle),
        })
    }
}

/// A handle that calls back whenever its descriptor is readable. It keeps the loop alive only while
/// it is referenced. Its memory is freed in the callback of `close`.
pub struct PollHandle {
    uv: Libuv,
    handle: Handle,
}

/// Memory for a handle: libuv wants it aligned as `malloc` does.
type Unit = u128;

impl PollHandle {
    /// Begins to watch `fd`. The callback finds `data` in the handle. `None` where there is no libuv.
    ///
    /// # Safety
    /// `env` is the current environment; `fd` stays open until the handle is closed; `on_poll` may be
    /// called with the handle until then.
    pub unsafe fn start(
        env: sys::napi_env,
        fd: c_int,
        on_poll: OnPoll,
        data: *mut c_void,
    ) -> Option<Self> {
        let uv = Libuv::find()?;
        lookup(c"napi_get_uv_event_loop")?;
        let mut uv_loop = ptr::null_mut();
        // SAFETY: the environment is current, as the caller promises.
        let status = unsafe { sys::napi_get_uv_event_loop(env, &mut uv_loop) };
        if status != sys::Status::napi_ok || uv_loop.is_null() {
            return None;
        }
        // SAFETY: it only looks its argument up.
        let size = unsafe { (uv.handle_size)(UV_POLL) };
        if size == 0 || size > 4096 {
            return None;
        }
        let units = size.div_ceil(size_of::<Unit>()) + 1;
        let handle = Box::into_raw(vec![0 as Unit; units].into_boxed_slice()).cast::<c_void>();
        // SAFETY: the memory is as large as libuv says a handle is, and the loop that of this thread.
        if unsafe { (uv.poll_init)(uv_loop.cast(), handle, fd) } != 0 {
            // SAFETY: libuv does not know the handle, which was made above with this length.
            unsafe { free(handle, units) };
            return None;
        }
        let handle = Self { uv, handle };
        // SAFETY: the handle is initialised. Its first word is the user's `data`, as in every version
        // of libuv 1; the unit behind the handle is ours: it says how long the memory is.
        unsafe {
            handle.handle.cast::<*mut c_void>().write(data);
            (handle.uv.unreference)(handle.handle);
            let started = (handle.uv.poll_start)(handle.handle, UV_READABLE, on_poll);
            debug_assert_eq!(started, 0);
        }
        Some(handle)
    }

    /// Whether the handle keeps the loop alive.
    pub fn keep_alive(&self, alive: bool) {
        // SAFETY: the handle is not closed: `close` consumes it.
        unsafe {
            if alive {
                (self.uv.reference)(self.handle);
            } else {
                (self.uv.unreference)(self.handle);
            }
        }
    }

    /// Closes the handle. `on_close` is called once by the loop, and has to call `free_handle`.
    pub fn close(self, on_close: OnClose) {
        // SAFETY: the handle is initialised and not closed: this consumes it.
        unsafe {
            (self.uv.poll_stop)(self.handle);
            (self.uv.close)(self.handle, on_close);
        }
    }
}

/// The `data` of a handle.
///
/// # Safety
/// The handle was made by `PollHandle::start` and is not freed.
pub unsafe fn data_of(handle: Handle) -> *mut c_void {
    // SAFETY: its first word is `data`.
    unsafe { handle.cast::<*mut c_void>().read() }
}

/// Frees a handle's memory.
///
/// # Safety
/// Called by `on_close` of `PollHandle::close`, as the last thing done with the handle.
pub unsafe fn free_handle(handle: Handle) {
    let Some(uv) = Libuv::find() else {
        return;
    };
    // SAFETY: it only looks its argument up; the answer is that of `start`.
    let size = unsafe { (uv.handle_size)(UV_POLL) };
    // SAFETY: `start` has allocated it with this length.
    unsafe { free(handle, size.div_ceil(size_of::<Unit>()) + 1) };
}

unsafe fn free(handle: Handle, units: usize) {
    let slice = ptr::slice_from_raw_parts_mut(handle.cast::<Unit>(), units);
    // SAFETY: the memory is a boxed slice of so many units.
    drop(unsafe { Box::from_raw(slice) });
}
