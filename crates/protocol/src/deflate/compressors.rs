//! The outgoing direction of permessage-deflate, of all connections of a thread.
//!
//! Where context is not taken over, all connections share a compressor. Where it is, a connection has
//! one of its own while it is busy; an idle one gives it up, and so does the one that has not been
//! used for longest when there are many. The peer cannot tell: a message that refers to nothing before
//! it is one like any other (RFC 7692 §7.2.1).
//!
//! A compressor of zlib's takes some hundred KiB. A connection begins with one for short messages, of
//! 40 KiB, and gets one of zlib's with its first message that is not short.

use ferrows_zlib::{MAX_PIECE, Parameters};

use super::compressing::CompressJob;
use super::pool::{Compressor, Kind, Pool};
use crate::slots::Slots;

/// From this level on compressors are always zlib's: it finds more, and takes its time.
const ZLIB_LEVEL: i8 = 7;

/// Compressors for short messages take so much less memory that there may be more of them.
const SHORT_PER_FULL: usize = 8;

/// An empty message, and an empty fragment of one: RFC 7692 §7.2.3.6. Asked to flush twice in a row,
/// zlib writes nothing.
const EMPTY: [u8; 5] = [0x00, 0x00, 0x00, 0xff, 0xff];

/// How a connection compresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// What zlib's compressors are made with.
    pub parameters: Parameters,
    /// Whether a message may refer back to those before it.
    pub takeover: bool,
    /// Milliseconds after which an unused compressor is given up.
    pub idle: u32,
}

/// Where a connection stands among those that have a compressor of their own.
#[derive(Clone, Copy, Debug)]
struct Place {
    kind: Kind,
    index: usize,
}

#[derive(Debug)]
struct Connection {
    set: usize,
    window_bits: u8,
    /// Whether it may have a compressor for short messages.
    short: bool,
    takeover: bool,
    idle: u64,
    own: Option<Compressor>,
    place: Option<Place>,
    last_used: u64,
    /// Since it was last looked at in the search for a compressor to be given up.
    used: bool,
    /// Its context may not be kept, although a job has it.
    dropped: bool,
}

impl Connection {
    const fn kind_for(&self, length: usize) -> Kind {
        if self.short && length <= MAX_PIECE {
            Kind::Short
        } else {
            Kind::Full
        }
    }
}

/// The connections that have a compressor of one kind of their own, in no order.
#[derive(Debug)]
struct Owners {
    ids: Vec<u32>,
    max: usize,
    /// Where the search for one to be given up goes on.
    hand: usize,
}

impl Owners {
    const fn new(max: usize) -> Self {
        Self {
            ids: Vec::new(),
            max,
            hand: 0,
        }
    }
}

/// How many there are of what costs memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompressorStats {
    /// Open connections.
    pub connections: usize,
    /// Compressors of zlib's, shared, kept, and a connection's own.
    pub full: usize,
    /// The same for short messages.
    pub short: usize,
    /// Connections that have one of their own.
    pub contexts: usize,
}

/// The outgoing halves by number. A number is free again after `close`.
#[derive(Debug)]
pub struct Compressors {
    connections: Slots<Connection>,
    pool: Pool,
    short_owners: Owners,
    full_owners: Owners,
    jobs: usize,
}

impl Compressors {
    /// At most `max_contexts` connections have one of zlib's compressors of their own.
    pub fn new(max_contexts: usize) -> Self {
        let max = max_contexts.max(1);
        Self {
            connections: Slots::default(),
            pool: Pool::default(),
            short_owners: Owners::new(max.saturating_mul(SHORT_PER_FULL)),
            full_owners: Owners::new(max),
            jobs: 0,
        }
    }

    /// A new connection. None if its parameters are not valid.
    pub fn open(&mut self, context: Context) -> Option<u32> {
        if !context.parameters.are_valid() {
            return None;
        }
        let Parameters {
            level,
            window_bits,
            strategy,
            ..
        } = context.parameters;
        Some(self.connections.insert(Connection {
            set: self.pool.set_of(context.parameters),
            window_bits,
            short: strategy == 0 && level != 0 && level < ZLIB_LEVEL,
            takeover: context.takeover,
            idle: u64::from(context.idle),
            own: None,
            place: None,
            last_used: 0,
            used: false,
            dropped: false,
        }))
    }

    /// Forgets the connection; a job of its may still be under way.
    pub fn close(&mut self, id: u32) {
        self.drop_context(id);
        self.connections.remove(id);
    }

    /// Appends to `output` what `data` is compressed to: a message, or a fragment of one, the last
    /// one if `fin`. `now` are milliseconds. False when there is no memory.
    pub fn compress(
        &mut self,
        id: u32,
        data: &[u8],
        fin: bool,
        now: u64,
        output: &mut Vec<u8>,
    ) -> bool {
        if data.is_empty() {
            self.empty(id, fin, output);
            return true;
        }
        let Some(mut compressor) = self.take(id, data.len(), now) else {
            return false;
        };
        self.pool.run(&mut compressor, data, fin, output);
        self.put(id, compressor, fin);
        true
    }

    /// The same as a job, of which a connection has one at a time. `data` must not be empty.
    pub fn start(&mut self, id: u32, data: &[u8], fin: bool, now: u64) -> Option<CompressJob> {
        let Compressor::Full { deflater, set } = self.take(id, usize::MAX, now)? else {
            return None;
        };
        self.jobs = self.jobs.saturating_add(1);
        Some(CompressJob {
            deflater,
            set,
            input: data.to_vec(),
            fin,
            output: Vec::new(),
            done: false,
        })
    }

    /// Takes a job back, and returns its output; None if it has not come to its end. `id` is None if
    /// the connection has been closed.
    pub fn finish(&mut self, id: Option<u32>, job: CompressJob) -> Option<Vec<u8>> {
        self.jobs = self.jobs.saturating_sub(1);
        let CompressJob { deflater, set, .. } = job;
        let compressor = Compressor::Full { deflater, set };
        match id {
            Some(id) => self.put(id, compressor, job.fin),
            None => self.pool.keep(compressor),
        }
        job.done.then_some(job.output)
    }

    /// Appends what `data` is compressed to without any context: the same for all connections of
    /// equal parameters. A connection that takes over context and sends it has to `drop_context`
    /// afterwards, since its peer has then seen bytes that its compressor has not.
    pub fn compress_apart(&mut self, id: u32, data: &[u8], output: &mut Vec<u8>) -> bool {
        let Some(connection) = self.connections.get_mut(id) else {
            return false;
        };
        if data.is_empty() {
            output.extend_from_slice(EMPTY.get(..1).unwrap_or_default());
            return true;
        }
        let kind = connection.kind_for(data.len());
        let (set, window_bits) = (connection.set, connection.window_bits);
        let Some(mut compressor) = self.pool.take(kind, set, window_bits) else {
            return false;
        };
        self.pool.run(&mut compressor, data, true, output);
        self.pool.keep(compressor);
        true
    }

    /// What the connection sends next refers to nothing it has sent before.
    pub fn drop_context(&mut self, id: u32) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        connection.dropped = true;
        let own = connection.own.take();
        self.leave_owners(id);
        if let Some(compressor) = own {
            self.pool.keep(compressor);
        }
    }

    /// Gives up the compressors that have not been used for their connection's idle time. Returns how
    /// many milliseconds later the next one will be due; None if there is none.
    pub fn sweep(&mut self, now: u64) -> Option<u64> {
        let mut next: Option<u64> = None;
        let mut owners = self.short_owners.ids.clone();
        owners.extend_from_slice(&self.full_owners.ids);
        for id in owners {
            let Some(connection) = self.connections.get_mut(id) else {
                continue;
            };
            let due = connection.last_used.saturating_add(connection.idle);
            if due <= now && connection.own.is_some() {
                connection.own = None;
                self.leave_owners(id);
            } else {
                let wait = due.saturating_sub(now).max(1);
                next = Some(next.map_or(wait, |other| other.min(wait)));
            }
        }
        self.pool.trim();
        next
    }

    /// How many there are of what costs memory.
    pub fn stats(&self) -> CompressorStats {
        let (short, full) = self.pool.count();
        let (short_owners, full_owners) = (self.short_owners.ids.len(), self.full_owners.ids.len());
        CompressorStats {
            connections: self.connections.count(),
            full: full.saturating_add(full_owners).saturating_add(self.jobs),
            short: short.saturating_add(short_owners),
            contexts: short_owners.saturating_add(full_owners),
        }
    }

    /// The connection's compressor, or one without context.
    fn take(&mut self, id: u32, length: usize, now: u64) -> Option<Compressor> {
        let connection = self.connections.get_mut(id)?;
        connection.last_used = now;
        connection.used = true;
        connection.dropped = false;
        let kind = connection.kind_for(length);
        match connection.own.take() {
            // One of zlib's is good for everything.
            Some(own) if own.kind() == kind || kind == Kind::Short => return Some(own),
            Some(own) => self.pool.keep(own),
            None => {}
        }
        self.pool.take(kind, connection.set, connection.window_bits)
    }

    /// After a frame.
    fn put(&mut self, id: u32, compressor: Compressor, fin: bool) {
        let kind = compressor.kind();
        match self.connections.get_mut(id) {
            Some(connection) if (connection.takeover || !fin) && !connection.dropped => {
                connection.own = Some(compressor);
                if connection.place.is_none_or(|place| place.kind != kind) {
                    self.leave_owners(id);
                    self.join_owners(id, kind);
                }
            }
            _ => {
                self.leave_owners(id);
                self.pool.keep(compressor);
            }
        }
    }

    fn empty(&mut self, id: u32, fin: bool, output: &mut Vec<u8>) {
        let length = if fin { 1 } else { EMPTY.len() };
        output.extend_from_slice(EMPTY.get(..length).unwrap_or_default());
        if fin
            && let Some(connection) = self.connections.get_mut(id)
            && !connection.takeover
        {
            self.drop_context(id);
        }
    }

    const fn owners(&mut self, kind: Kind) -> &mut Owners {
        match kind {
            Kind::Short => &mut self.short_owners,
            Kind::Full => &mut self.full_owners,
        }
    }

    fn join_owners(&mut self, id: u32, kind: Kind) {
        let owners = self.owners(kind);
        if owners.ids.len() >= owners.max {
            self.give_one_up(kind);
        }
        let owners = self.owners(kind);
        let index = owners.ids.len();
        owners.ids.push(id);
        if let Some(connection) = self.connections.get_mut(id) {
            connection.place = Some(Place { kind, index });
        }
    }

    fn leave_owners(&mut self, id: u32) {
        let connection = self.connections.get_mut(id);
        let Some(place) = connection.and_then(|connection| connection.place.take()) else {
            return;
        };
        let owners = self.owners(place.kind);
        if place.index >= owners.ids.len() {
            return;
        }
        owners.ids.swap_remove(place.index);
        if let Some(&moved) = owners.ids.get(place.index)
            && let Some(connection) = self.connections.get_mut(moved)
        {
            connection.place = Some(place);
        }
    }

    /// Takes the compressor of one that has not been used since the last time around.
    fn give_one_up(&mut self, kind: Kind) {
        for _ in 0..self.owners(kind).ids.len().saturating_mul(2) {
            let owners = self.owners(kind);
            if owners.hand >= owners.ids.len() {
                owners.hand = 0;
            }
            let Some(&id) = owners.ids.get(owners.hand) else {
                return;
            };
            match self.connections.get_mut(id) {
                Some(connection) if connection.own.is_none() || connection.used => {
                    connection.used = false;
                    let owners = self.owners(kind);
                    owners.hand = owners.hand.saturating_add(1);
                }
                _ => {
                    self.drop_context(id);
                    return;
                }
            }
        }
    }
}
