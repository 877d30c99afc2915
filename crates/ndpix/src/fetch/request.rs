//! One request for one image.

use std::io::{self, ErrorKind as K, Read};
use std::time::Duration;

use ureq::Agent;
use ureq::http::Uri;
use ureq::unversioned::transport::DefaultConnector;

use super::address::Guard;
use super::rules::{Refused, Rules};
use crate::array::Aligned;
use crate::error::brief;
use crate::stores;

/// The most time for a request, redirects and body included.
pub(super) const TIME: Duration = Duration::from_secs(10);
const REDIRECTS: u32 = 3;
/// Longer waits than this are not waited for, whatever a server asks.
const MOST_PATIENCE: Duration = Duration::from_secs(60);
/// Bodies are read in pieces, each of which has to be granted.
const PIECE: usize = 64 << 10;

/// How a request ended without an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed {
    /// For good, and why.
    Never(String),
    /// It may succeed in a while: why not now, and how long the server asks to wait.
    Now(String, Option<Duration>),
    /// Its time was over.
    Late,
    /// This machine has not what it takes: files, memory.
    Ours(String),
}

/// Asks servers.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    /// One that keeps no connection: what failed may have failed for one that was kept too long.
    fresh: Agent,
    rules: Rules,
}

impl Client {
    /// A client that keeps so many connections.
    pub(super) fn new(rules: Rules, most: usize) -> Self {
        let guard = Guard::new(rules.clone());
        Self { agent: agent(most, guard.clone()), fresh: agent(0, guard), rules }
    }

    /// The body behind an address, of at most so many bytes; `again`: it has failed before. `grant` is asked
    /// before more bytes are kept.
    pub(super) fn get(
        &self,
        address: &str,
        most: u64,
        again: bool,
        grant: impl FnMut(usize) -> bool,
    ) -> Result<Aligned, Failed> {
        if self.rules.is_kept(address) {
            return kept(address, most, grant);
        }
        let uri: Uri = escaped(address.trim())
            .parse()
            .map_err(|_| Failed::Never("is not an address that can be asked".into()))?;
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(Failed::Never("holds a name or a password, which are not sent".into()));
        }
        self.rules.check(&uri).map_err(|refused| Failed::Never(refused.0))?;
        let agent = if again { &self.fresh } else { &self.agent };
        let mut response = agent.get(uri).call().map_err(failed)?;
        let status = response.status();
        if status.as_u16() != 200 {
            let after = response.headers().get("retry-after").and_then(|v| v.to_str().ok());
            return Err(answered(status.as_u16(), status.canonical_reason(), after));
        }
        let body = response.body_mut();
        if body.content_length().is_some_and(|length| length > most) {
            return Err(Failed::Never(format!("is over the limit of {most} bytes")));
        }
        let reader = body.with_config().limit(u64::MAX).reader();
        read(reader, most, grant, |e| failed(e.into()))
    }
}

/// An agent that keeps so many connections.
fn agent(most: usize, guard: Guard) -> Agent {
    let config = Agent::config_builder()
        .proxy(None)
        .max_redirects(REDIRECTS)
        .max_redirects_will_error(true)
        .http_status_as_error(false)
        .timeout_global(Some(TIME))
        .max_idle_connections(most)
        .max_idle_connections_per_host(most)
        .user_agent(concat!("ndpix/", env!("CARGO_PKG_VERSION")))
        .build();
    Agent::with_parts(config, DefaultConnector::default(), guard)
}

/// What an object of a store holds, in a bucket that the options name.
fn kept(address: &str, most: u64, grant: impl FnMut(usize) -> bool) -> Result<Aligned, Failed> {
    let never = |e: &dyn std::fmt::Display| Failed::Never(format!("cannot be read: {e}"));
    let stores = stores::stores(address).map_err(|e| never(&e))?;
    let said = |e: io::Error| match e.kind() {
        K::NotFound => Failed::Never("is not there".into()),
        K::PermissionDenied | K::IsADirectory => never(&e),
        _ => Failed::Now(format!("cannot be read: {e}"), None),
    };
    let found = stores.find(address).map_err(said)?;
    // Signs of a pattern are part of a name here.
    let object = found.into_iter().find(|object| object.name() == address);
    let object = object.ok_or_else(|| Failed::Never("is not there".into()))?;
    if object.size() > most {
        return Err(Failed::Never(format!("is over the limit of {most} bytes")));
    }
    let reader = object.open(0, object.size()).map_err(said)?;
    read(reader, most, grant, said)
}

/// All that a reader has, of at most so many bytes.
fn read(
    mut reader: impl Read,
    most: u64,
    mut grant: impl FnMut(usize) -> bool,
    said: impl Fn(io::Error) -> Failed,
) -> Result<Aligned, Failed> {
    let (mut out, mut piece) = (Aligned::default(), vec![0; PIECE]);
    loop {
        let n = match reader.read(&mut piece) {
            Ok(0) => return Ok(out),
            Ok(n) => n,
            Err(e) if e.kind() == K::Interrupted => continue,
            Err(e) => return Err(said(e)),
        };
        if out.len() as u64 + n as u64 > most {
            return Err(Failed::Never(format!("is over the limit of {most} bytes")));
        }
        if !grant(n) {
            return Err(Failed::Now("is not wanted any more".into(), None));
        }
        let short = || Failed::Ours("there is no memory for an image".into());
        out.extend(&piece[..n]).ok_or_else(short)?;
    }
}

/// An address whose blanks, controls and characters beyond ASCII are escaped, as browsers do.
fn escaped(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    for byte in address.bytes() {
        match byte {
            b'!'..=b'~'
                if !matches!(
                    byte,
                    b'"' | b'<' | b'>' | b'`' | b'\\' | b'^' | b'{' | b'|' | b'}'
                ) =>
            {
                out.push(byte as char);
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// What an answer means that is no image.
fn answered(status: u16, reason: Option<&str>, after: Option<&str>) -> Failed {
    let said = match reason {
        Some(reason) => format!("is answered with {status} {reason}"),
        None => format!("is answered with {status}"),
    };
    match status {
        408 | 425 | 429 | 500..=599 => {
            let after = after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
            match after {
                Some(after) if after > MOST_PATIENCE => Failed::Now(
                    format!("{said}, and to come back in {} seconds", after.as_secs()),
                    Some(after),
                ),
                _ => Failed::Now(said, after),
            }
        }
        _ => Failed::Never(said),
    }
}

/// Whether a server asks for more patience than there is.
pub(super) fn is_too_long(after: Duration) -> bool {
    after > MOST_PATIENCE
}

/// What a request that got no answer, or half of one, means.
fn failed(error: ureq::Error) -> Failed {
    use ureq::Error as E;
    let (now, never) = (|why: String| Failed::Now(why, None), Failed::Never);
    match error {
        E::Other(other) => match other.downcast::<Refused>() {
            Ok(refused) => never(refused.0),
            Err(other) => never(format!("cannot be asked: {}", escaped_text(&other))),
        },
        E::Io(e) if e.kind() == K::UnexpectedEof => now("was cut off by its server".into()),
        E::BodyStalled => now("was cut off by its server".into()),
        // What rustls says of certificates comes so, too.
        E::Io(e) if e.kind() == K::InvalidData => {
            never(format!("is not to be trusted: {}", escaped_text(&e)))
        }
        E::Io(e) if is_ours(&e) => Failed::Ours(e.to_string()),
        E::Io(e) => now(format!("cannot be reached: {}", escaped_text(&e))),
        E::Timeout(_) => Failed::Late,
        E::HostNotFound => now("is on a host that is not found".into()),
        E::ConnectionFailed => now("cannot be reached: the connection failed".into()),
        E::TooManyRedirects => never(format!("is redirected more than {REDIRECTS} times")),
        E::RedirectFailed | E::BadUri(_) => never("is redirected to nowhere".into()),
        E::Rustls(e) => never(format!("is not to be trusted: {}", escaped_text(&e))),
        E::Tls(said) => never(format!("is not to be trusted: {said}")),
        // What else there is to say may be a text of the server's.
        _ => never("is not answered as HTTP asks".into()),
    }
}

/// A text of others, escaped and short.
fn escaped_text(said: &dyn std::fmt::Display) -> String {
    brief(&said.to_string().escape_debug().to_string())
}

/// Whether a failure is for want of something here: memory, or files (ENFILE, EMFILE).
fn is_ours(e: &io::Error) -> bool {
    e.kind() == K::OutOfMemory || matches!(e.raw_os_error(), Some(23 | 24))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_pass_or_stay() {
        for status in [201, 204, 206, 304, 400, 401, 403, 404, 410, 451] {
            assert!(matches!(answered(status, None, Some("1")), Failed::Never(_)), "{status}");
        }
        for status in [408, 425, 429, 500, 502, 503, 504, 599] {
            assert!(matches!(answered(status, None, None), Failed::Now(_, None)), "{status}");
        }
        let wait = |after| match answered(429, Some("Too Many Requests"), Some(after)) {
            Failed::Now(_, after) => after.map(|after| after.as_secs()),
            _ => panic!("it passes"),
        };
        assert_eq!(
            (wait(" 7 "), wait("Wed, 21 Oct 2026 07:28:00 GMT"), wait("-1")),
            (Some(7), None, None)
        );
    }

    #[test]
    fn addresses_are_escaped_as_browsers_do() {
        for (address, asked) in [
            ("https://example.org/a%20b.png?x=1&y=a+b", "https://example.org/a%20b.png?x=1&y=a+b"),
            ("https://example.org/a b.png", "https://example.org/a%20b.png"),
            ("https://example.org/ä.png", "https://example.org/%C3%A4.png"),
            ("https://example.org/a|b{}", "https://example.org/a%7Cb%7B%7D"),
            ("https://example.org/a\r\nHost: b", "https://example.org/a%0D%0AHost:%20b"),
        ] {
            assert_eq!(escaped(address), asked);
        }
    }
}
