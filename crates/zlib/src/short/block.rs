//! One block of DEFLATE (RFC 1951 §3.2.3) from its tokens: with codes made for it, with the fixed
//! ones, or stored, whatever is shortest.

use super::codes::{codes, make_code};

pub const MAX_LENGTH: usize = 258;

const END_OF_BLOCK: usize = 256;
const LITERALS: usize = 286;
const DISTANCES: usize = 30;
const LENGTH_CODES: usize = 19;

/// The order in which the lengths of the code for lengths are written (RFC 1951 §3.2.7).
const LENGTH_CODE_ORDER: [usize; LENGTH_CODES] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// A literal, or a match: length and distance.
#[derive(Clone, Copy)]
pub struct Token(u32);

impl Token {
    pub fn literal(byte: u8) -> Self {
        Self(u32::from(byte))
    }

    /// `length` is 3 to 258, `distance` 1 to 2^15.
    pub fn repeat(length: usize, distance: usize) -> Self {
        Self((distance as u32) << 9 | length as u32)
    }
}

/// What a match's length or distance is written as: a symbol and bits behind it.
#[derive(Clone, Copy)]
struct Symbol {
    code: usize,
    extra: u32,
    extra_bits: u32,
}

fn length_symbol(length: u32) -> Symbol {
    let value = length - 3;
    if value < 8 || length == MAX_LENGTH as u32 {
        let code = if length == MAX_LENGTH as u32 {
            28
        } else {
            value
        };
        return Symbol {
            code: 257 + code as usize,
            extra: 0,
            extra_bits: 0,
        };
    }
    let extra_bits = value.ilog2() - 2;
    Symbol {
        code: 257 + (4 * (extra_bits + 1) + ((value >> extra_bits) & 3)) as usize,
        extra: value & ((1 << extra_bits) - 1),
        extra_bits,
    }
}

fn distance_symbol(distance: u32) -> Symbol {
    let value = distance - 1;
    if value < 4 {
        return Symbol {
            code: value as usize,
            extra: 0,
            extra_bits: 0,
        };
    }
    let extra_bits = value.ilog2() - 1;
    Symbol {
        code: (2 * (extra_bits + 1) + ((value >> extra_bits) & 1)) as usize,
        extra: value & ((1 << extra_bits) - 1),
        extra_bits,
    }
}

/// Codes with their lengths.
struct Codes<const N: usize> {
    codes: [u16; N],
    lengths: [u8; N],
}

impl<const N: usize> Codes<N> {
    const fn new() -> Self {
        Self {
            codes: [0; N],
            lengths: [0; N],
        }
    }

    fn bits(&self, counts: &[u16; N]) -> u32 {
        let lengths = self.lengths.iter().map(|&length| u32::from(length));
        let counts = counts.iter().map(|&count| u32::from(count));
        lengths
            .zip(counts)
            .map(|(length, count)| length * count)
            .sum()
    }

    fn make(&mut self, counts: &[u16; N], limit: usize) {
        make_code(counts, limit, &mut self.lengths, &mut self.codes);
    }
}

/// A length of the code for lengths, and a repetition's bits behind it.
#[derive(Clone, Copy, Default)]
struct Run {
    symbol: u8,
    extra: u8,
    extra_bits: u8,
}

/// The memory in which blocks are made: one for all compressors of a thread.
pub struct Workspace {
    tokens: Vec<Token>,
    literal_counts: [u16; LITERALS],
    distance_counts: [u16; DISTANCES],
    /// Bits behind symbols, of all tokens.
    extra_bits: u32,
    literals: Codes<LITERALS>,
    distances: Codes<DISTANCES>,
    fixed_literals: Codes<288>,
    fixed_distances: Codes<DISTANCES>,
    runs: Vec<Run>,
}

impl core::fmt::Debug for Workspace {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Workspace")
    }
}

impl Default for Workspace {
    fn default() -> Self {
        let mut fixed_literals = Codes::new();
        // RFC 1951 §3.2.6.
        for (symbol, length) in fixed_literals.lengths.iter_mut().enumerate() {
            *length = match symbol {
                0..144 => 8,
                144..256 => 9,
                256..280 => 7,
                _ => 8,
            };
        }
        codes(0..288, &fixed_literals.lengths, &mut fixed_literals.codes);
        let mut fixed_distances = Codes::new();
        fixed_distances.lengths.fill(5);
        codes(
            0..DISTANCES,
            &fixed_distances.lengths,
            &mut fixed_distances.codes,
        );
        Self {
            tokens: Vec::new(),
            literal_counts: [0; LITERALS],
            distance_counts: [0; DISTANCES],
            extra_bits: 0,
            literals: Codes::new(),
            distances: Codes::new(),
            fixed_literals,
            fixed_distances,
            runs: Vec::new(),
        }
    }
}

impl Workspace {
    /// A new block.
    pub(super) fn begin(&mut self) {
        self.tokens.clear();
        self.literal_counts.fill(0);
        self.distance_counts.fill(0);
        self.literal_counts[END_OF_BLOCK] = 1;
        self.extra_bits = 0;
    }

    pub(super) fn push(&mut self, token: Token) {
        self.tokens.push(token);
        let length = token.0 & 511;
        let distance = token.0 >> 9;
        if distance == 0 {
            self.literal_counts[length as usize] += 1;
        } else {
            let (length, distance) = (length_symbol(length), distance_symbol(distance));
            self.literal_counts[length.code] += 1;
            self.distance_counts[distance.code] += 1;
            self.extra_bits += length.extra_bits + distance.extra_bits;
        }
    }

    /// Appends the block, and an empty stored one whose last four bytes are left out if `fin`. `plain`
    /// is what the tokens stand for.
    pub(super) fn finish(&mut self, plain: &[u8], fin: bool, output: &mut Vec<u8>) {
        self.literals.make(&self.literal_counts, 15);
        self.distances.make(&self.distance_counts, 15);
        let header = self.make_header();

        let made = header.bits
            + self.extra_bits
            + self.literals.bits(&self.literal_counts)
            + self.distances.bits(&self.distance_counts);
        let fixed = self.extra_bits + self.fixed_bits();
        let stored = 8 * (plain.len() as u32 + 5);

        let mut writer = BitWriter::new(output);
        if stored < made.min(fixed) {
            writer.write(0b000, 3);
            writer.align();
            let length = plain.len() as u16;
            writer.output.extend_from_slice(&length.to_le_bytes());
            writer.output.extend_from_slice(&(!length).to_le_bytes());
            writer.output.extend_from_slice(plain);
        } else if fixed <= made {
            writer.write(0b010, 3);
            write_tokens(
                &mut writer,
                &self.tokens,
                &self.fixed_literals,
                &self.fixed_distances,
            );
        } else {
            writer.write(0b100, 3);
            header.write(&self.runs, &mut writer);
            write_tokens(&mut writer, &self.tokens, &self.literals, &self.distances);
        }
        // RFC 7692 §7.2.1.
        writer.write(0b000, 3);
        writer.align();
        if !fin {
            output.extend_from_slice(&[0x00, 0x00, 0xff, 0xff]);
        }
    }

    fn fixed_bits(&self) -> u32 {
        let lengths = self.fixed_literals.lengths.iter();
        let literals: u32 = lengths
            .zip(&self.literal_counts)
            .map(|(&length, &count)| u32::from(length) * u32::from(count))
            .sum();
        let distances: u32 = self
            .distance_counts
            .iter()
            .map(|&count| u32::from(count))
            .sum();
        literals + 5 * distances
    }

    /// The lengths of both codes as runs, and the code for those (RFC 1951 §3.2.7).
    fn make_header(&mut self) -> Header {
        // At least one distance code has to be there.
        let literals = used(&self.literals.lengths).max(257);
        let distances = used(&self.distances.lengths).max(1);
        let mut lengths = [0u8; LITERALS + DISTANCES];
        lengths[..literals].copy_from_slice(&self.literals.lengths[..literals]);
        lengths[literals..literals + distances]
            .copy_from_slice(&self.distances.lengths[..distances]);

        self.runs.clear();
        let mut counts = [0u16; LENGTH_CODES];
        let mut extra_bits = 0;
        let mut rest = &lengths[..literals + distances];
        while let Some(&length) = rest.first() {
            let count = rest.iter().take_while(|&&other| other == length).count();
            let mut left = count;
            if length > 0 {
                // 16 repeats the one before it.
                self.run(length, 0, 0, &mut counts);
                left -= 1;
            }
            while left > 0 {
                let (symbol, first, most, bits) = match (length, left) {
                    (0, 11..) => (18, 11, 138, 7),
                    (0, 3..) => (17, 3, 10, 3),
                    (1.., 3..) => (16, 3, 6, 2),
                    _ => (length, 1, 1, 0),
                };
                let repeated = left.min(most);
                self.run(symbol, (repeated - first) as u8, bits, &mut counts);
                extra_bits += u32::from(bits);
                left -= repeated;
            }
            rest = &rest[count..];
        }

        let mut codes = Codes::new();
        codes.make(&counts, 7);
        let last = LENGTH_CODE_ORDER
            .iter()
            .rposition(|&symbol| codes.lengths[symbol] > 0);
        let length_codes = last.map_or(4, |last| (last + 1).max(4));
        Header {
            bits: 14 + 3 * length_codes as u32 + codes.bits(&counts) + extra_bits,
            literals,
            distances,
            length_codes,
            codes,
        }
    }

    fn run(&mut self, symbol: u8, extra: u8, extra_bits: u8, counts: &mut [u16; LENGTH_CODES]) {
        counts[usize::from(symbol)] += 1;
        self.runs.push(Run {
            symbol,
            extra,
            extra_bits,
        });
    }
}

/// How many symbols there are up to the last one that is used.
fn used(lengths: &[u8]) -> usize {
    lengths
        .iter()
        .rposition(|&length| length > 0)
        .map_or(0, |last| last + 1)
}

/// What stands before a block with codes of its own.
struct Header {
    bits: u32,
    literals: usize,
    distances: usize,
    length_codes: usize,
    codes: Codes<LENGTH_CODES>,
}

impl Header {
    fn write(&self, runs: &[Run], writer: &mut BitWriter<'_>) {
        writer.write((self.literals - 257) as u32, 5);
        writer.write((self.distances - 1) as u32, 5);
        writer.write((self.length_codes - 4) as u32, 4);
        for &symbol in &LENGTH_CODE_ORDER[..self.length_codes] {
            writer.write(u32::from(self.codes.lengths[symbol]), 3);
        }
        for run in runs {
            let symbol = usize::from(run.symbol);
            writer.write(
                u32::from(self.codes.codes[symbol]),
                u32::from(self.codes.lengths[symbol]),
            );
            writer.write(u32::from(run.extra), u32::from(run.extra_bits));
        }
    }
}

fn write_tokens<const L: usize>(
    writer: &mut BitWriter<'_>,
    tokens: &[Token],
    literals: &Codes<L>,
    distances: &Codes<DISTANCES>,
) {
    for token in tokens {
        let length = token.0 & 511;
        let distance = token.0 >> 9;
        if distance == 0 {
            let symbol = length as usize;
            writer.write(
                u32::from(literals.codes[symbol]),
                u32::from(literals.lengths[symbol]),
            );
            continue;
        }
        let symbol = length_symbol(length);
        let code = u32::from(literals.codes[symbol.code]);
        let bits = u32::from(literals.lengths[symbol.code]);
        writer.write(code | symbol.extra << bits, bits + symbol.extra_bits);
        let symbol = distance_symbol(distance);
        let code = u32::from(distances.codes[symbol.code]);
        let bits = u32::from(distances.lengths[symbol.code]);
        writer.write(code | symbol.extra << bits, bits + symbol.extra_bits);
    }
    writer.write(
        u32::from(literals.codes[END_OF_BLOCK]),
        u32::from(literals.lengths[END_OF_BLOCK]),
    );
}

/// Bits, the lowest first (RFC 1951 §3.1.1).
struct BitWriter<'a> {
    output: &'a mut Vec<u8>,
    pending: u64,
    bits: u32,
}

impl<'a> BitWriter<'a> {
    fn new(output: &'a mut Vec<u8>) -> Self {
        Self {
            output,
            pending: 0,
            bits: 0,
        }
    }

    /// At most 32 bits.
    fn write(&mut self, value: u32, bits: u32) {
        self.pending |= u64::from(value) << self.bits;
        self.bits += bits;
        if self.bits >= 32 {
            self.output
                .extend_from_slice(&(self.pending as u32).to_le_bytes());
            self.pending >>= 32;
            self.bits -= 32;
        }
    }

    fn align(&mut self) {
        while self.bits > 0 {
            self.output.push(self.pending as u8);
            self.pending >>= 8;
            self.bits = self.bits.saturating_sub(8);
        }
    }
}
