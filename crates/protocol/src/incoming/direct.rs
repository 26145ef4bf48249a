use super::{Incoming, Sink, Stage};
use crate::error::ProtocolError;

/// The memory of a message that is coming, to be read into without a copy. Bytes that were appended
/// count when they are committed.
#[derive(Debug)]
pub struct Direct<'a> {
    incoming: &'a mut Incoming,
    /// The length of the buffer before anything was appended.
    start: usize,
    limit: usize,
}

impl Incoming {
    /// The memory of the message at hand, with the bytes that have come and were not delivered.
    /// Whoever manages memory may exchange it for other memory with the same bytes.
    #[inline]
    pub fn memory(&mut self) -> &mut Vec<u8> {
        &mut self.message.buffer
    }

    /// Bytes of the current data frame that have not come; 0 between frames.
    #[inline]
    pub fn missing(&self) -> u64 {
        if self.stage != Stage::Payload || self.frame.opcode.is_control() {
            return 0;
        }
        self.frame.missing()
    }

    /// Offers the memory of the message at hand if at least `min` bytes of its current frame have
    /// not come; otherwise, and wherever pieces are delivered as they come, the next bytes belong
    /// into `decode`.
    ///
    /// The memory grows with what really came: it may be smaller than what is missing.
    pub fn direct(&mut self, min: usize) -> Option<Direct<'_>> {
        let missing = self.frame.missing();
        let at_once = self.options.min_part > 0;
        if self.stage != Stage::Payload
            || self.frame.opcode.is_control()
            || at_once
            || missing < (min as u64).max(1)
        {
            return None;
        }
        let room = MIN_ROOM.min(usize::try_from(missing).unwrap_or(MIN_ROOM));
        let arrived = self.message.buffer.len() as u64;
        self.reserve(room, arrived, missing);
        let buffer = &self.message.buffer;
        let start = buffer.len();
        let spare = buffer.capacity().saturating_sub(start);
        let limit = usize::try_from(missing).unwrap_or(spare).min(spare);
        Some(Direct {
            incoming: self,
            start,
            limit,
        })
    }
}

impl Direct<'_> {
    /// How many bytes may be appended: at least one, and never more than the buffer has capacity
    /// for. What follows them belongs to other frames.
    #[inline]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The memory, with the message's bytes so far. Bytes from the peer are to be appended as they
    /// come; those before them must not be touched.
    #[inline]
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.incoming.message.buffer
    }

    /// Counts what was appended as one read chunk: unmasks and validates it where it is, and tells
    /// `sink` if it completes the message. More than `limit` is cut off.
    pub fn commit<S>(self, sink: &mut S) -> Result<(), ProtocolError>
    where
        S: Sink + ?Sized,
    {
        let Self {
            incoming,
            start,
            limit,
        } = self;
        incoming
            .message
            .buffer
            .truncate(start.saturating_add(limit));
        incoming.commit(start, sink)
    }
}

impl Incoming {
    fn commit<S>(&mut self, start: usize, sink: &mut S) -> Result<(), ProtocolError>
    where
        S: Sink + ?Sized,
    {
        let received = self.frame.received;
        let len = self.message.buffer.len().saturating_sub(start);
        if len == 0 {
            return Ok(());
        }
        let result = self
            .chunks
            .admit(self.options.max_buffered_chunks)
            .and_then(|()| self.receive_in_buffer(start, sink))
            .and_then(|flow| match flow {
                super::Flow::Fail(error) => Err(error),
                _ => Ok(()),
            });
        match result {
            Ok(()) => {
                let arrived = received.saturating_add(len as u64);
                self.chunks.note(arrived, self.buffered());
            }
            Err(_) => self.close(),
        }
        result
    }
}

/// The least room that is offered, if as much is missing.
const MIN_ROOM: usize = 16 * 1024;
