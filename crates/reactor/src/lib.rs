//! Reads and writes the sockets of many WebSocket connections: one `Reactor` for each thread, which
//! watches descriptors with epoll, reads them, has `ferrows-protocol` parse what came, and writes
//! what is to be sent. Whoever opened a descriptor closes it, after `remove`; those that the reactor
//! has duplicated it closes itself.
//!
//! ```text
//!              epoll_fd is readable
//!  event loop ─────────────────────► Reactor::poll ──► turn of a connection ──► Sink
//!      ▲                                  │              1. write the backlog    progress
//!      │ deliver what the sink holds      │              2. read, parse          event, failed
//!      └──────────── More ◄───────────────┘              3. end, error           ended, broken
//!                                         └── Done
//! ```
//!
//! Nothing is called while a borrow is held except the sink, which cannot reach the reactor. A sink
//! that is full stops the poll. Between two polls anything may be done to any connection; the next
//! poll goes on where the last one stopped, and finds out by id what has become of a connection.
//!
//! What peers send never reaches a panic: no indexing, no `unwrap`, no arithmetic that can overflow.

#![cfg(target_os = "linux")]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod apart;
mod backlog;
mod batch;
mod connection;
mod control;
mod flush;
mod id;
mod lent;
mod limits;
mod pending;
mod reactor;
mod read;
mod send;
mod sink;
mod socket;
mod space;
mod stats;
mod system;
mod table;

pub use batch::Polled;
pub use control::Side;
pub use flush::{Flushed, Row};
pub use id::ConnectionId;
pub use limits::Limits;
pub use reactor::Reactor;
pub use send::Sent;
pub use sink::{Errno, Memory, Notice, Sink, Verdict};
pub use stats::Stats;
