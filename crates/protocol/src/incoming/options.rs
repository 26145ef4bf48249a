use crate::role::Role;

/// How an endpoint receives. The defaults are those of a server without limits or extensions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Which side of the connection the endpoint is.
    pub role: Role,
    /// Whether permessage-deflate was negotiated, so that RSV1 has a meaning.
    pub deflate: bool,
    /// Takes text and close reasons as they are.
    pub skip_utf8_validation: bool,
    /// Delivers each frame of a message at its end, instead of the message.
    pub by_frame: bool,
    /// Delivers pieces of an unfinished frame of at least so many bytes as they come, instead of
    /// copying them together; 0 never does. Compressed frames are always delivered whole.
    pub min_part: u32,
    /// Stops in front of the payload of a frame of which at least so many bytes have not come, if it
    /// can be received apart (`Incoming::rest`); 0 never does.
    pub apart: u32,
    /// The longest message in bytes, as sent by the peer; 0 means no limit.
    pub max_payload: u32,
    /// The most frames of a message, empty ones included; 0 means no limit.
    pub max_fragments: u32,
    /// The most reads that may hold the bytes of one step: two bytes of header, the extended length,
    /// the masking key, or the payload of one frame; 0 means no limit.
    pub max_buffered_chunks: u32,
}
