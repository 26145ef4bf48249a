//! The incoming half of an endpoint: bytes from the peer in, events out.
//!
//! ```text
//!            2–14 bytes             payload complete
//!  ┌────────┐ ───────────► ┌─────────┐ ───────────► event, and the next header
//!  │ Header │              │ Payload │
//!  └────────┘ ◄─────────── └─────────┘ ───────────► close frame or error: Closed
//! ```
//! What has come of a header waits in `partial`, of a control frame in `control`, of a message in
//! `message.buffer`. All three are empty between frames of unfragmented messages, so that an idle
//! connection holds no memory beyond this struct.

mod apart;
mod chunks;
mod data;
mod event;
mod head;
mod options;
mod short;

pub use apart::{Ended, Rest};
pub use event::{Boundary, Data, Event, Flow, Payload, Sink};
pub use options::Options;

use core::mem;

use crate::close;
use crate::error::ProtocolError;
use crate::header::{FrameHeader, MAX_CONTROL_LEN};
use crate::mask::{MaskingKey, mask, rotated};
use crate::opcode::Opcode;
use chunks::ChunkCount;
use data::Message;
use head::PartialHeader;

/// The incoming half of an endpoint.
#[derive(Debug)]
pub struct Incoming {
    options: Options,
    chunks: ChunkCount,
    stage: Stage,
    partial: PartialHeader,
    frame: Frame,
    message: Message,
    /// What has come of a control frame that came in pieces.
    control: Option<Box<[u8; MAX_CONTROL_LEN]>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The next bytes are a header.
    Header,
    /// The next bytes are the payload of `frame`.
    Payload,
    /// After a close frame or an error: whatever comes is ignored.
    Closed,
}

/// The frame whose payload is coming.
#[derive(Debug)]
struct Frame {
    opcode: Opcode,
    fin: bool,
    /// Zeros for unmasked frames.
    key: MaskingKey,
    length: u64,
    received: u64,
}

impl Incoming {
    /// An endpoint that has received nothing.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            chunks: ChunkCount::default(),
            stage: Stage::Header,
            partial: PartialHeader::default(),
            frame: Frame {
                opcode: Opcode::Continuation,
                fin: false,
                key: [0; 4],
                length: 0,
                received: 0,
            },
            message: Message::default(),
            control: None,
        }
    }

    /// Takes the next bytes from the peer, unmasks them in place and tells `sink` what they are.
    ///
    /// Returns how many bytes it has consumed: all of them, unless the sink has stopped it, or a frame
    /// begins that `Options::apart` is about. Then the others are to be given to the next call, as a
    /// chunk of their own. An error is returned once; after it, as after a close frame, bytes are
    /// consumed and ignored.
    pub fn decode<S>(&mut self, chunk: &mut [u8], sink: &mut S) -> Result<usize, ProtocolError>
    where
        S: Sink + ?Sized,
    {
        if self.stage == Stage::Closed || chunk.is_empty() {
            return Ok(chunk.len());
        }
        let buffered = self.buffered();
        let result = match self.chunks.admit(self.options.max_buffered_chunks) {
            Ok(()) => self.run(chunk, sink),
            Err(error) => Err(error),
        };
        match result {
            // The sink stopped it before the chunk's first byte: the chunk is still to come.
            Ok(0) => {}
            Ok(consumed) => {
                let arrived = buffered.saturating_add(consumed as u64);
                self.chunks.note(arrived, self.buffered());
            }
            Err(_) => self.close(),
        }
        result
    }

    /// Whether a close frame was received or an error returned: nothing more will be reported.
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.stage == Stage::Closed
    }

    /// Reports nothing more and frees what is held, as after an error: for errors found elsewhere,
    /// like those of an inflater that runs on another thread.
    pub fn close(&mut self) {
        self.stage = Stage::Closed;
        self.message = Message::default();
        self.control = None;
    }

    /// How this endpoint receives.
    #[inline]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Sets `Options::max_payload` for frames that begin from now on.
    #[inline]
    pub fn set_max_payload(&mut self, max_payload: u32) {
        self.options.max_payload = max_payload;
    }

    /// Sets `Options::by_frame` for frames that end from now on.
    #[inline]
    pub fn set_by_frame(&mut self, by_frame: bool) {
        self.options.by_frame = by_frame;
    }

    /// Bytes of memory held beyond this struct.
    pub fn held(&self) -> usize {
        let control = self.control.as_ref().map_or(0, |_| MAX_CONTROL_LEN);
        self.message.buffer.capacity().saturating_add(control)
    }

    fn run<S>(&mut self, chunk: &mut [u8], sink: &mut S) -> Result<usize, ProtocolError>
    where
        S: Sink + ?Sized,
    {
        let total = chunk.len();
        let mut rest = chunk;
        loop {
            match self.receive_short(&mut rest, total, sink)? {
                Flow::Continue => {}
                Flow::Stop => return Ok(total.saturating_sub(rest.len())),
                Flow::Fail(error) => return Err(error),
            }
            if self.stage == Stage::Header {
                let Some((header, len)) = self.read_header(rest)? else {
                    return Ok(total);
                };
                self.begin_frame(&header);
                rest = rest.get_mut(len..).unwrap_or_default();
                if self.leaves_apart(rest.len()) {
                    return Ok(total.saturating_sub(rest.len()));
                }
            }
            let missing = self.frame.missing();
            if rest.is_empty() && missing > 0 {
                return Ok(total);
            }
            let len = missing.min(rest.len() as u64) as usize;
            let offset = total.saturating_sub(rest.len());
            if self.must_flush(len) {
                match self.flush(sink) {
                    Flow::Continue => {}
                    Flow::Stop => return Ok(offset),
                    Flow::Fail(error) => return Err(error),
                }
            }
            let Some((piece, after)) = mem::take(&mut rest).split_at_mut_checked(len) else {
                return Ok(total);
            };
            rest = after;
            let flow = if self.frame.opcode.is_control() {
                self.receive_control(piece, sink)?
            } else {
                self.receive_data(piece, offset, sink)?
            };
            match flow {
                Flow::Continue => {}
                Flow::Stop => return Ok(total.saturating_sub(rest.len())),
                Flow::Fail(error) => return Err(error),
            }
            if self.stage == Stage::Closed {
                return Ok(total);
            }
        }
    }

    fn begin_frame(&mut self, header: &FrameHeader) {
        self.stage = Stage::Payload;
        self.frame = Frame {
            opcode: header.opcode,
            fin: header.fin,
            key: header.key.unwrap_or_default(),
            length: header.length,
            received: 0,
        };
        if !header.opcode.is_control() {
            self.message.begin_frame(header);
        }
    }

    fn receive_control<S>(&mut self, piece: &mut [u8], sink: &mut S) -> Result<Flow, ProtocolError>
    where
        S: Sink + ?Sized,
    {
        mask(piece, self.frame.next_key());
        let whole = piece.len() as u64 == self.frame.length;
        if whole {
            self.stage = Stage::Header;
            return self.control_event(piece, sink);
        }
        let memory = self
            .control
            .get_or_insert_with(|| Box::new([0; MAX_CONTROL_LEN]));
        let received = self.frame.received as usize;
        for (to, from) in memory.iter_mut().skip(received).zip(piece.iter()) {
            *to = *from;
        }
        self.frame.receive(piece.len());
        if self.frame.missing() > 0 {
            return Ok(Flow::Continue);
        }
        self.stage = Stage::Header;
        let memory = self.control.take();
        let payload = memory
            .as_ref()
            .and_then(|memory| memory.get(..self.frame.length as usize));
        self.control_event(payload.unwrap_or_default(), sink)
    }

    fn control_event<S>(&mut self, payload: &[u8], sink: &mut S) -> Result<Flow, ProtocolError>
    where
        S: Sink + ?Sized,
    {
        match self.frame.opcode {
            Opcode::Ping => Ok(sink.event(Event::Ping(payload))),
            Opcode::Pong => Ok(sink.event(Event::Pong(payload))),
            _ => {
                let validate = !self.options.skip_utf8_validation;
                let (code, reason) = close::parse(payload, validate)?;
                self.close();
                sink.event(Event::Close { code, reason });
                Ok(Flow::Continue)
            }
        }
    }
}

impl Frame {
    #[inline]
    fn missing(&self) -> u64 {
        self.length.saturating_sub(self.received)
    }

    #[inline]
    fn receive(&mut self, len: usize) {
        self.received = self.received.saturating_add(len as u64);
    }

    /// The masking key as it applies to the next byte of the payload.
    #[inline]
    fn next_key(&self) -> MaskingKey {
        rotated(self.key, self.received)
    }

    /// What ends with the bytes received so far.
    #[inline]
    fn boundary(&self) -> Boundary {
        match (self.missing(), self.fin) {
            (0, true) => Boundary::Message,
            (0, false) => Boundary::Frame,
            _ => Boundary::Part,
        }
    }
}
