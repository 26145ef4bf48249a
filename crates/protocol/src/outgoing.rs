//! Frames as bytes, for both roles: a client's frames have a masking key, a server's none. Keys come
//! from the caller, who has the source of randomness (RFC 6455 §5.3).

use crate::header::FrameHeader;
use crate::mask::{mask_append, mask_copy};

/// A frame to be sent. `header.length` is not looked at: the payload says it.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Everything but the length.
    pub header: FrameHeader,
    /// The payload, unmasked; it is never written to.
    pub payload: &'a [u8],
}

impl Frame<'_> {
    /// How many bytes the frame takes.
    #[inline]
    pub fn encoded_len(&self) -> usize {
        let header = self.sized_header().encoded_len();
        header.saturating_add(self.payload.len())
    }

    #[inline]
    fn sized_header(&self) -> FrameHeader {
        FrameHeader {
            length: self.payload.len() as u64,
            ..self.header
        }
    }
}

/// Writes `frame` to the beginning of `target` and returns its length, or writes nothing and returns
/// `None` when it does not fit.
#[inline]
pub fn write_frame(target: &mut [u8], frame: &Frame<'_>) -> Option<usize> {
    let header = frame.sized_header().encode();
    let len = header.len().checked_add(frame.payload.len())?;
    let (to_header, to_payload) = target.get_mut(..len)?.split_at_mut_checked(header.len())?;
    to_header.copy_from_slice(&header);
    match frame.header.key {
        Some(key) => mask_copy(to_payload, frame.payload, key),
        None => to_payload.copy_from_slice(frame.payload),
    }
    Some(len)
}

/// Appends `frame` to `target`.
#[inline]
pub fn append_frame(target: &mut Vec<u8>, frame: &Frame<'_>) {
    target.reserve(frame.encoded_len());
    append_reserved(target, frame);
}

/// Appends all of `frames` to `target`, which grows at most once.
pub fn append_frames<'a, I>(target: &mut Vec<u8>, frames: I)
where
    I: IntoIterator<Item = Frame<'a>>,
    I::IntoIter: Clone,
{
    let frames = frames.into_iter();
    let len = frames.clone().fold(0, |sum: usize, frame| {
        sum.saturating_add(frame.encoded_len())
    });
    target.reserve(len);
    for frame in frames {
        append_reserved(target, &frame);
    }
}

/// The capacity is there.
#[inline]
fn append_reserved(target: &mut Vec<u8>, frame: &Frame<'_>) {
    target.extend_from_slice(&frame.sized_header().encode());
    match frame.header.key {
        Some(key) => mask_append(target, frame.payload, key),
        None => target.extend_from_slice(frame.payload),
    }
}
