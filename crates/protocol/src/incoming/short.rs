//! The frames that make up most traffic: whole messages of at most 125 bytes in one chunk. They leave
//! no trace in the endpoint's state, so that reading them takes half the instructions of the general
//! way (`examples/workload.rs`, parse-masked-20). Whatever is not as it should be is left to that.

use core::mem;

use super::{Boundary, Data, Event, Flow, Incoming, Payload, Sink, Stage};
use crate::error::{ErrorIndex, ProtocolError};
use crate::header::{FIN, MASK, MAX_CONTROL_LEN};
use crate::mask::{MaskingKey, mask};
use crate::opcode::Opcode;
use crate::utf8::is_valid_utf8;

const TEXT: u8 = FIN | Opcode::Text as u8;
const BINARY: u8 = FIN | Opcode::Binary as u8;

impl Incoming {
    /// Takes short messages off the beginning of `rest`, the end of a chunk of `total` bytes, until
    /// something else comes or the sink does not want to continue.
    #[inline]
    pub(super) fn receive_short<S>(
        &self,
        rest: &mut &mut [u8],
        total: usize,
        sink: &mut S,
    ) -> Result<Flow, ProtocolError>
    where
        S: Sink + ?Sized,
    {
        if self.stage != Stage::Header || !self.partial.is_empty() || self.message.opcode.is_some()
        {
            return Ok(Flow::Continue);
        }
        let expects_mask = self.options.role.expects_mask();
        let max_len = match self.options.max_payload {
            0 => MAX_CONTROL_LEN,
            max => MAX_CONTROL_LEN.min(max as usize),
        };
        while let Some((opcode, key, start, len)) = short_message(rest, expects_mask, max_len) {
            let offset = total.saturating_sub(rest.len()).saturating_add(start);
            let end = start.saturating_add(len);
            let Some((frame, after)) = mem::take(rest).split_at_mut_checked(end) else {
                break;
            };
            *rest = after;
            let bytes = frame.get_mut(start..).unwrap_or_default();
            if key != [0; 4] {
                mask(bytes, key);
            }
            if opcode == Opcode::Text && !self.options.skip_utf8_validation && !is_valid_utf8(bytes)
            {
                return Err(ErrorIndex::InvalidUtf8.error());
            }
            let flow = sink.event(Event::Data(Data {
                opcode,
                compressed: false,
                end: Boundary::Message,
                payload: Payload::Chunk { bytes, offset },
            }));
            if flow != Flow::Continue {
                return Ok(flow);
            }
        }
        Ok(Flow::Continue)
    }
}

/// The kind, the masking key, and where the payload begins and how long it is, if `bytes` begin with
/// an uncompressed message that is whole in one frame and in `bytes`.
#[inline]
fn short_message(
    bytes: &[u8],
    expects_mask: bool,
    max_len: usize,
) -> Option<(Opcode, MaskingKey, usize, usize)> {
    let (&[a, b], payload) = bytes.split_first_chunk()?;
    let opcode = match a {
        TEXT => Opcode::Text,
        BINARY => Opcode::Binary,
        _ => return None,
    };
    // With the wrong MASK, or a longer length, it is more than 125.
    let len = usize::from(if expects_mask { b ^ MASK } else { b });
    let (key, start, payload) = if expects_mask {
        let (key, payload) = payload.split_first_chunk()?;
        (*key, 6, payload)
    } else {
        ([0; 4], 2, payload)
    };
    (len <= max_len && len <= payload.len()).then_some((opcode, key, start, len))
}
