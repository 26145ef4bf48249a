//! permessage-deflate of a thread's connections, by number. What is short is worked out within the
//! call; what is long becomes a job on libuv's thread pool (`jobs.rs`).

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use ferrows_protocol::{
    Compressors, Context, Decompressors, DeflateParameters, InflateError, InflateJob, Inflated,
};
use napi::Env;
use napi::bindgen_prelude::{FnArgs, Function, FunctionRef, Result, Uint8Array, Uint8ArraySlice};
use napi_derive::napi;

use crate::jobs::{Job, Jobs};

/// Connections that may have a compressor of their own at the same time.
const MAX_CONTEXTS: usize = 512;

/// After so many were dropped, some 10 MiB, their memory is given back to the system.
#[cfg(target_os = "linux")]
const MANY: usize = 256;

/// Results up to this length are put into JavaScript's slab.
const SMALL_MAX: usize = 4096;

/// The most that a call inflates itself.
const BUDGET: usize = 128 * 1024;

/// Results below zero.
const UNFINISHED: i32 = -1;
pub const TOO_LONG: i32 = -2;
pub const CORRUPT: i32 = -3;
pub const NO_MEMORY: i32 = -4;

const NO_ID: u32 = u32::MAX;

/// What calls and jobs share; on JavaScript's thread only.
pub struct State {
    pub compressors: Compressors,
    pub decompressors: Decompressors,
    pub jobs: Jobs,
    pub done: FunctionRef<FnArgs<(u32, i32)>, ()>,
    /// A message that a call has inflated in part, and whose.
    unfinished: Vec<(u32, InflateJob)>,
    /// Idle compressors dropped since memory was given back to the system.
    dropped: usize,
    /// zlib's words for the last corrupt message.
    pub reason: &'static str,
}

/// Frames of the outgoing and the incoming halves of permessage-deflate.
#[napi]
pub struct Deflate {
    state: Rc<RefCell<State>>,
    /// Where JavaScript puts text to be compressed.
    scratch: Uint8Array,
    /// Where short results are put.
    slab: Uint8Array,
    /// The result of the last call.
    output: Vec<u8>,
    started: Instant,
}

/// How many there are of what costs memory.
#[napi(object)]
pub struct DeflateStatistics {
    pub deflaters: u32,
    pub inflaters: u32,
    pub compressors: u32,
    pub short_compressors: u32,
    pub contexts: u32,
    pub decompressors: u32,
    pub history_bytes: f64,
    pub jobs: u32,
}

#[napi]
impl Deflate {
    /// Keeps the memory, which must never be detached. `done(job, result)` is called when a job has
    /// been done.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        scratch: Uint8Array,
        slab: Uint8Array,
        done: Function<FnArgs<(u32, i32)>, ()>,
    ) -> Result<Self> {
        Ok(Self {
            state: Rc::new(RefCell::new(State {
                compressors: Compressors::new(MAX_CONTEXTS),
                decompressors: Decompressors::default(),
                jobs: Jobs::default(),
                done: done.create_ref()?,
                unfinished: Vec::new(),
                dropped: 0,
                reason: "",
            })),
            scratch,
            slab,
            output: Vec::with_capacity(BUDGET + 1),
            started: Instant::now(),
        })
    }

    /// Replaces the slab by a new one.
    #[napi(catch_unwind)]
    pub fn set_slab(&mut self, slab: Uint8Array) {
        self.slab = slab;
    }

    /// A new outgoing half; `NO_ID` if its parameters are not valid.
    #[napi(catch_unwind)]
    pub fn open_deflater(
        &mut self,
        level: i32,
        window_bits: u32,
        mem_level: u32,
        strategy: u32,
        takeover: bool,
        idle: u32,
    ) -> u32 {
        let parameters = DeflateParameters {
            level: i8::try_from(level).unwrap_or(i8::MAX),
            // As zlib does where a window of 2^8 is asked for: with this one it looks back 250 bytes.
            window_bits: u8::try_from(window_bits.max(9)).unwrap_or(u8::MAX),
            mem_level: u8::try_from(mem_level).unwrap_or(u8::MAX),
            strategy: u8::try_from(strategy).unwrap_or(u8::MAX),
        };
        let context = Context {
            parameters,
            takeover,
            idle,
        };
        let mut state = self.state.borrow_mut();
        state.compressors.open(context).unwrap_or(NO_ID)
    }

    /// A new incoming half.
    #[napi(catch_unwind)]
    pub fn open_inflater(&mut self, window_bits: u32, takeover: bool) -> u32 {
        let bits = u8::try_from(window_bits).unwrap_or(15);
        self.state.borrow_mut().decompressors.open(bits, takeover)
    }

    /// Frees what the number stood for. The result of a job of its is dropped.
    #[napi(catch_unwind)]
    pub fn close_deflater(&mut self, id: u32) {
        let state = &mut *self.state.borrow_mut();
        state.jobs.abandon(id, true);
        state.compressors.close(id);
    }

    /// Frees what the number stood for. The result of a job of its is dropped.
    #[napi(catch_unwind)]
    pub fn close_inflater(&mut self, id: u32) {
        let state = &mut *self.state.borrow_mut();
        state.jobs.abandon(id, false);
        if let Some(job) = take_unfinished(state, id) {
            // Whatever it has come to.
            let _ = state.decompressors.finish(None, job);
        }
        state.decompressors.close(id);
    }

    /// Compresses `data`, to the slab at `offset` if the result is short, else to be fetched with
    /// `takeOutput`. Returns the length of the result.
    #[napi(catch_unwind)]
    pub fn compress(&mut self, id: u32, data: Uint8ArraySlice, fin: bool, offset: u32) -> i32 {
        let now = self.now();
        self.output.clear();
        let compressors = &mut self.state.borrow_mut().compressors;
        let done = compressors.compress(id, &data, fin, now, &mut self.output);
        if !done {
            return NO_MEMORY;
        }
        deliver(&self.output, &mut self.slab, offset)
    }

    /// The same of the first bytes of the scratch.
    #[napi(catch_unwind)]
    pub fn compress_scratch(&mut self, id: u32, length: u32, fin: bool, offset: u32) -> i32 {
        let now = self.now();
        self.output.clear();
        let data = self.scratch.get(..length as usize).unwrap_or_default();
        let compressors = &mut self.state.borrow_mut().compressors;
        let done = compressors.compress(id, data, fin, now, &mut self.output);
        if !done {
            return NO_MEMORY;
        }
        deliver(&self.output, &mut self.slab, offset)
    }

    /// The same of a whole message without context, for every connection of equal parameters.
    #[napi(catch_unwind)]
    pub fn compress_apart(&mut self, id: u32, data: Uint8ArraySlice, offset: u32) -> i32 {
        self.output.clear();
        let compressors = &mut self.state.borrow_mut().compressors;
        let done = compressors.compress_apart(id, &data, &mut self.output);
        if !done {
            return NO_MEMORY;
        }
        deliver(&self.output, &mut self.slab, offset)
    }

    /// What the connection sends next refers to nothing before it.
    #[napi(catch_unwind)]
    pub fn drop_context(&mut self, id: u32) {
        self.state.borrow_mut().compressors.drop_context(id);
    }

    /// Inflates `data`, to the slab at `offset` if it is short, else to be fetched with `takeOutput`.
    /// Returns the length of the result, or what has kept it from being one. `limit`: 0 means none.
    #[napi(catch_unwind)]
    pub fn inflate(
        &mut self,
        id: u32,
        data: Uint8ArraySlice,
        fin: bool,
        limit: u32,
        offset: u32,
    ) -> i32 {
        self.output.clear();
        let state = &mut *self.state.borrow_mut();
        let decompressors = &mut state.decompressors;
        let result =
            decompressors.inflate(id, &data, fin, as_limit(limit), BUDGET, &mut self.output);
        match result {
            Ok(Inflated::Whole) => {}
            Ok(Inflated::Unfinished(job)) => {
                state.unfinished.push((id, job));
                return UNFINISHED;
            }
            Err(error) => return failure(error, &mut state.reason),
        }
        deliver(&self.output, &mut self.slab, offset)
    }

    /// Copies the result of the last call.
    #[napi(catch_unwind)]
    pub fn take_output(&mut self, mut target: Uint8ArraySlice) {
        // SAFETY: `target` is new memory that JavaScript made for this call.
        copy(&self.output, unsafe { target.as_mut() });
        if self.output.capacity() > 2 * BUDGET {
            self.output = Vec::with_capacity(BUDGET + 1);
        }
    }

    /// Starts a job and returns its number, or `NO_ID`.
    #[napi(catch_unwind)]
    pub fn start_compress(
        &mut self,
        env: Env,
        id: u32,
        data: Uint8ArraySlice,
        fin: bool,
    ) -> Result<u32> {
        let now = self.now();
        let job = self
            .state
            .borrow_mut()
            .compressors
            .start(id, &data, fin, now);
        match job {
            Some(job) => Jobs::start(&self.state, env, id, Job::Compress(job)),
            None => Ok(NO_ID),
        }
    }

    /// Starts a job, or goes on with what `inflate` has begun, and returns its number, or `NO_ID`.
    #[napi(catch_unwind)]
    pub fn start_inflate(
        &mut self,
        env: Env,
        id: u32,
        data: Uint8ArraySlice,
        fin: bool,
        limit: u32,
    ) -> Result<u32> {
        let job = {
            let state = &mut *self.state.borrow_mut();
            match take_unfinished(state, id) {
                Some(job) => Some(job),
                None => state
                    .decompressors
                    .start(id, &data, fin, as_limit(limit))
                    .unwrap_or_default(),
            }
        };
        match job {
            Some(job) => Jobs::start(&self.state, env, id, Job::Inflate(job)),
            None => Ok(NO_ID),
        }
    }

    /// Copies the result of a job, and frees it.
    #[napi(catch_unwind)]
    pub fn take_job(&mut self, job: u32, mut target: Uint8ArraySlice) {
        let output = self.state.borrow_mut().jobs.take(job);
        // SAFETY: `target` is new memory that JavaScript made for this call.
        copy(&output, unsafe { target.as_mut() });
    }

    /// zlib's words for the last corrupt message.
    #[napi(getter, catch_unwind)]
    pub fn reason(&self) -> &'static str {
        self.state.borrow().reason
    }

    /// Gives up compressors that have been idle. Returns when to come again, in milliseconds, or -1.
    #[napi(catch_unwind)]
    pub fn sweep(&mut self) -> f64 {
        let now = self.now();
        let state = &mut *self.state.borrow_mut();
        state.decompressors.trim();
        let before = state.compressors.stats().contexts;
        let next = state.compressors.sweep(now);
        let after = state.compressors.stats().contexts;
        state.dropped = state.dropped.saturating_add(before.saturating_sub(after));
        #[cfg(target_os = "linux")]
        if state.dropped >= MANY {
            crate::symbols::trim_memory();
            state.dropped = 0;
        }
        match next {
            Some(wait) => wait as f64,
            None => -1.0,
        }
    }

    #[napi(catch_unwind)]
    pub fn statistics(&self) -> DeflateStatistics {
        let state = self.state.borrow();
        let compressors = state.compressors.stats();
        let decompressors = state.decompressors.stats();
        DeflateStatistics {
            deflaters: compressors.connections as u32,
            inflaters: decompressors.connections as u32,
            compressors: compressors.full as u32,
            short_compressors: compressors.short as u32,
            contexts: compressors.contexts as u32,
            decompressors: decompressors.inflaters as u32,
            history_bytes: decompressors.history_bytes as f64,
            jobs: state.jobs.running() as u32,
        }
    }

    fn now(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }
}

fn as_limit(limit: u32) -> usize {
    match limit {
        0 => usize::MAX,
        limit => limit as usize,
    }
}

pub fn failure(error: InflateError, reason: &mut &'static str) -> i32 {
    match error {
        InflateError::TooLong => TOO_LONG,
        InflateError::NoMemory => NO_MEMORY,
        InflateError::Corrupt(words) => {
            *reason = words;
            CORRUPT
        }
    }
}

fn take_unfinished(state: &mut State, id: u32) -> Option<InflateJob> {
    let index = state.unfinished.iter().position(|(of, _)| *of == id)?;
    Some(state.unfinished.swap_remove(index).1)
}

/// Puts a short result where JavaScript looks for it, and returns its length.
fn deliver(output: &[u8], slab: &mut Uint8Array, offset: u32) -> i32 {
    // SAFETY: JavaScript reads from the slab what was put there by earlier calls, and never in the
    // middle of one; the arguments of a call, which may lie there, are not used any more.
    let slab = unsafe { slab.as_mut() };
    let start = offset as usize;
    if output.len() <= SMALL_MAX
        && let Some(target) = slab.get_mut(start..start.saturating_add(output.len()))
    {
        target.copy_from_slice(output);
    }
    output.len() as i32
}

fn copy(from: &[u8], to: &mut [u8]) {
    let length = from.len().min(to.len());
    if let (Some(to), Some(from)) = (to.get_mut(..length), from.get(..length)) {
        to.copy_from_slice(from);
    }
}
