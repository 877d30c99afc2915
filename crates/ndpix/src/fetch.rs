//! Images behind addresses: `fetch`. Off unless it is asked for.
//!
//! An address is data of a stranger. It is asked for with GET and nothing else, without cookies, credentials of
//! the machine or proxies; only hosts on the public network are asked, at every redirect again
//! (`fetch/address.rs`); time, bytes and redirects are bounded (`fetch/request.rs`). Up to 64 requests are
//! under way, on threads of their own (`fetch/flight.rs`).

mod address;
mod flight;
mod request;
mod rules;

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use crate::error::{Error, ErrorKind, Result, brief};
use crate::limits::{Limits, make_room};

use flight::Flight;
use request::{Client, Failed};
pub use rules::Fetch;
pub(crate) use rules::Rules;

/// The most bytes of an image behind an address.
const MOST_BYTES: u64 = 64 << 20;
/// The longest address that is asked for.
const LONGEST: usize = 8 << 10;

/// Whoever fetches for a run. Copies share what is under way; it begins with the first address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fetcher {
    flight: Arc<OnceLock<Open>>,
}

/// Requests that end with their last owner.
#[derive(Debug)]
struct Open(Arc<Flight>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// What somebody asked for ahead of their turn; what is not taken goes with it.
#[derive(Debug)]
pub(crate) struct Ahead {
    fetcher: Fetcher,
    number: u64,
    addresses: Vec<Arc<str>>,
}

impl Fetcher {
    fn flight(&self, rules: &Rules, limits: &Limits) -> &Arc<Flight> {
        let open = self.flight.get_or_init(|| {
            let client = Client::new(rules.clone(), flight::MOST);
            let most = MOST_BYTES.min(limits.max_record_bytes);
            Open(Arc::new(Flight::new(client, most, limits.memory)))
        });
        &open.0
    }
}

impl Fetcher {
    /// Asks for images ahead of their turn.
    pub(crate) fn ahead<'a>(
        &self,
        rules: &Rules,
        limits: &Limits,
        addresses: impl Iterator<Item = Cow<'a, str>>,
    ) -> Ahead {
        let flight = self.flight(rules, limits);
        let number = flight.number();
        let ask = |address: Cow<'_, str>| {
            let address = plain(&address);
            flight.ask(address, number);
            Arc::from(address)
        };
        let short = addresses.filter(|address| address.len() <= LONGEST);
        Ahead { addresses: short.map(ask).collect(), fetcher: self.clone(), number }
    }

    /// Reads the image behind an address into `out`, of which nothing is of use after an error. `is_over` is
    /// asked now and then while it waits.
    ///
    /// # Errors
    /// Kind `fetch`; such a one as [`Error::is_transient`] says of, too, where the run is over.
    pub(crate) fn read(
        &self,
        rules: &Rules,
        limits: &Limits,
        address: &str,
        (ahead, is_over): (Option<&Ahead>, &dyn Fn() -> bool),
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let later = |why: &str| {
            let what = format!("image address {} {why}", shown(address));
            let then = "run the same again later, or pass on_error fetch=skip";
            Err(Error::fetch(format!("{what}; {then}")).passing())
        };
        if address.len() > LONGEST {
            let what = format!("is longer than {LONGEST} bytes");
            return Err(Error::fetch(format!("image address {} {what}", shown(address))));
        }
        let flight = self.flight(rules, limits);
        let number = ahead.map(|ahead| ahead.number);
        match flight.take(plain(address), number, is_over) {
            None => Err(Error::fetch("interrupted").passing()),
            Some(Ok(body)) => {
                make_room(out, body.len())?;
                out.extend_from_slice(&body);
                Ok(())
            }
            Some(Err(Failed::Never(why))) => {
                Err(Error::fetch(format!("image address {} {why}", shown(address))))
            }
            Some(Err(Failed::Ours(why))) => {
                let what = format!("cannot fetch {}: {why}", shown(address));
                Err(Error::new(ErrorKind::Io, what).passing())
            }
            Some(Err(Failed::Late)) => {
                later(&format!("was not there after {} seconds", request::TIME.as_secs()))
            }
            Some(Err(Failed::Now(why, _))) => later(&why),
        }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        if let Some(open) = self.fetcher.flight.get() {
            open.0.release(&self.addresses, self.number);
        }
    }
}

/// An address without its fragment, which is for whoever shows what was fetched.
fn plain(address: &str) -> &str {
    address.split('#').next().unwrap_or_default()
}

/// An address as it is shown: what is after a question mark may be a key, and what is before an `@` a password.
fn shown(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or_default();
    let (place, query) = match rest.split_once('?') {
        Some((place, _)) => (place, "?..."),
        None => (rest, ""),
    };
    let (host, path) = place.split_at(place.find('/').unwrap_or(place.len()));
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("{:?}", brief(&format!("{scheme}://{host}{path}{query}")))
}
