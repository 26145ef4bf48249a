use core::mem;

use crate::error::ProtocolError;
use crate::opcode::Opcode;

/// Takes what the peer sent, in order.
pub trait Sink {
    /// Takes `event` and says how to go on.
    fn event(&mut self, event: Event<'_>) -> Flow;
}

impl<F: FnMut(Event<'_>) -> Flow> Sink for F {
    #[inline]
    fn event(&mut self, event: Event<'_>) -> Flow {
        self(event)
    }
}

/// How `decode` goes on after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// With the next bytes.
    Continue,
    /// Not now: it returns how many bytes it has consumed, and takes the others later.
    Stop,
    /// Never: it returns the error, as it does for errors of its own.
    Fail(ProtocolError),
}

/// Something that the peer sent.
#[derive(Debug)]
pub enum Event<'a> {
    /// A message, or a piece of one.
    Data(Data<'a>),
    /// A ping with its payload of at most 125 bytes.
    Ping(&'a [u8]),
    /// A pong with its payload of at most 125 bytes.
    Pong(&'a [u8]),
    /// The peer's close frame. Nothing follows, and `Flow` is not looked at.
    Close {
        /// The status code; 1005 if the frame had none.
        code: u16,
        /// The reason, of at most 123 bytes.
        reason: &'a [u8],
    },
}

/// A message, or a piece of one.
///
/// Uncompressed messages come whole (`end` is `Message`) unless `Options::by_frame` or
/// `Options::min_part` asks for pieces. The frames of a compressed message come one by one.
/// Only control frames come between the pieces of a message.
#[derive(Debug)]
pub struct Data<'a> {
    /// `Text` or `Binary`: the kind of the message, also on its later pieces.
    pub opcode: Opcode,
    /// Whether the message is compressed, so that the payload is to be inflated and, if it is text,
    /// validated.
    pub compressed: bool,
    /// What ends with the payload.
    pub end: Boundary,
    /// The bytes, unmasked.
    pub payload: Payload<'a>,
}

/// What ends where a payload ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Boundary {
    /// Nothing: more of the same frame follows.
    Part,
    /// A frame that is not the last one of its message.
    Frame,
    /// The message.
    Message,
}

/// Where a payload is.
#[derive(Debug)]
pub enum Payload<'a> {
    /// In the chunk that was given to `decode`, unmasked in place.
    Chunk {
        /// The bytes.
        bytes: &'a [u8],
        /// Where in the chunk they begin.
        offset: usize,
    },
    /// In memory of its own, because it came in pieces. The sink may take the `Vec`; what it leaves
    /// is freed.
    Owned(&'a mut Vec<u8>),
}

impl Payload<'_> {
    /// The bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Chunk { bytes, .. } => bytes,
            Self::Owned(bytes) => bytes,
        }
    }

    /// The bytes in memory of the caller's own; copied only if they are in the chunk.
    #[inline]
    pub fn into_vec(self) -> Vec<u8> {
        match self {
            Self::Chunk { bytes, .. } => bytes.to_vec(),
            Self::Owned(bytes) => mem::take(bytes),
        }
    }
}
