use std::any::Any;
use std::fmt::Debug;

use ferrows_protocol::{Data, Ended, Event, Payload, ProtocolError};

use crate::id::ConnectionId;

/// A system call's error number, as in `errno.h`.
pub type Errno = i32;

/// Takes what connections have to tell, in the order of each connection.
pub trait Sink {
    /// Takes something that a peer sent. Payloads that are `Payload::Chunk` are in the space that was
    /// given to `poll`, `offset` bytes into it.
    fn event(&mut self, id: ConnectionId, event: Event<'_>) -> Verdict;

    /// Lends memory of exactly `len` bytes to receive a large message in. `None` where there is none:
    /// it comes as an event then.
    fn lend(&mut self, len: usize) -> Option<Box<dyn Memory>> {
        let _ = len;
        None
    }

    /// Takes a message, or what else `ended` says, in memory that was lent for it.
    fn received(&mut self, id: ConnectionId, ended: Ended, mut memory: Box<dyn Memory>) -> Verdict {
        let Ended {
            opcode,
            compressed,
            end,
        } = ended;
        let payload = Payload::Owned(&mut memory.bytes().to_vec());
        let data = Data {
            opcode,
            compressed,
            end,
            payload,
        };
        self.event(id, Event::Data(data))
    }

    /// Takes news about a connection itself.
    fn notice(&mut self, id: ConnectionId, notice: Notice);

    /// Takes what a read of a tapped connection has brought, after everything that it led to. There
    /// may be no room then for anything else.
    fn raw(&mut self, id: ConnectionId, bytes: Vec<u8>) {
        let _ = (id, bytes);
    }

    /// Whether there is no room for another event or notice. Asked after every one; room for a single
    /// one is all that is needed to say no.
    fn is_full(&self) -> bool;

    /// How many bytes at the beginning of the space given to `poll` hold payloads that are still
    /// needed: nothing is read there. 0 says that every payload was copied.
    #[inline]
    fn kept(&self) -> usize {
        0
    }
}

/// Memory that a sink lends, and that comes back with the message in it. If that never becomes
/// complete, it is dropped.
pub trait Memory: Any + Debug {
    /// All of it.
    fn bytes(&mut self) -> &mut [u8];
}

impl Memory for Vec<u8> {
    fn bytes(&mut self) -> &mut [u8] {
        self
    }
}

/// How a connection goes on after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// With the next bytes.
    Continue,
    /// Not before `Reactor::release`: the event is being worked on elsewhere. The others go on.
    Hold,
    /// It has broken the protocol: as if the endpoint had found the error.
    Fail(ProtocolError),
}

/// News about a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The peer broke the protocol or a limit. What it sends from now on is read and thrown away.
    Failed(ProtocolError),
    /// The kernel took `written` more bytes of the backlog, in which `left` are left.
    Progress {
        /// Bytes that the kernel took.
        written: usize,
        /// Bytes that still wait.
        left: usize,
    },
    /// The peer will send nothing more. Sending goes on.
    Ended,
    /// The socket has failed, and everything that came before was delivered. What waited to be sent
    /// is gone. Nothing is reported after it.
    Broken(Errno),
}
