//! What one call reports, as rows of five integers in memory that JavaScript allocated.
//!
//! ```text
//! table  [ consumed | slab used | space used | – | – ]
//!        [ kind and flags | offset | length | extra | connection ]  [ … ]
//! slab   [ small payloads, copied … | free ]
//! ```
//!
//! Invariant: before an event there are two free rows, one of them for what follows it, and `SMALL_MAX`
//! free bytes of slab. A sink that cannot keep it stops the decoder.

#[cfg(target_os = "linux")]
use ferrows_protocol::Ended;
use ferrows_protocol::{Boundary, Event, Flow, Opcode, Payload, ProtocolError, Sink, Slots};

pub const ROW: usize = 5;

/// Payloads up to this length may be copied to the slab; control frames always are.
pub const SMALL_MAX: usize = 4096;

/// A view keeps all of its chunk alive. From this length on a payload is worth that: what Node's socket
/// reads at once is at most 64 times as much. Up to this length a chunk is worth keeping for any view.
const WORTH_KEEPING: usize = 1024;

pub const KIND_DATA: i32 = 0;
pub const KIND_PING: i32 = 1;
pub const KIND_PONG: i32 = 2;
pub const KIND_CLOSE: i32 = 3;
pub const KIND_ERROR: i32 = 4;
/// `offset` bytes of a backlog were written, `length` are left.
#[cfg(target_os = "linux")]
pub const KIND_PROGRESS: i32 = 5;
#[cfg(target_os = "linux")]
pub const KIND_ENDED: i32 = 6;
/// `offset` is the errno.
#[cfg(target_os = "linux")]
pub const KIND_BROKEN: i32 = 7;
/// Bytes of a tapped connection as they were read.
#[cfg(target_os = "linux")]
pub const KIND_RAW: i32 = 8;

pub const FLAG_TEXT: i32 = 1 << 8;
pub const FLAG_COMPRESSED: i32 = 1 << 9;
/// What ends with the payload: nothing, or …
pub const FLAG_FRAME_END: i32 = 1 << 10;
pub const FLAG_MESSAGE_END: i32 = 1 << 11;
/// Where the payload is: in the chunk, or …
pub const FLAG_SLAB: i32 = 1 << 12;
/// … in memory of the addon's, to be fetched with `takeOwned`.
pub const FLAG_OWNED: i32 = 1 << 13;
/// … in a Buffer of its own, to be fetched with `takeLent`.
#[cfg(target_os = "linux")]
pub const FLAG_LENT: i32 = 1 << 14;

/// Copies as much as fits.
pub fn copy(from: &[u8], to: &mut [u8]) {
    let length = from.len().min(to.len());
    if let (Some(to), Some(from)) = (to.get_mut(..length), from.get(..length)) {
        to.copy_from_slice(from);
    }
}

/// Writes events as rows.
pub struct TableSink<'a> {
    pub rows: &'a mut [i32],
    pub count: usize,
    pub slab: &'a mut [u8],
    pub slab_used: usize,
    /// Payloads that wait for JavaScript to fetch them.
    pub owned: &'a mut Slots<Vec<u8>>,
    /// The chunk's length, or 0 if any payload may stay where it is.
    pub chunk_length: usize,
    /// Where in JavaScript's chunk the decoder's one begins.
    pub base: usize,
    /// Whether JavaScript has to wait after every event.
    pub one_by_one: bool,
    /// The connection's id.
    pub connection: u32,
}

impl TableSink<'_> {
    /// Whether another event may come.
    pub fn has_room(&self) -> bool {
        (self.count + 2) * ROW <= self.rows.len()
            && self.slab.len().saturating_sub(self.slab_used) >= SMALL_MAX
    }

    pub fn error(&mut self, error: &ProtocolError) {
        let detail = error.detail.map_or(-1, i32::from);
        self.row(KIND_ERROR, error.index as i32, detail, 0);
    }

    pub fn row(&mut self, kind: i32, offset: i32, length: i32, extra: i32) {
        let start = self.count * ROW;
        if let Some(row) = self.rows.get_mut(start..start + ROW) {
            row.copy_from_slice(&[kind, offset, length, extra, self.connection as i32]);
            self.count += 1;
        }
    }

    /// Has JavaScript fetch a payload.
    #[cfg(target_os = "linux")]
    pub fn owned(&mut self, kind: i32, bytes: Vec<u8>) {
        let length = bytes.len() as i32;
        let index = self.owned.insert(bytes);
        self.row(kind | FLAG_OWNED, index as i32, length, 0);
    }

    /// Has JavaScript fetch what was received in a Buffer of its own.
    #[cfg(target_os = "linux")]
    pub fn lent(&mut self, ended: &Ended, index: u32, length: usize) {
        let flags = flags(ended.opcode, ended.compressed, ended.end);
        self.row(flags | FLAG_LENT, index as i32, length as i32, 0);
    }

    /// Copies at most `SMALL_MAX` bytes; returns their offset.
    fn copy(&mut self, bytes: &[u8]) -> i32 {
        let start = self.slab_used;
        if let Some(target) = self.slab.get_mut(start..start + bytes.len()) {
            target.copy_from_slice(bytes);
            self.slab_used += bytes.len();
        }
        start as i32
    }

    fn small(&mut self, kind: i32, bytes: &[u8], extra: i32) {
        let offset = self.copy(bytes);
        self.row(kind | FLAG_SLAB, offset, bytes.len() as i32, extra);
    }

    fn payload(&mut self, flags: i32, payload: Payload<'_>) {
        let length = payload.bytes().len();
        match payload {
            Payload::Chunk { offset, .. }
                if length >= WORTH_KEEPING
                    || self.chunk_length <= WORTH_KEEPING
                    || length >= self.chunk_length / 4 =>
            {
                self.row(flags, (self.base + offset) as i32, length as i32, 0);
            }
            Payload::Chunk { bytes, .. } => self.small(flags, bytes, 0),
            Payload::Owned(bytes) if bytes.len() <= SMALL_MAX => self.small(flags, bytes, 0),
            Payload::Owned(bytes) => {
                let index = self.owned.insert(core::mem::take(bytes));
                self.row(flags | FLAG_OWNED, index as i32, length as i32, 0);
            }
        }
    }
}

impl Sink for TableSink<'_> {
    fn event(&mut self, event: Event<'_>) -> Flow {
        self.put(event);
        if self.one_by_one || !self.has_room() {
            Flow::Stop
        } else {
            Flow::Continue
        }
    }
}

impl TableSink<'_> {
    /// Writes an event's row.
    pub fn put(&mut self, event: Event<'_>) {
        match event {
            Event::Data(data) => {
                let flags = flags(data.opcode, data.compressed, data.end);
                self.payload(flags, data.payload);
            }
            Event::Ping(bytes) => self.small(KIND_PING, bytes, 0),
            Event::Pong(bytes) => self.small(KIND_PONG, bytes, 0),
            Event::Close { code, reason } => self.small(KIND_CLOSE, reason, i32::from(code)),
        }
    }
}

/// The first integer of a data row, but for where the payload is.
fn flags(opcode: Opcode, compressed: bool, end: Boundary) -> i32 {
    let mut flags = KIND_DATA;
    if opcode == Opcode::Text {
        flags |= FLAG_TEXT;
    }
    if compressed {
        flags |= FLAG_COMPRESSED;
    }
    flags
        | match end {
            Boundary::Part => 0,
            Boundary::Frame => FLAG_FRAME_END,
            Boundary::Message => FLAG_MESSAGE_END,
        }
}
