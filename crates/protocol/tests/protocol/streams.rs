//! Streams of frames: legal ones, and ones with something wrong in them.

use ferrows_protocol::{Frame, FrameHeader, Opcode, Options, Role, append_frame};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::transcript::Item;

/// As much as Miri can bear.
pub fn config() -> ProptestConfig {
    ProptestConfig {
        cases: if cfg!(miri) { 3 } else { 256 },
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

const MAX_LEN: usize = if cfg!(miri) { 150 } else { 700 };

#[derive(Clone, Debug)]
pub struct Stream {
    pub role: Role,
    pub bytes: Vec<u8>,
    /// What a legal stream carries.
    pub items: Vec<Item>,
}

pub fn role() -> impl Strategy<Value = Role> {
    select(vec![Role::Server, Role::Client])
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => vec(any::<u8>(), 0..40),
        1 => vec(any::<u8>(), 100..MAX_LEN),
    ]
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        2 => "[a-zé€😀]{0,40}",
        1 => "[a-z]{0,300}",
        1 => "[aé€😀\u{d7ff}\u{e000}\u{10ffff}]{20,90}",
    ]
    .prop_map(String::into_bytes)
}

fn item() -> impl Strategy<Value = Item> {
    prop_oneof![
        4 => text().prop_map(Item::Text),
        4 => payload().prop_map(Item::Binary),
        1 => vec(any::<u8>(), 0..=125).prop_map(Item::Ping),
        1 => vec(any::<u8>(), 0..=125).prop_map(Item::Pong),
    ]
}

fn close() -> impl Strategy<Value = Item> {
    prop_oneof![
        Just(Item::Close(1005, Vec::new())),
        (select(vec![1000, 1001, 1011, 3000, 4999]), "[a-zé]{0,60}")
            .prop_map(|(code, reason)| Item::Close(code, reason.into_bytes())),
    ]
}

/// Where a message is cut into fragments, and what comes between them.
type Cuts = Vec<(Index, Option<Vec<u8>>)>;

fn cuts() -> impl Strategy<Value = Cuts> {
    let ping = prop::option::weighted(0.3, vec(any::<u8>(), 0..10));
    prop_oneof![2 => Just(Vec::new()), 1 => vec((any::<Index>(), ping), 1..4)]
}

/// A legal stream, masked or not as an endpoint in its role demands.
pub fn legal() -> impl Strategy<Value = Stream> {
    let items = vec((item(), cuts()), 0..8);
    let close = prop::option::weighted(0.3, close());
    (role(), items, close, any::<[u8; 4]>()).prop_map(|(role, items, close, key)| {
        let mut stream = Stream {
            role,
            bytes: Vec::new(),
            items: Vec::new(),
        };
        let key = role.expects_mask().then_some(key);
        for (item, cuts) in items {
            stream.push(item, cuts, key);
        }
        if let Some(item) = close {
            stream.push(item, Vec::new(), key);
        }
        stream
    })
}

/// A stream that ends anywhere, or with a few of its bytes changed and bytes of any kind behind it.
pub fn broken() -> impl Strategy<Value = Stream> {
    let changes = vec((any::<Index>(), any::<u8>()), 0..3);
    let end = prop::option::of(any::<Index>());
    let rest = vec(any::<u8>(), 0..20);
    (legal(), end, changes, rest).prop_map(|(mut stream, end, changes, rest)| {
        match end {
            Some(end) => stream.bytes.truncate(end.index(stream.bytes.len() + 1)),
            None => stream.bytes.extend(rest),
        }
        if !stream.bytes.is_empty() {
            for (index, byte) in changes {
                let at = index.index(stream.bytes.len());
                stream.bytes[at] = byte;
            }
        }
        stream
    })
}

/// Limits that streams of this module sometimes reach, and now and then none.
pub fn options() -> impl Strategy<Value = Options> {
    let max_payload = select(vec![0, 0, 20, 50, 1000]);
    (max_payload, select(vec![0, 0, 1, 2, 3]), any::<bool>()).prop_map(
        |(max_payload, max_fragments, skip_utf8_validation)| Options {
            max_payload,
            max_fragments,
            skip_utf8_validation,
            ..Options::default()
        },
    )
}

/// Cuts `bytes` into chunks.
pub fn split<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = (cuts.iter().map(|cut| cut.index(bytes.len() + 1))).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

impl Stream {
    fn push(&mut self, item: Item, cuts: Cuts, key: Option<[u8; 4]>) {
        let (opcode, payload) = match &item {
            Item::Text(payload) => (Opcode::Text, payload.clone()),
            Item::Binary(payload) => (Opcode::Binary, payload.clone()),
            Item::Ping(payload) => (Opcode::Ping, payload.clone()),
            Item::Pong(payload) => (Opcode::Pong, payload.clone()),
            Item::Close(1005, _) => (Opcode::Close, Vec::new()),
            Item::Close(code, reason) => {
                let payload = [&code.to_be_bytes(), &reason[..]].concat();
                (Opcode::Close, payload)
            }
        };
        let cuts = if opcode.is_control() {
            Vec::new()
        } else {
            cuts
        };
        let mut ends: Vec<_> = (cuts.into_iter())
            .map(|(cut, ping)| (cut.index(payload.len() + 1), ping))
            .collect();
        ends.sort_unstable();
        let mut start = 0;
        let mut next = opcode;
        for (end, ping) in ends {
            self.frame(next, false, &payload[start..end], key);
            if let Some(ping) = ping {
                self.frame(Opcode::Ping, true, &ping, key);
                self.items.push(Item::Ping(ping));
            }
            start = end;
            next = Opcode::Continuation;
        }
        self.frame(next, true, &payload[start..], key);
        self.items.push(item);
    }

    fn frame(&mut self, opcode: Opcode, fin: bool, payload: &[u8], key: Option<[u8; 4]>) {
        let header = FrameHeader {
            fin,
            rsv1: false,
            opcode,
            key,
            length: 0,
        };
        append_frame(&mut self.bytes, &Frame { header, payload });
    }
}
