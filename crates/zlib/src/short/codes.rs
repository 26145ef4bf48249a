//! Prefix codes (RFC 1951 §3.2.2): lengths for counts, and codes for lengths.

/// The longest alphabet: literals and lengths.
const MAX_SYMBOLS: usize = 288;

/// Sets the lengths of an optimal prefix code for `counts`, none longer than `limit`, and the codes. A
/// symbol that does not occur has length 0; if there is only one that does, its length is 1.
pub fn make_code(counts: &[u16], limit: usize, lengths: &mut [u8], found: &mut [u16]) {
    lengths.fill(0);
    let mut symbols = [0u32; MAX_SYMBOLS + 1];
    let mut used = 0;
    for (symbol, &count) in counts.iter().enumerate() {
        // Without a branch, which would be guessed wrong as often as not.
        symbols[used] = u32::from(count) << 16 | symbol as u32;
        used += usize::from(count > 0);
    }
    let symbols = &symbols[..used];
    if let [only] = symbols {
        lengths[(*only & 0xffff) as usize] = 1;
    } else if used > 1 {
        code_lengths(symbols, limit, lengths);
    }
    let symbols = symbols.iter().map(|symbol| (symbol & 0xffff) as usize);
    codes(symbols, lengths, found);
}

/// The same for symbols that occur, each with its count before it.
fn code_lengths(symbols: &[u32], limit: usize, lengths: &mut [u8]) {
    let used = symbols.len();
    let mut sorted = [0u32; MAX_SYMBOLS];
    let sorted = &mut sorted[..used];
    sorted.copy_from_slice(symbols);
    sorted.sort_unstable();
    let symbols = &*sorted;

    let mut depths = [0u16; MAX_SYMBOLS];
    let depths = &mut depths[..used];
    for (depth, &symbol) in depths.iter_mut().zip(symbols.iter()) {
        *depth = (symbol >> 16) as u16;
    }
    minimum_redundancy(depths);

    let mut of_length = [0usize; 33];
    for &depth in depths.iter() {
        of_length[usize::from(depth).min(32)] += 1;
    }
    limit_lengths(&mut of_length, limit);

    // The rarest symbols come first, and have the longest codes.
    let mut length = limit;
    for &symbol in symbols.iter() {
        while of_length[length] == 0 {
            length -= 1;
        }
        of_length[length] -= 1;
        lengths[(symbol & 0xffff) as usize] = length as u8;
    }
}

/// Replaces counts in ascending order by code lengths, in place: Moffat and Katajainen, 1995.
fn minimum_redundancy(values: &mut [u16]) {
    let count = values.len();
    // Pairs the two smallest, leaf or inner node; an inner node's place then holds its parent's.
    values[0] += values[1];
    let mut root = 0;
    let mut leaf = 2;
    for next in 1..count - 1 {
        if leaf >= count || values[root] < values[leaf] {
            values[next] = values[root];
            values[root] = next as u16;
            root += 1;
        } else {
            values[next] = values[leaf];
            leaf += 1;
        }
        if leaf >= count || (root < next && values[root] < values[leaf]) {
            values[next] += values[root];
            values[root] = next as u16;
            root += 1;
        } else {
            values[next] += values[leaf];
            leaf += 1;
        }
    }
    // Depths of inner nodes, from the root down.
    values[count - 2] = 0;
    for next in (0..count - 2).rev() {
        values[next] = values[usize::from(values[next])] + 1;
    }
    // Depths of leaves: what inner nodes leave over at each depth.
    let mut available = 1usize;
    let mut inner_used = 0;
    let mut depth = 0u16;
    let mut root = count as isize - 2;
    let mut next = count as isize - 1;
    while available > 0 {
        while root >= 0 && values[root as usize] == depth {
            inner_used += 1;
            root -= 1;
        }
        while available > inner_used {
            values[next as usize] = depth;
            next -= 1;
            available -= 1;
        }
        available = 2 * inner_used;
        depth += 1;
        inner_used = 0;
    }
}

/// Shortens codes that are too long, and lengthens others until it is a code again.
fn limit_lengths(of_length: &mut [usize; 33], limit: usize) {
    let too_long: usize = of_length[limit + 1..].iter().sum();
    if too_long == 0 {
        return;
    }
    of_length[limit + 1..].fill(0);
    of_length[limit] += too_long;
    let mut total: usize = (1..=limit)
        .map(|length| of_length[length] << (limit - length))
        .sum();
    while total > 1 << limit {
        // One of the longest codes becomes a sibling of a shorter one that is lengthened by a bit.
        of_length[limit] -= 1;
        for length in (1..limit).rev() {
            if of_length[length] > 0 {
                of_length[length] -= 1;
                of_length[length + 1] += 2;
                break;
            }
        }
        total -= 1;
    }
}

/// The codes of symbols in ascending order, by their lengths; the bits in the order in which they are
/// written.
pub fn codes(symbols: impl Iterator<Item = usize> + Clone, lengths: &[u8], found: &mut [u16]) {
    let mut of_length = [0u16; 16];
    for symbol in symbols.clone() {
        of_length[usize::from(lengths[symbol] & 15)] += 1;
    }
    let mut next = [0u16; 16];
    let mut code = 0u16;
    for length in 1..16 {
        code = (code + of_length[length - 1]) << 1;
        next[length] = code;
    }
    for symbol in symbols {
        let length = usize::from(lengths[symbol] & 15);
        let next = &mut next[length];
        found[symbol] = next.reverse_bits() >> (16 - length);
        *next = next.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::{codes, make_code};

    /// Of the sizes of all codes: 1 means that nothing is left over (Kraft).
    fn filled(lengths: &[u8]) -> f64 {
        let used = lengths.iter().filter(|&&length| length > 0);
        used.map(|&length| 0.5f64.powi(i32::from(length))).sum()
    }

    fn lengths_of(counts: &[u16], limit: usize) -> Vec<u8> {
        let mut lengths = vec![0; counts.len()];
        make_code(counts, limit, &mut lengths, &mut vec![0; counts.len()]);
        lengths
    }

    #[test]
    fn lengths_are_those_of_the_optimal_code() {
        assert_eq!(lengths_of(&[0, 0], 15), [0, 0]);
        assert_eq!(lengths_of(&[0, 7], 15), [0, 1]);
        assert_eq!(lengths_of(&[3, 7], 15), [1, 1]);
        assert_eq!(lengths_of(&[1, 1, 2, 4], 15), [3, 3, 2, 1]);
        assert_eq!(lengths_of(&[5, 5, 5, 5], 15), [2, 2, 2, 2]);
        assert_eq!(lengths_of(&[45, 13, 12, 16, 9, 5], 15), [1, 3, 3, 3, 4, 4]);
    }

    #[test]
    fn lengths_are_limited_and_still_a_code() {
        // Fibonacci numbers make the longest codes.
        let mut counts = vec![1u16, 1];
        while counts.len() < 19 {
            counts.push(counts[counts.len() - 1] + counts[counts.len() - 2]);
        }
        for limit in [5, 7, 15] {
            for count in 2..=counts.len() {
                let lengths = lengths_of(&counts[..count], limit);
                assert!(lengths.iter().all(|&length| length > 0));
                assert!(lengths.iter().all(|&length| usize::from(length) <= limit));
                assert!((filled(&lengths) - 1.0).abs() < 1e-9, "{lengths:?}");
            }
        }
    }

    #[test]
    fn codes_are_those_of_the_specification() {
        // RFC 1951 §3.2.2.
        let lengths = [3, 3, 3, 3, 3, 2, 4, 4];
        let mut found = [0; 8];
        codes(0..8, &lengths, &mut found);
        let expected = [0b010, 0b011, 0b100, 0b101, 0b110, 0b00, 0b1110, 0b1111];
        for ((code, length), expected) in found.into_iter().zip(lengths).zip(expected) {
            assert_eq!(code.reverse_bits() >> (16 - length), expected);
        }
    }
}
