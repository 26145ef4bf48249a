//! What an endpoint reports about the bytes its peer sent: one table, shared by index with
//! `src/endpoint/errors.ts`.

use core::fmt;

/// Indices into the table. The order is the wire format between Rust and TypeScript: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ErrorIndex {
    /// RSV2 or RSV3 is set (RFC 6455 §5.2).
    UnexpectedRsv23 = 0,
    /// RSV1 is set where no extension gives it a meaning (RFC 6455 §5.2, RFC 7692 §6).
    UnexpectedRsv1 = 1,
    /// A reserved opcode, or one that the state of the message does not allow (RFC 6455 §5.4).
    InvalidOpcode = 2,
    /// A fragmented control frame (RFC 6455 §5.5).
    ExpectedFin = 3,
    /// A control frame of more than 125 bytes, or a close frame of one (RFC 6455 §5.5).
    InvalidControlPayloadLength = 4,
    /// An unmasked frame sent to a server (RFC 6455 §5.1).
    ExpectedMask = 5,
    /// A masked frame sent to a client (RFC 6455 §5.1).
    UnexpectedMask = 6,
    /// A payload length that JavaScript's numbers do not hold.
    UnsupportedPayloadLength = 7,
    /// A message longer than `max_payload`.
    MessageTooLong = 8,
    /// A message of more than `max_fragments` frames.
    TooManyFragments = 9,
    /// More than `max_buffered_chunks` reads for one step of the parser.
    TooManyChunks = 10,
    /// A close frame with a status code that must not be sent (RFC 6455 §7.4).
    InvalidCloseCode = 11,
    /// Text or a close reason that is not UTF-8 (RFC 6455 §8.1).
    InvalidUtf8 = 12,
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorEntry {
    /// Value of JavaScript's `error.code`.
    pub code: &'static str,
    /// Status code of the close frame that answers it (RFC 6455 §7.4.1).
    pub status: u16,
    /// The message; `%d` stands for the offending number.
    pub message: &'static str,
    /// Whether JavaScript's constructor is `RangeError` rather than `Error`.
    pub range: bool,
}

impl ErrorIndex {
    /// Every index, in order.
    pub const ALL: [Self; 13] = [
        Self::UnexpectedRsv23,
        Self::UnexpectedRsv1,
        Self::InvalidOpcode,
        Self::ExpectedFin,
        Self::InvalidControlPayloadLength,
        Self::ExpectedMask,
        Self::UnexpectedMask,
        Self::UnsupportedPayloadLength,
        Self::MessageTooLong,
        Self::TooManyFragments,
        Self::TooManyChunks,
        Self::InvalidCloseCode,
        Self::InvalidUtf8,
    ];

    /// The row of the table.
    pub const fn entry(self) -> ErrorEntry {
        match self {
            Self::UnexpectedRsv23 => row(
                "WS_ERR_UNEXPECTED_RSV_2_3",
                1002,
                "Invalid WebSocket frame: RSV2 and RSV3 must be clear",
            ),
            Self::UnexpectedRsv1 => row(
                "WS_ERR_UNEXPECTED_RSV_1",
                1002,
                "Invalid WebSocket frame: RSV1 must be clear",
            ),
            Self::InvalidOpcode => row(
                "WS_ERR_INVALID_OPCODE",
                1002,
                "Invalid WebSocket frame: invalid opcode %d",
            ),
            Self::ExpectedFin => row(
                "WS_ERR_EXPECTED_FIN",
                1002,
                "Invalid WebSocket frame: FIN must be set",
            ),
            Self::InvalidControlPayloadLength => row(
                "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH",
                1002,
                "Invalid WebSocket frame: invalid payload length %d",
            ),
            Self::ExpectedMask => row(
                "WS_ERR_EXPECTED_MASK",
                1002,
                "Invalid WebSocket frame: MASK must be set",
            ),
            Self::UnexpectedMask => row(
                "WS_ERR_UNEXPECTED_MASK",
                1002,
                "Invalid WebSocket frame: MASK must be clear",
            ),
            Self::UnsupportedPayloadLength => row(
                "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH",
                1009,
                "Unsupported WebSocket frame: payload length > 2^53 - 1",
            ),
            Self::MessageTooLong => row(
                "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH",
                1009,
                "Max payload size exceeded",
            ),
            Self::TooManyFragments => row(
                "WS_ERR_TOO_MANY_BUFFERED_PARTS",
                1008,
                "Too many message fragments",
            ),
            Self::TooManyChunks => row(
                "WS_ERR_TOO_MANY_BUFFERED_PARTS",
                1008,
                "Too many buffered chunks",
            ),
            Self::InvalidCloseCode => row(
                "WS_ERR_INVALID_CLOSE_CODE",
                1002,
                "Invalid WebSocket frame: invalid status code %d",
            ),
            Self::InvalidUtf8 => ErrorEntry {
                range: false,
                ..row(
                    "WS_ERR_INVALID_UTF8",
                    1007,
                    "Invalid WebSocket frame: invalid UTF-8 sequence",
                )
            },
        }
    }

    /// The error of this row without a number.
    #[inline]
    pub const fn error(self) -> ProtocolError {
        ProtocolError {
            index: self,
            detail: None,
        }
    }

    /// The error of this row about `detail`.
    #[inline]
    pub const fn about(self, detail: u16) -> ProtocolError {
        ProtocolError {
            index: self,
            detail: Some(detail),
        }
    }
}

/// The peer broke the protocol or a limit. `Display` writes what JavaScript's `error.message` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtocolError {
    /// The row of the table.
    pub index: ErrorIndex,
    /// The number in the row's message: an opcode, a payload length or a status code.
    pub detail: Option<u16>,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.index.entry().message;
        match (self.detail, message.split_once("%d")) {
            (Some(detail), Some((before, after))) => write!(f, "{before}{detail}{after}"),
            _ => f.write_str(message),
        }
    }
}

impl core::error::Error for ProtocolError {}

const fn row(code: &'static str, status: u16, message: &'static str) -> ErrorEntry {
    ErrorEntry {
        code,
        status,
        message,
        range: true,
    }
}
