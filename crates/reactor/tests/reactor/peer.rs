//! The other ends of connections.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use ferrows_protocol::{Frame, FrameHeader, MaskingKey, Opcode, append_frame};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown, sockopt};

/// A connection's other end. It does not block.
pub struct Peer(OwnedFd);

/// Which kind of socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Tcp,
    Unix,
}

pub const KINDS: [Kind; 2] = [Kind::Tcp, Kind::Unix];

/// The descriptor for the reactor and its peer.
pub fn pair(kind: Kind) -> (OwnedFd, Peer) {
    match kind {
        Kind::Unix => {
            let (near, far) = UnixStream::pair().unwrap();
            far.set_nonblocking(true).unwrap();
            (near.into(), Peer(far.into()))
        }
        Kind::Tcp => {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            tcp_pair(&listener)
        }
    }
}

pub fn tcp_pair(listener: &TcpListener) -> (OwnedFd, Peer) {
    let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (near, _) = listener.accept().unwrap();
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    far.set_nonblocking(true).unwrap();
    (near.into(), Peer(far.into()))
}

impl Peer {
    /// Sends all of `bytes`, which the kernel must have room for.
    pub fn send(&self, bytes: &[u8]) {
        assert_eq!(self.try_send(bytes), Ok(bytes.len()));
    }

    pub fn try_send(&self, bytes: &[u8]) -> Result<usize, Errno> {
        send(&self.0, bytes, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)
    }

    /// Sends a masked text message.
    pub fn say(&self, text: &str) {
        self.send(&frame(Opcode::Text, text.as_bytes()));
    }

    /// What there is to read, at most `max` bytes; nothing at the end.
    pub fn receive(&self, max: usize) -> Result<Vec<u8>, Errno> {
        let mut bytes = vec![0; max];
        let (len, _) = recv(&self.0, &mut bytes[..], RecvFlags::DONTWAIT)?;
        bytes.truncate(len);
        Ok(bytes)
    }

    /// Everything that is there now.
    pub fn receive_all(&self) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            match self.receive(1 << 20) {
                Ok(bytes) if bytes.is_empty() => return all,
                Ok(bytes) => all.extend(bytes),
                Err(Errno::AGAIN) => return all,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Waits for exactly `len` bytes.
    pub fn expect(&self, len: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while all.len() < len {
            match self.receive(len - all.len()) {
                Ok(bytes) if bytes.is_empty() => panic!("the end after {} bytes", all.len()),
                Ok(bytes) => all.extend(bytes),
                Err(Errno::AGAIN) => wait_readable(&self.0),
                Err(error) => panic!("{error}"),
            }
        }
        all
    }

    pub fn half_close(&self) {
        shutdown(&self.0, Shutdown::Write).unwrap();
    }

    /// Closes so that the other end gets a reset. TCP only.
    pub fn reset(self) {
        sockopt::set_socket_linger(&self.0, Some(Duration::ZERO)).unwrap();
    }

    /// Makes the kernel keep little, so that it refuses soon.
    pub fn shrink(&self) {
        sockopt::set_socket_recv_buffer_size(&self.0, 4096).unwrap();
    }
}

impl AsFd for Peer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A masked frame that is a whole message, or a control frame.
pub fn frame(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    masked(true, opcode, payload, [0x37, 0xfa, 0x21, 0x3d])
}

pub fn masked(fin: bool, opcode: Opcode, payload: &[u8], key: MaskingKey) -> Vec<u8> {
    let header = FrameHeader {
        fin,
        rsv1: false,
        opcode,
        key: Some(key),
        length: 0,
    };
    let mut bytes = Vec::new();
    append_frame(&mut bytes, &Frame { header, payload });
    bytes
}

/// Waits until `fd` can be read, but not for ever.
pub fn wait_readable(fd: impl AsFd) {
    assert!(is_readable(&fd, 10), "nothing to read for ten seconds");
}

/// Waits until one of them can be read, but not for ever.
pub fn wait_for_either(a: impl AsFd, b: impl AsFd) {
    let fds = &mut [
        PollFd::new(&a, PollFlags::IN),
        PollFd::new(&b, PollFlags::IN),
    ];
    assert!(is_any_readable(fds, 10), "nothing to read for ten seconds");
}

pub fn is_readable(fd: &impl AsFd, seconds: i64) -> bool {
    is_any_readable(&mut [PollFd::new(fd, PollFlags::IN)], seconds)
}

fn is_any_readable(fds: &mut [PollFd<'_>], seconds: i64) -> bool {
    let timeout = Timespec {
        tv_sec: seconds,
        tv_nsec: 0,
    };
    loop {
        match poll(fds, Some(&timeout)) {
            Ok(count) => return count > 0,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => panic!("{error}"),
        }
    }
}
