//! One side of one WebSocket connection without I/O (RFC 6455 §5–7): bytes from the peer become
//! messages, pings, pongs, a close or an error; frames become bytes. It knows no socket, no timer
//! and no JavaScript.
//!
//! ```text
//! read chunk ──► Incoming::decode ──► Sink::event        frame header ──► HeaderBytes
//!                (unmasks in place)   data, ping, pong,  + payload    ──► append_frame
//!                                     close                              (masks while copying)
//! ```
//!
//! Which bytes are refused, with which error and at which byte, is what npm's `ws` does; the vectors
//! in `test/vectors` hold this crate, the TypeScript endpoint and `ws` itself to the same answers.
//!
//! What peers send never reaches a panic: no indexing, no `unwrap`, no arithmetic that can overflow.

#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod close;
mod deflate;
mod error;
mod header;
mod incoming;
mod mask;
mod opcode;
mod outgoing;
mod role;
mod slots;
mod utf8;

pub use close::{MAX_REASON_LEN, NO_STATUS, close_payload, is_valid_close_code};
pub use deflate::{
    CompressJob, CompressorStats, Compressors, Context, DecompressorStats, Decompressors,
    DeflateParameters, InflateError, InflateJob, Inflated,
};
pub use error::{ErrorEntry, ErrorIndex, ProtocolError};
pub use header::{FrameHeader, HeaderBytes, MAX_CONTROL_LEN, MAX_HEADER_LEN};
pub use incoming::{Boundary, Data, Ended, Event, Flow, Incoming, Options, Payload, Rest, Sink};
pub use mask::{MaskingKey, mask, mask_append, mask_at, mask_copy};
pub use opcode::Opcode;
pub use outgoing::{Frame, append_frame, append_frames, write_frame};
pub use role::Role;
pub use slots::Slots;
pub use utf8::{Utf8Validator, is_valid_utf8};
