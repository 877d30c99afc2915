//! What belongs here: that every word of an option stands where users read of it.

use std::fs;

use ndpix::Options;

use super::root;

/// Options whose words are in a table elsewhere: the image formats, and NumPy's dtypes.
const ELSEWHERE: [&str; 3] = ["formats", "dtype", "raw_dtype"];

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).expect(file)
}

/// Whether the word stands there, and not only as a part of another.
fn has(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || "-_+".contains(c);
    text.split(|c| !part(c)).any(|found| found == word)
}

/// The type of a keyword, and what is said of it.
fn keyword<'a>(types: &'a str, name: &str) -> Vec<&'a str> {
    let (_, rest) = types.split_once(&format!("\n    {name}: ")).unwrap_or_default();
    rest.split("\"\"\"").take(2).collect()
}

#[test]
fn every_word_of_an_option_stands_where_it_is_looked_for() {
    let types = "crates/ndpix-python/python/ndpix/_options.py";
    let python = read(types);
    let mut missing = Vec::new();
    let mut look = |place: &str, text: &str, words: &[&str]| {
        let lacks = words.iter().filter(|word| !has(text, word));
        missing.extend(lacks.map(|word| format!("{place}: {word}")));
    };
    for option in Options::table().filter(|option| !ELSEWHERE.contains(&option.name)) {
        let (name, words) = (option.name, &option.words[..]);
        let page = format!("docs/options/{name}.md");
        look(&page, &read(&page), words);
        look(&format!("{types}, {name}"), &keyword(&python, name).concat(), words);
        if name == "encoding" {
            // Its table has no row for the word that comes first, `auto`.
            look("README.md", &read("README.md"), &words[1..]);
        }
    }
    assert!(missing.is_empty(), "words that are missing:\n{}", missing.join("\n"));
}
