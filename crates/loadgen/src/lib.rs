//! A load generator for the benchmarks: one epoll thread that speaks WebSocket (RFC 6455, RFC 7692)
//! to a server or client under test and checks every answer. Nothing is allocated per message, so
//! that the process under test is what limits a run.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

pub mod checker;
pub mod connection;
pub mod corpus;
pub mod decoder;
pub mod failure;
pub mod frame;
pub mod handshake;
pub mod histogram;
pub mod inflate;
pub mod meter;
pub mod mode;
pub mod payload;
pub mod poll;
pub mod process;
pub mod source;
