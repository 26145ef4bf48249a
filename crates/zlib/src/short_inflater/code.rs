//! A prefix code (RFC 1951 §3.2.2) to be read.

use super::Bits;

const MAX_LENGTH: usize = 15;
const MAX_SYMBOLS: usize = 288;

/// Codes of up to log2(N) bits are found in a table, longer ones bit by bit.
pub struct Code<const N: usize> {
    /// By the next bits: symbol and length, or 0 where the code is longer or none.
    table: Box<[u16; N]>,
    /// Of the table as far as it is used.
    mask: usize,
    /// Symbols of each length, and all of them by length.
    of_length: [u16; MAX_LENGTH + 1],
    symbols: [u16; MAX_SYMBOLS],
    /// What the lengths leave over, in codes of the longest length; below zero if that is too little.
    left: i32,
}

impl<const N: usize> Default for Code<N> {
    fn default() -> Self {
        Self {
            table: Box::new([0; N]),
            mask: 0,
            of_length: [0; _],
            symbols: [0; _],
            left: 0,
        }
    }
}

impl<const N: usize> Code<N> {
    /// The code whose symbols have these lengths; 0 if they are not used. Only a complete one has
    /// to be read, or one that `is_short`.
    pub fn make(&mut self, lengths: &[u8]) -> &Self {
        self.of_length = [0; _];
        for &length in lengths {
            if let Some(count) = self.of_length.get_mut(usize::from(length)) {
                *count += 1;
            }
        }
        let mut places = [0u16; MAX_LENGTH + 1];
        let mut codes = [0u32; MAX_LENGTH + 1];
        let (mut place, mut code, mut longest) = (0, 0u32, 0);
        self.left = 1;
        let counts = self.of_length.iter().enumerate().skip(1);
        for ((length, &count), (next, first)) in
            counts.zip(places.iter_mut().zip(&mut codes).skip(1))
        {
            (*next, *first) = (place, code);
            place += count;
            code = (code + u32::from(count)) << 1;
            self.left = (self.left << 1) - i32::from(count);
            if self.left < 0 {
                return self;
            }
            if count > 0 {
                longest = length;
            }
        }
        for (symbol, &length) in lengths.iter().enumerate() {
            if length > 0
                && let Some(place) = places.get_mut(usize::from(length))
                && let Some(entry) = self.symbols.get_mut(usize::from(*place))
            {
                *entry = symbol as u16;
                *place += 1;
            }
        }
        self.fill(longest.min(N.ilog2() as usize), &codes);
        self
    }

    /// Whether every sequence of bits begins with a code.
    pub fn is_complete(&self) -> bool {
        self.left == 0
    }

    /// Whether it has no symbol, or a single one of length 1.
    pub fn is_short(&self) -> bool {
        let used: u16 = self.of_length.iter().skip(1).sum();
        used == 0 || (used == 1 && self.of_length.get(1) == Some(&1))
    }

    /// The next symbol; None if there is none with these bits.
    #[inline(always)]
    pub fn read(&self, bits: &mut Bits<'_>) -> Option<usize> {
        let entry = *self.table.get(bits.peek() & self.mask)?;
        if entry == 0 {
            return self.read_long(bits);
        }
        bits.skip(u32::from(entry & 15));
        Some(usize::from(entry >> 4))
    }

    #[cold]
    fn read_long(&self, bits: &mut Bits<'_>) -> Option<usize> {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for &count in self.of_length.get(1..)? {
            let count = usize::from(count);
            code |= bits.take(1);
            if code < first + count {
                let symbol = self.symbols.get(index + code - first)?;
                return Some(usize::from(*symbol));
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }

    /// The table for so many bits: each length doubles what is there for the shorter ones.
    fn fill(&mut self, bits: usize, codes: &[u32; MAX_LENGTH + 1]) {
        self.mask = (1 << bits) - 1;
        let table = &mut self.table[..];
        if let Some(first) = table.first_mut() {
            *first = 0;
        }
        let mut symbols = self.symbols.iter();
        let counts = self.of_length.iter().zip(codes).enumerate();
        for (length, (&count, &code)) in counts.skip(1).take(bits) {
            let half = 1 << (length - 1);
            table.copy_within(..half, half);
            let symbols = symbols.by_ref().take(usize::from(count));
            for (code, &symbol) in (code..).zip(symbols) {
                let place = code.reverse_bits() >> (32 - length);
                if let Some(entry) = table.get_mut(place as usize) {
                    *entry = symbol << 4 | length as u16;
                }
            }
        }
    }
}
