//! One connection of either role, without blocking and without allocating.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};

use crate::decoder::{Decoder, FrameSink};
use crate::failure;
use crate::failure::{Failure, Result};
use crate::frame::{Header, MaskingKey, Opcode, mask};
use crate::payload::Payload;

/// What is known of a message before its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    pub opcode: Opcode,
    pub compressed: bool,
}

/// Takes the messages that a connection receives.
pub trait Receiver {
    /// A part of a message's payload, `offset` bytes into it.
    fn part(&mut self, message: Message, offset: u64, bytes: &[u8]) -> Result<()>;
    /// The message is complete.
    fn complete(&mut self, message: Message, length: u64) -> Result<()>;
}

pub struct Connection {
    stream: TcpStream,
    decoder: Decoder,
    incoming: Incoming,
    masking_key: Option<MaskingKey>,
    /// Number of the message that is being sent, or is sent next.
    sequence: u64,
    /// Bytes of it that are sent already.
    offset: usize,
    /// Messages to send, that one included.
    queued: u64,
}

/// Where frames become messages.
struct Incoming {
    message: Option<Message>,
    /// Payload bytes of the message's earlier frames.
    length: u64,
    control: [u8; 125],
    /// Length of a ping's payload in `control` that has to be answered.
    ping: Option<usize>,
}

/// Frames at most this large are sent many at a time.
pub const BATCH: usize = 256 * 1024;

impl Connection {
    /// Takes over a stream whose handshake is done; a client's connection masks with the key.
    pub fn new(stream: TcpStream, masking_key: Option<MaskingKey>) -> Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            decoder: Decoder::default(),
            incoming: Incoming {
                message: None,
                length: 0,
                control: [0; 125],
                ping: None,
            },
            masking_key,
            sequence: 0,
            offset: 0,
            queued: 0,
        })
    }

    /// Reads once, if there is something to read, using `buffer`.
    pub fn read(&mut self, buffer: &mut [u8], receiver: &mut impl Receiver) -> Result<()> {
        let length = match self.stream.read(buffer) {
            Ok(0) => return Err(failure!("the peer ended the connection")),
            Ok(length) => length,
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let mut sink = Sink {
            incoming: &mut self.incoming,
            receiver,
        };
        self.decoder.decode(&mut buffer[..length], &mut sink)
    }

    /// Queues the next `messages` of the run.
    pub fn queue(&mut self, messages: u64) {
        self.queued += messages;
    }

    /// Writes what is queued, as far as the kernel takes it; false when some is left. `batch` is a
    /// buffer with capacity `BATCH`; without it every message is a write of its own.
    pub fn flush(
        &mut self,
        number: u32,
        payload: &mut Payload,
        mut batch: Option<&mut Vec<u8>>,
    ) -> Result<bool> {
        if self.offset == 0 {
            self.answer_ping()?;
        }
        while self.queued > 0 {
            let bytes = match &mut batch {
                Some(batch) if payload.frame_size(self.sequence) <= BATCH / 2 => {
                    self.gather(number, payload, batch);
                    &batch[..]
                }
                _ => &payload.frame(number, self.sequence)[self.offset..],
            };
            match self.stream.write(bytes) {
                Ok(written) => self.advance(written, payload),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// As many queued frames as fit.
    fn gather(&self, number: u32, payload: &mut Payload, batch: &mut Vec<u8>) {
        batch.clear();
        for ahead in 0..self.queued {
            let start = if ahead == 0 { self.offset } else { 0 };
            let frame = &payload.frame(number, self.sequence + ahead)[start..];
            if batch.len() + frame.len() > batch.capacity() {
                break;
            }
            batch.extend_from_slice(frame);
        }
    }

    fn advance(&mut self, mut written: usize, payload: &Payload) {
        while written > 0 {
            let left = payload.frame_size(self.sequence) - self.offset;
            if written < left {
                self.offset += written;
                return;
            }
            written -= left;
            self.offset = 0;
            self.sequence += 1;
            self.queued -= 1;
        }
    }

    /// RFC 6455 §5.5.3. The frame is so small that a socket with room at all takes it.
    fn answer_ping(&mut self) -> Result<()> {
        let Some(length) = self.incoming.ping.take() else {
            return Ok(());
        };
        let control = self.incoming.control;
        self.control(Opcode::Pong, &control[..length])
    }

    /// Sends a control frame.
    pub fn control(&mut self, opcode: Opcode, payload: &[u8]) -> Result<()> {
        let mut frame = Vec::with_capacity(131);
        let masking_key = self.masking_key;
        Header {
            fin: true,
            compressed: false,
            opcode,
            masking_key,
            length: payload.len() as u64,
        }
        .write(&mut frame);
        let start = frame.len();
        frame.extend(payload);
        if let Some(key) = masking_key {
            mask(&mut frame[start..], key, 0);
        }
        Ok(self.stream.write_all(&frame)?)
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

struct Sink<'a, R> {
    incoming: &'a mut Incoming,
    receiver: &'a mut R,
}

impl<R: Receiver> FrameSink for Sink<'_, R> {
    fn begin(&mut self, header: &Header) -> Result<()> {
        let incoming = &mut self.incoming;
        match (header.opcode, incoming.message) {
            (opcode, _) if opcode.is_control() => {}
            (Opcode::Continuation, Some(_)) => {}
            (Opcode::Continuation, None) => {
                return Err(failure!("the peer continued a message it had not begun"));
            }
            (_, Some(_)) => return Err(failure!("the peer began a message within another")),
            (opcode, None) => {
                incoming.message = Some(Message {
                    opcode,
                    compressed: header.compressed,
                })
            }
        }
        Ok(())
    }

    fn payload(&mut self, header: &Header, offset: u64, bytes: &[u8]) -> Result<()> {
        if header.opcode.is_control() {
            self.incoming.control[offset as usize..][..bytes.len()].copy_from_slice(bytes);
            return Ok(());
        }
        let message = self.incoming.message.ok_or_else(out_of_step)?;
        self.receiver
            .part(message, self.incoming.length + offset, bytes)
    }

    fn end(&mut self, header: &Header) -> Result<()> {
        match header.opcode {
            Opcode::Ping => self.incoming.ping = Some(header.length as usize),
            Opcode::Pong => {}
            Opcode::Close => return Err(closed(&self.incoming.control[..header.length as usize])),
            _ => {
                let message = self.incoming.message.ok_or_else(out_of_step)?;
                self.incoming.length += header.length;
                if header.fin {
                    self.incoming.message = None;
                    let length = std::mem::take(&mut self.incoming.length);
                    self.receiver.complete(message, length)?;
                }
            }
        }
        Ok(())
    }
}

fn out_of_step() -> Failure {
    failure!("a payload without a message")
}

fn closed(payload: &[u8]) -> Failure {
    match payload {
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            failure!(
                "the peer closed the connection: {code} {}",
                String::from_utf8_lossy(reason)
            )
        }
        _ => failure!("the peer closed the connection"),
    }
}
