//! What is sent.

use crate::corpus::Corpus;
use crate::frame::{Header, MASKING_KEY, MaskingKey, Opcode, mask};

/// The messages of a run. Which bytes number `sequence` of a connection has is a pure function, so
/// nothing that is in flight has to be kept.
pub enum Payload {
    Stamped(Stamped),
    Compressed(Corpus),
    Bursts(Bursts),
}

impl Payload {
    /// The complete frame of a message, masked when a client sends it.
    pub fn frame(&mut self, connection: u32, sequence: u64) -> &[u8] {
        match self {
            Self::Stamped(stamped) => stamped.frame(connection, sequence),
            Self::Compressed(corpus) => &corpus.document(sequence).frame,
            Self::Bursts(bursts) => bursts.frame(sequence),
        }
    }

    /// Bytes of that frame.
    pub fn frame_size(&self, sequence: u64) -> usize {
        match self {
            Self::Stamped(stamped) => stamped.frame.len(),
            Self::Compressed(corpus) => corpus.document(sequence).frame.len(),
            Self::Bursts(bursts) => bursts.frame(sequence).len(),
        }
    }

    /// Bytes of a message before compression.
    pub fn size(&self) -> usize {
        match self {
            Self::Stamped(stamped) => stamped.plain.len(),
            Self::Compressed(corpus) => corpus.document(0).plain.len(),
            Self::Bursts(bursts) => bursts.size,
        }
    }

    pub fn opcode(&self) -> Opcode {
        match self {
            Self::Stamped(stamped) => stamped.opcode,
            Self::Compressed(_) => Opcode::Text,
            Self::Bursts(_) => Opcode::Binary,
        }
    }
}

/// One message over and over, but for a stamp of eight hexadecimal digits at its start that tells
/// connections and sequence numbers apart (fewer digits when it is shorter).
pub struct Stamped {
    opcode: Opcode,
    plain: Vec<u8>,
    frame: Vec<u8>,
    masking_key: Option<MaskingKey>,
    /// Where the payload begins in `frame`.
    start: usize,
    stamp: usize,
}

impl Stamped {
    pub fn new(opcode: Opcode, size: usize, is_client: bool) -> Self {
        let plain: Vec<u8> = match opcode {
            Opcode::Text => (0..size).map(|i| b' ' + (i * 31 % 95) as u8).collect(),
            _ => (0..size).map(|i| (i * 167 + i / 256) as u8).collect(),
        };
        let masking_key = is_client.then_some(MASKING_KEY);
        let mut frame = Vec::new();
        Header {
            fin: true,
            compressed: false,
            opcode,
            masking_key,
            length: size as u64,
        }
        .write(&mut frame);
        let start = frame.len();
        frame.extend(&plain);
        if let Some(key) = masking_key {
            mask(&mut frame[start..], key, 0);
        }
        Self {
            opcode,
            plain,
            frame,
            masking_key,
            start,
            stamp: size.min(8),
        }
    }

    pub fn frame(&mut self, connection: u32, sequence: u64) -> &[u8] {
        let digits = digits(connection, sequence);
        let stamp = &mut self.frame[self.start..][..self.stamp];
        stamp.copy_from_slice(&digits[..self.stamp]);
        if let Some(key) = self.masking_key {
            mask(stamp, key, 0);
        }
        &self.frame
    }

    /// Whether these are the bytes at `offset` of that message.
    pub fn matches(&self, connection: u32, sequence: u64, offset: usize, bytes: &[u8]) -> bool {
        let Some(expected) = self.plain.get(offset..offset + bytes.len()) else {
            return false;
        };
        let stamped = self.stamp.saturating_sub(offset).min(bytes.len());
        bytes[stamped..] == expected[stamped..]
            && (stamped == 0
                || bytes[..stamped] == digits(connection, sequence)[offset..][..stamped])
    }
}

fn digits(connection: u32, sequence: u64) -> [u8; 8] {
    let stamp = (sequence as u32) ^ connection.wrapping_mul(0x9e37_79b1);
    std::array::from_fn(|i| b"0123456789abcdef"[(stamp >> (28 - 4 * i) & 15) as usize])
}

/// What a feed sends: binary messages, and after each burst of them a text message that asks for an
/// answer. None of it comes back.
pub struct Bursts {
    burst: u64,
    size: usize,
    message: Vec<u8>,
    question: Vec<u8>,
}

impl Bursts {
    pub fn new(burst: u64, size: usize) -> Self {
        let mut question = Stamped::new(Opcode::Text, 1, false);
        let mut message = Stamped::new(Opcode::Binary, size, false);
        Self {
            burst,
            size,
            message: message.frame(0, 0).into(),
            question: question.frame(0, 0).into(),
        }
    }

    fn frame(&self, sequence: u64) -> &[u8] {
        if sequence % (self.burst + 1) < self.burst {
            &self.message
        } else {
            &self.question
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_frame_unmasks_to_the_stamped_message() {
        let mut stamped = Stamped::new(Opcode::Binary, 300, true);
        let frame = stamped.frame(5, 77);
        let mut payload = frame[frame.len() - 300..].to_vec();
        mask(&mut payload, MASKING_KEY, 0);
        assert!(stamped.matches(5, 77, 0, &payload));
        assert_eq!(payload[8..], stamped.plain[8..]);
    }

    #[test]
    fn text_is_ascii_stamp_included() {
        let mut stamped = Stamped::new(Opcode::Text, 1000, false);
        let start = stamped.start;
        assert!(stamped.frame(1, 2)[start..].iter().all(u8::is_ascii));
        assert!(
            stamped
                .plain
                .iter()
                .all(|byte| (b' '..=b'~').contains(byte))
        );
    }
}
