//! The incoming direction of permessage-deflate, of all connections of a thread.
//!
//! ```text
//!            ┌─ attached to the connection it was last used for
//! shared inflater ◄── history of another connection, when one of its messages comes
//! ```
//!
//! What an inflater has to know at the beginning of a message is nothing but the last bytes that its
//! peer has sent. So a connection keeps those, and one inflater serves all. A connection has an
//! inflater of its own only while it cannot do without: in the middle of a message, and after one
//! that has ended inside a block. Most short messages need none: `ShortInflater` reads the history
//! where it is, and does not say anything about what it does not inflate.

use ferrows_zlib::{Inflater, ShortInflater};

use super::history::History;
use super::inflaters::Inflaters;
use super::inflating::{End, InflateError, InflateJob, Inflated, Pace, Step, advance, words_for};
use crate::slots::Slots;

/// What is said of a corrupt message when the words are lost: the most frequent ones.
const CORRUPT: &str = "invalid distance too far back";

/// Frames behind the first one of their message up to this length are inflated carefully: what they
/// began with cannot be looked at again.
const CAREFUL_MAX: usize = 4096;

#[derive(Debug)]
enum State {
    /// It needs no inflater of its own.
    Between,
    Own(Inflater),
    /// The stream has ended with the last byte of a frame: what follows is not used.
    Ended,
    /// A job has its inflater.
    Away,
}

#[derive(Debug)]
struct Connection {
    /// Never used again for another one.
    serial: u64,
    takeover: bool,
    history: History,
    state: State,
    /// Whether the frame at hand began with nothing but the history.
    from_history: bool,
    /// Whether a message of its has ended inside a block.
    damaged: bool,
}

impl Connection {
    fn forget(&mut self) {
        self.damaged = false;
        self.history.clear();
        self.state = State::Between;
    }
}

/// How many there are of what costs memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DecompressorStats {
    /// Open connections.
    pub connections: usize,
    /// Inflaters, shared, kept, and a connection's own.
    pub inflaters: usize,
    /// Memory of the saved histories.
    pub history_bytes: usize,
}

/// The incoming halves by number. A number is free again after `close`.
#[derive(Debug, Default)]
pub struct Decompressors {
    connections: Slots<Connection>,
    serial: u64,
    short: ShortInflater,
    inflaters: Inflaters,
    jobs: usize,
}

impl Decompressors {
    /// A new connection whose peer compresses with a window of 2 to the power of `window_bits`, and
    /// takes over its context from message to message or does not.
    pub fn open(&mut self, window_bits: u8, takeover: bool) -> u32 {
        self.serial = self.serial.wrapping_add(1);
        let limit = if takeover {
            1 << window_bits.clamp(8, 15)
        } else {
            0
        };
        self.connections.insert(Connection {
            serial: self.serial,
            takeover,
            history: History::new(limit),
            state: State::Between,
            from_history: false,
            damaged: false,
        })
    }

    /// Forgets the connection; a job of its may still be under way.
    pub fn close(&mut self, id: u32) {
        if let Some(connection) = self.connections.remove(id)
            && let State::Own(inflater) = connection.state
        {
            self.inflaters.keep(inflater);
        }
    }

    /// Appends what `payload` inflates to: the next frame of a message, its last one if `fin`. Fails
    /// when that is more than `limit` bytes, having written few more; when it is more than `budget`
    /// bytes, what is left becomes a job. After an error the connection is as new.
    pub fn inflate(
        &mut self,
        id: u32,
        payload: &[u8],
        fin: bool,
        limit: usize,
        budget: usize,
        output: &mut Vec<u8>,
    ) -> Result<Inflated, InflateError> {
        if fin && self.inflate_short(id, payload, limit.min(budget), output) {
            return Ok(Inflated::Whole);
        }
        let start = output.len();
        let Some(mut inflater) = self.take(id)? else {
            self.discard(id, payload, fin);
            return Ok(Inflated::Whole);
        };
        let mut position = 0;
        let pace = self.pace(id, payload);
        let (limit, budget) = (limit.saturating_add(start), budget.saturating_add(start));
        let step = advance(
            &mut inflater,
            pace,
            payload,
            &mut position,
            fin,
            limit,
            budget,
            output,
        );
        let result = match step {
            Ok(Step::Done(end)) => Ok(end),
            Err(error) => Err(error),
            Ok(Step::Paused) => {
                self.away(id);
                if let Some(connection) = self.connections.get_mut(id) {
                    connection.from_history = false;
                }
                return Ok(Inflated::Unfinished(InflateJob {
                    inflater,
                    pace,
                    input: payload.get(position..).unwrap_or_default().to_vec(),
                    position: position.saturating_sub(payload.len()),
                    fin,
                    limit: limit.saturating_sub(start),
                    output: output.split_off(start),
                    result: None,
                }));
            }
        };
        let result = result.map_err(|error| self.explain(id, error, payload, fin));
        let inflated = output.get(start..).unwrap_or_default();
        self.settle(id, inflater, fin, result, inflated)?;
        Ok(Inflated::Whole)
    }

    /// The same as a job, of which a connection has one at a time. None when there is nothing to do:
    /// the frame is not used.
    pub fn start(
        &mut self,
        id: u32,
        payload: &[u8],
        fin: bool,
        limit: usize,
    ) -> Result<Option<InflateJob>, InflateError> {
        let Some(inflater) = self.take(id)? else {
            self.discard(id, payload, fin);
            return Ok(None);
        };
        let pace = self.pace(id, payload);
        self.away(id);
        Ok(Some(InflateJob {
            inflater,
            pace,
            input: payload.to_vec(),
            position: 0,
            fin,
            limit,
            output: Vec::new(),
            result: None,
        }))
    }

    /// Takes a job back, and returns its output. `id` is None if the connection has been closed.
    pub fn finish(&mut self, id: Option<u32>, job: InflateJob) -> Result<Vec<u8>, InflateError> {
        self.jobs = self.jobs.saturating_sub(1);
        let InflateJob {
            inflater,
            input,
            output,
            fin,
            result,
            ..
        } = job;
        let result = result.unwrap_or(Err(InflateError::NoMemory));
        match id {
            Some(id) => {
                let result = result.map_err(|error| self.explain(id, error, &input, fin));
                self.settle(id, inflater, fin, result, &output)?;
            }
            None => {
                self.inflaters.keep(inflater);
                result?;
            }
        }
        Ok(output)
    }

    /// Frees what nobody uses at the moment.
    pub fn trim(&mut self) {
        self.inflaters.trim();
    }

    /// How many there are of what costs memory.
    pub fn stats(&self) -> DecompressorStats {
        let own = |connection: &&Connection| matches!(connection.state, State::Own(_));
        DecompressorStats {
            connections: self.connections.count(),
            inflaters: self
                .jobs
                .saturating_add(self.inflaters.count())
                .saturating_add(self.connections.iter().filter(own).count()),
            history_bytes: self
                .connections
                .iter()
                .map(|connection| connection.history.capacity())
                .sum(),
        }
    }

    /// Appends what a whole message inflates to, and returns true, if that is a short one without any
    /// peculiarities.
    fn inflate_short(
        &mut self,
        id: u32,
        payload: &[u8],
        limit: usize,
        output: &mut Vec<u8>,
    ) -> bool {
        let Some(connection) = self.connections.get_mut(id) else {
            return false;
        };
        if !matches!(connection.state, State::Between) {
            return false;
        }
        let history = connection.history.parts();
        let Some(inflated) = self.short.inflate(payload, history, limit) else {
            return false;
        };
        output.extend_from_slice(inflated);
        connection.history.push(inflated);
        self.inflaters.detach(connection.serial);
        true
    }

    /// An inflater that knows what the connection's peer has sent; None when nothing that comes is
    /// used.
    fn take(&mut self, id: u32) -> Result<Option<Inflater>, InflateError> {
        let Some(connection) = self.connections.get_mut(id) else {
            return Ok(None);
        };
        connection.from_history = false;
        match core::mem::replace(&mut connection.state, State::Between) {
            State::Own(inflater) => return Ok(Some(inflater)),
            State::Between => connection.from_history = true,
            state @ (State::Ended | State::Away) => {
                connection.state = state;
                return Ok(None);
            }
        }
        let inflater = (self.inflaters).take(connection.serial, &connection.history);
        inflater.map(Some).ok_or(InflateError::NoMemory)
    }

    /// The state after a frame.
    fn settle(
        &mut self,
        id: u32,
        inflater: Inflater,
        fin: bool,
        result: Result<End, InflateError>,
        inflated: &[u8],
    ) -> Result<(), InflateError> {
        let Some(connection) = self.connections.get_mut(id) else {
            self.inflaters.keep(inflater);
            return result.map(|_| ());
        };
        let takeover = connection.takeover;
        match result {
            Ok(End::Frame { between_blocks }) => {
                connection.history.push(inflated);
                if fin {
                    connection.damaged = takeover && !between_blocks;
                }
                if !fin || connection.damaged {
                    connection.state = State::Own(inflater);
                } else {
                    connection.state = State::Between;
                    let serial = takeover.then_some(connection.serial);
                    self.inflaters.share(inflater, serial);
                }
                Ok(())
            }
            Ok(End::Stream { left_over: false }) => {
                connection.forget();
                if takeover || !fin {
                    connection.state = State::Ended;
                }
                self.inflaters.keep(inflater);
                Ok(())
            }
            // RFC 7692 §7.2.3.4: what comes next begins afresh.
            Ok(End::Stream { left_over: true }) => {
                connection.forget();
                self.inflaters.keep(inflater);
                Ok(())
            }
            Err(error) => {
                connection.forget();
                self.inflaters.keep(inflater);
                Err(error)
            }
        }
    }

    /// Puts words to an error that has lost them: looks at the frame again, slowly, if it was the
    /// first one of its message.
    fn explain(&mut self, id: u32, error: InflateError, payload: &[u8], fin: bool) -> InflateError {
        if error != InflateError::Corrupt("") {
            return error;
        }
        let words = match self.connections.get_mut(id) {
            Some(connection) if connection.from_history => {
                words_for(&connection.history, payload, fin)
            }
            _ => None,
        };
        InflateError::Corrupt(words.unwrap_or(CORRUPT))
    }

    /// A frame behind the end of the stream. With bytes in it, what comes next begins afresh.
    fn discard(&mut self, id: u32, payload: &[u8], fin: bool) {
        if let Some(connection) = self.connections.get_mut(id)
            && matches!(connection.state, State::Ended)
            && (fin || !payload.is_empty())
        {
            connection.forget();
        }
    }

    fn pace(&mut self, id: u32, payload: &[u8]) -> Pace {
        match self.connections.get_mut(id) {
            Some(connection)
                if connection.damaged
                    || (!connection.from_history && payload.len() <= CAREFUL_MAX) =>
            {
                Pace::Careful
            }
            _ => Pace::Fast,
        }
    }

    fn away(&mut self, id: u32) {
        self.jobs = self.jobs.saturating_add(1);
        if let Some(connection) = self.connections.get_mut(id) {
            connection.state = State::Away;
        }
    }
}
