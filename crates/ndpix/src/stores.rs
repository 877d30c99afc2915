//! Files that lie elsewhere: in an object store, or on a web server. What talks to those is the door's, given once
//! to [`set_stores`]; here stands what ndpix asks of it.

use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use crate::error::{Error, Result, brief};

/// A file that lies elsewhere, as it was when it was looked for. It can be read from any byte, any number of times.
///
/// ```
/// use std::io::{self, Read};
/// use std::sync::Arc;
/// use ndpix::{Control, Input, Object, Options};
/// struct Text(&'static [u8]);
/// impl Object for Text {
///     fn name(&self) -> &str { "kept://a.ndjson" }
///     fn size(&self) -> u64 { self.0.len() as u64 }
///     fn tag(&self) -> &str { "1" }
///     fn open(&self, from: u64, to: u64) -> io::Result<Box<dyn Read + Send>> {
///         Ok(Box::new(&self.0[from as usize..to as usize]))
///     }
/// }
/// let input = Input::Object(Arc::new(Text(b"{\"image\": [[1, 2]]}\n{\"image\": [[3, 4]]}\n")));
/// let options = Options::default().with("field", "image")?;
/// assert_eq!(ndpix::load(vec![input], &options, &Control::default()).result?.shape, [2, 1, 2]);
/// # Ok::<(), ndpix::Error>(())
/// ```
pub trait Object: Send + Sync {
    /// Its address, as the user wrote it: what messages and outputs call it.
    fn name(&self) -> &str;
    /// Its bytes, compressed as it is.
    fn size(&self) -> u64;
    /// A text that is another one when its bytes are others, such as an ETag; empty where nothing tells.
    fn tag(&self) -> &str;
    /// Its bytes from `from`, counted from 0, up to `to`, which is no more than its size.
    ///
    /// # Errors
    /// What the store says, here or from the reader; also where it is not the object any more that was looked for.
    fn open(&self, from: u64, to: u64) -> io::Result<Box<dyn Read + Send>>;
}

/// What ndpix asks of stores, by addresses such as `s3://bucket/key`.
pub trait Stores: Send + Sync {
    /// The object of this address, or those that match it as a glob, in byte order: at least one.
    ///
    /// # Errors
    /// Kind `NotFound` where there is none; what the store says.
    fn find(&self, address: &str) -> io::Result<Vec<Arc<dyn Object>>>;

    /// The addresses of all objects that begin with this one, which ends with a slash, and their bytes.
    ///
    /// # Errors
    /// What the store says.
    fn list(&self, folder: &str) -> io::Result<Vec<(String, u64)>>;

    /// Puts a file under this address, where it is seen when all of it is there. With `create` nothing is replaced:
    /// `false` where something has the address, as far as the store can tell.
    ///
    /// # Errors
    /// What the store says.
    fn put(&self, file: &Path, address: &str, create: bool) -> io::Result<bool>;

    /// Removes objects, those of them that are there.
    ///
    /// # Errors
    /// What the store says.
    fn remove(&self, addresses: &[String]) -> io::Result<()>;
}

static STORES: OnceLock<Box<dyn Stores>> = OnceLock::new();

/// Gives this process its way to object stores, once: from then on addresses are inputs, outputs and work folders.
///
/// What is given later changes nothing.
pub fn set_stores(stores: Box<dyn Stores>) {
    let _ = STORES.set(stores);
}

/// The address that a path is, which is then no path.
pub(crate) fn address(path: &Path) -> Option<&str> {
    let text = path.to_str()?;
    let (scheme, rest) = text.split_once("://")?;
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    (is_scheme && !rest.is_empty()).then_some(text)
}

/// Whether an address names all objects under it; what web servers have there is theirs to say.
pub(crate) fn is_folder(address: &str) -> bool {
    address.ends_with('/') && !address.starts_with("http://") && !address.starts_with("https://")
}

/// The way to the store of an address.
///
/// # Errors
/// Kind `options` where this process has none, with what does.
pub(crate) fn stores(address: &str) -> Result<&'static dyn Stores> {
    STORES.get().map(|stores| &**stores).ok_or_else(|| refused(address, ""))
}

fn refused(address: &str, instead: &str) -> Error {
    Error::options(format!(
        "{} lies in a store, and this command knows files; the one that pip installs knows stores (pip install \"ndpix[stores]\"){instead}",
        brief(address)
    ))
}

/// The objects of an address that is an input.
///
/// # Errors
/// Kind `io`, kind `options` where this process reads no stores, with a pipe that does.
pub(crate) fn find(address: &str) -> Result<Vec<Arc<dyn Object>>> {
    let shown = brief(address);
    let Some(stores) = STORES.get() else {
        let gives = match address.split("://").next() {
            Some("s3") => format!("aws s3 cp {shown} -"),
            Some("gs") => format!("gcloud storage cat {shown}"),
            Some("http" | "https") => format!("curl -fsSL {shown}"),
            _ => return Err(refused(address, "")),
        };
        return Err(refused(
            address,
            &format!(", or use a pipe: {gives} | ndpix convert - -o OUT.npy"),
        ));
    };
    stores.find(address).map_err(|e| Error::io(format_args!("cannot read {shown}"), e))
}

/// What a small object holds, if there is one.
///
/// # Errors
/// As [`find`], but for what is not there.
pub(crate) fn text(address: &str) -> Result<Option<Vec<u8>>> {
    let Some(object) = look(address)? else { return Ok(None) };
    let mut text = Vec::new();
    let read = match object.size() {
        0 => Ok(0),
        size => object.open(0, size).and_then(|mut reader| reader.read_to_end(&mut text)),
    };
    read.map_err(|e| Error::io(format_args!("cannot read {}", brief(address)), e))?;
    Ok(Some(text))
}

/// The object of an address, if there is one.
///
/// # Errors
/// As [`find`], but for what is not there.
pub(crate) fn look(address: &str) -> Result<Option<Arc<dyn Object>>> {
    match stores(address)?.find(address) {
        Ok(found) => Ok(found.into_iter().next()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io(format_args!("cannot read {}", brief(address)), e)),
    }
}
