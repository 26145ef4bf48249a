//! Work on libuv's thread pool. Only the job itself crosses over to another thread; everything else
//! stays on JavaScript's.
//!
//! ```text
//! start ──► queue of libuv ──► execute (another thread) ──► complete ──► done(job, result)
//!                                                              └── abandoned meanwhile: freed
//! ```
//!
//! An environment that is torn down waits for its jobs, and has them completed.

use std::cell::RefCell;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use ferrows_protocol::{CompressJob, InflateJob};
use napi::bindgen_prelude::{JsValue, Result, ToNapiValue};
use napi::{Env, check_status, sys};

use crate::deflate::{NO_MEMORY, State, failure};

/// What is worked out on another thread.
pub enum Job {
    Compress(CompressJob),
    Inflate(InflateJob),
}

/// A job as JavaScript's thread knows it.
struct Entry {
    /// Its connection, unless that has been closed.
    connection: Option<u32>,
    compresses: bool,
    output: Vec<u8>,
    running: bool,
}

/// Jobs by number. A number is free again when the result has been taken or dropped.
#[derive(Default)]
pub struct Jobs {
    entries: Vec<Option<Entry>>,
}

/// What libuv's callbacks are given.
struct Work {
    raw: sys::napi_async_work,
    number: u32,
    job: Job,
    state: Rc<RefCell<State>>,
}

impl Jobs {
    /// Queues `job` of a connection and returns its number.
    pub fn start(state: &Rc<RefCell<State>>, env: Env, connection: u32, job: Job) -> Result<u32> {
        let compresses = matches!(job, Job::Compress(_));
        let number = state.borrow_mut().jobs.insert(Entry {
            connection: Some(connection),
            compresses,
            output: Vec::new(),
            running: true,
        });
        let work = Box::into_raw(Box::new(Work {
            raw: ptr::null_mut(),
            number,
            job,
            state: Rc::clone(state),
        }));
        let queued = queue(env, work);
        if queued.is_err() {
            // SAFETY: nothing was queued, so this is the only owner.
            settle(*unsafe { Box::from_raw(work) });
            state.borrow_mut().jobs.remove(number);
        }
        queued.map(|()| number)
    }

    /// The connection has been closed: nobody will ask for the results of its jobs.
    pub fn abandon(&mut self, connection: u32, compresses: bool) {
        for slot in &mut self.entries {
            if let Some(entry) = slot
                && entry.connection == Some(connection)
                && entry.compresses == compresses
            {
                entry.connection = None;
                if !entry.running {
                    *slot = None;
                }
            }
        }
    }

    /// The result of a job that is done.
    pub fn take(&mut self, number: u32) -> Vec<u8> {
        self.remove(number)
            .map_or_else(Vec::new, |entry| entry.output)
    }

    pub fn running(&self) -> usize {
        let entries = self.entries.iter().flatten();
        entries.filter(|entry| entry.running).count()
    }

    fn insert(&mut self, entry: Entry) -> u32 {
        let free = self.entries.iter().position(Option::is_none);
        let number = free.unwrap_or(self.entries.len());
        match self.entries.get_mut(number) {
            Some(slot) => *slot = Some(entry),
            None => self.entries.push(Some(entry)),
        }
        number as u32
    }

    fn get_mut(&mut self, number: u32) -> Option<&mut Entry> {
        self.entries.get_mut(number as usize)?.as_mut()
    }

    fn remove(&mut self, number: u32) -> Option<Entry> {
        self.entries.get_mut(number as usize)?.take()
    }
}

fn queue(env: Env, work: *mut Work) -> Result<()> {
    let env = env.raw();
    // SAFETY: `env` is that of the running call; `work` lives until `complete`, which is called once
    // for everything that was queued.
    unsafe {
        let name = ToNapiValue::to_napi_value(env, "ferrows.permessage-deflate")?;
        check_status!(sys::napi_create_async_work(
            env,
            ptr::null_mut(),
            name,
            Some(execute),
            Some(complete),
            work.cast(),
            &raw mut (*work).raw,
        ))?;
        let queued = check_status!(sys::napi_queue_async_work(env, (*work).raw));
        if queued.is_err() {
            sys::napi_delete_async_work(env, (*work).raw);
        }
        queued
    }
}

/// On another thread.
unsafe extern "C" fn execute(_env: sys::napi_env, data: *mut c_void) {
    // SAFETY: until `complete` JavaScript's thread does not touch the job, and here nothing but the
    // job is touched, which may be sent to another thread (`assert_send`).
    let job = unsafe { &mut (*data.cast::<Work>()).job };
    let run = AssertUnwindSafe(|| match job {
        Job::Compress(job) => job.run(),
        Job::Inflate(job) => job.run(),
    });
    // A job that panics has no result, and says so.
    let _ = catch_unwind(run);
}

const fn assert_send<T: Send>() {}
const _: () = assert_send::<Job>();

/// On JavaScript's thread.
unsafe extern "C" fn complete(env: sys::napi_env, _status: sys::napi_status, data: *mut c_void) {
    // SAFETY: `Jobs::start` has made it, and this is called once.
    let work = unsafe { Box::from_raw(data.cast::<Work>()) };
    let state = Rc::clone(&work.state);
    let (raw, number) = (work.raw, work.number);
    let settled = catch_unwind(AssertUnwindSafe(|| settle(*work)));
    // SAFETY: the work is done, and not used any more.
    unsafe { sys::napi_delete_async_work(env, raw) };
    if let Ok(Some(result)) = settled {
        // What the function throws is left to Node, as is that it cannot be called any more.
        let _ = call_done(env, &state, number, result);
    }
}

/// Takes the job back. Returns what JavaScript is to be told, unless the connection is gone.
fn settle(work: Work) -> Option<i32> {
    let Work {
        number, job, state, ..
    } = work;
    let state = &mut *state.borrow_mut();
    let connection = state
        .jobs
        .get_mut(number)
        .and_then(|entry| entry.connection);
    let result = match job {
        Job::Compress(job) => state.compressors.finish(connection, job).ok_or(NO_MEMORY),
        Job::Inflate(job) => {
            let result = state.decompressors.finish(connection, job);
            result.map_err(|error| failure(error, &mut state.reason))
        }
    };
    connection.or_else(|| {
        state.jobs.remove(number);
        None
    })?;
    match result {
        Ok(output) => {
            let length = output.len();
            let entry = state.jobs.get_mut(number)?;
            entry.running = false;
            entry.output = output;
            Some(length as i32)
        }
        Err(code) => {
            state.jobs.remove(number);
            Some(code)
        }
    }
}

fn call_done(
    env: sys::napi_env,
    state: &Rc<RefCell<State>>,
    number: u32,
    result: i32,
) -> Result<()> {
    let wrapped = Env::from_raw(env);
    // The borrow ends before JavaScript runs.
    let function = state.borrow().done.borrow_back(&wrapped)?.raw();
    // SAFETY: `env` is that of the running callback, the values are of its scope.
    unsafe {
        let mut undefined = ptr::null_mut();
        check_status!(sys::napi_get_undefined(env, &mut undefined))?;
        let arguments = [
            ToNapiValue::to_napi_value(env, number)?,
            ToNapiValue::to_napi_value(env, result)?,
        ];
        check_status!(sys::napi_call_function(
            env,
            undefined,
            function,
            arguments.len(),
            arguments.as_ptr(),
            ptr::null_mut(),
        ))
    }
}
