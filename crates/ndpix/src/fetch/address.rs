//! Which machines may be asked: addresses on the network are data of a stranger, and what they lead to must not
//! be what only this machine can reach.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{self, NextTimeout};

use super::rules::{Refused, Rules};
use crate::error::quote;

/// Finds the addresses of a host and leaves out those that may not be asked. It is called for every connection,
/// so also for each redirect, and the connection goes to what it gave: a name cannot change its mind between.
///
/// What a name stands for is kept for a minute: every request asks, also one on a connection that is there.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    rules: Rules,
    known: Arc<Mutex<HashMap<String, Known>>>,
}

/// Since when it is known what a name stands for, and what.
type Known = (Instant, Vec<SocketAddr>);

/// How long names are known, and how many.
const KNOWN: Duration = Duration::from_secs(60);
const NAMES: usize = 4096;

impl Guard {
    pub(super) fn new(rules: Rules) -> Self {
        Self { rules, known: Arc::default() }
    }

    /// What the host of this address stands for, allowed or not.
    fn look_up(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<Vec<SocketAddr>, ureq::Error> {
        let place = uri.authority().map_or("", |authority| authority.as_str());
        let name = format!("{}://{place}", uri.scheme_str().unwrap_or_default());
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((since, found)) = lock().get(&name)
            && since.elapsed() < KNOWN
        {
            return Ok(found.clone());
        }
        // With a time limit a thread would be started for each request; the system has a limit of its own.
        let patient = NextTimeout { after: transport::time::Duration::NotHappening, ..timeout };
        let found = DefaultResolver::default().resolve(uri, config, patient)?.to_vec();
        let mut known = lock();
        if known.len() >= NAMES {
            known.clear();
        }
        known.insert(name, (Instant::now(), found.clone()));
        Ok(found)
    }
}

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let refuse = |refused: Refused| ureq::Error::Other(Box::new(refused));
        self.rules.check(uri).map_err(refuse)?;
        let found = self.look_up(uri, config, timeout)?;
        let is_named = self.rules.names(uri);
        let mut open = self.empty();
        let allowed = found.iter().filter(|address| is_named || is_public(address.ip()));
        allowed.for_each(|address| open.push(*address));
        if open.is_empty() {
            let host = quote(uri.host().unwrap_or_default().as_bytes());
            return Err(refuse(Refused(format!(
                "leads to {host}, which is not on the public network; allow_host allows a host"
            ))));
        }
        Ok(open)
    }
}

/// Whether an address is one of the public network, by the registries of special addresses (RFC 6890 and what
/// IANA added since).
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, ..] = address.segments();
    match (a, b) {
        // Special purposes, Teredo among them; documentation.
        (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff) => false,
        // 6to4 leads to the address that it holds.
        (0x2002, high) => is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(c))),
        // All that is given out; outside of it are loopback, local, mapped and translated addresses.
        (0x2000..=0x3fff, _) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_network_is_asked() {
        for (address, open) in [
            ("8.8.8.8", true),
            ("1.1.1.1", true),
            ("172.32.0.1", true),
            ("100.128.0.1", true),
            ("192.0.1.1", true),
            ("0.0.0.0", false),
            ("10.1.2.3", false),
            ("100.64.0.1", false),
            ("127.0.0.1", false),
            ("127.255.255.254", false),
            ("169.254.169.254", false),
            ("172.16.0.1", false),
            ("172.31.255.255", false),
            ("192.0.0.8", false),
            ("192.0.2.1", false),
            ("192.88.99.1", false),
            ("192.168.1.1", false),
            ("198.18.0.1", false),
            ("198.51.100.1", false),
            ("203.0.113.1", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("2606:4700:4700::1111", true),
            ("2a00:1450:4001::1", true),
            ("::", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:8.8.8.8", false),
            ("64:ff9b::7f00:1", false),
            ("100::1", false),
            ("2001::1", false),
            ("2001:db8::1", false),
            ("2002:7f00:1::1", false),
            ("2002:808:808::1", true),
            ("3fff::1", false),
            ("fc00::1", false),
            ("fd00:ec2::254", false),
            ("fe80::1", false),
            ("ff02::1", false),
        ] {
            assert_eq!(is_public(address.parse().expect(address)), open, "{address}");
        }
    }
}
