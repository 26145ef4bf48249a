use std::io;

use rustix::event::epoll::{Event, EventFlags};
use rustix::io::Errno;

use crate::id::ConnectionId;
use crate::reactor::Reactor;
use crate::sink::Sink;
use crate::space::Space;
use crate::system::WAKE;

/// What `Reactor::poll` leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Polled {
    /// The sink or the space is full: what they hold is to be delivered, and then to be polled again.
    More,
    /// Everything that was ready had its turn.
    Done,
}

/// What one wake-up found, until it has been worked off.
pub(crate) struct Batch {
    events: Vec<Event>,
    /// How many of them have had their turn.
    next: usize,
    /// Connections at the front of the agenda that belong to this batch.
    scheduled: usize,
    /// The turn that is to be gone on with.
    turn: Option<Turn>,
    is_open: bool,
}

/// What a connection still has to do in this batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) id: ConnectionId,
    /// What epoll has reported. What is done with is taken out.
    pub(crate) flags: EventFlags,
    /// How many more bytes may be read.
    pub(crate) budget: usize,
}

/// How a turn, or a step of it, ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Again,
    Over,
    Full,
}

impl Batch {
    pub(crate) fn new(turns: usize) -> Self {
        Self {
            events: Vec::with_capacity(turns.max(1)),
            next: 0,
            scheduled: 0,
            turn: None,
            is_open: false,
        }
    }
}

impl Reactor {
    /// Gives every connection that is ready one turn: writes its backlog, reads it, and tells `sink`
    /// what came, within the limits. Reads go into `space`, which must not be empty; the fewer bytes
    /// it has, the more reads there are. Never waits.
    ///
    /// After `More`, the next poll goes on with the same batch. `space` need not be the same memory
    /// then, and the sink must have room again.
    pub fn poll<S>(&mut self, space: &mut [u8], sink: &mut S) -> io::Result<Polled>
    where
        S: Sink + ?Sized,
    {
        if space.is_empty() {
            return Err(Errno::INVAL.into());
        }
        self.take_turns(&mut Space::new(space, self.limits.min_read), sink)
    }

    #[inline]
    fn take_turns<S>(&mut self, space: &mut Space<'_>, sink: &mut S) -> io::Result<Polled>
    where
        S: Sink + ?Sized,
    {
        if !self.batch.is_open {
            self.system.wait(&mut self.batch.events)?;
            self.batch.next = 0;
            self.batch.is_open = true;
        }
        loop {
            if sink.is_full() {
                return Ok(Polled::More);
            }
            let Some(mut turn) = self.next_turn() else {
                self.batch.is_open = false;
                return Ok(Polled::Done);
            };
            if self.take_turn(&mut turn, space, sink) == Step::Full {
                self.batch.turn = Some(turn);
                return Ok(Polled::More);
            }
        }
    }

    fn next_turn(&mut self) -> Option<Turn> {
        if let Some(turn) = self.batch.turn.take() {
            return Some(turn);
        }
        while let Some(&event) = self.batch.events.get(self.batch.next) {
            self.batch.next = self.batch.next.saturating_add(1);
            let Event { flags, data } = event;
            let data = data.u64();
            if data == WAKE {
                self.system.woken();
                self.batch.scheduled = self.agenda.0.len();
                continue;
            }
            return Some(self.turn(ConnectionId::from_bits(data as u32), flags));
        }
        self.batch.scheduled = self.batch.scheduled.checked_sub(1)?;
        let id = self.agenda.0.pop_front()?;
        if let Some(connection) = self.table.get_mut(id) {
            connection.scheduled = false;
        }
        Some(self.turn(id, EventFlags::empty()))
    }

    fn turn(&self, id: ConnectionId, flags: EventFlags) -> Turn {
        Turn {
            id,
            flags,
            budget: self.limits.budget.max(1),
        }
    }

    #[inline]
    fn take_turn<S>(&mut self, turn: &mut Turn, space: &mut Space<'_>, sink: &mut S) -> Step
    where
        S: Sink + ?Sized,
    {
        // Between two polls it may have been removed, and another one may have its place.
        let Some(connection) = self.table.get_mut(turn.id) else {
            return Step::Over;
        };
        if turn.takes_writing() && !connection.backlog.is_empty() {
            self.system.write_backlog(connection, sink);
            if sink.is_full() {
                return Step::Full;
            }
        }
        loop {
            let step = self
                .system
                .read_step(connection, turn, &self.promises, space, sink);
            match step {
                Step::Again => {}
                Step::Full => return Step::Full,
                Step::Over => break,
            }
        }
        // epoll does not know it any more: it goes on reading until the error's turn has come.
        if connection.failure.is_some() && !connection.held {
            self.agenda.schedule(connection, &mut self.system);
        }
        Step::Over
    }
}

impl Turn {
    const AT_END: EventFlags = EventFlags::HUP.union(EventFlags::ERR);
    const READABLE: EventFlags = EventFlags::IN.union(Self::AT_END);

    /// Whether there may be something to read, the end and errors included.
    #[inline]
    pub(crate) fn is_readable(&self) -> bool {
        self.flags.intersects(Self::READABLE)
    }

    /// Whether there is something that epoll reports without being asked.
    #[inline]
    pub(crate) fn is_at_end(&self) -> bool {
        self.flags.intersects(Self::AT_END)
    }

    /// Whether both directions are closed.
    #[inline]
    pub(crate) fn has_hung_up(&self) -> bool {
        self.flags.contains(EventFlags::HUP)
    }

    /// Whether the socket has an error on it.
    #[inline]
    pub(crate) fn has_error(&self) -> bool {
        self.flags.contains(EventFlags::ERR)
    }

    /// Everything that there was to read was read.
    #[inline]
    pub(crate) fn has_read(&mut self) {
        self.flags.remove(Self::READABLE);
    }

    /// Whether the kernel may take bytes, or tell why it never will. Once in a turn.
    #[inline]
    fn takes_writing(&mut self) -> bool {
        let takes = self.flags.contains(EventFlags::OUT) || self.is_at_end();
        self.flags.remove(EventFlags::OUT);
        takes
    }
}
