//! Who the client is behind proxies: the nearest address that no trusted proxy has.
//!
//! A forwarding header is written by whoever sends it. It is read from its end, one hop at a time, and only as long
//! as the hop that vouches for it is trusted; so what a client puts in front is never reached.

use std::net::IpAddr;
use std::str::FromStr;

use http::HeaderMap;

/// 32 hops: a longer chain is not a chain of proxies.
const HOPS_MAX: usize = 32;

/// A network in CIDR notation, such as `10.0.0.0/8` or `::1`.
///
/// ```
/// use bulla::capture::tower::Network;
/// let network: Network = "10.0.0.0/8".parse()?;
/// assert!(network.contains("10.255.0.1".parse()?));
/// assert!(!network.contains("11.0.0.1".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    /// 0 to 32, or to 128 for IPv6.
    prefix: u32,
}

/// A text that is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a network such as 10.0.0.0/8, fd00::/8 or 192.0.2.1")]
pub struct InvalidNetwork(String);

impl Network {
    /// Whether the address is in it. An IPv4 address that is written as IPv6 is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = 32 - self.prefix;
                (network.to_bits() ^ address.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shift = 128 - self.prefix;
                (network.to_bits() ^ address.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let invalid = || InvalidNetwork(text.chars().take(80).collect());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| invalid())?
            }
            Some(_) => return Err(invalid()),
            None => longest,
        };
        if prefix > longest {
            return Err(invalid());
        }
        Ok(Self { address, prefix })
    }
}

/// Which header the trusted proxies write. A proxy that writes one passes the other through as the client sent it,
/// so exactly one is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForwardedBy {
    /// `X-Forwarded-For`, as most proxies write it.
    XForwardedFor,
    /// `Forwarded` ([RFC 7239](https://www.rfc-editor.org/rfc/rfc7239)), its `for` parameter.
    Forwarded,
}

/// The trusted proxies and the header they write.
#[derive(Debug, Clone)]
pub(in crate::capture::tower) struct Proxies {
    pub(in crate::capture::tower) header: ForwardedBy,
    pub(in crate::capture::tower) networks: Vec<Network>,
}

impl Proxies {
    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(address))
    }

    /// The nearest address that is not trusted; the farthest that is known when all are, or when the chain breaks
    /// off at something that is no address.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let hops = self.hops(headers);
        for hop in hops.iter().rev().take(HOPS_MAX) {
            if !self.trusts(client) {
                break;
            }
            match address(hop) {
                Some(address) => client = address.to_canonical(),
                None => break,
            }
        }
        client
    }

    /// What the header says of each hop, farthest first.
    fn hops<'a>(&self, headers: &'a HeaderMap) -> Vec<&'a str> {
        let name = match self.header {
            ForwardedBy::XForwardedFor => "x-forwarded-for",
            ForwardedBy::Forwarded => "forwarded",
        };
        // A line that is not ASCII breaks the chain where it stands.
        let lines = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?"));
        let hops = lines.flat_map(|line| line.split(','));
        match self.header {
            ForwardedBy::XForwardedFor => hops.map(str::trim).collect(),
            ForwardedBy::Forwarded => hops.map(forwarded_for).collect(),
        }
    }
}

/// The `for` parameter of one element; empty, and so no address, when it has none or more than one.
fn forwarded_for(element: &str) -> &str {
    let values = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut found = values.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    match (found.next(), found.next()) {
        (Some((_, value)), None) => {
            let value = value.trim();
            value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
        }
        _ => "",
    }
}

/// An address with or without a port, IPv6 with or without brackets.
fn address(hop: &str) -> Option<IpAddr> {
    if let Ok(address) = hop.parse() {
        return Some(address);
    }
    if let Ok(socket) = hop.parse::<std::net::SocketAddr>() {
        return Some(socket.ip());
    }
    hop.strip_prefix('[')?.strip_suffix(']')?.parse::<std::net::Ipv6Addr>().ok().map(IpAddr::V6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(header: ForwardedBy, peer: &str, lines: &[&str]) -> String {
        let networks = ["10.0.0.0/8", "::1", "fd00::/8"].map(|text| text.parse().unwrap());
        let proxies = Proxies { header, networks: networks.to_vec() };
        let mut headers = HeaderMap::new();
        for line in lines {
            let name = match header {
                ForwardedBy::XForwardedFor => "x-forwarded-for",
                ForwardedBy::Forwarded => "forwarded",
            };
            headers.append(name, http::HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_nearest_untrusted_address_is_the_client() {
        let check = |peer: &str, lines: &[&str], expected: &str| {
            assert_eq!(client(ForwardedBy::XForwardedFor, peer, lines), expected, "{peer} {lines:?}");
        };
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &["192.0.2.7"], "192.0.2.7");
        check("10.0.0.1", &["1.1.1.1, 192.0.2.7, 10.0.0.2"], "192.0.2.7");
        check("10.0.0.1", &["1.1.1.1", "192.0.2.7", "10.0.0.2"], "192.0.2.7");
        check("10.0.0.1", &["10.9.9.9, 10.0.0.2"], "10.9.9.9");
        check("203.0.113.9", &["1.1.1.1"], "203.0.113.9");
        check("::ffff:10.0.0.1", &["192.0.2.7"], "192.0.2.7");
        check("::1", &["192.0.2.7:4711"], "192.0.2.7");
        check("::1", &["[2001:db8::1]:443"], "2001:db8::1");
        check("::1", &["[2001:db8::1]"], "2001:db8::1");
        check("::1", &["2001:db8::1, fd00::5"], "2001:db8::1");
        check("10.0.0.1", &["1.1.1.1, not an address"], "10.0.0.1");
        check("10.0.0.1", &["1.1.1.1, , 10.0.0.2"], "10.0.0.2");
        check("10.0.0.1", &["1.1.1.1, é"], "10.0.0.1");
        check("10.0.0.1", &[&"10.0.0.2,".repeat(1000)], "10.0.0.1");
        check("10.0.0.1", &[&format!("1.1.1.1{}", ", 10.0.0.2".repeat(40))], "10.0.0.2");
    }

    #[test]
    fn forwarded_is_read_by_its_own_grammar() {
        let check = |lines: &[&str], expected: &str| {
            assert_eq!(client(ForwardedBy::Forwarded, "10.0.0.1", lines), expected, "{lines:?}");
        };
        check(&["for=192.0.2.7"], "192.0.2.7");
        check(&["For=\"[2001:db8::1]:443\";proto=https"], "2001:db8::1");
        check(&["for=1.1.1.1, for=192.0.2.7;by=10.0.0.2, for=10.0.0.2"], "192.0.2.7");
        check(&["for=_hidden"], "10.0.0.1");
        check(&["for=unknown, for=10.0.0.2"], "10.0.0.2");
        check(&["proto=https"], "10.0.0.1");
        check(&["for=1.1.1.1;for=2.2.2.2"], "10.0.0.1");
    }

    #[test]
    fn networks_are_read_strictly() {
        for text in
            ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/+8", "10.0.0/8", "a/8", "10.0.0.0/-1"]
        {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("255.255.255.255".parse().unwrap()));
        assert!(!all.contains("::1".parse().unwrap()));
        let all: Network = "::/0".parse().unwrap();
        assert!(all.contains("2001:db8::1".parse().unwrap()));
        let one: Network = "192.0.2.1".parse().unwrap();
        assert!(one.contains("192.0.2.1".parse().unwrap()) && !one.contains("192.0.2.2".parse().unwrap()));
    }
}
