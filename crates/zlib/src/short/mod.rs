//! A compressor for connections whose messages are short. zlib's takes some hundred KiB, of which
//! every message touches much, and most of its time for short ones goes by with the codes of its
//! blocks. This one takes 40 KiB and a third of the time, for about as many bytes as zlib's level 6.
//!
//! ```text
//! window  [ up to 8 KiB of earlier messages | this message | … ]     slides by 8 KiB when full
//! heads   hash of four bytes ──► latest place with that hash
//! earlier place ──► the place before it with the same hash
//! ```

// The data are our own user's, and every index is bounded by the arrays' sizes or by `push`.
#![allow(clippy::indexing_slicing)]

mod block;
mod codes;

pub use block::Workspace;
use block::{MAX_LENGTH, Token};

/// Longest piece that may be compressed.
pub const MAX_PIECE: usize = 2048;

/// How far back a match may lie at the most.
const REACH: usize = 8 * 1024;
const WINDOW: usize = 2 * REACH;

const HASH_BITS: u32 = 12;
const MIN_MATCH: usize = 4;

/// How many places with the same hash are looked at.
const CHAIN: usize = 12;

/// A match of this length is not looked at for a better one one byte later, and one of that length
/// ends the search.
const LAZY: usize = 32;
const NICE: usize = 128;

/// Bytes of a line of the processor's cache, on most.
const LINE: usize = 64;

/// What zlib looks ahead: its windows reach less far than their size by this.
const LOOKAHEAD: usize = 262;

/// A compressor of pieces of at most `MAX_PIECE` bytes, with its context.
pub struct ShortDeflater {
    window: Vec<u8>,
    /// Places plus one; 0 is none.
    heads: Box<[u16; 1 << HASH_BITS]>,
    /// Of a place, by its last bits.
    earlier: Box<[u16; REACH]>,
    max_distance: usize,
}

impl core::fmt::Debug for ShortDeflater {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ShortDeflater")
    }
}

#[derive(Clone, Copy, Default)]
struct Match {
    length: usize,
    distance: usize,
}

impl ShortDeflater {
    /// One whose matches lie within a window of 2 to the power of `window_bits`.
    pub fn new(window_bits: u8) -> Self {
        Self {
            window: Vec::new(),
            heads: Box::new([0; 1 << HASH_BITS]),
            earlier: Box::new([0; REACH]),
            max_distance: max_distance(window_bits),
        }
    }

    /// Forgets all it has compressed, and the window.
    pub fn reset(&mut self, window_bits: u8) {
        self.max_distance = max_distance(window_bits);
        self.window.clear();
        self.heads.fill(0);
    }

    /// Appends what `input` is compressed to, up to a byte boundary after an empty stored block, whose
    /// last four bytes are left out if `fin` (RFC 7692 §7.2.1). `input` must not be longer than
    /// `MAX_PIECE`; what is longer is not compressed, and false is returned.
    pub fn deflate(
        &mut self,
        input: &[u8],
        fin: bool,
        workspace: &mut Workspace,
        output: &mut Vec<u8>,
    ) -> bool {
        if input.len() > MAX_PIECE {
            return false;
        }
        let start = self.push(input);
        self.warm_up();
        workspace.begin();
        self.find_matches(start, workspace);
        workspace.finish(input, fin, output);
        true
    }

    /// Puts `input` behind what is in the window, and returns its place.
    fn push(&mut self, input: &[u8]) -> usize {
        if self.window.len() + input.len() > WINDOW {
            let gone = self.window.len() - REACH;
            self.window.copy_within(gone.., 0);
            self.window.truncate(REACH);
            // `earlier` is by place modulo REACH.
            let turned = gone % REACH;
            self.earlier.rotate_left(turned);
            // One loop each, which becomes one of vectors.
            move_back(&mut *self.heads, gone as u16);
            move_back(&mut *self.earlier, gone as u16);
        }
        let start = self.window.len();
        self.window.extend_from_slice(input);
        start
    }

    /// Brings all of it into the cache, which other connections have used since. A search follows places
    /// one after the other, and would wait for the memory of each; these reads do not wait for each other.
    fn warm_up(&self) {
        let places = [&self.heads[..], &self.earlier[..]].map(|places| {
            let line = places.iter().step_by(LINE / size_of::<u16>());
            line.fold(0, |sum: u16, place| sum ^ place)
        });
        let bytes = self.window.iter().step_by(LINE);
        core::hint::black_box((places, bytes.fold(0, |sum: u8, byte| sum ^ byte)));
    }

    fn find_matches(&mut self, start: usize, workspace: &mut Workspace) {
        let end = self.window.len();
        let mut at = start;
        let mut found = Match::default();
        // Whether `found` is of this place already.
        let mut known = false;
        while at < end {
            if !known {
                found = self.longest_match(at, end, MIN_MATCH - 1);
            }
            known = false;
            if found.length < MIN_MATCH {
                workspace.push(Token::literal(self.window[at]));
                at += 1;
                continue;
            }
            if found.length < LAZY {
                let next = self.longest_match(at + 1, end, found.length);
                if next.length > found.length {
                    workspace.push(Token::literal(self.window[at]));
                    at += 1;
                    found = next;
                    known = true;
                    continue;
                }
                self.insert(at + 2, at + found.length, end);
            } else {
                self.insert(at + 1, at + found.length, end);
            }
            workspace.push(Token::repeat(found.length, found.distance));
            at += found.length;
        }
    }

    /// Makes the places from `from` to `to` known.
    fn insert(&mut self, from: usize, to: usize, end: usize) {
        for at in from..to.min(end.saturating_sub(MIN_MATCH - 1)) {
            let hash = hash(&self.window, at);
            self.earlier[at % REACH] = self.heads[hash];
            self.heads[hash] = (at + 1) as u16;
        }
    }

    /// The longest match for what is at a place, if it is longer than `than`; makes the place known.
    fn longest_match(&mut self, at: usize, end: usize, than: usize) -> Match {
        let mut best = Match::default();
        if at + MIN_MATCH > end {
            return best;
        }
        let hash = hash(&self.window, at);
        let mut place = usize::from(self.heads[hash]);
        self.earlier[at % REACH] = place as u16;
        self.heads[hash] = (at + 1) as u16;

        let window = &self.window[..];
        let wanted = &window[at..end.min(at + MAX_LENGTH)];
        let oldest = at.saturating_sub(self.max_distance);
        let mut longest = than;
        for _ in 0..CHAIN {
            // 0 is none.
            if place <= oldest || longest >= wanted.len() {
                break;
            }
            let candidate = &window[place - 1..];
            // Only one that goes on beyond the best one is worth a look.
            if candidate[longest] == wanted[longest] {
                let length = common_length(candidate, wanted);
                if length > longest {
                    longest = length;
                    best = Match {
                        length,
                        distance: at + 1 - place,
                    };
                    if length >= NICE {
                        break;
                    }
                }
            }
            place = usize::from(self.earlier[(place - 1) % REACH]);
        }
        best
    }
}

fn move_back(places: &mut [u16], by: u16) {
    for place in places {
        *place = place.saturating_sub(by);
    }
}

/// RFC 7692 knows a window of 2^8; zlib uses one of 2^9 for it, which reaches back 250 bytes.
fn max_distance(window_bits: u8) -> usize {
    let window = 1usize << window_bits.clamp(9, 15);
    (window - LOOKAHEAD).min(REACH - MAX_LENGTH)
}

fn hash(window: &[u8], at: usize) -> usize {
    let bytes = window[at..]
        .first_chunk()
        .map_or(0, |bytes| u32::from_le_bytes(*bytes));
    (bytes.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)) as usize
}

fn common_length(one: &[u8], other: &[u8]) -> usize {
    let mut length = 0;
    for (a, b) in one.chunks_exact(8).zip(other.chunks_exact(8)) {
        let differences = word(a) ^ word(b);
        if differences != 0 {
            return length + differences.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    let rest = one[length..].iter().zip(&other[length..]);
    length + rest.take_while(|(a, b)| a == b).count()
}

fn word(bytes: &[u8]) -> u64 {
    bytes
        .first_chunk()
        .map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
