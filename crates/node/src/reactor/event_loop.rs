//! The reactor's place in the event loop: who wakes up, calls JavaScript, and cleans up.
//!
//! The class and the handle share it; the state is given up when either is gone: when the environment
//! ends, or the object is collected.

use core::cell::{Cell, RefCell};
use core::ffi::{c_int, c_void};
use core::ptr;
use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use napi::bindgen_prelude::{Env, Error, Function, JsValue, Result, Status};
use napi::sys;

use super::poll_handle::{PollHandle, data_of, free_handle};
use super::state::State;

pub struct EventLoop {
    env: sys::napi_env,
    dispatch: sys::napi_ref,
    /// `None` once it is given up.
    state: RefCell<Option<State>>,
    handle: RefCell<Option<PollHandle>>,
    hook: Cell<sys::napi_async_cleanup_hook_handle>,
}

impl EventLoop {
    /// Has `dispatch` called with the rows of each wake-up.
    pub fn start(env: Env, state: State, dispatch: Function<'_, i32, ()>) -> Result<Rc<Self>> {
        let fd = state.sockets.epoll_fd().as_raw_fd();
        let mut reference = ptr::null_mut();
        // SAFETY: the environment and the function are current.
        let status =
            unsafe { sys::napi_create_reference(env.raw(), dispatch.raw(), 1, &mut reference) };
        if status != sys::Status::napi_ok {
            return Err(failure("No reference"));
        }
        let this = Rc::new(Self {
            env: env.raw(),
            dispatch: reference,
            state: RefCell::new(Some(state)),
            handle: RefCell::new(None),
            hook: Cell::new(ptr::null_mut()),
        });

        // The handle holds one count of `this`, which `on_close` gives back.
        let data = Rc::into_raw(Rc::clone(&this));
        // SAFETY: the epoll descriptor is closed with the state, which outlives the handle's polling
        // (`close`); `data` lives until `on_close`.
        let handle =
            unsafe { PollHandle::start(env.raw(), fd, on_poll, data.cast_mut().cast::<c_void>()) };
        let Some(handle) = handle else {
            // SAFETY: there is no handle to give the count back.
            drop(unsafe { Rc::from_raw(data) });
            this.release();
            return Err(failure("The event loop is not libuv's"));
        };
        *this.handle.borrow_mut() = Some(handle);

        let mut hook = ptr::null_mut();
        // SAFETY: the hook is removed before `this` is freed (`on_close`).
        unsafe {
            sys::napi_add_async_cleanup_hook(
                env.raw(),
                Some(on_teardown),
                data.cast_mut().cast::<c_void>(),
                &mut hook,
            );
        }
        this.hook.set(hook);
        Ok(this)
    }

    /// Does something with the state, unless it is given up.
    pub fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> Option<T> {
        let mut state = self.state.try_borrow_mut().ok()?;
        state.as_mut().map(work)
    }

    /// Whether the event loop goes on for the connections' sake.
    pub fn keep_alive(&self, alive: bool) {
        if let Ok(handle) = self.handle.try_borrow()
            && let Some(handle) = &*handle
        {
            handle.keep_alive(alive);
        }
    }

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
        let Some((count, more)) = self.with(State::fill) else {
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
    pub fn close(&self) {
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

fn failure(reason: &str) -> Error {
    Error::new(Status::GenericFailure, reason.to_owned())
}

unsafe extern "C" fn on_poll(handle: *mut c_void, _status: c_int, _events: c_int) {
    // SAFETY: the handle's data is a count of the loop, given back in `on_close`. Another one keeps
    // it while JavaScript runs.
    let this = unsafe {
        let data = data_of(handle).cast::<EventLoop>().cast_const();
        Rc::increment_strong_count(data);
        Rc::from_raw(data)
    };
    let _ = catch_unwind(AssertUnwindSafe(|| this.wake_up()));
}

unsafe extern "C" fn on_close(handle: *mut c_void) {
    // SAFETY: this is the last call for the handle: its count of the loop is given back, and its
    // memory freed.
    unsafe {
        let this = Rc::from_raw(data_of(handle).cast::<EventLoop>().cast_const());
        free_handle(handle);
        let hook = this.hook.replace(ptr::null_mut());
        if !hook.is_null() {
            sys::napi_remove_async_cleanup_hook(hook);
        }
    }
}

/// The environment ends; it waits until `on_close` has removed the hook.
unsafe extern "C" fn on_teardown(_hook: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    // SAFETY: the handle's count keeps the loop until `on_close`, which removes this hook.
    let this = unsafe {
        let data = data.cast::<EventLoop>().cast_const();
        Rc::increment_strong_count(data);
        Rc::from_raw(data)
    };
    let _ = catch_unwind(AssertUnwindSafe(|| this.close()));
}
