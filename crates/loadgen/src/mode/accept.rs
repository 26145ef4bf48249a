//! Accept: connections come, shake hands, close and are replaced.

use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};
use serde_json::{Map, Value};

use crate::failure;
use crate::failure::Result;
use crate::frame::{Header, MASKING_KEY, Opcode};
use crate::handshake::{Target, response};
use crate::meter::{Meter, Span};
use crate::poll::{Poll, Ready};
use crate::source::rotate;

#[derive(Clone, Debug)]
pub struct Accept {
    pub target: Target,
    /// Handshakes going on at once.
    pub connections: u32,
}

/// A slot in which one connection follows another.
struct Slot {
    socket: OwnedFd,
    state: State,
    began: u64,
    /// The pauses of the run before it began.
    pauses: u64,
    /// What the handshake took.
    took: u64,
    head: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Connecting,
    Opening,
    /// The close frame is sent and the server has to end the connection (RFC 6455 §7.1.1).
    Closing,
}

pub fn run(accept: &Accept, span: Span) -> Result<Map<String, Value>> {
    let request = accept.target.request();
    let mut close = Vec::new();
    Header {
        fin: true,
        compressed: false,
        opcode: Opcode::Close,
        masking_key: Some(MASKING_KEY),
        length: 0,
    }
    .write(&mut close);
    let mut poll = Poll::new(accept.target.waiting)?;
    let mut meter = Meter::new("connection", span);
    let mut opened = 0;
    let mut slots = Vec::new();
    for number in 0..accept.connections {
        slots.push(Slot::open(accept, number, &mut opened, &meter, &poll)?);
    }
    while !meter.is_over(&poll)? {
        for index in 0..poll.wait(Duration::from_secs(1))? {
            let ready = poll.event(index);
            let slot = &mut slots[ready.number as usize];
            if slot.step(ready, &request, &close, &mut meter, &poll)? {
                *slot = Slot::open(accept, ready.number, &mut opened, &meter, &poll)?;
            }
        }
    }
    meter.report()
}

impl Slot {
    fn open(
        accept: &Accept,
        number: u32,
        opened: &mut u64,
        meter: &Meter,
        poll: &Poll,
    ) -> Result<Self> {
        let socket = socket_with(
            AddressFamily::INET,
            SocketType::STREAM,
            SocketFlags::NONBLOCK,
            None,
        )?;
        rustix::net::bind(&socket, &std::net::SocketAddrV4::new(rotate(*opened), 0))?;
        *opened += 1;
        match connect(&socket, &accept.target.address()) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(failure!("cannot connect: {error}")),
        }
        poll.add(&socket, number, true)?;
        Ok(Self {
            socket,
            state: State::Connecting,
            began: meter.now(),
            pauses: meter.pauses(),
            took: 0,
            head: Vec::with_capacity(1024),
        })
    }

    /// Goes on with what has become possible; true when the connection has ended, or when the server may
    /// have lost patience with it.
    fn step(
        &mut self,
        ready: Ready,
        request: &str,
        close: &[u8],
        meter: &mut Meter,
        poll: &Poll,
    ) -> Result<bool> {
        if self.pauses < meter.pauses() {
            return Ok(true);
        }
        if self.state == State::Connecting && ready.writable {
            self.send(request.as_bytes())?;
            poll.modify(&self.socket, ready.number, false)?;
            self.state = State::Opening;
            return Ok(false);
        }
        if !ready.readable {
            return Ok(false);
        }
        let mut chunk = [0; 1024];
        let length = match rustix::io::read(&self.socket, &mut chunk) {
            Ok(length) => length,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(false),
            // A server may answer the close frame by resetting the connection.
            Err(Errno::CONNRESET) if self.state == State::Closing => 0,
            Err(error) => return Err(failure!("during the handshake: {error}")),
        };
        if self.state == State::Closing {
            if length == 0 {
                meter.count(0, self.took);
            }
            return Ok(length == 0);
        }
        if length == 0 {
            return Err(failure!(
                "the server ended the connection during the handshake"
            ));
        }
        self.head.extend(&chunk[..length]);
        if self.head.ends_with(b"\r\n\r\n") {
            response(&String::from_utf8_lossy(&self.head))?;
            self.took = meter.now() - self.began;
            self.send(close)?;
            self.state = State::Closing;
        }
        Ok(false)
    }

    /// A fresh connection has room for this little.
    fn send(&self, bytes: &[u8]) -> Result<()> {
        match rustix::io::write(&self.socket, bytes) {
            Ok(length) if length == bytes.len() => Ok(()),
            Ok(_) => Err(failure!("the kernel took only a part of a handshake")),
            Err(error) => Err(failure!("cannot connect: {error}")),
        }
    }
}
