//! permessage-deflate's incoming direction with context takeover, on miniz_oxide.

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};

/// What a sender cuts off at the end of a message (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

#[derive(Default)]
pub struct Inflater {
    /// There is none before the first compressed message.
    state: Option<Box<InflateState>>,
}

impl Inflater {
    /// What `payload` inflates to: the next frame of a compressed message, its last one if `fin`.
    pub fn inflate(&mut self, payload: &[u8], fin: bool) -> Vec<u8> {
        let state = self
            .state
            .get_or_insert_with(|| InflateState::new_boxed(DataFormat::Raw));
        let mut output = Vec::new();
        let tail: &[u8] = if fin { &TAIL } else { &[] };
        for mut input in [payload, tail] {
            loop {
                let mut piece = [0; 512];
                let result = inflate(state, input, &mut piece, MZFlush::Sync);
                input = &input[result.bytes_consumed..];
                output.extend_from_slice(&piece[..result.bytes_written]);
                match result.status {
                    // BFINAL: the next block begins anew (RFC 7692 §7.2.3.4).
                    Ok(MZStatus::StreamEnd) => state.reset(DataFormat::Raw),
                    Ok(_) if result.bytes_written > 0 => {}
                    _ => break,
                }
            }
            assert!(input.is_empty(), "these tests send whole streams only");
        }
        output
    }
}
