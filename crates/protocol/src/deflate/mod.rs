//! permessage-deflate (RFC 7692) without memory per connection: see `Compressors` and
//! `Decompressors`, which hold one direction of all connections of a thread. `Incoming` hands on the
//! frames of compressed messages one by one, whole and unmasked; whoever takes them inflates them.

mod compressing;
mod compressors;
mod decompressors;
mod history;
mod inflaters;
mod inflating;
mod pool;

pub use compressing::CompressJob;
pub use compressors::{CompressorStats, Compressors, Context};
pub use decompressors::{DecompressorStats, Decompressors};
pub use ferrows_zlib::Parameters as DeflateParameters;
pub use inflating::{InflateError, InflateJob, Inflated};

/// What a sender cuts off at the end of a message (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
