//! The options of a run as flags. Names, defaults, words and checks are those of the library's table; here
//! stand the heading under which a flag is shown, in help, in the reference and in the documentation of options, the name of its value, and its help.

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::Error;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, ValueHint};
use ndpix::{OptionInfo, Options, Result};

use crate::help::SHORT;

/// Name of the option, name of its value (none: on or off), help.
type Flag = (&'static str, &'static str, &'static str);

const FLAGS: &[(&str, &[Flag])] = &[
    (
        "Which images",
        &[
            (
                "field",
                "FIELD",
                "The field that holds the image: a.b[2].c, images[*].url, /json/pointer, or . for the record; once for each band of a stack [default: found]",
            ),
            (
                "encoding",
                "NAME",
                "How the value holds the image, or a chain such as base64+zlib+npy; several allow these, comma separated",
            ),
            ("mixed", "", "Decide the encoding for each record"),
            (
                "text_repair",
                "",
                "Make good text that was damaged in a known way: base64 in which each + became a blank",
            ),
            ("formats", "LIST", "Read only these image formats, comma separated [default: all]"),
            ("framing", "NAME", "How records follow each other"),
            (
                "on_truncated",
                "NAME",
                "A compressed input that ends before its end; keep reads what stands before",
            ),
            (
                "where",
                "TEST",
                "Records to take, by a field of theirs: split=train, height>=64, name~REGEX, mask exists; tests are = != < <= > >= ~ exists, and several must all hold",
            ),
            ("skip", "N", "Records to pass over"),
            ("limit", "N", "Records to take [default: all]"),
            (
                "rejects_input",
                "",
                "The inputs are rejects files, whatever they are called [default: those that end in .rejects.ndjson]",
            ),
        ],
    ),
    (
        "Paths and addresses",
        &[
            (
                "base_dir",
                "DIR",
                "Where relative image paths begin, and a folder that they may reach [default: each input's folder]",
            ),
            ("allow_dir", "DIR", "A further folder that image paths may reach; / opens all"),
            (
                "path_prefix",
                "OLD=NEW",
                "What image paths begin with, and what stands there instead; the last = parts them",
            ),
            (
                "fetch",
                "WHICH",
                "Fetch images behind addresses in records: off, https, or http for both",
            ),
            (
                "allow_host",
                "HOST[:PORT]",
                "A host that may be asked for images though it is not on the public network",
            ),
        ],
    ),
    (
        "Raw pixels",
        &[
            (
                "raw_shape",
                "SHAPE",
                "Shape of raw pixels: H,W or H,W,C, or fields: @height,@.width,3",
            ),
            ("raw_dtype", "DTYPE", "Element type of raw pixels, or @field"),
            (
                "raw_byteorder",
                "ORDER",
                "Byte order of raw pixels, or @field [default: as the record says, else little]",
            ),
            (
                "raw_order",
                "ORDER",
                "Memory order of raw pixels, or @field [default: as the record says, else C]",
            ),
            ("raw_channels", "ORDER", "Colour order of raw pixels"),
            (
                "raw_layout",
                "ORDER",
                "Axis order of raw pixels, or @field [default: as the record says, else hwc]",
            ),
            ("raw_step", "BYTES", "Bytes from one row of raw pixels to the next, or @field"),
            (
                "allow_nan",
                "",
                "Read NaN, Infinity and -Infinity as numbers, and null in lists of floats as NaN",
            ),
        ],
    ),
    (
        "Pixels",
        &[
            ("mode", "MODE", "The channels; P is palette indices"),
            (
                "background",
                "COLOR",
                "The colour that alpha is blended on where the mode has none: white, #rrggbb [default: dropped]",
            ),
            ("exif_transpose", "", "Turn images upright by their EXIF, XMP or TIFF orientation"),
            (
                "rescale",
                "",
                "Make numbers the quantities that DICOM and FITS files say they stand for (slope, intercept)",
            ),
            ("frames", "WHICH", "Frames of animations and pages of files: first, all, index:N"),
            ("size", "SIZE", "Resize to N,N or H,W (height,width) [default: as stored]"),
            ("fit", "NAME", "How, where the aspect differs [default: refuse]"),
            ("resample", "NAME", "The filter [default: bilinear, and nearest for what is drawn]"),
            ("pad_value", "NUMBER", "What stands around padded images, before dtype and scale"),
        ],
    ),
    (
        "The array",
        &[
            (
                "shape",
                "SHAPE",
                "The shape every image must have: H,W or H,W,C [default: the sample's]",
            ),
            (
                "dtype",
                "DTYPE",
                "The dtype of the output; number lists are read as it [default: as stored]",
            ),
            (
                "scale",
                "NAME",
                "How numbers of one dtype become those of another: unit is 0 to 1, full is 65535 to 255",
            ),
            ("normalize", "MEAN/STD", "(x - mean) / std: none, imagenet, clip, or MEAN/STD"),
            ("layout", "NAME", "The order of axes"),
            ("stack", "NAME", "Several fields as one image"),
            ("merge", "NAME", "The masks of a record as one image, by class or by instance"),
            (
                "array",
                "NAME=FIELD",
                "A further array of the same records, with options of its own: mask=labels.mask,resample=nearest",
            ),
            (
                "ragged",
                "NAME",
                "Images of different sizes: pad to the largest, with sizes; flat is pixels, offsets, shapes",
            ),
        ],
    ),
    (
        "Columns",
        &[
            (
                "columns",
                "FIELD",
                "Fields to keep beside the images, comma separated: label,meta.id [default: none]",
            ),
            ("on_missing_column", "NAME", "Such a field that none of the first records has"),
            (
                "column_type",
                "NAME=TYPE",
                "What such a field is read as: taken=datetime, id=text [default: as the first records have it]",
            ),
        ],
    ),
    (
        "Rejects",
        &[
            ("on_error", "NAME", "A bad image or record; of a kind: skip,json=raise,path=fill"),
            ("on_missing", "NAME", "A record without image"),
            ("fill_value", "NUMBER", "The value of rows without image"),
            ("max_rejects", "N", "End the run when exceeded: N, P% or none [default: 50%]"),
            (
                "warn_rejects",
                "N",
                "Finish with a warning and exit code 3 when exceeded, else with 0: N or P%",
            ),
            ("rejects", "FILE", "Where rejects go: a path, or none [default: OUT.rejects.ndjson]"),
            ("rejects_content", "NAME", "What the rejects file keeps of a record"),
        ],
    ),
    (
        "The output",
        &[
            ("if_exists", "NAME", "An existing output"),
            ("append", "", "Add rows to the output that is there"),
            ("append_again", "", "Add inputs once more that were appended before"),
            ("fresh", "", "Begin anew where the same command was ended before"),
            ("rows", "NAME", "The row map OUT.rows.npy"),
            (
                "images_as",
                "NAME",
                "What Parquet holds of an image; encoded is the image file as it came",
            ),
            (
                "chunks",
                "ROWS",
                "Rows of a chunk, in outputs that have chunks [default: about 1 MiB]",
            ),
            (
                "output_compression",
                "NAME",
                "How chunks are compressed: auto, none, gzip, gzip:1 to gzip:9, zstd, zstd:1 to zstd:22",
            ),
            (
                "shard_rows",
                "ROWS",
                "Rows of a shard: a folder of .npy files, or the shards of a Zarr array",
            ),
        ],
    ),
    (
        "Limits",
        &[
            ("threads", "N", "Threads; 0 takes all cores"),
            (
                "memory",
                "BYTES",
                "The most memory for images in flight; large ones wait for each other: auto, or bytes (K, M, G)",
            ),
            (
                "max_record_bytes",
                "BYTES",
                "The longest record, in bytes (K, M, G are powers of 1024)",
            ),
            ("max_pixels", "N", "The most pixels of one image"),
        ],
    ),
];

/// Values that may begin with a minus sign.
const SIGNED: [&str; 2] = ["NUMBER", "MEAN/STD"];

/// What was given, by the name of the option, as text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags(Vec<(OptionInfo, Vec<String>)>);

impl Flags {
    /// The options that these flags ask for.
    pub(crate) fn options(&self) -> Result<Options> {
        let mut options = Options::default();
        for (option, values) in &self.0 {
            match values.as_slice() {
                [value] if !option.list => options.set(option.name, value)?,
                values => options.set_each(option.name, values)?,
            }
        }
        Ok(options)
    }
}

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        let options: Vec<OptionInfo> = Options::table().collect();
        FLAGS.iter().fold(command, |command, (heading, flags)| {
            let find = |name| options.iter().find(|option| option.name == name);
            let ours = flags.iter().filter_map(|flag| find(flag.0).map(|option| (flag, option)));
            command.next_help_heading(*heading).args(ours.map(|(flag, option)| arg(flag, option)))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(given: &ArgMatches) -> std::result::Result<Self, Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(given)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, given: &ArgMatches) -> std::result::Result<(), Error> {
        for option in Options::table() {
            let values: Vec<String> = if option.is_switch() {
                vec![given.get_flag(option.name).to_string()]
            } else {
                given.get_many(option.name).into_iter().flatten().cloned().collect()
            };
            if !values.is_empty() {
                self.0.push((option, values));
            }
        }
        Ok(())
    }
}

fn arg((name, value, help): &Flag, option: &OptionInfo) -> Arg {
    let arg = Arg::new(*name).long(name.replace('_', "-")).help(*help);
    let arg = arg.hide_short_help(!SHORT.contains(name));
    if option.is_switch() {
        return arg.action(ArgAction::SetTrue);
    }
    let arg = arg.value_name(*value).value_parser(Words(option.words.clone()));
    let arg = arg.action(if option.list { ArgAction::Append } else { ArgAction::Set });
    // A number below zero is refused by who knows why.
    let arg = arg.allow_hyphen_values(SIGNED.contains(value)).allow_negative_numbers(true);
    let arg = arg.value_hint(hint(value));
    match &option.default {
        Some(default) => arg.default_value(default.clone()),
        None => arg,
    }
}

/// What a shell offers for a value of this name that has no words.
fn hint(value: &str) -> ValueHint {
    match value {
        "DIR" => ValueHint::DirPath,
        "FILE" => ValueHint::FilePath,
        _ => ValueHint::Other,
    }
}

/// Text of any kind, as the library says what is wrong with it in the words of all doors; the words it
/// knows are for help and completions.
#[derive(Debug, Clone)]
struct Words(Vec<&'static str>);

impl TypedValueParser for Words {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> std::result::Result<String, Error> {
        clap::builder::StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let words = || self.0.iter().map(PossibleValue::new);
        (!self.0.is_empty()).then(|| Box::new(words()) as Box<_>)
    }
}
