//! Ranges of network addresses.

use std::{net::IpAddr, str::FromStr};

/// A range of addresses, written `address/bits`; a plain address is a range of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IpNetwork {
    base: u128,
    bits: u8,
}

impl IpNetwork {
    /// Whether the address lies in the range.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        (in_version_six(address) ^ self.base)
            .checked_shr(128 - u32::from(self.bits))
            .unwrap_or(0)
            == 0
    }
}

impl FromStr for IpNetwork {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "write a network such as 10.0.0.0/8";
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().ok().ok_or(FORM)?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok().ok_or(FORM)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        if bits > width {
            return Err(FORM.to_owned());
        }
        Ok(Self {
            base: in_version_six(address),
            bits: bits + (128 - width),
        })
    }
}

/// IPv4 addresses stand where IPv6 maps them, so that one comparison serves both.
fn in_version_six(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses_only() {
        let network: IpNetwork = "10.1.0.0/16".parse().unwrap();
        assert!(network.contains("10.1.255.3".parse().unwrap()));
        assert!(network.contains("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!network.contains("10.2.0.1".parse().unwrap()));
        let everyone: IpNetwork = "::/0".parse().unwrap();
        assert!(everyone.contains("1.2.3.4".parse().unwrap()));
        let one: IpNetwork = "::1".parse().unwrap();
        assert!(one.contains("::1".parse().unwrap()) && !one.contains("::2".parse().unwrap()));
        assert!("10.0.0.0/33".parse::<IpNetwork>().is_err());
    }
}
