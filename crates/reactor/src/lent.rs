//! Memory of the sink's, into which large messages are received.

use std::cell::Cell;
use std::rc::Rc;

use ferrows_protocol::Rest;

use crate::sink::{Memory, Sink};

/// The memory of the message that a connection is receiving.
#[derive(Debug)]
pub(crate) struct Lent {
    memory: Box<dyn Memory>,
    len: usize,
    filled: usize,
    promised: Rc<Cell<usize>>,
}

/// Bytes that peers have announced and not sent, for which there is memory.
#[derive(Debug)]
pub(crate) struct Promises {
    sum: Rc<Cell<usize>>,
    max: usize,
}

/// Beyond the limit of promises a message gets its memory when at least one part in so many has come.
const PROPORTION: u64 = 4;

impl Promises {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            sum: Rc::default(),
            max,
        }
    }

    /// Borrows memory for all of a message of which `rest` is left.
    pub(crate) fn borrow<S>(&self, rest: Rest, here: usize, sink: &mut S) -> Option<Box<Lent>>
    where
        S: Sink + ?Sized,
    {
        let missing = usize::try_from(rest.missing).ok()?;
        let len = rest.arrived.checked_add(missing)?;
        let promised = self.sum.get().checked_add(missing)?;
        let come = rest.arrived.saturating_add(here) as u64;
        if promised > self.max && come.saturating_mul(PROPORTION) < len as u64 {
            return None;
        }
        let mut memory = sink.lend(len)?;
        if memory.bytes().len() != len {
            return None;
        }
        self.sum.set(promised);
        Some(Box::new(Lent {
            memory,
            len,
            filled: rest.arrived,
            promised: Rc::clone(&self.sum),
        }))
    }
}

impl Lent {
    /// Where what has come before belongs.
    pub(crate) fn beginning(&mut self) -> &mut [u8] {
        self.memory
            .bytes()
            .get_mut(..self.filled)
            .unwrap_or_default()
    }

    /// Room for the next bytes, at most `max`.
    pub(crate) fn room(&mut self, max: usize) -> &mut [u8] {
        let room = self
            .memory
            .bytes()
            .get_mut(self.filled..)
            .unwrap_or_default();
        let len = room.len().min(max);
        room.get_mut(..len).unwrap_or_default()
    }

    /// So many bytes of the room are taken.
    pub(crate) fn fill(&mut self, len: usize) {
        let len = len.min(self.len.saturating_sub(self.filled));
        self.filled = self.filled.saturating_add(len);
        self.promised.set(self.promised.get().saturating_sub(len));
    }

    /// The memory, once it is full.
    pub(crate) fn into_memory(mut self) -> Box<dyn Memory> {
        std::mem::replace(&mut self.memory, Box::new(Vec::new()))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let missing = self.len.saturating_sub(self.filled);
        self.promised
            .set(self.promised.get().saturating_sub(missing));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::any::Any;

    use ferrows_protocol::Event;

    use super::*;
    use crate::{ConnectionId, Notice, Verdict};

    struct Lender;

    impl Sink for Lender {
        fn event(&mut self, _: ConnectionId, _: Event<'_>) -> Verdict {
            Verdict::Continue
        }
        fn notice(&mut self, _: ConnectionId, _: Notice) {}
        fn is_full(&self) -> bool {
            false
        }
        fn lend(&mut self, len: usize) -> Option<Box<dyn Memory>> {
            Some(Box::new(vec![0; len]))
        }
    }

    fn rest(arrived: usize, missing: u64) -> Rest {
        Rest { arrived, missing }
    }

    #[test]
    fn promises_are_bounded_and_kept_or_given_up() {
        let promises = Promises::new(1000);
        let mut first = promises.borrow(rest(0, 600), 0, &mut Lender).unwrap();
        assert!(promises.borrow(rest(0, 600), 0, &mut Lender).is_none());
        first.room(300).fill(1);
        first.fill(300);
        let second = promises.borrow(rest(0, 600), 0, &mut Lender).unwrap();
        assert_eq!(promises.sum.get(), 900);
        drop(first);
        assert_eq!(promises.sum.get(), 600);
        drop(second);
        assert_eq!(promises.sum.get(), 0);
    }

    #[test]
    fn a_quarter_of_the_message_is_enough() {
        let promises = Promises::new(0);
        assert!(promises.borrow(rest(100, 301), 0, &mut Lender).is_none());
        assert!(promises.borrow(rest(100, 300), 0, &mut Lender).is_some());
        assert!(promises.borrow(rest(0, 400), 99, &mut Lender).is_none());
        assert!(promises.borrow(rest(0, 400), 100, &mut Lender).is_some());
    }

    #[test]
    fn a_full_memory_is_all_of_the_message() {
        let promises = Promises::new(1000);
        let mut lent = promises.borrow(rest(2, 3), 0, &mut Lender).unwrap();
        lent.beginning().copy_from_slice(b"ab");
        lent.room(2).copy_from_slice(b"cd");
        lent.fill(2);
        lent.room(5).copy_from_slice(b"e");
        lent.fill(5);
        assert!(lent.room(5).is_empty());
        let memory: Box<dyn Any> = lent.into_memory();
        assert_eq!(*memory.downcast::<Vec<u8>>().unwrap(), b"abcde");
        assert_eq!(promises.sum.get(), 0);
    }
}
