//! Whether what comes back is what was sent.

use crate::connection::Message;
use crate::failure;
use crate::failure::Result;
use crate::inflate::Inflater;
use crate::payload::Payload;

/// Checks that a connection receives the messages of the run, in order from number 0.
pub struct Checker {
    connection: u32,
    sequence: u64,
    /// Of the sample whose compressed messages are inflated and compared; others only have to be
    /// compressed.
    inflater: Option<Inflater>,
    pub compressed: u64,
}

impl Checker {
    pub fn new(connection: u32, inflater: Option<Inflater>) -> Self {
        Self {
            connection,
            sequence: 0,
            inflater,
            compressed: 0,
        }
    }

    /// Messages received so far.
    pub fn received(&self) -> u64 {
        self.sequence
    }

    /// The next part of the current message.
    pub fn part(
        &mut self,
        payload: &Payload,
        message: Message,
        offset: u64,
        bytes: &[u8],
    ) -> Result<()> {
        let offset = offset as usize;
        let right = match payload {
            Payload::Stamped(stamped) => {
                !message.compressed
                    && stamped.matches(self.connection, self.sequence, offset, bytes)
            }
            Payload::Bursts(_) => false,
            Payload::Compressed(corpus) => {
                let plain = &corpus.document(self.sequence).plain;
                match &mut self.inflater {
                    _ if !message.compressed => {
                        plain.get(offset..offset + bytes.len()) == Some(bytes)
                    }
                    Some(inflater) => inflater.inflate(bytes, plain)?,
                    None => true,
                }
            }
        };
        if right {
            Ok(())
        } else {
            Err(self.wrong("has other bytes"))
        }
    }

    /// The current message is complete.
    pub fn complete(&mut self, payload: &Payload, message: Message, length: u64) -> Result<()> {
        if message.opcode != payload.opcode() {
            return Err(self.wrong("has another type"));
        }
        let whole = match &mut self.inflater {
            _ if !message.compressed => length == payload.size() as u64,
            Some(inflater) => inflater.finish(payload.size())?,
            None => true,
        };
        if !whole {
            return Err(self.wrong("has another length"));
        }
        self.compressed += u64::from(message.compressed);
        self.sequence += 1;
        Ok(())
    }

    fn wrong(&self, how: &str) -> failure::Failure {
        failure!(
            "message {} of connection {} {how} than expected",
            self.sequence,
            self.connection
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Opcode;
    use crate::payload::Stamped;

    const MESSAGE: Message = Message {
        opcode: Opcode::Binary,
        compressed: false,
    };

    /// What arrives when message `sequence` of a connection comes back.
    fn received(size: usize, connection: u32, sequence: u64) -> Vec<u8> {
        let mut stamped = Stamped::new(Opcode::Binary, size, false);
        let frame = stamped.frame(connection, sequence);
        frame[frame.len() - size..].to_vec()
    }

    fn check(bytes: &[u8], chunk: usize) -> Result<()> {
        let payload = Payload::Stamped(Stamped::new(Opcode::Binary, 300, true));
        let mut checker = Checker::new(5, None);
        for (index, part) in bytes.chunks(chunk).enumerate() {
            checker.part(&payload, MESSAGE, (index * chunk) as u64, part)?;
        }
        checker.complete(&payload, MESSAGE, bytes.len() as u64)
    }

    #[test]
    fn the_right_message_passes_in_any_chunks() {
        let right = received(300, 5, 0);
        for chunk in [1, 3, 7, 8, 9, 300] {
            check(&right, chunk).unwrap();
        }
    }

    #[test]
    fn a_single_changed_byte_fails_wherever_it_is() {
        for index in 0..300 {
            let mut wrong = received(300, 5, 0);
            wrong[index] ^= 1;
            assert!(check(&wrong, 300).is_err(), "{index}");
            assert!(check(&wrong, 7).is_err(), "{index}");
        }
    }

    #[test]
    fn another_length_connection_number_or_type_fails() {
        assert!(check(&received(300, 5, 0)[..299], 300).is_err());
        assert!(check(&received(301, 5, 0), 300).is_err());
        assert!(check(&received(300, 6, 0), 300).is_err());
        assert!(check(&received(300, 5, 1), 300).is_err());
        let payload = Payload::Stamped(Stamped::new(Opcode::Text, 0, true));
        assert!(
            Checker::new(0, None)
                .complete(&payload, MESSAGE, 0)
                .is_err()
        );
    }
}
