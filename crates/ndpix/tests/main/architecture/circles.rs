//! No circles among files: who uses whom, followed through re-exports, runs one way.
//!
//! What a file takes from the module that declares it, or from one around that, is not a circle: the module is
//! the room that it stands in. All else counts: `use`, paths in the code, and `mod`.

use std::collections::{BTreeMap, BTreeSet};

use super::{File, none, sources};

/// A name from the root of the crate, such as `sink`, `npy`, `file`.
type Name = Vec<String>;

/// What the file of a module uses, and the names under which it hands on what others hold.
#[derive(Default)]
struct Uses {
    used: Vec<Name>,
    handed_on: BTreeMap<String, Name>,
}

/// The module that a file is.
fn module(path: &str) -> Name {
    path.trim_end_matches(".rs").split('/').map(String::from).collect()
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d` and `a::c::e`, without what comes after `as`.
fn spread(tree: &str) -> Vec<String> {
    let Some((head, rest)) = tree.split_once('{') else {
        return tree.split(" as ").take(1).map(|t| t.trim().to_string()).collect();
    };
    let mut depth = 0;
    let inner = rest.rsplit_once('}').map_or(rest, |r| r.0);
    let branches = inner.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    let branches = branches.filter(|b| !b.trim().is_empty());
    branches.flat_map(spread).map(|b| format!("{}{b}", head.trim())).collect()
}

/// The path that stands in the file of `module`, from the root; `None` where it leads out of the crate.
fn from_root(module: &Name, path: &str, modules: &BTreeSet<Name>) -> Option<Name> {
    let mut steps = path.split("::").map(String::from).filter(|s| s != "self").peekable();
    let mut at = module.clone();
    match steps.peek()?.as_str() {
        "crate" => {
            at.clear();
            steps.next();
        }
        "super" => while steps.next_if(|s| s == "super").is_some() && at.pop().is_some() {},
        child => {
            at.push(child.to_string());
            modules.get(&at)?;
            steps.next();
        }
    }
    at.extend(steps);
    Some(at)
}

/// What stands behind the visibility of an item: `use a;` of `pub(crate) use a;`, and whether there was one.
fn item(line: &str) -> (&str, bool) {
    let line = line.trim();
    match line.strip_prefix("pub") {
        Some(rest) => (rest.split_once(' ').map_or("", |r| r.1), true),
        None => (line, false),
    }
}

fn uses(file: &File, modules: &BTreeSet<Name>) -> Uses {
    let (module, mut found) = (module(&file.path), Uses::default());
    let mut lines = file.code.iter();
    while let Some(line) = lines.next() {
        let (item, public) = item(line);
        if let Some(first) = item.strip_prefix("use ") {
            let mut tree = first.to_string();
            while !tree.ends_with(';') {
                let Some(next) = lines.next() else { break };
                tree.push_str(next);
            }
            for path in spread(tree.trim_end_matches(';')) {
                let Some(name) = from_root(&module, &path, modules) else { continue };
                match (public, path.rsplit("::").next()) {
                    (true, Some(last)) => drop(found.handed_on.insert(last.to_string(), name)),
                    _ => found.used.push(name),
                }
            }
        } else if let Some(child) = item.strip_prefix("mod ") {
            found.used.extend(from_root(&module, child.trim_end_matches(';'), modules));
        } else {
            let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
            let paths = words.filter(|w| w.starts_with("crate::") || w.starts_with("super::"));
            found.used.extend(paths.filter_map(|path| from_root(&module, path, modules)));
        }
    }
    found
}

/// The module whose file holds what is named, after all names under which it is handed on.
fn holder(name: &[String], all: &BTreeMap<Name, Uses>) -> Option<Name> {
    let depth = (1..=name.len()).rev().find(|n| all.contains_key(&name[..*n]))?;
    let (module, rest) = name.split_at(depth);
    let next = rest.first().and_then(|first| all[module].handed_on.get(first));
    match next {
        Some(next) => holder(&[next, &rest[1..]].concat(), all),
        None => Some(module.to_vec()),
    }
}

/// All that can be reached from `from`, by at least one step.
fn reached<'a>(from: &'a Name, edges: &'a BTreeMap<Name, BTreeSet<Name>>) -> BTreeSet<&'a Name> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(at) = next.pop() {
        next.extend(edges.get(at).into_iter().flatten().filter(|to| seen.insert(*to)));
    }
    seen
}

#[test]
fn files_use_each_other_one_way() {
    // `lib.rs` and `stations.rs` show what is there; the rules of imports say that nothing uses them.
    let mut files = sources();
    files.retain(|f| !["lib.rs", "stations.rs"].contains(&f.path.as_str()));
    let modules: BTreeSet<Name> = files.iter().map(|f| module(&f.path)).collect();
    let all: BTreeMap<Name, Uses> =
        files.iter().map(|f| (module(&f.path), uses(f, &modules))).collect();
    let mut edges: BTreeMap<Name, BTreeSet<Name>> = BTreeMap::new();
    for (from, uses) in &all {
        let to = uses.used.iter().filter_map(|name| holder(name, &all));
        edges.insert(from.clone(), to.filter(|to| !from.starts_with(to)).collect());
    }
    let count = |from: &str, to: &str| edges[&module(from)].contains(&module(to));
    assert!(count("books.rs", "sink/holds.rs"), "what is handed on is followed");
    assert!(count("decode.rs", "decode/raw.rs"), "what is declared is used");
    let reach: BTreeMap<&Name, BTreeSet<&Name>> =
        edges.keys().map(|from| (from, reached(from, &edges))).collect();
    let circles = edges.iter().map(|(from, to)| {
        let back = to.iter().filter(|to| reach[to].contains(from));
        back.map(|to| format!("{} uses {}, which leads back", from.join("/"), to.join("/")))
    });
    none(circles.flatten().collect());
}
