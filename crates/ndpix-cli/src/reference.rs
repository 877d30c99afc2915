//! `docs/command.md`, the reference of the command, made of what the command itself knows. After a change of words:
//!
//! ```sh
//! NDPIX_RENEW=1 cargo test -p ndpix-cli --lib reference
//! ```

use std::fmt::Write;
use std::path::Path;

use clap::{Arg, Command, CommandFactory};

use crate::args::Cli;
use crate::help;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/command.md");

#[test]
fn the_reference_is_what_the_command_takes() {
    let now = page();
    if std::env::var_os("NDPIX_RENEW").is_some() {
        std::fs::write(FILE, &now).expect("docs/command.md can be written");
    }
    let there = std::fs::read_to_string(Path::new(FILE)).unwrap_or_default();
    assert!(
        there == now,
        "docs/command.md is not what the command takes: see the top of reference.rs"
    );
}

fn page() -> String {
    let mut command = Cli::command();
    command.build();
    let mut text = String::from(
        "# The command\n\n\
         Every command, argument and flag; `ndpix COMMAND --help` says the same. `ndpix convert -h` is a screenful with what most \
         runs need. There is no configuration file, and no environment variable changes what a run does.\n",
    );
    let subcommands = command.get_subcommands().filter(|sub| sub.get_name() != "help");
    for sub in subcommands {
        section(&mut text, sub);
    }
    text += SHELLS;
    rows(&mut text, "Exit codes", "code", &help::EXIT);
    text += "\nA script in `cron` can go by them: [Every night](nightly.md).\n";
    rows(&mut text, "Files", "file", &help::FILES);
    text
}

const SHELLS: &str = "
## Completions and manual pages

The script that `ndpix completions` prints knows commands, flags, and the words that their values take:

```sh
ndpix completions bash > ~/.local/share/bash-completion/completions/ndpix
ndpix completions zsh > ~/.zfunc/_ndpix            # a folder of $fpath
ndpix completions fish > ~/.config/fish/completions/ndpix.fish
ndpix completions powershell >> $PROFILE
ndpix man > ~/.local/share/man/man1/ndpix.1
```
";

fn section(text: &mut String, command: &Command) {
    let name = command.get_name();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let _ = write!(text, "\n## `ndpix {name}`\n\n{}.\n\n```text\n{usage}\n```\n", cell(&about));
    if name == "convert" {
        for (what, example) in help::EXAMPLES {
            let _ = write!(text, "\n{}:\n\n```sh\n{example}\n```\n", cell(what));
        }
    }
    let options: Vec<_> = ndpix::Options::table().map(|option| option.name).collect();
    let all = || {
        command.get_arguments().filter(|arg| arg.get_id() != "help" && arg.get_id() != "version")
    };
    // One that takes none of them may have an argument of the same name.
    let takes_options = options.iter().all(|option| all().any(|arg| arg.get_id() == option));
    let is_option = |arg: &&Arg| takes_options && options.contains(&arg.get_id().as_str());
    let own: Vec<&Arg> = all().filter(|arg| !is_option(arg)).collect();
    table(text, &own, &[]);
    if name != "convert" {
        if takes_options {
            text.push_str("\nAnd the options of [`ndpix convert`](#ndpix-convert).\n");
        }
        return;
    }
    let mut heading = None;
    let mut group = Vec::new();
    for arg in all().filter(is_option) {
        if heading != arg.get_help_heading() {
            close(text, heading, &group, &options);
            (heading, group) = (arg.get_help_heading(), Vec::new());
        }
        group.push(arg);
    }
    close(text, heading, &group, &options);
}

fn close(text: &mut String, heading: Option<&str>, group: &[&Arg], options: &[&str]) {
    if let Some(heading) = heading {
        let _ = write!(text, "\n### {heading}\n");
        table(text, group, options);
    }
}

/// Arguments and flags; those that are options have a page.
fn table(text: &mut String, args: &[&Arg], options: &[&str]) {
    if args.is_empty() {
        return;
    }
    text.push_str("\n| | |\n| --- | --- |\n");
    for arg in args {
        let id = arg.get_id().as_str();
        let spelled = spelled(arg);
        let spelled = match options.contains(&id) {
            true => format!("[`{spelled}`](options/{id}.md)"),
            false => format!("`{spelled}`"),
        };
        let mut what = cell(&arg.get_help().map(ToString::to_string).unwrap_or_default());
        let words: Vec<_> =
            arg.get_possible_values().iter().map(|word| format!("`{}`", word.get_name())).collect();
        if arg.get_action().takes_values() && !words.is_empty() {
            let _ = write!(what, ": {}", words.join(", "));
        }
        if let [default] = arg.get_default_values()
            && arg.get_action().takes_values()
        {
            let _ = write!(what, " [default: `{}`]", default.display());
        }
        let _ = writeln!(text, "| {spelled} | {what} |");
    }
}

fn spelled(arg: &Arg) -> String {
    let value =
        arg.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
    let name = match (arg.get_short(), arg.get_long()) {
        (Some(short), Some(long)) => format!("-{short}, --{long}"),
        (_, Some(long)) => format!("--{long}"),
        _ => return value.to_string(),
    };
    match arg.get_action().takes_values() {
        true => format!("{name} {value}"),
        false => name,
    }
}

fn rows(text: &mut String, heading: &str, first: &str, rows: &[(&str, &str)]) {
    let _ = write!(text, "\n## {heading}\n\n| {first} | |\n| --- | --- |\n");
    for (name, what) in rows {
        let _ = writeln!(text, "| `{name}` | {} |", cell(what));
    }
}

/// Words of help in a table: what is code there stands between backticks already, or is plain.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('*', "\\*").replace('<', "&lt;").replace('\n', " ")
}
