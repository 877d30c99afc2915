//! The command offers the whole table of options.

use clap::CommandFactory;
use ndpix::Options;

use crate::args::Cli;

/// Flags that belong to the command and not to [`Options`].
const OWN: [&str; 8] =
    ["output", "summary", "report", "preview", "progress", "quiet", "log_format", "help"];

#[test]
fn flags_are_the_options() {
    let cli = Cli::command();
    let convert = cli.find_subcommand("convert").expect("convert");
    let flags = convert.get_arguments().filter(|a| !a.is_positional());
    let mut names: Vec<String> = flags.map(|a| a.get_id().to_string()).collect();
    names.retain(|n| !OWN.contains(&n.as_str()));
    let entries = Options::default().entries();
    let mut options: Vec<String> = entries.iter().map(|e| e.0.to_string()).collect();
    names.sort();
    options.sort();
    assert_eq!(names, options);
}
