/// A connection of a reactor, as an integer that fits a small integer of JavaScript.
///
/// ```text
///  31  30 ............... 20  19 ................................ 0
/// ┌───┬──────────────────────┬────────────────────────────────────┐
/// │ 0 │ generation, 1 – 2047 │ index into the table               │
/// └───┴──────────────────────┴────────────────────────────────────┘
/// ```
/// An index is used again, with the next generation, so that an id that outlives its connection
/// means none. 0 is never an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct ConnectionId(u32);

const INDEX_BITS: u32 = 20;
const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;
const LAST_GENERATION: u32 = (1 << (31 - INDEX_BITS)) - 1;

impl ConnectionId {
    /// How many connections a reactor can have at once.
    pub const MAX_CONNECTIONS: usize = 1 << INDEX_BITS;

    /// The id that has these bits. Any bits are allowed: they may mean no connection.
    #[inline]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The id as an integer of 31 bits.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Where in a table of connections this one is: below `MAX_CONNECTIONS`, small numbers first.
    #[inline]
    pub const fn index(self) -> usize {
        (self.0 & INDEX_MASK) as usize
    }

    /// The first id of a table's row; `None` when the table is too long.
    pub(crate) fn first(index: usize) -> Option<Self> {
        let index = u32::try_from(index).ok()?;
        (index <= INDEX_MASK).then_some(Self(1 << INDEX_BITS | index))
    }

    /// The id of the connection that has the row after this one.
    pub(crate) const fn next(self) -> Self {
        let generation = self.0 >> INDEX_BITS;
        let next = if generation >= LAST_GENERATION {
            1
        } else {
            generation.saturating_add(1)
        };
        Self(next << INDEX_BITS | (self.0 & INDEX_MASK))
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
mod tests {
    use super::*;

    #[test]
    fn generations_go_round_without_zero() {
        let first = ConnectionId::first(7).unwrap();
        let mut id = first;
        for _ in 0..LAST_GENERATION {
            assert_eq!(id.index(), 7);
            assert!(id.bits() > INDEX_MASK && id.bits() < 1 << 31);
            id = id.next();
            assert_ne!(id.bits() >> INDEX_BITS, 0);
        }
        assert_eq!(id, first);
    }

    #[test]
    fn there_are_as_many_ids_as_promised() {
        assert!(ConnectionId::first(ConnectionId::MAX_CONNECTIONS - 1).is_some());
        assert!(ConnectionId::first(ConnectionId::MAX_CONNECTIONS).is_none());
    }
}
