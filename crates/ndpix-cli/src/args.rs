//! What the command takes. The options of a run are in `flags.rs`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::flags::Flags;

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
    pub(crate) flags: Flags,
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
    pub(crate) flags: Flags,
}
