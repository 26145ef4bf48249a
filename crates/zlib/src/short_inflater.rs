//! A decompressor for whole short messages that keeps nothing between them: it reads what matches refer
//! to where the connection has it, so that going from one connection to another costs nothing. zlib's
//! would copy up to 32 KiB then. It only says what a message inflates to, or nothing: whatever is out
//! of the ordinary (an error, the end of the stream, a message that is long or does not end between two
//! blocks) is left to zlib's.

mod code;

use code::Code;

/// Longest message that is looked at, compressed.
pub const MAX_INPUT: usize = 2048;

/// Longest message, inflated.
const ROOM: usize = 16 * 1024;

/// Of a match, what is copied at once, also where it is shorter.
const CHUNK: usize = 16;

/// What a sender has cut off (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

const END_OF_BLOCK: usize = 256;
const LENGTH_CODES: usize = 19;
/// RFC 1951 §3.2.7.
const LENGTH_CODE_ORDER: [usize; LENGTH_CODES] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// What length and distance codes stand for (RFC 1951 §3.2.5): the least, and how many bits are added.
const LENGTHS: [(u16, u8); 29] = lengths();
const DISTANCES: [(u16, u8); 30] = distances();

/// One of it serves all connections of a thread.
pub struct ShortInflater {
    input: Box<[u8; MAX_INPUT + TAIL.len()]>,
    output: Box<[u8; ROOM + CHUNK]>,
    literals: Code<1024>,
    distances: Code<256>,
    lengths: Code<128>,
    fixed_literals: Code<1024>,
    fixed_distances: Code<256>,
}

impl core::fmt::Debug for ShortInflater {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ShortInflater")
    }
}

impl Default for ShortInflater {
    fn default() -> Self {
        // RFC 1951 §3.2.6.
        let mut lengths = [8; 288];
        for (symbol, length) in lengths.iter_mut().enumerate() {
            match symbol {
                144..256 => *length = 9,
                256..280 => *length = 7,
                _ => {}
            }
        }
        let mut fixed_literals = Code::default();
        fixed_literals.make(&lengths);
        let mut fixed_distances = Code::default();
        fixed_distances.make(&[5; 32]);
        Self {
            input: Box::new([0; _]),
            output: Box::new([0; _]),
            literals: Code::default(),
            distances: Code::default(),
            lengths: Code::default(),
            fixed_literals,
            fixed_distances,
        }
    }
}

impl ShortInflater {
    /// What a message's `payload` inflates to after a history, of which the oldest bytes come first;
    /// None if that is left to zlib's, as it is if it would be more than `limit` bytes.
    pub fn inflate(&mut self, payload: &[u8], history: [&[u8]; 2], limit: usize) -> Option<&[u8]> {
        let length = payload.len();
        self.input.get_mut(..length)?.copy_from_slice(payload);
        let end = length + TAIL.len();
        self.input.get_mut(length..end)?.copy_from_slice(&TAIL);
        let Self {
            input,
            output,
            literals,
            distances,
            lengths,
            fixed_literals,
            fixed_distances,
        } = self;
        let mut bits = Bits::new(input.get(..end)?);
        let mut written = Written {
            output,
            made: 0,
            room: limit.min(ROOM),
            history,
        };
        while !bits.are_used_up() {
            bits.refill();
            // BFINAL would end the stream.
            match bits.take(3) {
                0b000 => stored(&mut bits, &mut written)?,
                0b010 => block(&mut bits, fixed_literals, fixed_distances, &mut written)?,
                0b100 => {
                    read_codes(&mut bits, lengths, literals, distances)?;
                    block(&mut bits, literals, distances, &mut written)?;
                }
                _ => return None,
            }
        }
        let made = written.made;
        bits.are_exactly_used_up().then_some(())?;
        self.output.get(..made)
    }
}

/// RFC 1951 §3.2.4.
fn stored(bits: &mut Bits<'_>, written: &mut Written<'_>) -> Option<()> {
    let at = bits.align();
    let header: [u8; 4] = *bits.input.get(at..)?.first_chunk()?;
    let [a, b, c, d] = header;
    let length = u16::from_le_bytes([a, b]);
    if length != !u16::from_le_bytes([c, d]) {
        return None;
    }
    let from = at + header.len();
    let to = from + usize::from(length);
    written.append(bits.input.get(from..to)?)?;
    bits.go_to(to);
    Some(())
}

/// The codes of a block (RFC 1951 §3.2.7).
fn read_codes(
    bits: &mut Bits<'_>,
    lengths: &mut Code<128>,
    literals: &mut Code<1024>,
    distances: &mut Code<256>,
) -> Option<()> {
    bits.refill();
    let literal_count = 257 + bits.take(5);
    let distance_count = 1 + bits.take(5);
    let length_count = 4 + bits.take(4);
    if literal_count > 286 || distance_count > 30 {
        return None;
    }
    let mut found = [0; LENGTH_CODES];
    for &symbol in LENGTH_CODE_ORDER.get(..length_count)? {
        bits.refill();
        *found.get_mut(symbol)? = bits.take(3) as u8;
    }
    lengths.make(&found).is_complete().then_some(())?;

    let mut found = [0u8; 286 + 30];
    let count = literal_count + distance_count;
    let mut at = 0;
    while at < count {
        bits.refill();
        let symbol = lengths.read(bits)?;
        let (length, repeated) = match symbol {
            16 => (*found.get(at.checked_sub(1)?)?, 3 + bits.take(2)),
            17 => (0, 3 + bits.take(3)),
            18 => (0, 11 + bits.take(7)),
            length => (length as u8, 1),
        };
        if at + repeated > count {
            return None;
        }
        if repeated == 1 {
            *found.get_mut(at)? = length;
        } else {
            found.get_mut(at..at + repeated)?.fill(length);
        }
        at += repeated;
    }
    let (of_literals, of_distances) = found.get(..count)?.split_at_checked(literal_count)?;
    if of_literals.get(END_OF_BLOCK) == Some(&0) {
        return None;
    }
    literals.make(of_literals).is_complete().then_some(())?;
    // No distance at all, or only one, is what a code may leave over.
    let made = distances.make(of_distances);
    (made.is_complete() || made.is_short()).then_some(())
}

fn block(
    bits: &mut Bits<'_>,
    literals: &Code<1024>,
    distances: &Code<256>,
    written: &mut Written<'_>,
) -> Option<()> {
    loop {
        // Enough for a match: 15 + 5 + 15 + 13 bits.
        bits.refill();
        let symbol = literals.read(bits)?;
        if symbol < END_OF_BLOCK {
            written.push(symbol as u8)?;
            continue;
        }
        if symbol == END_OF_BLOCK {
            return Some(());
        }
        let &(least, added) = LENGTHS.get(symbol - END_OF_BLOCK - 1)?;
        let length = usize::from(least) + bits.take(u32::from(added));
        let &(least, added) = DISTANCES.get(distances.read(bits)?)?;
        let distance = usize::from(least) + bits.take(u32::from(added));
        written.repeat(length, distance)?;
    }
}

/// The message as far as it has been inflated, and what was before it.
struct Written<'a> {
    output: &'a mut [u8; ROOM + CHUNK],
    made: usize,
    room: usize,
    history: [&'a [u8]; 2],
}

impl Written<'_> {
    fn push(&mut self, byte: u8) -> Option<()> {
        if self.made >= self.room {
            return None;
        }
        *self.output.get_mut(self.made)? = byte;
        self.made += 1;
        Some(())
    }

    fn append(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.made + bytes.len();
        if end > self.room {
            return None;
        }
        self.output.get_mut(self.made..end)?.copy_from_slice(bytes);
        self.made = end;
        Some(())
    }

    fn repeat(&mut self, length: usize, distance: usize) -> Option<()> {
        if self.made + length > self.room {
            return None;
        }
        if let Some(from) = self.made.checked_sub(distance) {
            return self.repeat_own(from, length);
        }
        // How far it reaches into the history, and into the older part of that.
        let back = distance - self.made;
        let [oldest, latest] = self.history;
        let further = back.saturating_sub(latest.len());
        let from_oldest = length.min(further);
        let from = oldest.len().checked_sub(further)?;
        self.append(oldest.get(from..from + from_oldest)?)?;
        let from_latest = (length - from_oldest).min(back - further);
        let from = latest.len() - (back - further);
        self.append(latest.get(from..from + from_latest)?)?;
        self.repeat_own(0, length - from_oldest - from_latest)
    }

    /// From a place of the message itself; what is copied may be what has just been written.
    fn repeat_own(&mut self, from: usize, length: usize) -> Option<()> {
        let to = self.made;
        if to - from >= length.max(CHUNK) {
            if length <= CHUNK {
                let chunk: [u8; CHUNK] = *self.output.get(from..)?.first_chunk()?;
                *self.output.get_mut(to..)?.first_chunk_mut()? = chunk;
            } else {
                let (before, after) = self.output.split_at_mut_checked(to)?;
                let source = before.get(from..from + length)?;
                after.get_mut(..length)?.copy_from_slice(source);
            }
        } else {
            for place in from..from + length {
                let byte = *self.output.get(place)?;
                *self.output.get_mut(place + to - from)? = byte;
            }
        }
        self.made = to + length;
        Some(())
    }
}

/// Bits, the lowest first (RFC 1951 §3.1.1). Behind the input there are zeros.
struct Bits<'a> {
    input: &'a [u8],
    /// Of the next byte to be read.
    at: usize,
    /// Bits that were read; those above `count` are the next byte's, or zero.
    read: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    fn new(input: &'a [u8]) -> Self {
        Self {
            input,
            at: 0,
            read: 0,
            count: 0,
        }
    }

    /// Afterwards there are at least 56.
    #[inline(always)]
    fn refill(&mut self) {
        let rest = self.input.get(self.at..).unwrap_or_default();
        let next = match rest.first_chunk() {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => last_bytes(rest),
        };
        self.read |= next << self.count;
        self.at += (63 - self.count as usize) / 8;
        self.count |= 56;
    }

    #[inline(always)]
    fn peek(&self) -> usize {
        self.read as usize
    }

    #[inline(always)]
    fn skip(&mut self, count: u32) {
        self.read >>= count;
        self.count -= count;
    }

    #[inline(always)]
    fn take(&mut self, count: u32) -> usize {
        let value = self.read & ((1 << count) - 1);
        self.skip(count);
        value as usize
    }

    fn position(&self) -> usize {
        8 * self.at - self.count as usize
    }

    fn are_used_up(&self) -> bool {
        self.position() >= 8 * self.input.len()
    }

    fn are_exactly_used_up(&self) -> bool {
        self.position() == 8 * self.input.len()
    }

    /// The next whole byte's place.
    fn align(&self) -> usize {
        self.position().div_ceil(8)
    }

    fn go_to(&mut self, at: usize) {
        self.at = at;
        self.read = 0;
        self.count = 0;
    }
}

/// Less than eight, followed by zeros.
fn last_bytes(bytes: &[u8]) -> u64 {
    let bytes = bytes.iter().rev();
    bytes.fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn lengths() -> [(u16, u8); 29] {
    let mut table = [(0, 0); 29];
    let mut least = 3;
    let mut code = 0;
    while code < 28 {
        let added = if code < 8 { 0 } else { code / 4 - 1 };
        table[code] = (least, added as u8);
        least += 1 << added;
        code += 1;
    }
    table[28] = (258, 0);
    table
}

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn distances() -> [(u16, u8); 30] {
    let mut table = [(0, 0); 30];
    let mut least = 1;
    let mut code = 0;
    while code < 30 {
        let added = if code < 4 { 0 } else { code / 2 - 1 };
        table[code] = (least, added as u8);
        least += 1 << added;
        code += 1;
    }
    table
}
