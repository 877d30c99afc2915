//! Flags to [`Options`]: the same names and words, translated and nothing more.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use ndpix::{
    Encoding, Error, Field, Framing, Given, IfExists, ImageFormat, MaxRejects, OnError, OnMissing,
    Options, RawChannels, RawDType, RawOrder, Rejects, RejectsContent, Result, Rows, Shape,
};

/// NDJSON records with images to one correct NumPy array.
#[derive(Debug, Parser)]
#[command(name = "ndpix", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Convert NDJSON inputs to one array file
    Convert(Box<Convert>),
    /// Say what is in the inputs, and the command to run
    Inspect(Box<Inspect>),
    /// Print shell completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

#[derive(Debug, Args)]
pub(crate) struct Convert {
    /// Files, globs, or - for standard input
    #[arg(required = true, value_name = "IN")]
    pub(crate) inputs: Vec<PathBuf>,
    /// What to write: OUT.npy, .npz, .h5, .hdf5, .zarr, .safetensors or .parquet; with --shard-rows a folder
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) read: Read,
    #[command(flatten)]
    pub(crate) pixels: Pixels,
    #[command(flatten)]
    pub(crate) write: Write,
    /// Write the summary as JSON to this file (- for standard output), also when the run fails
    #[arg(long, value_name = "PATH")]
    pub(crate) summary: Option<PathBuf>,
    /// Show a progress bar also where no terminal is found
    #[arg(long)]
    pub(crate) progress: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Files, globs, or - for standard input
    #[arg(required = true, value_name = "IN")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) read: Read,
    #[command(flatten)]
    pub(crate) pixels: Pixels,
    #[command(flatten)]
    pub(crate) write: Write,
}

/// How inputs are read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading")]
pub(crate) struct Read {
    /// The field that holds the image: a.b[2].c, images[*].url, /json/pointer, or . for the record; once for each band of a stack [default: found]
    #[arg(long, value_name = "PATH")]
    field: Vec<String>,
    /// How the value holds the image: auto, raw, encoded, data-url, npy, hex, list, text, tensor, bytes, path, or a chain such as base64+zlib+npy
    #[arg(long, value_name = "NAME", default_value = "auto")]
    encoding: String,
    /// Decide the encoding for each record
    #[arg(long)]
    mixed: bool,
    /// Shape of raw pixels: H,W or H,W,C, or fields: @height,@width
    #[arg(long, value_name = "SHAPE")]
    raw_shape: Option<String>,
    /// Element type of raw pixels, or @field
    #[arg(long, value_name = "DTYPE")]
    raw_dtype: Option<String>,
    /// Byte order of raw pixels: little, big or @field [default: little]
    #[arg(long, value_name = "ORDER")]
    raw_byteorder: Option<String>,
    /// Memory order of raw pixels: C, F or @field [default: C]
    #[arg(long, value_name = "ORDER")]
    raw_order: Option<String>,
    /// Colour order of raw pixels: rgb or bgr
    #[arg(long, value_name = "ORDER", default_value = "rgb")]
    raw_channels: String,
    /// Bytes from one row of raw pixels to the next, or @field
    #[arg(long, value_name = "BYTES")]
    raw_step: Option<String>,
    /// Read only these image formats, comma separated [default: all]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    formats: Vec<String>,
    /// The shape every image must have: H,W or H,W,C [default: the sample's]
    #[arg(long, value_name = "SHAPE")]
    shape: Option<String>,
    /// The dtype of the output; number lists are read as it [default: as stored]
    #[arg(long, value_name = "DTYPE")]
    dtype: Option<String>,
    /// Fields to keep beside the images, comma separated: label,meta.id [default: none]
    #[arg(long, value_name = "PATH")]
    columns: Vec<String>,
    /// Records to pass over
    #[arg(long, value_name = "N", default_value_t = 0)]
    skip: u64,
    /// Records to take [default: all]
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// How records follow each other: auto, lines, array, concat, seq
    #[arg(long, value_name = "NAME", default_value = "auto")]
    framing: String,
    /// Where relative image paths begin, and a folder that they may reach [default: each input's folder]
    #[arg(long, value_name = "DIR")]
    base_dir: Option<PathBuf>,
    /// A further folder that image paths may reach; / opens all
    #[arg(long, value_name = "DIR")]
    allow_dir: Vec<PathBuf>,
    /// What image paths begin with, and what stands there instead; the last = parts them
    #[arg(long, value_name = "OLD=NEW")]
    path_prefix: Vec<String>,
    /// The inputs are rejects files, whatever they are called [default: those that end in .rejects.ndjson]
    #[arg(long)]
    rejects_input: bool,
    /// The longest record, in bytes (K, M, G are powers of 1024)
    #[arg(long, value_name = "BYTES", default_value = "1G")]
    max_record_bytes: String,
    /// The most pixels of one image
    #[arg(long, value_name = "N", default_value_t = 1 << 28)]
    max_pixels: u64,
    /// The most memory for images in flight; large ones wait for each other: auto, or bytes (K, M, G)
    #[arg(long, value_name = "BYTES", default_value = "auto")]
    memory: String,
    /// Threads; 0 takes all cores
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// A bad image or record: skip, fill, raise
    #[arg(long, value_name = "NAME", default_value = "skip")]
    on_error: String,
    /// A record without image: skip, fill, reject
    #[arg(long, value_name = "NAME", default_value = "skip")]
    on_missing: String,
    /// End the run when exceeded: N, P% or none [default: 50%]
    #[arg(long, value_name = "N")]
    max_rejects: Option<String>,
    /// An existing output: error, skip, replace
    #[arg(long, value_name = "NAME", default_value = "error")]
    if_exists: String,
    /// The row map OUT.rows.npy: auto, always, never
    #[arg(long, value_name = "NAME", default_value = "auto")]
    rows: String,
    /// What the rejects file keeps of a record: full, position
    #[arg(long, value_name = "NAME", default_value = "full")]
    rejects_content: String,
}

/// What is done to pixels.
#[derive(Debug, Args)]
#[command(next_help_heading = "Pixels")]
pub(crate) struct Pixels {
    /// The channels: auto, L, LA, RGB, RGBA, BGR, P (palette indices)
    #[arg(long, value_name = "MODE", default_value = "auto")]
    mode: String,
    /// The colour that alpha is blended on where the mode has none: white, #rrggbb [default: dropped]
    #[arg(long, value_name = "COLOR")]
    background: Option<String>,
    /// Turn images upright by their EXIF, XMP or TIFF orientation
    #[arg(long)]
    exif_transpose: bool,
    /// Frames of animations and pages of files: first, all, index:N
    #[arg(long, value_name = "WHICH", default_value = "first")]
    frames: String,
    /// Resize to N,N or H,W (height,width) [default: as stored]
    #[arg(long, value_name = "SIZE")]
    size: Option<String>,
    /// How, where the aspect differs: stretch, crop, pad, contain [default: refuse]
    #[arg(long, value_name = "NAME")]
    fit: Option<String>,
    /// The filter: nearest, box, bilinear, hamming, bicubic, lanczos
    #[arg(long, value_name = "NAME", default_value = "bilinear")]
    resample: String,
    /// What stands around padded images, before dtype and scale
    #[arg(long, value_name = "NUMBER", default_value_t = 0.0, allow_negative_numbers = true)]
    pad_value: f64,
    /// How numbers of one dtype become those of another: none, unit (0 to 1), full (65535 to 255)
    #[arg(long, value_name = "NAME", default_value = "none")]
    scale: String,
    /// (x - mean) / std: none, imagenet, clip, or MEAN/STD
    #[arg(long, value_name = "NAME", default_value = "none", allow_hyphen_values = true)]
    normalize: String,
    /// The order of axes: hwc, chw
    #[arg(long, value_name = "NAME", default_value = "hwc")]
    layout: String,
    /// Several fields as one image: off, new-axis, channel
    #[arg(long, value_name = "NAME", default_value = "off")]
    stack: String,
    /// Images of different sizes: off, pad (to the largest, with sizes), flat (pixels, offsets, shapes)
    #[arg(long, value_name = "NAME", default_value = "off")]
    ragged: String,
}

impl Pixels {
    pub(crate) fn onto(&self, mut options: Options) -> Result<Options> {
        options.mode = self.mode.parse()?;
        options.background = maybe(&self.background)?;
        options.exif_transpose = self.exif_transpose;
        options.frames = self.frames.parse()?;
        options.size = maybe(&self.size)?;
        options.fit = maybe(&self.fit)?;
        options.resample = self.resample.parse()?;
        options.pad_value = self.pad_value;
        options.scale = self.scale.parse()?;
        options.normalize = self.normalize.parse()?;
        options.layout = self.layout.parse()?;
        options.stack = self.stack.parse()?;
        options.ragged = self.ragged.parse()?;
        Ok(options)
    }
}

/// How the output is written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Writing")]
pub(crate) struct Write {
    /// The value of rows without image
    #[arg(long, value_name = "NUMBER", default_value_t = 0.0, allow_negative_numbers = true)]
    fill_value: f64,
    /// Where rejects go: a path, or none [default: OUT.rejects.ndjson]
    #[arg(long, value_name = "PATH")]
    rejects: Option<PathBuf>,
    /// What Parquet holds of an image: pixels, encoded (the image file as it came)
    #[arg(long, value_name = "NAME", default_value = "pixels")]
    images_as: String,
    /// Rows of a chunk, in outputs that have chunks [default: about 1 MiB]
    #[arg(long, value_name = "ROWS")]
    chunks: Option<u64>,
    /// How chunks are compressed: auto, none, gzip, gzip:1 to gzip:9, zstd, zstd:1 to zstd:22
    #[arg(long, value_name = "NAME", default_value = "auto")]
    output_compression: String,
    /// Rows of a shard: a folder of .npy files, or the shards of a Zarr array
    #[arg(long, value_name = "ROWS")]
    shard_rows: Option<u64>,
    /// Add rows to the .npy file that is there
    #[arg(long)]
    append: bool,
}

impl Write {
    pub(crate) fn onto(&self, mut options: Options) -> Result<Options> {
        options.fill_value = self.fill_value;
        options.rejects = match &self.rejects {
            None => Rejects::Beside,
            Some(path) if path.as_os_str() == "none" => Rejects::None,
            Some(path) => Rejects::Path(path.clone()),
        };
        options.images_as = self.images_as.parse()?;
        for (name, rows) in [("chunks", self.chunks), ("shard_rows", self.shard_rows)] {
            if let Some(rows) = rows {
                options.set(name, &rows.to_string())?;
            }
        }
        options.output_compression = self.output_compression.parse()?;
        options.append = self.append;
        Ok(options)
    }
}

fn maybe<T: std::str::FromStr<Err = Error>>(text: &Option<String>) -> Result<Option<T>> {
    text.as_deref().map(str::parse).transpose()
}

impl Read {
    pub(crate) fn options(&self) -> Result<Options> {
        let auto = |text: &str| (text != "auto").then(|| text.to_string());
        let mut fields = self.field.iter().map(|f| f.parse::<Field>());
        let mut options = Options {
            field: fields.next().transpose()?,
            bands: fields.collect::<Result<_>>()?,
            encoding: maybe::<Encoding>(&auto(&self.encoding))?,
            mixed: self.mixed,
            raw_shape: maybe::<Given<Shape>>(&self.raw_shape)?,
            raw_dtype: maybe::<Given<RawDType>>(&self.raw_dtype)?,
            raw_byteorder: maybe(&self.raw_byteorder)?,
            raw_order: maybe::<Given<RawOrder>>(&self.raw_order)?,
            raw_channels: self.raw_channels.parse::<RawChannels>()?,
            raw_step: maybe(&self.raw_step)?,
            formats: self
                .formats
                .iter()
                .map(|f| f.parse::<ImageFormat>())
                .collect::<Result<_>>()?,
            shape: maybe(&self.shape)?,
            dtype: maybe(&self.dtype)?,
            skip: self.skip,
            limit: self.limit,
            framing: self.framing.parse::<Framing>()?,
            base_dir: self.base_dir.clone(),
            allow_dir: self.allow_dir.clone(),
            path_prefix: self.path_prefix.iter().map(|p| p.parse()).collect::<Result<_>>()?,
            rejects_input: self.rejects_input,
            threads: self.threads,
            on_error: self.on_error.parse::<OnError>()?,
            on_missing: self.on_missing.parse::<OnMissing>()?,
            max_rejects: maybe::<MaxRejects>(&self.max_rejects)?,
            if_exists: self.if_exists.parse::<IfExists>()?,
            rows: self.rows.parse::<Rows>()?,
            rejects_content: self.rejects_content.parse::<RejectsContent>()?,
            ..Options::default()
        };
        options.limits.max_pixels = self.max_pixels;
        options.set("max_record_bytes", &self.max_record_bytes)?;
        options.set("memory", &self.memory)?;
        if !self.columns.is_empty() {
            options.set_each("columns", &self.columns)?;
        }
        Ok(options)
    }
}
