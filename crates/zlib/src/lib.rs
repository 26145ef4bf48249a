//! Raw DEFLATE streams (RFC 1951) of zlib-rs, as safe Rust. zlib-rs has a safe interface of its own,
//! without what permessage-deflate cannot do without: whether a stream stands between two blocks,
//! how much a compressor searches, and a reset that keeps what was allocated.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod deflater;
mod inflater;
mod short;
mod short_inflater;
mod stream;

pub use deflater::{Deflater, Parameters};
pub use inflater::{Inflater, Progress, Stopped};
pub use short::{MAX_PIECE, ShortDeflater, Workspace};
pub use short_inflater::{MAX_INPUT, ShortInflater};
