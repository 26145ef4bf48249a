//! A second decoder to compare with: it looks at all bytes at once, one step after the other, and
//! says of everything it reports after how many bytes. It is slow and plain on purpose.

use ferrows_protocol::{ErrorIndex, Opcode, Options, ProtocolError, Role, is_valid_close_code};

use crate::transcript::{Item, Transcript};

/// What is to be reported about `chunks`.
pub fn reference(options: Options, chunks: &[&[u8]]) -> Transcript {
    let bytes = chunks.concat();
    let mut run = Run {
        options,
        bytes: &bytes,
        at: 0,
        steps: vec![0],
        items: Vec::new(),
    };
    let end = run.all().err();
    let error = match end {
        Some(End::Error(error)) => Some(error),
        _ => None,
    };
    // A chunk that is refused takes with it everything that its bytes would have led to.
    let last_step = run.at;
    let mut start = 0;
    let mut starts = Vec::new();
    for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
        let ended = start >= last_step && !matches!(end, Some(End::Starved));
        let consumed = *run
            .steps
            .iter()
            .filter(|&&step| step <= start)
            .max()
            .unwrap();
        let waiting = starts.iter().filter(|&&(_, end)| end > consumed).count();
        let max = options.max_buffered_chunks as usize;
        if max > 0 && waiting >= max && !ended {
            let reported = run.items.into_iter().filter(|&(at, _)| at <= start);
            return Transcript {
                items: reported.map(|(_, item)| item).collect(),
                error: Some(ErrorIndex::TooManyChunks.error()),
            };
        }
        starts.push((start, start + chunk.len()));
        start += chunk.len();
    }
    Transcript {
        items: run.items.into_iter().map(|(_, item)| item).collect(),
        error,
    }
}

enum End {
    Starved,
    Closed,
    Error(ProtocolError),
}

impl From<ProtocolError> for End {
    fn from(error: ProtocolError) -> Self {
        Self::Error(error)
    }
}

struct Run<'a> {
    options: Options,
    bytes: &'a [u8],
    at: usize,
    /// Where steps end.
    steps: Vec<usize>,
    items: Vec<(usize, Item)>,
}

impl Run<'_> {
    fn take(&mut self, len: u64) -> Result<Vec<u8>, End> {
        if ((self.bytes.len() - self.at) as u64) < len {
            return Err(End::Starved);
        }
        let taken = self.bytes[self.at..][..len as usize].to_vec();
        self.at += len as usize;
        self.steps.push(self.at);
        Ok(taken)
    }

    fn report(&mut self, item: Item) {
        self.items.push((self.at, item));
    }

    fn all(&mut self) -> Result<(), End> {
        loop {
            self.message()?;
        }
    }

    /// The frames of one message and the control frames among them.
    fn message(&mut self) -> Result<(), End> {
        let mut kind = None;
        let mut payload = Vec::new();
        let mut announced: u64 = 0;
        let mut frames: u32 = 0;
        loop {
            let info = self.take(2)?;
            let (fin, opcode) = (info[0] >= 0x80, info[0] % 16);
            self.check_info(info[0], info[1], kind.is_some())?;
            let control = opcode >= 8;
            let len = match info[1] % 128 {
                126 => u64::from(u16::from_be_bytes(self.take(2)?.try_into().unwrap())),
                127 => u64::from_be_bytes(self.take(8)?.try_into().unwrap()),
                short => u64::from(short),
            };
            if len > 9_007_199_254_740_991 {
                return Err(ErrorIndex::UnsupportedPayloadLength.error().into());
            }
            let max = u64::from(self.options.max_payload);
            if !control && len > 0 {
                announced = announced.saturating_add(len);
                if max > 0 && announced > max {
                    return Err(ErrorIndex::MessageTooLong.error().into());
                }
            }
            let key = match self.options.role {
                Role::Server => self.take(4)?,
                Role::Client => vec![0; 4],
            };
            let masked = if len == 0 {
                Vec::new()
            } else {
                self.take(len)?
            };
            let bytes: Vec<u8> = (masked.iter().enumerate())
                .map(|(i, byte)| byte ^ key[i % 4])
                .collect();
            if control {
                self.control(opcode, bytes)?;
                continue;
            }
            frames += 1;
            if self.options.max_fragments > 0 && frames > self.options.max_fragments {
                return Err(ErrorIndex::TooManyFragments.error().into());
            }
            payload.extend(bytes);
            let kind = *kind.get_or_insert(opcode);
            if fin {
                if kind == Opcode::Text as u8 {
                    self.check_text(&payload)?;
                    self.report(Item::Text(payload));
                } else {
                    self.report(Item::Binary(payload));
                }
                return Ok(());
            }
        }
    }

    fn check_info(&self, a: u8, b: u8, in_message: bool) -> Result<(), ProtocolError> {
        let (rsv1, rsv2, rsv3) = (a & 64 != 0, a & 32 != 0, a & 16 != 0);
        let (opcode, len) = (u16::from(a % 16), u16::from(b % 128));
        let invalid = match opcode {
            0 => !in_message,
            1 | 2 => in_message,
            8..=10 => false,
            _ => true,
        };
        let control = (8..=10).contains(&opcode);
        let masked = b >= 128;
        let server = self.options.role == Role::Server;
        // In order: the first that holds is the answer.
        let answers = [
            (rsv2 || rsv3, ErrorIndex::UnexpectedRsv23.error()),
            (rsv1, ErrorIndex::UnexpectedRsv1.error()),
            (invalid, ErrorIndex::InvalidOpcode.about(opcode)),
            (control && a < 128, ErrorIndex::ExpectedFin.error()),
            (
                control && (len > 125 || (opcode == 8 && len == 1)),
                ErrorIndex::InvalidControlPayloadLength.about(len),
            ),
            (server && !masked, ErrorIndex::ExpectedMask.error()),
            (!server && masked, ErrorIndex::UnexpectedMask.error()),
        ];
        match answers.iter().find(|(holds, _)| *holds) {
            Some((_, error)) => Err(*error),
            None => Ok(()),
        }
    }

    fn check_text(&self, bytes: &[u8]) -> Result<(), ProtocolError> {
        if !self.options.skip_utf8_validation && std::str::from_utf8(bytes).is_err() {
            return Err(ErrorIndex::InvalidUtf8.error());
        }
        Ok(())
    }

    fn control(&mut self, opcode: u8, payload: Vec<u8>) -> Result<(), End> {
        match opcode {
            9 => self.report(Item::Ping(payload)),
            10 => self.report(Item::Pong(payload)),
            _ if payload.is_empty() => {
                self.report(Item::Close(1005, payload));
                return Err(End::Closed);
            }
            _ => {
                let code = u16::from_be_bytes([payload[0], payload[1]]);
                if !is_valid_close_code(code) {
                    return Err(ErrorIndex::InvalidCloseCode.about(code).into());
                }
                self.check_text(&payload[2..])?;
                self.report(Item::Close(code, payload[2..].to_vec()));
                return Err(End::Closed);
            }
        }
        Ok(())
    }
}
