//! The outgoing direction of permessage-deflate, of all connections of a thread.
//!
//! A compressor takes some hundred KiB. Where context is not taken over, all connections of the same
//! parameters share one. Where it is, a connection has one of its own while it is busy; an idle one
//! gives it up, and so does the one that has not been used for longest when there are many. The peer
//! cannot tell: a message that refers to nothing before it is one like any other (RFC 7692 §7.2.1).

use ferrows_zlib::{Deflater, Parameters};

use super::TAIL;
use super::slots::Slots;

/// Compressors that are kept for one set of parameters.
const MAX_SPARE: usize = 4;

/// While a connection's messages are at most this long, its window is `SMALL_WINDOW_BITS`. That finds
/// as much in them, at half the time: with many connections most of it goes by waiting for memory.
const SMALL_MESSAGE: usize = 2048;
const SMALL_WINDOW_BITS: u8 = 13;

/// From this level on the window is always the one agreed on.
const FULL_WINDOW_LEVEL: i8 = 7;

/// An empty message, and an empty fragment of one: RFC 7692 §7.2.3.6. Asked to flush twice in a row,
/// zlib writes nothing.
const EMPTY: [u8; 5] = [0x00, 0x00, 0x00, 0xff, 0xff];

/// How a connection compresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// What its compressors are made with.
    pub parameters: Parameters,
    /// Whether a message may refer back to those before it.
    pub takeover: bool,
    /// Milliseconds after which an unused compressor is given up.
    pub idle: u32,
}

#[derive(Debug)]
struct Connection {
    set: usize,
    /// For small messages, if that is another one.
    small_set: usize,
    /// That of `own`.
    own_set: usize,
    takeover: bool,
    idle: u64,
    own: Option<Deflater>,
    /// Its place among the owners.
    place: Option<usize>,
    last_used: u64,
    /// Since it was last looked at in the search for a compressor to be given up.
    used: bool,
    /// Its context may not be kept, although a job has it.
    dropped: bool,
}

/// The compressors of one set of parameters that no connection uses.
#[derive(Debug)]
struct Set {
    parameters: Parameters,
    spare: Vec<Deflater>,
}

/// A frame that is compressed elsewhere, on another thread.
#[derive(Debug)]
pub struct CompressJob {
    deflater: Deflater,
    set: usize,
    input: Vec<u8>,
    fin: bool,
    output: Vec<u8>,
    done: bool,
}

impl CompressJob {
    /// Does the work. It has to be given back to `Compressors::finish` afterwards.
    pub fn run(&mut self) {
        compress(&mut self.deflater, &self.input, self.fin, &mut self.output);
        self.done = true;
    }
}

/// How many there are of what costs memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompressorStats {
    /// Open connections.
    pub connections: usize,
    /// Compressors, shared and kept, and a connection's own.
    pub compressors: usize,
    /// Connections that have one of their own.
    pub contexts: usize,
}

/// The outgoing halves by number. A number is free again after `close`.
#[derive(Debug)]
pub struct Compressors {
    connections: Slots<Connection>,
    sets: Vec<Set>,
    /// The connections that have a compressor of their own, in no order.
    owners: Vec<u32>,
    hand: usize,
    max_contexts: usize,
    jobs: usize,
}

impl Compressors {
    /// At most `max_contexts` connections have a compressor of their own.
    pub fn new(max_contexts: usize) -> Self {
        Self {
            connections: Slots::default(),
            sets: Vec::new(),
            owners: Vec::new(),
            hand: 0,
            max_contexts: max_contexts.max(1),
            jobs: 0,
        }
    }

    /// A new connection. None if its parameters are not valid.
    pub fn open(&mut self, context: Context) -> Option<u32> {
        if !context.parameters.are_valid() {
            return None;
        }
        let set = self.set_of(context.parameters);
        let small_set = if context.takeover {
            self.set_of(for_small_messages(context.parameters))
        } else {
            set
        };
        Some(self.connections.insert(Connection {
            set,
            small_set,
            own_set: set,
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
        let Some((mut deflater, set)) = self.take(id, data.len(), now) else {
            return false;
        };
        compress(&mut deflater, data, fin, output);
        self.put(Some(id), deflater, set, fin);
        true
    }

    /// The same as a job, of which a connection has one at a time. `data` must not be empty.
    pub fn start(&mut self, id: u32, data: &[u8], fin: bool, now: u64) -> Option<CompressJob> {
        let (deflater, set) = self.take(id, data.len(), now)?;
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
        self.put(id, job.deflater, job.set, job.fin);
        job.done.then_some(job.output)
    }

    /// Appends what `data` is compressed to without any context: the same for all connections of
    /// equal parameters. A connection that takes over context and sends it has to `drop_context`
    /// afterwards, since its peer has then seen bytes that its compressor has not.
    pub fn compress_apart(&mut self, id: u32, data: &[u8], output: &mut Vec<u8>) -> bool {
        let Some(set) = self
            .connections
            .get_mut(id)
            .map(|connection| connection.set)
        else {
            return false;
        };
        if data.is_empty() {
            output.extend_from_slice(EMPTY.get(..1).unwrap_or_default());
            return true;
        }
        let Some(mut deflater) = self.unused(set) else {
            return false;
        };
        compress(&mut deflater, data, true, output);
        self.keep(set, deflater);
        true
    }

    /// What the connection sends next refers to nothing it has sent before.
    pub fn drop_context(&mut self, id: u32) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        connection.dropped = true;
        let set = connection.own_set;
        let own = connection.own.take();
        self.leave_owners(id);
        if let Some(deflater) = own {
            self.keep(set, deflater);
        }
    }

    /// Gives up the compressors that have not been used for their connection's idle time. Returns how
    /// many milliseconds later the next one will be due; None if there is none.
    pub fn sweep(&mut self, now: u64) -> Option<u64> {
        let mut next: Option<u64> = None;
        // From the end: who leaves is replaced by the last one.
        for place in (0..self.owners.len()).rev() {
            let Some(&id) = self.owners.get(place) else {
                continue;
            };
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
        for set in &mut self.sets {
            set.spare.truncate(1);
        }
        next
    }

    /// How many there are of what costs memory.
    pub fn stats(&self) -> CompressorStats {
        let spare: usize = self.sets.iter().map(|set| set.spare.len()).sum();
        CompressorStats {
            connections: self.connections.len(),
            compressors: spare
                .saturating_add(self.owners.len())
                .saturating_add(self.jobs),
            contexts: self.owners.len(),
        }
    }

    fn set_of(&mut self, parameters: Parameters) -> usize {
        let parameters = as_small_as_zlib(parameters);
        let found = self
            .sets
            .iter()
            .position(|set| set.parameters == parameters);
        found.unwrap_or_else(|| {
            self.sets.push(Set {
                parameters,
                spare: Vec::new(),
            });
            self.sets.len().saturating_sub(1)
        })
    }

    /// The connection's compressor, or one without context.
    fn take(&mut self, id: u32, length: usize, now: u64) -> Option<(Deflater, usize)> {
        let connection = self.connections.get_mut(id)?;
        connection.last_used = now;
        connection.used = true;
        connection.dropped = false;
        let small = length <= SMALL_MESSAGE;
        if let Some(deflater) = connection.own.take() {
            let set = connection.own_set;
            if small || set == connection.set {
                return Some((deflater, set));
            }
            self.keep(set, deflater);
        }
        let connection = self.connections.get_mut(id)?;
        let set = if small {
            connection.small_set
        } else {
            connection.set
        };
        if connection.place.is_none() && self.owners.len() >= self.max_contexts {
            self.give_one_up();
        }
        Some((self.unused(set)?, set))
    }

    /// After a frame. Who has had a compressor of its own is still among the owners.
    fn put(&mut self, id: Option<u32>, deflater: Deflater, set: usize, fin: bool) {
        let connection = id.and_then(|id| Some((id, self.connections.get_mut(id)?)));
        match connection {
            Some((id, connection)) if (connection.takeover || !fin) && !connection.dropped => {
                connection.own = Some(deflater);
                connection.own_set = set;
                if connection.place.is_none() {
                    connection.place = Some(self.owners.len());
                    self.owners.push(id);
                }
            }
            other => {
                if let Some((id, _)) = other {
                    self.leave_owners(id);
                }
                self.keep(set, deflater);
            }
        }
    }

    fn leave_owners(&mut self, id: u32) {
        let connection = self.connections.get_mut(id);
        let Some(place) = connection.and_then(|connection| connection.place.take()) else {
            return;
        };
        if place >= self.owners.len() {
            return;
        }
        self.owners.swap_remove(place);
        if let Some(&moved) = self.owners.get(place)
            && let Some(connection) = self.connections.get_mut(moved)
        {
            connection.place = Some(place);
        }
    }

    fn unused(&mut self, set: usize) -> Option<Deflater> {
        let set = self.sets.get_mut(set)?;
        match set.spare.pop() {
            Some(mut deflater) => {
                deflater.reset();
                Some(deflater)
            }
            None => Deflater::new(set.parameters),
        }
    }

    fn keep(&mut self, set: usize, deflater: Deflater) {
        if let Some(set) = self.sets.get_mut(set)
            && set.spare.len() < MAX_SPARE
        {
            set.spare.push(deflater);
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

    /// Takes the compressor of one that has not been used since the last time around.
    fn give_one_up(&mut self) {
        for _ in 0..self.owners.len().saturating_mul(2) {
            if self.hand >= self.owners.len() {
                self.hand = 0;
            }
            let Some(&id) = self.owners.get(self.hand) else {
                return;
            };
            match self.connections.get_mut(id) {
                Some(connection) if connection.own.is_none() || connection.used => {
                    connection.used = false;
                    self.hand = self.hand.saturating_add(1);
                }
                _ => {
                    self.drop_context(id);
                    return;
                }
            }
        }
    }
}

/// zlib-rs searches differently at two levels: its 1 makes up to a third more bytes than zlib's, and
/// its 9 a few more than its own 8.
fn as_small_as_zlib(parameters: Parameters) -> Parameters {
    let level = match parameters.level {
        1 => 2,
        9 => 8,
        other => other,
    };
    Parameters {
        level,
        ..parameters
    }
}

fn for_small_messages(parameters: Parameters) -> Parameters {
    let window_bits = if parameters.level < FULL_WINDOW_LEVEL {
        parameters.window_bits.min(SMALL_WINDOW_BITS)
    } else {
        parameters.window_bits
    };
    Parameters {
        window_bits,
        ..parameters
    }
}

/// Appends a frame's payload: without the end of the flushed block if it is the last one of a message
/// (RFC 7692 §7.2.1).
fn compress(deflater: &mut Deflater, data: &[u8], fin: bool, output: &mut Vec<u8>) {
    deflater.deflate(data, output);
    if fin && output.ends_with(&TAIL) {
        output.truncate(output.len().saturating_sub(TAIL.len()));
    }
}
