//! What the socket of a connection of the reactor's own is asked for in the place of Node's.

use core::time::Duration;
use std::net::SocketAddr;

use ferrows_reactor::{ConnectionId, Side};
use napi::bindgen_prelude::Result;
use napi_derive::napi;

use super::Reactor;

/// One end of a TCP connection, as Node has it.
#[napi(object)]
pub struct Address {
    pub address: String,
    pub family: String,
    pub port: u32,
}

#[napi]
impl Reactor {
    /// The address of the peer, or of this side; none for a Unix socket, and when the peer has left.
    #[napi(catch_unwind)]
    pub fn address(&self, id: u32, is_remote: bool) -> Result<Option<Address>> {
        let side = if is_remote { Side::Remote } else { Side::Local };
        self.with(|state| {
            let address = state.sockets.address(ConnectionId::from_bits(id), side)?;
            Some(Address {
                address: address.ip().to_string(),
                family: match address {
                    SocketAddr::V4(_) => "IPv4".to_owned(),
                    SocketAddr::V6(_) => "IPv6".to_owned(),
                },
                port: address.port().into(),
            })
        })
    }

    /// Half-closes a connection of which nothing waits to be sent.
    #[napi(catch_unwind)]
    pub fn shut_down(&self, id: u32) -> Result<()> {
        self.with(|state| state.sockets.shut_down(ConnectionId::from_bits(id)))
    }

    /// Has the peer told of a reset in place of an end when the connection is removed.
    #[napi(catch_unwind)]
    pub fn reset_on_close(&self, id: u32) -> Result<()> {
        self.with(|state| state.sockets.reset_on_close(ConnectionId::from_bits(id)))
    }

    #[napi(catch_unwind)]
    pub fn set_no_delay(&self, id: u32, on: bool) -> Result<()> {
        self.with(|state| state.sockets.set_no_delay(ConnectionId::from_bits(id), on))
    }

    /// `delay`: seconds of silence, or 0 for the system's default.
    #[napi(catch_unwind)]
    pub fn set_keep_alive(&self, id: u32, on: bool, delay: u32) -> Result<()> {
        self.with(|state| {
            let delay = (delay > 0).then(|| Duration::from_secs(delay.into()));
            let id = ConnectionId::from_bits(id);
            state.sockets.set_keep_alive(id, on, delay);
        })
    }
}
