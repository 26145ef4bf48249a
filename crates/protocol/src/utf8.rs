//! UTF-8 (RFC 3629) of whole payloads and of payloads that come in pieces.

/// Whether `bytes` are UTF-8.
#[inline]
pub fn is_valid_utf8(bytes: &[u8]) -> bool {
    (bytes.len() <= ASCII_MAX && is_ascii(bytes)) || simdutf8::basic::from_utf8(bytes).is_ok()
}

/// Most short text is ASCII, and words tell that sooner than simdutf8, which is made for long text:
/// `examples/workload.rs`, parse-masked-20 and parse-masked-100.
const ASCII_MAX: usize = 128;

#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    let words = words
        .iter()
        .fold(0, |all, word| all | u64::from_ne_bytes(*word));
    let (half, rest) = rest.as_chunks::<4>();
    let half = (half.iter()).fold(0, |all, half| all | u32::from_ne_bytes(*half));
    let rest = rest.iter().fold(0, |all, byte| all | byte);
    (words | u64::from(half)) & 0x8080_8080_8080_8080 == 0 && rest < 0x80
}

/// Validates text that comes in pieces, each one once and while it is hot. Pieces may end anywhere,
/// also within a character. What is invalid is remembered: the answer comes at the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Utf8Validator {
    /// The first bytes of a character whose last ones have not come; never complete.
    pending: [u8; 4],
    pending_len: u8,
    invalid: bool,
}

impl Utf8Validator {
    /// Takes the next piece.
    pub fn push(&mut self, piece: &[u8]) {
        if self.invalid {
            return;
        }
        let Some(piece) = self.complete(piece) else {
            return;
        };
        let (whole, begun) = piece.split_at(piece.len().saturating_sub(begun_len(piece)));
        if !is_valid_utf8(whole) {
            self.invalid = true;
        }
        for (pending, byte) in self.pending.iter_mut().zip(begun) {
            *pending = *byte;
        }
        self.pending_len = begun.len() as u8;
    }

    /// Takes the last piece and answers like `finish`.
    #[inline]
    pub fn finish_with(&mut self, piece: &[u8]) -> bool {
        if self.pending_len == 0 && !self.invalid {
            return is_valid_utf8(piece);
        }
        self.push(piece);
        self.finish()
    }

    /// Whether all pieces together are UTF-8; starts anew.
    pub fn finish(&mut self) -> bool {
        let valid = !self.invalid && self.pending_len == 0;
        *self = Self::default();
        valid
    }

    /// Gives the pending character the bytes that it lacks and returns the rest of `piece`.
    fn complete<'a>(&mut self, mut piece: &'a [u8]) -> Option<&'a [u8]> {
        let [lead, ..] = self.pending;
        while self.pending_len != 0 {
            let (byte, rest) = piece.split_first()?;
            piece = rest;
            *self.pending.get_mut(usize::from(self.pending_len))? = *byte;
            self.pending_len = self.pending_len.saturating_add(1);
            if self.pending_len >= width(lead) {
                let character = self.pending.get(..usize::from(self.pending_len))?;
                self.invalid = core::str::from_utf8(character).is_err();
                self.pending_len = 0;
            }
        }
        Some(piece)
    }
}

/// How many of the last bytes begin a character that they do not complete. Bytes that no UTF-8
/// contains may be among them: they are found invalid when the character should be complete.
fn begun_len(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rev()
        .zip([2, 3, 4])
        .zip(1..)
        .find(|&((&byte, longer), _)| width(byte) >= longer)
        .map_or(0, |(_, len)| len)
}

/// The length of a character that begins with `lead`.
fn width(lead: u8) -> u8 {
    match lead {
        0x00..0xc0 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
    }
}
