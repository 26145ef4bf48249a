//! The reading half of a connection's turn.

use ferrows_protocol::{Data, Event, Flow, Payload, ProtocolError, Sink as Events};
use rustix::io::Errno;

use crate::apart::{borrow, copy, copy_apart, is_large, receive_apart};
use crate::batch::{Step, Turn};
use crate::connection::{Connection, Stage};
use crate::id::ConnectionId;
use crate::lent::Promises;
use crate::sink::{Notice, Sink, Verdict};
use crate::space::Space;
use crate::system::System;

impl System {
    /// The next thing that can be done: deliver bytes that wait, read once, or find out that the turn
    /// is over.
    #[inline]
    pub(crate) fn read_step<S>(
        &mut self,
        connection: &mut Connection,
        turn: &mut Turn,
        promises: &Promises,
        space: &mut Space<'_>,
        sink: &mut S,
    ) -> Step
    where
        S: Sink + ?Sized,
    {
        let is_failing = connection.failure.is_some();
        if connection.held || (connection.paused && !is_failing && !turn.has_error()) {
            return self.stand_by(connection, turn, sink);
        }
        if !connection.pending.is_empty() {
            if space.is_used_up() {
                return Step::Full;
            }
            return deliver_pending(connection, promises, space, sink);
        }
        if connection.stage != Stage::Open {
            return match connection.failure {
                Some(errno) => self.broken(connection, errno, sink),
                None => Step::Over,
            };
        }
        if turn.budget == 0 || !(turn.is_readable() || is_failing) {
            return Step::Over;
        }
        if space.is_used_up() {
            return Step::Full;
        }
        self.read(connection, turn, promises, space, sink)
    }

    #[inline]
    fn read<S>(
        &mut self,
        connection: &mut Connection,
        turn: &mut Turn,
        promises: &Promises,
        space: &mut Space<'_>,
        sink: &mut S,
    ) -> Step
    where
        S: Sink + ?Sized,
    {
        if connection.lent.is_some()
            || is_large(connection) && borrow(connection, 0, promises, sink)
        {
            return self.read_apart(connection, turn, sink);
        }
        let room = space.room(turn.budget);
        let asked = room.len();
        match self.receive(connection.socket, room) {
            Ok(0) => self.ended(connection, sink),
            Ok(received) => {
                let chunk = room.get_mut(..received).unwrap_or_default();
                let copy = connection.tapped.then(|| chunk.to_vec());
                note_read(connection, turn, asked, received);
                let start = space.start();
                let chunk = space.room(received);
                let step = match decode(connection, chunk, start, promises, sink) {
                    Ok((consumed, is_held)) => {
                        if let Some(rest @ [_, ..]) = chunk.get(consumed..) {
                            connection.pending.push(rest);
                        }
                        settle(connection, is_held, sink)
                    }
                    Err(error) => failed(connection, error, sink),
                };
                space.keep(sink.kept());
                if let Some(copy) = copy {
                    sink.raw(connection.id, copy);
                }
                step
            }
            Err(errno) => self.read_nothing(connection, turn, errno, sink),
        }
    }

    /// Reads what belongs to the memory that was lent.
    fn read_apart<S>(&mut self, connection: &mut Connection, turn: &mut Turn, sink: &mut S) -> Step
    where
        S: Sink + ?Sized,
    {
        let Some(lent) = &mut connection.lent else {
            return Step::Again;
        };
        let room = lent.room(turn.budget);
        let asked = room.len();
        match self.receive(connection.socket, room) {
            Ok(0) => self.ended(connection, sink),
            Ok(received) => {
                let piece = room.get_mut(..received).unwrap_or_default();
                let copy = connection.tapped.then(|| piece.to_vec());
                let result = receive_apart(connection, received, sink);
                // Behind a large message there is seldom another one: epoll tells.
                let asked = if connection.lent.is_some() {
                    asked
                } else {
                    usize::MAX
                };
                note_read(connection, turn, asked, received);
                let step = match result {
                    Ok(is_held) => settle(connection, is_held, sink),
                    Err(error) => failed(connection, error, sink),
                };
                if let Some(copy) = copy {
                    sink.raw(connection.id, copy);
                }
                step
            }
            Err(errno) => self.read_nothing(connection, turn, errno, sink),
        }
    }

    /// A read has found the end.
    #[cold]
    fn ended<S>(&mut self, connection: &mut Connection, sink: &mut S) -> Step
    where
        S: Sink + ?Sized,
    {
        if let Some(errno) = connection.failure {
            return self.broken(connection, errno, sink);
        }
        connection.stage = Stage::Ended;
        // What epoll refuses here it does not watch any more.
        let _ = self.watch(connection);
        sink.notice(connection.id, Notice::Ended);
        Step::Over
    }

    /// A read has found nothing, or an error.
    #[cold]
    fn read_nothing<S>(
        &mut self,
        connection: &mut Connection,
        turn: &mut Turn,
        errno: Errno,
        sink: &mut S,
    ) -> Step
    where
        S: Sink + ?Sized,
    {
        let hung_up = turn.has_hung_up();
        turn.has_read();
        match (connection.failure, errno) {
            (Some(errno), _) => self.broken(connection, errno, sink),
            // Its error was taken off by somebody else, who did not tell.
            (None, Errno::AGAIN) if hung_up => {
                let errno = self.socket_error(connection.socket);
                self.broken(connection, errno.unwrap_or(Errno::PIPE), sink)
            }
            (None, Errno::AGAIN) => Step::Over,
            (None, errno) => self.broken(connection, errno, sink),
        }
    }

    #[cold]
    fn broken<S>(&mut self, connection: &mut Connection, errno: Errno, sink: &mut S) -> Step
    where
        S: Sink + ?Sized,
    {
        connection.failure = None;
        connection.stage = Stage::Broken;
        connection.forget(self);
        connection.incoming.close();
        connection.lent = None;
        sink.notice(connection.id, Notice::Broken(errno.raw_os_error()));
        Step::Over
    }

    /// A connection of which nothing may be delivered is ready. epoll would report that for ever: it
    /// is told not to, once there is really something to read.
    #[cold]
    fn stand_by<S>(&mut self, connection: &mut Connection, turn: &Turn, sink: &mut S) -> Step
    where
        S: Sink + ?Sized,
    {
        if !turn.is_readable() || connection.stage != Stage::Open {
            return Step::Over;
        }
        // Before bytes or an event that wait, neither the end nor an error may be reported.
        if !connection.held && connection.pending.is_empty() {
            match self.peek(connection.socket) {
                Ok(true) => {}
                Ok(false) => return self.ended(connection, sink),
                Err(Errno::AGAIN) => return Step::Over,
                Err(errno) => return self.broken(connection, errno, sink),
            }
        }
        connection.reading = false;
        connection.hung_up |= turn.is_at_end();
        let _ = self.watch(connection);
        Step::Over
    }
}

#[inline]
fn note_read(connection: &mut Connection, turn: &mut Turn, asked: usize, received: usize) {
    connection.read_total = connection.read_total.wrapping_add(received as u64);
    turn.budget = turn.budget.saturating_sub(received);
    // A read that was not filled has found everything: the next one would find nothing.
    if received < asked {
        turn.has_read();
    }
}

/// Parses what waits, as far as the space goes.
#[cold]
fn deliver_pending<S>(
    connection: &mut Connection,
    promises: &Promises,
    space: &mut Space<'_>,
    sink: &mut S,
) -> Step
where
    S: Sink + ?Sized,
{
    let start = space.start();
    let bytes = connection.pending.bytes();
    let room = space.room(bytes.len());
    copy(bytes, room);
    let step = match decode(connection, room, start, promises, sink) {
        Ok((consumed, is_held)) => {
            connection.pending.consume(consumed);
            settle(connection, is_held, sink)
        }
        Err(error) => {
            connection.pending.consume(usize::MAX);
            failed(connection, error, sink)
        }
    };
    space.keep(sink.kept());
    step
}

/// Parses a chunk that is `start` bytes into the space. Returns how much of it was consumed, and
/// whether the sink holds the connection.
#[inline]
fn decode<S>(
    connection: &mut Connection,
    chunk: &mut [u8],
    start: usize,
    promises: &Promises,
    sink: &mut S,
) -> Result<(usize, bool), ProtocolError>
where
    S: Sink + ?Sized,
{
    if connection.lent.is_some() {
        return copy_apart(connection, chunk, sink);
    }
    let mut relay = Relay {
        id: connection.id,
        sink,
        start,
        is_held: false,
    };
    let consumed = connection.incoming.decode(chunk, &mut relay)?;
    let is_held = relay.is_held;
    if consumed < chunk.len() && connection.incoming.rest().is_some() {
        let payload = chunk.get_mut(consumed..).unwrap_or_default();
        if borrow(connection, payload.len(), promises, sink) {
            copy_apart(connection, payload, sink)?;
        } else {
            // Nothing ends with it: there is nothing to tell the sink.
            let mut nobody = |_: Event<'_>| Flow::Continue;
            connection.incoming.decode(payload, &mut nobody)?;
        }
        return Ok((chunk.len(), is_held));
    }
    Ok((consumed, is_held))
}

/// The peer, or the sink, has ended the conversation.
#[cold]
fn failed<S>(connection: &mut Connection, error: ProtocolError, sink: &mut S) -> Step
where
    S: Sink + ?Sized,
{
    sink.notice(connection.id, Notice::Failed(error));
    settle(connection, false, sink)
}

/// Draws the consequences of what was parsed.
#[inline]
fn settle<S>(connection: &mut Connection, is_held: bool, sink: &mut S) -> Step
where
    S: Sink + ?Sized,
{
    connection.held |= is_held;
    if sink.is_full() {
        return Step::Full;
    }
    Step::Again
}

/// Passes the endpoint's events on to the reactor's sink.
struct Relay<'a, S: ?Sized> {
    id: ConnectionId,
    sink: &'a mut S,
    /// Where in the space the chunk begins.
    start: usize,
    is_held: bool,
}

impl<S> Events for Relay<'_, S>
where
    S: Sink + ?Sized,
{
    #[inline]
    fn event(&mut self, mut event: Event<'_>) -> Flow {
        if let Event::Data(Data {
            payload: Payload::Chunk { offset, .. },
            ..
        }) = &mut event
        {
            *offset = offset.saturating_add(self.start);
        }
        match self.sink.event(self.id, event) {
            Verdict::Fail(error) => Flow::Fail(error),
            Verdict::Hold => {
                self.is_held = true;
                Flow::Stop
            }
            Verdict::Continue if self.sink.is_full() => Flow::Stop,
            Verdict::Continue => Flow::Continue,
        }
    }
}
