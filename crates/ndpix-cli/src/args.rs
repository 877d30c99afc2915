//! What the command takes. The options of a run are in `flags.rs`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::flags::Flags;
use crate::help;
use crate::log::Log;

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
    /// Decide a conversion and cut it into parts, for several processes or machines: writes OUT.plan.json
    Plan(Box<Plan>),
    /// Carry out the parts of a plan that are those of one task
    Run(Run),
    /// Make the output of the parts of a plan, when all are done
    Commit(Commit),
    /// Show rows of an output, and where they came from
    Show(Show),
    /// List the image formats that this build reads, with the dtypes and colors that their images may have
    Formats {
        /// Print the list as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print shell completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

impl Command {
    /// How it says what it says on the way; those that have nothing but their result to say have no choice.
    pub(crate) fn log(&self) -> Option<Log> {
        match self {
            Self::Convert(args) => Some(args.log),
            Self::Plan(args) => Some(args.log),
            Self::Run(args) => Some(args.log),
            Self::Commit(args) => Some(args.log),
            _ => None,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = help::short(), after_long_help = help::long())]
pub(crate) struct Convert {
    /// Files, folders, globs in quotes, addresses (s3://bucket/key), or - for standard input
    #[arg(required = true, value_name = "IN")]
    pub(crate) inputs: Vec<PathBuf>,
    /// What to write: OUT.npy, .npz, .h5, .hdf5, .zarr, .safetensors or .parquet; with --shard-rows a folder; also under
    /// an address (s3://bucket/OUT.npy)
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// Write the summary as JSON to this file (- for standard output), also when the run fails
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) summary: Option<PathBuf>,
    /// Write a page for people to this file: sums, rows, rejects and where they lie
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    /// Show a few of the rows in the terminal at the end; where there is none, nothing
    #[arg(long, hide_short_help = true)]
    pub(crate) preview: bool,
    /// Show a progress bar also where no terminal is found
    #[arg(long, conflicts_with = "quiet", hide_short_help = true)]
    pub(crate) progress: bool,
    #[command(flatten)]
    pub(crate) log: Log,
    #[command(flatten)]
    pub(crate) flags: Flags,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// Files, folders, globs in quotes, or addresses (s3://bucket/key)
    #[arg(required = true, value_name = "IN")]
    pub(crate) inputs: Vec<PathBuf>,
    /// What will be written, as convert writes it
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// Bytes of a part (K, M, G are powers of 1024)
    #[arg(long, value_name = "BYTES", default_value = "64M")]
    pub(crate) part_bytes: String,
    /// About how many parts, instead of their bytes
    #[arg(long, value_name = "N", conflicts_with = "part_bytes")]
    pub(crate) parts: Option<u64>,
    /// Print the plan as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) flags: Flags,
    #[command(flatten)]
    pub(crate) log: Log,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The file that `ndpix plan` wrote: OUT.plan.json
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,
    /// Which task this is, from 0
    #[arg(long, value_name = "I")]
    pub(crate) task: u64,
    /// How many tasks there are: this one carries out part I, I + N, I + 2N and so on
    #[arg(long, value_name = "N")]
    pub(crate) tasks: u64,
    /// The folder or address where parts wait for the commit, one that all tasks see [default: OUT.parts]
    #[arg(long, value_name = "DIR")]
    pub(crate) work: Option<PathBuf>,
    /// Threads; 0 takes all cores [default: as the plan says]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Show a progress bar also where no terminal is found
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) progress: bool,
    #[command(flatten)]
    pub(crate) log: Log,
}

#[derive(Debug, Args)]
pub(crate) struct Commit {
    /// The file that `ndpix plan` wrote: OUT.plan.json
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,
    /// The folder or address where parts wait for the commit [default: OUT.parts]
    #[arg(long, value_name = "DIR")]
    pub(crate) work: Option<PathBuf>,
    /// Write the summary as JSON to this file (- for standard output), also when the commit fails
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,
    /// Write a page for people to this file, as convert does
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    /// Show a progress bar also where no terminal is found
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) progress: bool,
    #[command(flatten)]
    pub(crate) log: Log,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// What `ndpix convert` wrote
    #[arg(value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// Rows, from 0: 12, or 40-45 for all from one to another
    #[arg(required = true, value_name = "ROWS", allow_negative_numbers = true)]
    pub(crate) rows: Vec<String>,
    /// Write the row, one, as a picture to this file
    #[arg(long, value_name = "FILE.png")]
    pub(crate) png: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Files, folders, globs in quotes, addresses (s3://bucket/key), or - for standard input
    #[arg(required = true, value_name = "IN")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Write a page for people to this file: the command, pictures, histograms, rejects to expect
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    /// Show a few of the images in the terminal; where there is none, nothing
    #[arg(long)]
    pub(crate) preview: bool,
    #[command(flatten)]
    pub(crate) flags: Flags,
}
