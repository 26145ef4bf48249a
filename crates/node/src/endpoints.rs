//! The incoming halves of a thread's connections on Node's own sockets.

use ferrows_protocol::{Incoming, Options, Role, Slots};
use napi::bindgen_prelude::{Int32Array, Uint8Array, Uint8ArraySlice};
use napi_derive::napi;

use crate::table::{ROW, TableSink, copy};

const CLIENT: u32 = 1;
const DEFLATE: u32 = 2;
const SKIP_UTF8_VALIDATION: u32 = 4;
const BY_FRAME: u32 = 8;
const ONE_BY_ONE: u32 = 16;

/// Pieces of unfinished frames from this length on are delivered as they come: JavaScript puts
/// them together with one copy.
const MIN_PART: u32 = 4096;

/// What the flags of `open` and of `Reactor::add` say.
pub fn options(flags: u32) -> Options {
    Options {
        role: if flags & CLIENT != 0 {
            Role::Client
        } else {
            Role::Server
        },
        deflate: flags & DEFLATE != 0,
        skip_utf8_validation: flags & SKIP_UTF8_VALIDATION != 0,
        by_frame: flags & BY_FRAME != 0,
        ..Options::default()
    }
}

struct Endpoint {
    incoming: Incoming,
    one_by_one: bool,
}

/// Incoming halves by number. A number is free again after `close`.
#[napi]
pub struct Endpoints {
    table: Int32Array,
    slab: Uint8Array,
    slab_used: usize,
    owned: Slots<Vec<u8>>,
    endpoints: Slots<Endpoint>,
}

#[napi]
impl Endpoints {
    /// Keeps both; they must never be detached.
    #[napi(constructor, catch_unwind)]
    pub fn new(table: Int32Array, slab: Uint8Array) -> Self {
        Self {
            table,
            slab,
            slab_used: 0,
            owned: Slots::default(),
            endpoints: Slots::default(),
        }
    }

    /// Replaces the slab by a new one.
    #[napi(catch_unwind)]
    pub fn set_slab(&mut self, slab: Uint8Array) {
        self.slab = slab;
        self.slab_used = 0;
    }

    /// A new incoming half. Limits: 0 means none.
    #[napi(catch_unwind)]
    pub fn open(
        &mut self,
        flags: u32,
        max_payload: u32,
        max_fragments: u32,
        max_buffered_chunks: u32,
    ) -> u32 {
        self.endpoints.insert(Endpoint {
            incoming: Incoming::new(Options {
                min_part: MIN_PART,
                max_payload,
                max_fragments,
                max_buffered_chunks,
                ..options(flags)
            }),
            one_by_one: flags & ONE_BY_ONE != 0,
        })
    }

    /// Parses `chunk` from `position` on and returns the number of rows. The first row of the table
    /// says how far it has come: all the way unless the table is full or the endpoint goes one by
    /// one.
    #[napi(catch_unwind)]
    pub fn decode(&mut self, id: u32, mut chunk: Uint8ArraySlice, position: u32) -> u32 {
        let Some(endpoint) = self.endpoints.get_mut(id) else {
            return 0;
        };
        // SAFETY: JavaScript's half of this endpoint, which alone knows table and slab, does not
        // touch them now; the chunk is the endpoint's own; the three do not overlap.
        let (table, slab, chunk) =
            unsafe { (self.table.as_mut(), self.slab.as_mut(), chunk.as_mut()) };
        let (head, rows) = table.split_at_mut_checked(ROW).unwrap_or_default();
        let rest = chunk.get_mut(position as usize..).unwrap_or_default();
        let mut sink = TableSink {
            rows,
            count: 0,
            slab,
            slab_used: self.slab_used,
            owned: &mut self.owned,
            chunk_length: rest.len(),
            base: position as usize,
            one_by_one: endpoint.one_by_one,
            connection: id,
        };
        let consumed = match endpoint.incoming.decode(rest, &mut sink) {
            Ok(consumed) => consumed,
            Err(error) => {
                sink.error(&error);
                rest.len()
            }
        };
        self.slab_used = sink.slab_used;
        let count = sink.count;
        if let [to_consumed, to_used, ..] = head {
            *to_consumed = consumed as i32;
            *to_used = self.slab_used as i32;
        }
        count as u32
    }

    /// Copies a payload that a row refers to into `target`, and frees it.
    #[napi(catch_unwind)]
    pub fn take_owned(&mut self, index: u32, mut target: Uint8ArraySlice) {
        if let Some(bytes) = self.owned.remove(index) {
            // SAFETY: `target` is new memory that JavaScript made for this call.
            copy(&bytes, unsafe { target.as_mut() });
        }
    }

    #[napi(catch_unwind)]
    pub fn set_max_payload(&mut self, id: u32, max_payload: u32) {
        if let Some(endpoint) = self.endpoints.get_mut(id) {
            endpoint.incoming.set_max_payload(max_payload);
        }
    }

    #[napi(catch_unwind)]
    pub fn set_by_frame(&mut self, id: u32, by_frame: bool) {
        if let Some(endpoint) = self.endpoints.get_mut(id) {
            endpoint.incoming.set_by_frame(by_frame);
        }
    }

    /// Frees what the number stood for.
    #[napi(catch_unwind)]
    pub fn close(&mut self, id: u32) {
        self.endpoints.remove(id);
    }

    /// How many are open, for leak checks.
    #[napi(getter, catch_unwind)]
    pub fn open_count(&self) -> u32 {
        self.endpoints.count() as u32
    }
}
