//! A function fits a screen, and a file holds one idea.

use super::{breaches, none, sources_of};

/// Lines from `fn` to the last brace.
const SCREEN: usize = 70;

/// Functions that are longer, and why. An entry that is no longer needed fails the test.
const LONGER: [(&str, &str, &str); 3] = [
    ("ndpix/format/bmp/dib.rs", "parse", "one field of the header after the other"),
    ("ndpix/format/png.rs", "read_header", "an arm for each chunk"),
    ("ndpix/pixels/steps.rs", "run", "one step after the other"),
];

/// The functions in lines of code and how long each is, by the layout that rustfmt gives them.
fn functions(text: &[String]) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (start, line) in text.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let Some((before, after)) = line.split_once("fn ") else { continue };
        let words = ["pub", "crate::", "const", "unsafe", "async", "extern", "\"C\""];
        let is_word = |w: &str| words.iter().any(|known| w.starts_with(known));
        if line.ends_with(['}', ';']) || !before.split_whitespace().all(is_word) {
            continue;
        }
        let name = after.split(|c: char| !(c.is_alphanumeric() || c == '_')).next();
        let end = text[start..].iter().position(|l| l.len() == indent + 1 && l.ends_with('}'));
        if let (Some(name), Some(end)) = (name, end) {
            found.push((name.to_string(), end + 1));
        }
    }
    found
}

#[test]
fn a_function_fits_a_screen() {
    let mut long = Vec::new();
    for name in ["ndpix", "ndpix-cli", "ndpix-python"] {
        let files = sources_of(name);
        let all: Vec<_> = files.iter().flat_map(|f| functions(&f.text)).collect();
        assert!(all.len() > 5, "the functions of {name} are found");
        for file in &files {
            let over = functions(&file.text).into_iter().filter(|f| f.1 > SCREEN);
            long.extend(over.map(|(function, n)| (format!("{name}/{}", file.path), function, n)));
        }
    }
    let is = |e: &(&str, &str, &str), l: &(String, String, usize)| e.0 == l.0 && e.1 == l.1;
    let unneeded = LONGER.iter().filter(|e| !long.iter().any(|l| is(e, l)));
    let unneeded = unneeded.map(|(path, function, why)| {
        format!("{path}: {function} is no longer too long ({why}); strike it from the list")
    });
    let unneeded: Vec<_> = unneeded.collect();
    let over = long.iter().filter(|l| !LONGER.iter().any(|e| is(e, l)));
    let over = over.map(|(path, function, lines)| {
        format!(
            "{path}: {function} has {lines} lines, more than the {SCREEN} of a screen; split it"
        )
    });
    none(unneeded.into_iter().chain(over).collect());
}

#[test]
fn functions_are_measured_to_their_last_brace() {
    let text = [
        "impl A {",
        "    pub(in crate::b) const fn a(",
        "        b: u8,",
        "    ) -> u8 {",
        "        if b {",
        "        }",
        "    }",
        "    fn short() {}",
        "}",
        "unsafe extern \"C\" fn c() {",
        "}",
        "trait B {",
        "    fn declared(&self);",
        "}",
    ];
    let found = functions(&text.map(String::from));
    assert_eq!(found, [("a".to_string(), 6), ("c".to_string(), 2)]);
}

#[test]
fn no_file_holds_two_ideas() {
    none(breaches(|f| {
        if f.lines < 500 {
            Vec::new()
        } else {
            vec![format!(
                "{} lines; `foo.rs` keeps the first idea, `foo/` gets the second",
                f.lines
            )]
        }
    }));
}
