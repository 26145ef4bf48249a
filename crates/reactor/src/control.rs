//! What else than bytes a socket is asked for, by those who have no descriptor of it.

use std::net::SocketAddr;
use std::time::Duration;

use rustix::net::{self, sockopt};

use crate::id::ConnectionId;
use crate::reactor::Reactor;
use crate::socket::Socket;

/// One of the two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// This one.
    Local,
    /// The peer's.
    Remote,
}

/// What the kernel refuses, because the peer has left or the socket is none of TCP's, is left undone.
impl Reactor {
    /// The address of one end; `None` for a Unix socket, and when the peer has left.
    pub fn address(&self, id: ConnectionId, side: Side) -> Option<SocketAddr> {
        let fd = self.socket(id)?;
        let address = match side {
            Side::Local => net::getsockname(fd.as_fd()).ok()?,
            Side::Remote => net::getpeername(fd.as_fd()).ok()??,
        };
        SocketAddr::try_from(address).ok()
    }

    /// Closes the sending direction. What is still in the backlog would not be sent.
    pub fn shut_down(&self, id: ConnectionId) {
        if let Some(socket) = self.socket(id) {
            let _ = net::shutdown(socket.as_fd(), net::Shutdown::Write);
        }
    }

    /// Whether small segments leave at once (`TCP_NODELAY`).
    pub fn set_no_delay(&self, id: ConnectionId, on: bool) {
        if let Some(socket) = self.socket(id) {
            let _ = sockopt::set_tcp_nodelay(socket.as_fd(), on);
        }
    }

    /// Whether the kernel asks an idle peer for a sign of life, and after how long: by default as long
    /// as the system has it.
    pub fn set_keep_alive(&self, id: ConnectionId, on: bool, delay: Option<Duration>) {
        let Some(socket) = self.socket(id) else {
            return;
        };
        let _ = sockopt::set_socket_keepalive(socket.as_fd(), on);
        if let (true, Some(delay)) = (on, delay) {
            let _ = sockopt::set_tcp_keepidle(socket.as_fd(), delay);
        }
    }

    /// Has the peer told of a reset in place of an end when the descriptor is closed. What the kernel
    /// has not sent by then is lost.
    pub fn reset_on_close(&self, id: ConnectionId) {
        if let Some(socket) = self.socket(id) {
            let _ = sockopt::set_socket_linger(socket.as_fd(), Some(Duration::ZERO));
        }
    }

    fn socket(&self, id: ConnectionId) -> Option<Socket> {
        Some(self.table.get(id)?.socket)
    }
}
