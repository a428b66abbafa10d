//! Which addresses are inside: the table behind the guard against server-side request forgery.
//!
//! Pure. IPv4 is refused by what is listed; IPv6 is allowed only within global unicast, minus
//! what is listed, and an IPv4 address that is embedded in it is judged as itself.
//! Source: the IANA special-purpose address registries, and the clouds' platform endpoints.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use problem::Problem;

/// Network, prefix length, and what it is.
const INTERNAL_V4: &[(Ipv4Addr, u32, &str)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, "unspecified"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "carrier-grade NAT"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(168, 63, 129, 16), 32, "a cloud platform's endpoint"), // Azure; a public number, but inside
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),                    // also most clouds' metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "reserved for protocols"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a 6to4 relay"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarking"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"), // includes the broadcast address
];

/// Outside global unicast the names only serve the message; inside it they decide.
const INTERNAL_V6: &[(Ipv6Addr, u32, &str)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified"),
    (Ipv6Addr::LOCALHOST, 128, "loopback"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "reserved for protocols"), // also Teredo
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "documentation"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "documentation"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "unique local"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "link-local"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast"),
];

/// Prefixes that carry an IPv4 address, with the bit at which it starts.
const EMBEDDING_V6: &[(Ipv6Addr, u32, u32)] = &[
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, 96), // IPv4-mapped
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, 96), // NAT64
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, 16), // 6to4
];

/// All that is globally routable today lies here.
const GLOBAL_UNICAST_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What kind of internal address this is, or `None` if it is globally routable.
pub fn internal_kind(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => internal_kind_v4(v4),
        IpAddr::V6(v6) => internal_kind_v6(v6),
    }
}

/// Refuses a host of which any address is internal: an attacker chooses the order.
pub(crate) fn check_all(host: &str, addresses: impl IntoIterator<Item = IpAddr>) -> Result<(), Problem> {
    for address in addresses {
        if let Some(kind) = internal_kind(address) {
            let detail = format!("`{host}` leads to {address}, which is {kind}");
            return Err(Problem::new(&problem::ADDRESS_FORBIDDEN, detail));
        }
    }
    Ok(())
}

fn internal_kind_v4(address: Ipv4Addr) -> Option<&'static str> {
    let within = |network: Ipv4Addr, length: u32| (address.to_bits() ^ network.to_bits()) >> (32 - length) == 0;
    INTERNAL_V4.iter().find(|(network, length, _)| within(*network, *length)).map(|(_, _, kind)| *kind)
}

fn internal_kind_v6(address: Ipv6Addr) -> Option<&'static str> {
    let bits = address.to_bits();
    let within = |network: Ipv6Addr, length: u32| (bits ^ network.to_bits()) >> (128 - length) == 0;
    if let Some((_, _, start)) = EMBEDDING_V6.iter().find(|(network, length, _)| within(*network, *length)) {
        let embedded = (bits << start) >> 96;
        let embedded = u32::try_from(embedded).expect("a value of 128 bits shifted right by 96 has 32");
        return internal_kind_v4(Ipv4Addr::from_bits(embedded));
    }
    if let Some((_, _, kind)) = INTERNAL_V6.iter().find(|(network, length, _)| within(*network, *length)) {
        return Some(kind);
    }
    let (network, length) = GLOBAL_UNICAST_V6;
    if within(network, length) { None } else { Some("not globally routable") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_inside_from_outside() {
        let table = "
            0.0.0.0 unspecified | 0.1.2.3 unspecified | 10.0.0.1 private | 10.255.255.255 private
            9.255.255.255 - | 11.0.0.0 - | 100.63.255.255 - | 100.64.0.0 carrier-grade NAT
            100.100.100.200 carrier-grade NAT | 100.127.255.255 carrier-grade NAT | 100.128.0.0 -
            127.0.0.1 loopback | 127.255.255.254 loopback | 128.0.0.1 -
            168.63.129.16 a cloud platform's endpoint | 168.63.129.17 -
            169.254.169.254 link-local | 169.253.0.1 - | 172.15.255.255 - | 172.16.0.1 private
            172.31.255.255 private | 172.32.0.0 - | 192.0.0.192 reserved for protocols
            192.0.2.1 documentation | 192.88.99.1 a 6to4 relay | 192.167.255.255 - | 192.168.1.1 private
            198.17.255.255 - | 198.18.0.1 benchmarking | 198.19.255.255 benchmarking | 198.20.0.0 -
            198.51.100.7 documentation | 203.0.113.9 documentation | 203.0.114.1 -
            223.255.255.255 - | 224.0.0.1 multicast | 239.255.255.250 multicast
            240.0.0.1 reserved | 255.255.255.255 reserved | 1.1.1.1 - | 8.8.8.8 -
            :: unspecified | ::1 loopback | ::2 not globally routable | ::127.0.0.1 not globally routable
            ::ffff:127.0.0.1 loopback | ::ffff:10.1.2.3 private | ::ffff:8.8.8.8 -
            ::ffff:169.254.169.254 link-local | ::ffff:0:127.0.0.1 not globally routable
            64:ff9b::10.0.0.1 private | 64:ff9b::127.0.0.1 loopback | 64:ff9b::8.8.8.8 -
            64:ff9b:1::1 not globally routable | 100::1 not globally routable
            2001::1 reserved for protocols | 2001:1ff::1 reserved for protocols | 2001:200::1 -
            2001:db8::1 documentation | 2001:4860:4860::8888 - | 2606:4700::1111 -
            2002:7f00:1::1 loopback | 2002:a00:1::1 private | 2002:808:808::1 - | 2002:c0a8:101:: private
            3ffe::1 - | 3fff::1 documentation | 3fff:1000::1 - | 4000::1 not globally routable
            5f00::1 not globally routable | fc00::1 unique local | fd00:ec2::254 unique local
            fe80::1 link-local | febf::1 link-local | fec0::1 not globally routable | ff02::1 multicast";
        let cells = table.split(['|', '\n']).map(str::trim).filter(|cell| !cell.is_empty());
        let mut seen = 0;
        for cell in cells {
            let (address, kind) = cell.split_once(' ').unwrap();
            let found = internal_kind(address.parse().unwrap()).unwrap_or("-");
            assert_eq!(found, kind, "{address}");
            seen += 1;
        }
        assert!(seen > 70, "only {seen} cells were read");
    }

    #[test]
    fn one_internal_address_among_several_is_enough() {
        let public: IpAddr = "8.8.8.8".parse().unwrap();
        let inside: IpAddr = "10.0.0.7".parse().unwrap();
        assert!(check_all("pager.example", [public, public]).is_ok());
        let problem = check_all("pager.example", [public, inside]).unwrap_err();
        assert_eq!(problem.detail, "`pager.example` leads to 10.0.0.7, which is private");
    }
}
