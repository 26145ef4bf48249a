//! The sink: it collects answers, which leave when the poll is over.

use std::io::IoSlice;
use std::ops::Range;

use ferrows_protocol::{Data, Event, FrameHeader, HeaderBytes, Opcode, Payload};
use ferrows_reactor::{ConnectionId, Notice, Reactor, Row, Sink, Verdict};

#[derive(Default)]
pub struct Answers {
    /// Small frames, one behind the other, and who gets them.
    slab: Vec<u8>,
    rows: Vec<Row>,
    /// Large ones; nothing small follows one to the same connection.
    large: Vec<(ConnectionId, HeaderBytes, Large)>,
    kept: usize,
    is_full: bool,
    /// The connections to `/broadcast`.
    pub members: Vec<ConnectionId>,
    /// Connections to be closed.
    pub closing: Vec<ConnectionId>,
}

/// Where a large payload is.
enum Large {
    /// In the space, as long as the poll's borrow of it lasts.
    Read(Range<usize>),
    Owned(Vec<u8>),
}

/// Payloads from here on are sent from where they are.
const LARGE: usize = 4 * 1024;

const MAX_SLAB: usize = 1024 * 1024;

impl Answers {
    /// Sends what was collected. `space` is that of the last poll.
    pub fn send(&mut self, reactor: &mut Reactor, space: &[u8]) {
        reactor.flush(&self.rows, &self.slab);
        self.rows.clear();
        self.slab.clear();
        for (id, header, payload) in self.large.drain(..) {
            let bytes = match &payload {
                Large::Read(range) => &space[range.clone()],
                Large::Owned(bytes) => bytes,
            };
            reactor.send_vectored(id, &[IoSlice::new(&header), IoSlice::new(bytes)]);
        }
        self.kept = 0;
        self.is_full = false;
    }

    fn answer(&mut self, id: ConnectionId, data: Data<'_>) {
        let len = data.payload.bytes().len();
        if !self.members.is_empty() && self.members.contains(&id) {
            let (start, len) = self.push(data.opcode, data.payload.bytes());
            for member in &self.members {
                point(&mut self.rows, *member, start, len);
            }
            self.is_full |= self.rows.len() > 100_000;
        } else if len < LARGE {
            let (start, len) = self.push(data.opcode, data.payload.bytes());
            point(&mut self.rows, id, start, len);
            // A batch takes turns: only the last connection can have something large before this.
            self.is_full |= self.large.last().is_some_and(|(last, ..)| *last == id);
        } else {
            let header = header(data.opcode, len).encode();
            let payload = match data.payload {
                Payload::Chunk { offset, .. } => {
                    self.kept = self.kept.max(offset + len);
                    Large::Read(offset..offset + len)
                }
                Payload::Owned(bytes) => Large::Owned(std::mem::take(bytes)),
            };
            self.large.push((id, header, payload));
        }
        self.is_full |= self.slab.len() > MAX_SLAB;
    }

    fn push(&mut self, opcode: Opcode, payload: &[u8]) -> (usize, usize) {
        let start = self.slab.len();
        let header = header(opcode, payload.len()).encode();
        self.slab.extend_from_slice(&header);
        self.slab.extend_from_slice(payload);
        (start, self.slab.len() - start)
    }
}

fn point(rows: &mut Vec<Row>, id: ConnectionId, start: usize, len: usize) {
    rows.push(Row {
        connection: id.bits(),
        offset: start as u32,
        len: len as u32,
    });
}

fn header(opcode: Opcode, len: usize) -> FrameHeader {
    FrameHeader {
        fin: true,
        rsv1: false,
        opcode,
        key: None,
        length: len as u64,
    }
}

impl Sink for Answers {
    fn event(&mut self, id: ConnectionId, event: Event<'_>) -> Verdict {
        match event {
            Event::Data(data) => self.answer(id, data),
            Event::Ping(payload) => {
                let (start, len) = self.push(Opcode::Pong, payload);
                point(&mut self.rows, id, start, len);
                self.is_full |= self.large.last().is_some_and(|(last, ..)| *last == id);
            }
            Event::Pong(_) => {}
            Event::Close { code, .. } => {
                let (start, len) = self.push(Opcode::Close, &code.to_be_bytes());
                point(&mut self.rows, id, start, len);
                self.closing.push(id);
            }
        }
        Verdict::Continue
    }

    fn notice(&mut self, id: ConnectionId, notice: Notice) {
        match notice {
            Notice::Failed(_) | Notice::Ended | Notice::Broken(_) => self.closing.push(id),
            Notice::Progress { .. } => {}
        }
    }

    fn is_full(&self) -> bool {
        self.is_full
    }

    fn kept(&self) -> usize {
        self.kept
    }
}
