//! Encodings by their words: from text and to text, so that what is written reads back as the same.

use std::fmt;
use std::str::FromStr;

use super::{Chain, Content, Encoding, Layer, Transport};
use crate::error::{Error, Result, quote};
use crate::inflate::Compression;

/// No value is wrapped so often.
const MOST_STEPS: usize = 16;

impl Encoding {
    /// The words of `encoding` that read something, chains apart.
    pub(crate) fn names() -> Vec<&'static str> {
        std::iter::once("auto").chain(Self::NAMES.iter().map(|(name, _)| *name)).collect()
    }
}

/// The words of an enum. Of a variant without one the compiler says that it is missing.
macro_rules! names {
    ($kind:ident: $($variant:ident $(($inner:ident))? $word:literal),* $(; but $other:pat)?) => {
        impl $kind {
            const NAMES: &'static [(&'static str, Self)] =
                &[$(($word, Self::$variant $(($inner))?)),*];

            fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant $(($inner))? => $word,)*
                    $($other => "",)?
                }
            }
        }
    };
}

names!(
    Encoding: Raw "raw", Encoded "encoded", DataUrl "data-url", Npy "npy", Npz(None) "npz",
    CompressedDepth "compressed-depth", Hex "hex",
    List "list", Text "text", Tensor "tensor", Bytes "bytes", Path "path", Url "url", Rle "rle", Polygon "polygon",
    Strokes "strokes", StrokesRaw "strokes-raw"; but Self::Npz(Some(_)) | Self::Chain(_) | Self::Layered(..)
);
names!(Transport: Base64 "base64", Hex "hex", Latin1 "latin1", Bytes "bytes");
names!(Content: Image "image", Raw "raw", Npy "npy");

fn words<T>(names: &[(&'static str, T)]) -> String {
    names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

fn named<T: Clone>(names: &[(&str, T)], name: &str) -> Option<T> {
    names.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone())
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain(chain) => chain.fmt(f),
            Self::Layered(layer, inner) => write!(f, "{layer}+{inner}"),
            Self::Npz(Some(name)) => write!(f, "npz:{name}"),
            plain => f.write_str(plain.name()),
        }
    }
}

impl FromStr for Encoding {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        if name.matches('+').count() > MOST_STEPS {
            return Err(Error::options(format!("an encoding of more than {MOST_STEPS} steps")));
        }
        // The name of a member may be anything.
        if let Some(member) = name.strip_prefix("npz:").filter(|member| !member.is_empty()) {
            return Ok(Self::Npz(Some(member.to_string())));
        }
        if let Some((first, rest)) = name.split_once('+') {
            let layer = Layer::named(first);
            return match layer.filter(|layer| *layer != Layer::Base64 || is_layered(rest)) {
                Some(layer) => Ok(Self::Layered(layer, Box::new(rest.parse()?))),
                None => name.parse().map(Self::Chain),
            };
        }
        // What these are around is one thing alone.
        match name {
            "joined" => return "joined+encoded".parse(),
            "markdown" => return "markdown+data-url".parse(),
            _ => {}
        }
        named(Self::NAMES, name).ok_or_else(|| {
            Error::options(format!(
                "unknown encoding {}; use {}, or a chain such as base64+zlib+npy",
                quote(name.as_bytes()),
                words(Self::NAMES)
            ))
        })
    }
}

/// Whether what stands in base64 is text again: a layer, or a chain.
fn is_layered(rest: &str) -> bool {
    let first = rest.split('+').next().unwrap_or(rest);
    if matches!(rest, "encoded" | "data-url" | "npz") || rest.starts_with("npz:") {
        return true;
    }
    rest.contains('+')
        && (named(Transport::NAMES, first).is_some() || Layer::named(first).is_some())
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.transport.name())?;
        for compression in &self.compressions {
            write!(f, "+{}", compression.name())?;
        }
        write!(f, "+{}", self.content.name())
    }
}

impl FromStr for Chain {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let bad = |part: &str, words: String| {
            Error::options(format!(
                "unknown step {} in the encoding chain {}; use {words} there",
                quote(part.as_bytes()),
                quote(name.as_bytes()),
            ))
        };
        let (first, rest) = name.split_once('+').unwrap_or((name, ""));
        let (middle, last) = match rest.rsplit_once('+') {
            Some((middle, last)) => (Some(middle), last),
            None => (None, rest),
        };
        let transport =
            named(Transport::NAMES, first).ok_or_else(|| bad(first, words(Transport::NAMES)))?;
        let content =
            named(Content::NAMES, last).ok_or_else(|| bad(last, words(Content::NAMES)))?;
        let compressions = middle
            .into_iter()
            .flat_map(|steps| steps.split('+'))
            .map(|step| {
                Compression::ALL
                    .into_iter()
                    .find(|c| c.name() == step)
                    .ok_or_else(|| bad(step, Compression::ALL.map(Compression::name).join(", ")))
            })
            .collect::<Result<_>>()?;
        Ok(Self { transport, compressions, content })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip() {
        for &(name, _) in Encoding::NAMES {
            assert_eq!(name.parse::<Encoding>().map(|e| e.to_string()).ok().as_deref(), Some(name));
        }
        for name in [
            "base64+zlib+npy",
            "hex+image",
            "base64+gzip+raw",
            "latin1+zstd+bz2+raw",
            "bytes+image",
            "json+list",
            "json+base64+image",
            "json:a.b[0]+data-url",
            "base64+base64+image",
            "base64+json+repr+encoded",
            "markdown+data-url",
            "unquoted+list",
            "npz:a+b",
            "base64+encoded",
            "base64+data-url",
            "base64+npz:a+b",
            "json+npz:image",
        ] {
            assert_eq!(name.parse::<Encoding>().map(|e| e.to_string()).ok().as_deref(), Some(name));
        }
        for bad in [
            "",
            "+",
            "base64",
            "base64+",
            "base64+png",
            "zlib+raw",
            "base64+lzo+raw",
            "Raw",
            "json+",
            "json+x",
            "base64+list",
            "npz:",
            "npz+raw",
        ] {
            assert!(bad.parse::<Encoding>().is_err(), "{bad}");
        }
    }
}
