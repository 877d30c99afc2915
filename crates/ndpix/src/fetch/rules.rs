//! What may be asked for by its words alone: `fetch` and `allow_host`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ureq::http::Uri;
use ureq::http::uri::Authority;

use crate::error::{Error, Result, quote};
use crate::plan::text::word;

/// What becomes of addresses of images in records (`fetch`).
///
/// ```
/// use ndpix::{ErrorKind, Fetch, Options};
/// let mut options = Options::default();
/// options.fetch = Fetch::Https;
/// let error = ndpix::decode(br#""https://127.0.0.1/a.png""#, &options).expect_err("not public");
/// assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Fetch, false));
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Fetch {
    /// None is fetched; each is a reject.
    #[default]
    Off,
    /// Those that begin with `https://` are fetched.
    Https,
    /// Those that begin with `http://`, too.
    Http,
}

impl Fetch {
    /// Every choice, the default first.
    pub const ALL: &'static [Self] = &[Self::Off, Self::Https, Self::Http];

    /// The word in options, flags and summaries.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Https => "https",
            Self::Http => "http",
        }
    }
}

impl fmt::Display for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Fetch {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|f| f.name() == word).ok_or_else(|| {
            let word = quote(word.as_bytes());
            Error::options(format!("unknown fetch {word}; use off, https, http"))
        })
    }
}

/// What may be asked for, and of whom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rules {
    #[serde(with = "word")]
    pub fetch: Fetch,
    /// Hosts that may be asked whatever their addresses are.
    pub hosts: Vec<String>,
}

/// Whether an address is one of the web.
fn is_web(address: &str) -> bool {
    let scheme = address.split("://").next().unwrap_or_default();
    scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
}

/// Why something is not asked for.
#[derive(Debug)]
pub(super) struct Refused(pub(super) String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl Rules {
    /// Whether anything is fetched.
    pub(crate) fn fetches(&self) -> bool {
        self.fetch != Fetch::Off
    }

    /// Whether this is an address that is asked for, by its beginning alone: one of the web, or of a bucket that
    /// `allow_host` names.
    pub(crate) fn covers(&self, text: &str) -> bool {
        let begins = |scheme: &str| {
            text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme))
        };
        self.fetches() && (begins("https://") || begins("http://") || self.is_kept(text))
    }

    /// Whether an address is in a bucket that the options name, as `s3://bucket`.
    pub(super) fn is_kept(&self, address: &str) -> bool {
        let inside = |bucket: &String| {
            bucket.contains("://")
                && address
                    .strip_prefix(bucket.trim_end_matches('/'))
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        !is_web(address) && self.hosts.iter().any(inside)
    }

    /// Refuses what is neither a host nor a bucket.
    ///
    /// # Errors
    /// Kind `options`.
    pub(crate) fn check_host(named: &str) -> Result<()> {
        let is_bucket = match named.trim_end_matches('/').split_once("://") {
            Some((scheme, bucket)) => !is_web(named) && !scheme.is_empty() && !bucket.is_empty(),
            None => false,
        };
        let port =
            |a: &Authority| a.as_str()[a.host().len()..].strip_prefix(':').map(str::to_string);
        let is_host = named.parse::<Authority>().is_ok_and(|a| {
            let sound = |port: String| port.parse::<u16>().is_ok();
            let (host, odd) = (a.host(), |c: char| "@*, ".contains(c));
            !host.is_empty()
                && !named.contains(odd)
                && (host == named || port(&a).is_some_and(sound))
        });
        match is_bucket || is_host {
            true => Ok(()),
            false => Err(Error::options(format!(
                "allow_host {} is not HOST, HOST:PORT or SCHEME://BUCKET",
                quote(named.as_bytes())
            ))),
        }
    }

    /// Refuses what may not be asked for, by its words alone.
    pub(super) fn check(&self, uri: &Uri) -> Result<(), Refused> {
        match (self.fetch, uri.scheme_str()) {
            (Fetch::Http, Some("http")) | (Fetch::Http | Fetch::Https, Some("https")) => Ok(()),
            (Fetch::Https, Some("http")) => Err(Refused(
                "is not https, and fetch https is asked for; fetch http takes both".into(),
            )),
            _ => Err(Refused("is neither http nor https".into())),
        }
    }

    /// Whether the options name this host, with or without its port.
    pub(super) fn names(&self, uri: &Uri) -> bool {
        let Some(authority) = uri.authority() else { return false };
        let host = authority.host();
        let port = uri.port_u16().or(match uri.scheme_str() {
            Some("https") => Some(443),
            _ => Some(80),
        });
        let with_port = port.map(|port| format!("{host}:{port}")).unwrap_or_default();
        self.hosts
            .iter()
            .any(|named| named.eq_ignore_ascii_case(host) || named.eq_ignore_ascii_case(&with_port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_named_with_or_without_port() {
        let rules = |hosts: &[&str]| Rules {
            fetch: Fetch::Http,
            hosts: hosts.iter().map(ToString::to_string).collect(),
        };
        for (host, uri, named) in [
            ("localhost", "http://localhost:8000/a", true),
            ("LOCALHOST", "http://localhost/a", true),
            ("localhost:8000", "http://localhost:8000/a", true),
            ("localhost:80", "http://localhost/a", true),
            ("localhost:443", "https://localhost/a", true),
            ("localhost:8000", "http://localhost:8001/a", false),
            ("localhost", "http://localhost.example.org/a", false),
            ("example.org", "http://a@example.org.evil/a", false),
            ("[::1]", "http://[::1]:9/a", true),
        ] {
            let uri: Uri = uri.parse().expect(uri);
            assert_eq!(rules(&[host]).names(&uri), named, "{host} {uri}");
        }
    }

    #[test]
    fn hosts_are_hosts() {
        for named in [
            "localhost",
            "localhost:80",
            "10.0.0.1",
            "[::1]",
            "[::1]:8000",
            "s3://images",
            "gs://a/",
        ] {
            assert!(Rules::check_host(named).is_ok(), "{named}");
        }
        for named in [
            "",
            "a,b",
            "a b",
            "*",
            "*.lan",
            "a:",
            "a:x",
            "a:99999",
            "u@a",
            "http://a",
            "https://a/",
            "s3://",
            "::1",
        ] {
            assert!(Rules::check_host(named).is_err(), "{named}");
        }
    }

    #[test]
    fn buckets_are_named_as_a_whole() {
        let rules = Rules {
            fetch: Fetch::Https,
            hosts: vec!["s3://images".into(), "gs://more/".into(), "https://web".into()],
        };
        for (address, kept) in [
            ("s3://images/a.png", true),
            ("gs://more/a/b.png", true),
            ("s3://images2/a.png", false),
            ("s3://images", false),
            ("gs://images/a.png", false),
            ("https://web/a.png", false),
        ] {
            assert_eq!(rules.is_kept(address), kept, "{address}");
        }
        assert!(!Rules { fetch: Fetch::Off, ..rules }.covers("s3://images/a.png"));
    }

    #[test]
    fn plain_http_is_asked_for_by_name() {
        let https = Rules { fetch: Fetch::Https, ..Rules::default() };
        let http = Rules { fetch: Fetch::Http, ..Rules::default() };
        for (uri, by_https, by_http) in [
            ("https://example.org/a", true, true),
            ("http://example.org/a", false, true),
            ("ftp://example.org/a", false, false),
            ("/a", false, false),
        ] {
            let uri: Uri = uri.parse().expect(uri);
            assert_eq!(https.check(&uri).is_ok(), by_https, "{uri}");
            assert_eq!(http.check(&uri).is_ok(), by_http, "{uri}");
        }
    }
}
