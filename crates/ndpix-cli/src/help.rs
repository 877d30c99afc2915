//! What help and manual pages say beside the options: examples, exit codes, files.

use std::fmt::Write;

use clap::{Command, CommandFactory};

use crate::args::Cli;

/// The options that most runs need: those that `-h` shows. `--help` has all.
pub(crate) const SHORT: [&str; 12] = [
    "field",
    "encoding",
    "columns",
    "limit",
    "mode",
    "size",
    "fit",
    "dtype",
    "on_error",
    "max_rejects",
    "if_exists",
    "threads",
];

pub(crate) const EXAMPLES: [(&str, &str); 3] = [
    (
        "Images as they are stored, with what `ndpix inspect` finds in the records",
        "ndpix convert train.jsonl -o images.npy",
    ),
    (
        "Of one size and mode, with a label for each row",
        "ndpix convert 'part-*.jsonl.gz' -o images.zarr --size 256,256 --fit crop --mode RGB --columns label",
    ),
    (
        "From a pipe; the run ends at a record that is not JSON",
        "zstdcat log.zst | ndpix convert - -o images.npy --on-error skip,json=raise",
    ),
];

pub(crate) const EXIT: [(&str, &str); 6] = [
    ("0", "every image became a row, or the rejects stayed within --max-rejects or --warn-rejects"),
    ("1", "the machine failed, or a server; running it again may help"),
    ("2", "wrong usage, or the records do not fit one array"),
    ("3", "finished, the output is whole, some images were rejected, or more than --warn-rejects"),
    ("4", "stopped because of the data"),
    ("130", "interrupted"),
];

pub(crate) const FILES: [(&str, &str); 5] = [
    ("OUT", "the array, under this name when it is whole"),
    (
        "OUT.rows.npy",
        "the file, line, byte and item of each row, where row i is not simply record i",
    ),
    ("OUT.inputs.json", "the names of the inputs that it counts"),
    (
        "OUT.rejects.ndjson",
        "what did not become a row, one line each with its place and reason; an input by itself",
    ),
    ("OUT.partial*", "what a run that was ended goes on with when the same command is given again"),
];

/// The command as `-h` shows it: the few options of short help are not worth headings.
pub(crate) fn ungrouped() -> Command {
    Cli::command().mut_subcommands(|sub| sub.mut_args(|arg| arg.help_heading(None::<&str>)))
}

/// What stands below the options that `-h` shows.
pub(crate) fn short() -> String {
    let rest = "\n\nAll options, and the files beside OUT: ndpix convert --help\n";
    examples() + "\n" + &listed("Exit codes", &EXIT) + rest.trim_end()
}

/// What stands below all options.
pub(crate) fn long() -> String {
    let text = examples() + "\n" + &listed("Exit codes", &EXIT) + "\n\n" + &listed("Files", &FILES);
    text.trim_end().to_string()
}

fn examples() -> String {
    let mut text = "Examples:\n".to_string();
    for (what, command) in EXAMPLES {
        let _ = writeln!(text, "  {what}:\n    {command}");
    }
    text
}

fn listed(heading: &str, rows: &[(&str, &str)]) -> String {
    let width = rows.iter().map(|row| row.0.len()).max().unwrap_or(0);
    let row = |(name, what): &(&str, &str)| format!("\n  {name:width$}  {what}");
    format!("{heading}:{}", rows.iter().map(row).collect::<String>())
}

/// The same as sections of a manual page.
pub(crate) fn roff() -> String {
    let mut text = ".SH EXAMPLES\n".to_string();
    for (what, command) in EXAMPLES {
        let _ =
            write!(text, ".PP\n{}:\n.PP\n.nf\n.RS\n{}\n.RE\n.fi\n", plain(what), plain(command));
    }
    for (heading, rows) in [("EXIT STATUS", &EXIT[..]), ("FILES", &FILES[..])] {
        let _ = writeln!(text, ".SH {heading:?}");
        for (name, what) in rows {
            let _ = write!(text, ".TP\n\\fB{}\\fR\n{}\n", plain(name), plain(what));
        }
    }
    text
}

/// Text that roff shows as it is.
fn plain(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_help_is_a_screenful() {
        let mut short = ungrouped();
        let short =
            short.find_subcommand_mut("convert").expect("it is there").render_help().to_string();
        assert!(short.lines().count() <= 60, "{} lines\n{short}", short.lines().count());
        for name in SHORT {
            assert!(short.contains(&format!("--{}", name.replace('_', "-"))), "{name}\n{short}");
        }
        assert!(!short.contains("--raw-shape") && short.contains("130"), "{short}");
        let mut long = Cli::command();
        let long = long.find_subcommand_mut("convert").expect("it is there");
        let long = long.render_long_help().to_string();
        for option in ndpix::Options::table() {
            assert!(
                long.contains(&format!("--{}", option.name.replace('_', "-"))),
                "{}",
                option.name
            );
        }
    }

    #[test]
    fn every_option_of_the_short_help_is_one() {
        let names: Vec<_> = ndpix::Options::table().map(|option| option.name).collect();
        assert!(SHORT.iter().all(|name| names.contains(name)));
    }
}
