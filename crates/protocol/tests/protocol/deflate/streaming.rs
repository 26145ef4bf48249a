//! The incoming direction as ws has it: one stream of zlib's a connection, for as long as that lives.

use ferrows_zlib::{Inflater, Stopped};

/// What a frame has come to.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Bytes(Vec<u8>),
    Corrupt(String),
    TooLong,
}

pub struct Streaming {
    stream: Inflater,
    takeover: bool,
}

impl Streaming {
    pub fn new(takeover: bool) -> Self {
        Self {
            stream: Inflater::new().unwrap(),
            takeover,
        }
    }

    pub fn inflate(&mut self, payload: &[u8], fin: bool, limit: usize) -> Outcome {
        let mut data = payload.to_vec();
        if fin {
            data.extend([0x00, 0x00, 0xff, 0xff]);
        }
        let mut output = Vec::new();
        let mut at = 0;
        loop {
            output.reserve(64);
            let room = 64.min(limit + 1 - output.len());
            let progress = self.stream.inflate(&data[at..], &mut output, room);
            at += progress.taken;
            if output.len() > limit {
                self.stream.reset();
                return Outcome::TooLong;
            }
            match progress.stopped {
                Stopped::Output => {}
                Stopped::Input => break,
                Stopped::Corrupt(words) => {
                    self.stream.reset();
                    return Outcome::Corrupt(words.to_owned());
                }
                Stopped::End => {
                    // What is left over is not used, and the next frame begins afresh.
                    if at < data.len() || (fin && !self.takeover) {
                        self.stream.reset();
                    }
                    return Outcome::Bytes(output);
                }
            }
        }
        if fin && !self.takeover {
            self.stream.reset();
        }
        Outcome::Bytes(output)
    }
}
