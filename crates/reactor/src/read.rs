//! The reading half of a connection's turn.

use std::mem;

use ferrows_protocol::{Data, Event, Flow, Payload, ProtocolError, Sink as Events};
use rustix::io::Errno;

use crate::batch::{Step, Turn};
use crate::connection::{Connection, Stage};
use crate::id::ConnectionId;
use crate::limits::Limits;
use crate::sink::{Notice, Sink, Verdict};
use crate::space::Space;
use crate::spare::Spare;
use crate::system::System;

impl System {
    /// The next thing that can be done: deliver bytes that wait, read once, or find out that the turn
    /// is over.
    #[inline]
    pub(crate) fn read_step<S>(
        &mut self,
        connection: &mut Connection,
        turn: &mut Turn,
        limits: &Limits,
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
            if space.reads.is_used_up() {
                return Step::Full;
            }
            return deliver_pending(connection, space, sink);
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
        if space.reads.is_used_up() {
            return Step::Full;
        }
        self.read(connection, turn, limits, space, sink)
    }

    #[inline]
    fn read<S>(
        &mut self,
        connection: &mut Connection,
        turn: &mut Turn,
        limits: &Limits,
        space: &mut Space<'_>,
        sink: &mut S,
    ) -> Step
    where
        S: Sink + ?Sized,
    {
        let Connection {
            id,
            socket,
            incoming,
            tapped,
            ..
        } = connection;
        let mut relay = Relay::new(*id, sink, space.spare);
        if !*tapped
            && incoming.missing() >= limits.direct as u64
            && let Some(mut direct) = relay.spare.direct(incoming, limits.direct)
        {
            let asked = direct.limit().min(turn.budget);
            match self.receive_into(*socket, direct.buffer(), asked) {
                Ok(0) => self.ended(connection, sink),
                Ok(received) => {
                    let result = direct.commit(&mut relay);
                    let is_held = relay.is_held;
                    // Behind a large message there is seldom another one: epoll tells.
                    let asked = if incoming.direct(1).is_some() {
                        asked
                    } else {
                        usize::MAX
                    };
                    note_read(connection, turn, asked, received);
                    settle(connection, result, is_held, sink)
                }
                Err(errno) => self.read_nothing(connection, turn, errno, sink),
            }
        } else {
            relay.start = space.reads.start();
            let room = space.reads.room(turn.budget);
            let asked = room.len();
            match self.receive(*socket, room) {
                Ok(0) => self.ended(connection, sink),
                Ok(received) => {
                    let chunk = room.get_mut(..received).unwrap_or_default();
                    let copy = tapped.then(|| chunk.to_vec());
                    let has_lent = relay.spare.lend(incoming, received);
                    let result = incoming.decode(chunk, &mut relay);
                    let is_held = relay.is_held;
                    if has_lent {
                        relay.spare.settle(incoming);
                    }
                    if let Ok(consumed) = result
                        && let Some(rest @ [_, ..]) = chunk.get(consumed..)
                    {
                        connection.pending.push(rest);
                    }
                    space.reads.keep(sink.kept());
                    note_read(connection, turn, asked, received);
                    let step = settle(connection, result.map(drop), is_held, sink);
                    if let Some(copy) = copy {
                        sink.raw(connection.id, copy);
                    }
                    step
                }
                Err(errno) => self.read_nothing(connection, turn, errno, sink),
            }
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
fn deliver_pending<S>(connection: &mut Connection, space: &mut Space<'_>, sink: &mut S) -> Step
where
    S: Sink + ?Sized,
{
    let Connection {
        id,
        pending,
        incoming,
        ..
    } = connection;
    let mut relay = Relay::new(*id, sink, space.spare);
    relay.start = space.reads.start();
    let bytes = pending.bytes();
    let room = space.reads.room(bytes.len());
    for (to, from) in room.iter_mut().zip(bytes) {
        *to = *from;
    }
    let result = incoming.decode(room, &mut relay);
    let is_held = relay.is_held;
    let consumed = result.unwrap_or(usize::MAX);
    pending.consume(consumed);
    space.reads.keep(sink.kept());
    settle(connection, result.map(drop), is_held, sink)
}

/// Draws the consequences of what was parsed.
#[inline]
fn settle<S>(
    connection: &mut Connection,
    result: Result<(), ProtocolError>,
    is_held: bool,
    sink: &mut S,
) -> Step
where
    S: Sink + ?Sized,
{
    if let Err(error) = result {
        sink.notice(connection.id, Notice::Failed(error));
    }
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
    spare: &'a mut Spare,
    /// Where in the space the chunk begins.
    start: usize,
    is_held: bool,
}

impl<'a, S: ?Sized> Relay<'a, S> {
    #[inline]
    fn new(id: ConnectionId, sink: &'a mut S, spare: &'a mut Spare) -> Self {
        Self {
            id,
            sink,
            spare,
            start: 0,
            is_held: false,
        }
    }
}

impl<S> Events for Relay<'_, S>
where
    S: Sink + ?Sized,
{
    #[inline]
    fn event(&mut self, event: Event<'_>) -> Flow {
        let event = match event {
            Event::Data(data) => return self.data(data),
            other => other,
        };
        let verdict = self.sink.event(self.id, event);
        self.flow(verdict)
    }
}

impl<S> Relay<'_, S>
where
    S: Sink + ?Sized,
{
    #[inline]
    fn data(&mut self, data: Data<'_>) -> Flow {
        let verdict = match data.payload {
            Payload::Chunk { bytes, offset } => {
                let offset = self.start.saturating_add(offset);
                let payload = Payload::Chunk { bytes, offset };
                self.sink
                    .event(self.id, Event::Data(Data { payload, ..data }))
            }
            Payload::Owned(bytes) => {
                let payload = Payload::Owned(&mut *bytes);
                let event = Event::Data(Data { payload, ..data });
                let verdict = self.sink.event(self.id, event);
                self.spare.put(mem::take(bytes));
                verdict
            }
        };
        self.flow(verdict)
    }

    #[inline]
    fn flow(&mut self, verdict: Verdict) -> Flow {
        match verdict {
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
