//! Loopback addresses to connect from, so that one address's ports are no limit.

use std::net::Ipv4Addr;

/// Connections from one address: well below the 28,232 ports that Linux gives out by default.
const EACH: u32 = 20_000;

/// The address that connection `number` comes from.
pub fn spread(number: u32) -> Ipv4Addr {
    nth(number / EACH)
}

/// The address that connection `number` comes from when connections come and go, so that ports are
/// not used again at once.
pub fn rotate(number: u64) -> Ipv4Addr {
    nth((number % 64) as u32)
}

/// 127.0.0.1, 127.0.0.2 …
fn nth(index: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() + index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_change_before_the_ports_of_one_run_out() {
        assert_eq!(spread(0), Ipv4Addr::LOCALHOST);
        assert_eq!(spread(EACH - 1), Ipv4Addr::LOCALHOST);
        assert_eq!(spread(EACH), Ipv4Addr::new(127, 0, 0, 2));
        assert_eq!(spread(99_999), Ipv4Addr::new(127, 0, 0, 5));
        assert!((0..1000).all(|number| rotate(number).is_loopback()));
    }
}
