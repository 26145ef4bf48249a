//! The N-API binding. It converts arguments, calls `ferrows-protocol` and fills tables that
//! JavaScript reads (`src/endpoint/native/table.ts` has the same layout); rules of the protocol live
//! elsewhere. Panics are caught at every entry.

// napi-derive exports nothing from a test build, which is made only to be checked.
#![cfg_attr(test, allow(dead_code))]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bytes;
mod deflate;
mod endpoints;
mod jobs;
#[cfg(target_os = "linux")]
mod reactor;
#[cfg(target_os = "linux")]
mod symbols;
mod table;

use napi_derive::napi;

/// The version of the package this addon was built for; another one is not used.
#[napi]
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
