//! What a shell offers while a command is typed: the flags, and the words that their values know.

use std::fmt::Write;

use clap::{Arg, Command, CommandFactory, ValueHint};
use clap_complete::Shell;

use crate::args::Cli;

/// The script for a shell.
pub(crate) fn script(shell: Shell) -> String {
    let mut command = named();
    if shell == Shell::PowerShell {
        return powershell(&command);
    }
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut command, "ndpix", &mut out);
    let script = String::from_utf8_lossy(&out).into_owned();
    match shell {
        // With two colons zsh takes all that follows the first input for inputs, options too.
        Shell::Zsh => script.replace("'*::", "'*:"),
        Shell::Fish => script + &arguments(&command),
        _ => script,
    }
}

/// What `clap_complete` leaves out for fish: words of arguments that are no flags.
fn arguments(command: &Command) -> String {
    let mut lines = String::new();
    for sub in command.get_subcommands() {
        for arg in sub.get_positionals() {
            let words: Vec<_> =
                arg.get_possible_values().iter().map(|word| word.get_name().to_string()).collect();
            if !words.is_empty() {
                let (name, words) = (sub.get_name(), words.join(" "));
                let _ = writeln!(
                    lines,
                    "complete -c ndpix -n \"__fish_ndpix_using_subcommand {name}\" -f -a \"{words}\""
                );
            }
        }
    }
    lines
}

/// The command, in which what is no file has no files to offer.
fn named() -> Command {
    let mut command = Cli::command().mut_subcommands(|sub| {
        sub.mut_args(|arg| match arg.get_value_hint() {
            ValueHint::Unknown if arg.get_action().takes_values() => {
                arg.value_hint(ValueHint::Other)
            }
            _ => arg,
        })
    });
    command.build();
    command
}

/// The script of `clap_complete` for PowerShell offers no values, and nothing behind an input.
fn powershell(command: &Command) -> String {
    let mut flags = listed("''", &named_with_help(command));
    let mut values = String::new();
    for sub in command.get_subcommands() {
        let name = sub.get_name();
        flags += &listed(&literal(name), &named_with_help(sub));
        for arg in sub.get_arguments() {
            let words: Vec<_> = arg
                .get_possible_values()
                .iter()
                .map(|word| (word.get_name().to_string(), help(arg)))
                .collect();
            if words.is_empty() || !arg.get_action().takes_values() {
                continue;
            }
            // The key is the command and the word before the value, which is the command itself of a first argument.
            let before = if arg.is_positional() { vec![name.to_string()] } else { spellings(arg) };
            for before in before {
                values += &listed(&literal(&format!("{name} {before}")), &words);
            }
        }
    }
    POWERSHELL.replace("FLAGS\n", &flags).replace("VALUES\n", &values)
}

const POWERSHELL: &str = r#"Register-ArgumentCompleter -Native -CommandName 'ndpix' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $flags = @{
FLAGS
    }
    $values = @{
VALUES
    }
    $before = @($commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text })
    $command = if ($before.Count -gt 1) { $before[1] } else { '' }
    $typed = "$command $($before[-1])"
    $offers = @(
        if ($values.ContainsKey($typed)) { $values[$typed] }
        elseif ($wordToComplete.StartsWith('-') -or $command -eq '') { $flags[$command] }
    )
    # Where nothing is offered, PowerShell offers files.
    foreach ($offer in $offers) {
        if ($offer -and $offer[0] -like "$wordToComplete*") {
            [System.Management.Automation.CompletionResult]::new($offer[0], $offer[0], 'ParameterValue', $offer[1])
        }
    }
}
"#;

/// What a command takes as a next word: flags, and commands of its own.
fn named_with_help(command: &Command) -> Vec<(String, String)> {
    let flags = command.get_arguments().flat_map(|arg| {
        spellings(arg).into_iter().map(|spelled| (spelled, help(arg))).collect::<Vec<_>>()
    });
    let about = |sub: &Command| sub.get_about().map(ToString::to_string).unwrap_or_default();
    let commands = command.get_subcommands().map(|sub| (sub.get_name().to_string(), about(sub)));
    commands.chain(flags).collect()
}

/// How a flag may be written; nothing of what is no flag.
fn spellings(arg: &Arg) -> Vec<String> {
    let long = arg.get_long().map(|long| format!("--{long}"));
    let short = arg.get_short().map(|short| format!("-{short}"));
    long.into_iter().chain(short).collect()
}

/// PowerShell refuses an empty word of explanation.
fn help(arg: &Arg) -> String {
    arg.get_help().map(ToString::to_string).unwrap_or_else(|| arg.get_id().to_string())
}

/// A row of a table of PowerShell: a key, and pairs of a word and what it is.
fn listed(key: &str, pairs: &[(String, String)]) -> String {
    let mut row = format!("        {key} = @(\n");
    for (word, what) in pairs {
        let _ = writeln!(row, "            ,@({}, {})", literal(word), literal(what));
    }
    row + "        )\n"
}

/// Text as PowerShell writes it; it takes typographic quotes for quotes.
fn literal(text: &str) -> String {
    let mut word = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' => word.extend([c, c]),
            '\n' => word.push(' '),
            c => word.push(c),
        }
    }
    word + "'"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_and_word_is_in_every_script() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell] {
            let script = script(shell);
            for option in ndpix::Options::table() {
                let flag = option.name.replace('_', "-");
                assert!(script.contains(&flag), "{shell}: {flag}");
                for word in option.words {
                    assert!(script.contains(word), "{shell}: {flag} {word}");
                }
            }
        }
    }

    #[test]
    fn powershell_has_values_by_command_and_flag() {
        let script = script(Shell::PowerShell);
        let (_, modes) = script.split_once("'convert --mode' = @(\n").expect("a row");
        let (modes, _) = modes.split_once("        )\n").expect("its end");
        let mode = ndpix::Options::table().find(|option| option.name == "mode").expect("an option");
        assert_eq!(modes.lines().count(), mode.words.len(), "{modes}");
        assert!(modes.contains(",@('RGBA', '"), "{modes}");
        assert!(
            script.contains("'completions completions' = @(\n            ,@('bash', "),
            "{script}"
        );
        assert_eq!(literal("it's"), "'it''s'");
    }
}
