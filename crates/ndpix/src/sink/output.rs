//! The list of outputs, what one can be asked to hold, and which can hold it.

use std::path::Path;
use std::sync::Arc;

use super::entry::FIELDS;
use super::parquet;
use crate::column::ColumnType;
use crate::error::{Error, Result};
use crate::options::{ImagesAs, Options, OutputCompression, Ragged};

/// The outputs, by the extension of their name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// One NumPy array, with files beside it for what it cannot hold.
    Npy,
    /// A zip of NumPy arrays.
    Npz,
    /// HDF5.
    Hdf5,
    /// A Zarr v3 group.
    Zarr,
    /// safetensors.
    Safetensors,
    /// Parquet.
    Parquet,
    /// A folder of NumPy arrays.
    Shards,
}

/// Names that are taken, where an output holds columns beside its own arrays.
const TAKEN: [&str; 7] = ["images", "pixels", "offsets", "shapes", "sizes", "rows", "valid"];

impl Output {
    /// The output that is written under this name; `shards`: rows of a shard are given.
    pub(crate) fn of(out: &Path, shards: bool) -> Result<Self> {
        if out.file_name().is_none() {
            return Err(Error::options(format!(
                "output {} is not the name of a file",
                out.display()
            )));
        }
        let extension = out.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        let known = match extension.as_deref() {
            Some("npy") => Some(Self::Npy),
            Some("npz") => Some(Self::Npz),
            Some("h5" | "hdf5") => Some(Self::Hdf5),
            Some("zarr") => Some(Self::Zarr),
            Some("safetensors") => Some(Self::Safetensors),
            Some("parquet") => Some(Self::Parquet),
            _ => None,
        };
        match (known, shards) {
            (Some(Self::Zarr), _) => Ok(Self::Zarr),
            (Some(known), false) => Ok(known),
            (None, true) => Ok(Self::Shards),
            (Some(_), true) => Err(Error::options(format!(
                "with shard_rows the output is a folder of .npy files; give a name without the extension of {}",
                out.display()
            ))),
            (None, false) => Err(Error::options(format!(
                "output {} must end in .npy, .npz, .h5, .hdf5, .zarr, .safetensors or .parquet; with shard_rows it is a folder of .npy files",
                out.display()
            ))),
        }
    }

    /// Its name in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Npy => ".npy",
            Self::Npz => ".npz",
            Self::Hdf5 => "HDF5",
            Self::Zarr => "Zarr",
            Self::Safetensors => "safetensors",
            Self::Parquet => "Parquet",
            Self::Shards => "a folder of .npy files",
        }
    }

    /// Whether it is a folder.
    pub(crate) fn is_folder(self) -> bool {
        matches!(self, Self::Zarr | Self::Shards)
    }

    /// Whether it is compressed where nothing else is asked for.
    pub(crate) fn packs(self) -> bool {
        matches!(self, Self::Zarr | Self::Parquet)
    }

    /// Refuses what this output cannot be asked for, kind `options`, with those that can.
    pub(crate) fn check(self, options: &Options) -> Result<()> {
        let no = |what: &str, who: &str| {
            Err(Error::options(format!("{} cannot hold {what}; {who} can", self.name())))
        };
        let ragged = matches!(self, Self::Npz | Self::Hdf5 | Self::Zarr | Self::Shards);
        if options.ragged != Ragged::Off && !ragged {
            return no("images of different sizes", ".npz, .h5, .zarr and shard_rows");
        }
        if options.images_as == ImagesAs::Encoded && self != Self::Parquet {
            return no("encoded images", ".parquet");
        }
        if options.append && self != Self::Npy {
            let name = self.name();
            return Err(Error::options(format!("append adds to .npy files, not to {name}")));
        }
        if options.append && !options.columns.is_empty() {
            return Err(Error::options(
                "append cannot add to columns; leave columns out, or write shards",
            ));
        }
        if options.chunks.is_some() && !matches!(self, Self::Hdf5 | Self::Zarr | Self::Parquet) {
            return no("chunks", ".h5, .zarr and .parquet");
        }
        let zstd = matches!(self, Self::Zarr | Self::Parquet);
        let gzip = zstd || matches!(self, Self::Npz | Self::Hdf5);
        let compression = options.output_compression;
        let who = match compression {
            OutputCompression::Gzip(_) if !gzip => ".npz, .h5, .zarr and .parquet",
            OutputCompression::Zstd(_) if !zstd => ".zarr and .parquet",
            _ => return Ok(()),
        };
        no(&format!("chunks compressed with {compression}"), who)
    }

    /// Refuses columns that this output has no place for, kind `options`.
    pub(crate) fn check_columns(self, columns: &[(Arc<str>, ColumnType)]) -> Result<()> {
        let plain = |name: &str| TAKEN.contains(&name);
        for (name, kind) in columns {
            if self == Self::Safetensors && !kind.is_scalar() {
                return Err(Error::options(format!(
                    "safetensors holds numbers only, and column {name} holds {kind}; leave it out or write .h5, .zarr, .npz or .parquet"
                )));
            }
            let taken = match self {
                Self::Npy | Self::Shards => false,
                Self::Parquet => parquet::is_taken(name),
                Self::Safetensors => {
                    let field = name.strip_prefix("rows.").unwrap_or_default();
                    &**name == "__metadata__" || FIELDS.iter().any(|f| f.0 == field) || plain(name)
                }
                // NumPy takes a member for what it is called without its extension.
                Self::Npz => plain(name.strip_suffix(".npy").unwrap_or(name)),
                Self::Hdf5 | Self::Zarr => plain(name),
            };
            if taken {
                return Err(Error::options(format!(
                    "a column {name} would have the name of an array that {} holds; rename the field or write .npy, whose columns are a file of their own",
                    self.name()
                )));
            }
            let arrays = !matches!(self, Self::Npy | Self::Shards | Self::Parquet);
            let beside = |suffix| columns.iter().find(|c| *c.0 == format!("{name}{suffix}"));
            let lists = beside(".offsets").filter(|_| !kind.is_scalar());
            if let Some((other, _)) = beside(".valid").or(lists).filter(|_| arrays) {
                return Err(Error::options(format!(
                    "a column {other} has the name of an array that {} holds beside a column {name}; leave one of them out or write .npy or .parquet",
                    self.name()
                )));
            }
            let awkward = match self {
                Self::Hdf5 => name.contains('/'),
                // A folder is called so.
                Self::Zarr => {
                    name.contains(['/', '\\'])
                        || name.len() > 200
                        || name.starts_with("__")
                        || [".", ".."].contains(&&**name)
                }
                Self::Npz => name.len() > 4000,
                Self::Npy | Self::Safetensors | Self::Parquet | Self::Shards => false,
            };
            if awkward {
                return Err(Error::options(format!(
                    "{} cannot call a column {name}; rename the field or write .npy or .parquet",
                    self.name()
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_is_written() {
        let of = |name: &str, shards| Output::of(Path::new(name), shards).ok();
        assert_eq!(of("a.NPY", false), Some(Output::Npy));
        assert_eq!(of("a.hdf5", false), Some(Output::Hdf5));
        assert_eq!(of("a.zarr", true), Some(Output::Zarr));
        assert_eq!(of("folder", true), Some(Output::Shards));
        assert_eq!(
            (of("folder", false), of("a.npy", true), of("a.xyz", false)),
            (None, None, None)
        );
    }

    #[test]
    fn columns_have_names_of_their_own() {
        let refused = |output: Output, names: [&str; 2], kind| {
            output.check_columns(&names.map(|name| (name.into(), kind))).is_err()
        };
        let (scalar, list) = (ColumnType::Bool, ColumnType::Ints);
        assert!(refused(Output::Hdf5, ["a.valid", "a"], scalar));
        assert!(refused(Output::Npz, ["a", "a.offsets"], list));
        assert!(refused(Output::Zarr, ["a", "rows"], scalar));
        assert!(!refused(Output::Hdf5, ["a", "a.offsets"], scalar));
        assert!(!refused(Output::Npy, ["a", "a.valid"], scalar));
        assert!(!refused(Output::Zarr, ["a", "b.valid"], list));
    }
}
