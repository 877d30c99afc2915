//! What is said of plans and parts that do not fit together, and what is left then.

use std::fs;
use std::path::{Path, PathBuf};

use ndpix::{Control, Cut, ErrorKind, Input, Options, Plan};

use super::{lines, options};

struct Made {
    folder: tempfile::TempDir,
    input: PathBuf,
    plan: Plan,
}

fn input(path: &Path) -> Vec<Input> {
    vec![Input::Path(path.to_owned())]
}

fn plan_of(path: &Path, out: &Path, options: &Options) -> ndpix::Result<Plan> {
    ndpix::plan(input(path), out, options, Cut::Bytes(1000), &Control::default())
}

fn made() -> Made {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.ndjson");
    fs::write(&path, lines(0, 150)).expect("written");
    let given = options(&[("max_rejects", "none")]);
    let plan = plan_of(&path, &folder.path().join("a.npy"), &given).expect("a plan");
    Made { folder, input: path, plan }
}

impl Made {
    fn run(&self, part: usize) -> ndpix::Result<ndpix::Facts> {
        self.plan.run(part, None, &Control::default())
    }

    fn run_all(&self) {
        (0..self.plan.parts()).for_each(|part| drop(self.run(part).expect("a part")));
    }

    fn commit(&self) -> ndpix::Result<()> {
        self.plan.commit(None, None, &Control::default()).result
    }

    fn folder_of(&self, part: usize) -> PathBuf {
        self.plan.work().join(self.plan.id()).join(format!("part-{part:05}"))
    }
}

#[track_caller]
fn says(result: ndpix::Result<()>, kind: ErrorKind, words: &[&str]) {
    let error = result.expect_err("refused");
    assert_eq!(error.kind(), kind, "{error}");
    words.iter().for_each(|w| assert!(error.to_string().contains(w), "{error}: no {w}"));
}

#[test]
fn inputs_that_changed() {
    let made = made();
    made.run_all();
    let text = fs::read(&made.input).expect("a file");
    // The same bytes at another time are the same.
    std::thread::sleep(std::time::Duration::from_millis(20));
    fs::write(&made.input, &text).expect("written");
    made.run(0).expect("the same file");
    fs::write(&made.input, [&text[..], b"\n"].concat()).expect("written");
    let again = "make the plan again with ndpix plan";
    let bytes = format!("a.ndjson has {} bytes, and had {} ", text.len() + 1, text.len());
    says(made.run(0).map(drop), ErrorKind::Plan, &[&bytes, again]);
    says(made.commit(), ErrorKind::Plan, &[&bytes, again]);
    let mut other = text.clone();
    other[5] ^= 1;
    std::thread::sleep(std::time::Duration::from_millis(20));
    fs::write(&made.input, other).expect("written");
    says(made.commit(), ErrorKind::Plan, &["a.ndjson has other bytes", again]);
    fs::remove_file(&made.input).expect("removed");
    says(
        made.run(1).map(drop),
        ErrorKind::Io,
        &["cannot open", "from the folder where it was made"],
    );
    assert!(!made.plan.out().exists());
}

#[test]
fn parts_that_are_missing_or_of_another_plan() {
    let made = made();
    let parts = made.plan.parts();
    assert!(parts > 5);
    made.run_all();
    let facts = made.run(2).expect("it was done before");
    fs::remove_dir_all(made.folder_of(2)).expect("removed");
    says(made.commit(), ErrorKind::Io, &["part 2 is missing", "run it, and commit again"]);
    fs::remove_dir_all(made.folder_of(4)).expect("removed");
    says(made.commit(), ErrorKind::Io, &["parts 2, 4 are missing (2 of"]);
    made.run(2).and_then(|_| made.run(4)).expect("made again");
    // Facts that were not told of count as missing, those of another plan are refused.
    let some = made.plan.commit(Some(std::slice::from_ref(&facts)), None, &Control::default());
    says(some.result, ErrorKind::Io, &["parts 0, 1, 3, 4, 5"]);
    let other = options(&[("max_rejects", "none"), ("dtype", "float32")]);
    let other = plan_of(&made.input, made.plan.out(), &other).expect("a plan");
    assert_ne!(other.id(), made.plan.id());
    let of_other = other.commit(Some(&[facts]), None, &Control::default());
    says(of_other.result, ErrorKind::Plan, &["facts of part 2 are of the plan"]);
    says(made.run(parts).map(drop), ErrorKind::Options, &["there is no part", "the plan has"]);
    made.commit().expect("all are there");
    says(made.commit(), ErrorKind::Options, &["exists; pass if_exists"]);
}

#[test]
fn parts_that_are_damaged() {
    let made = made();
    for file in ["pixels", "rows", "columns", "rejects"] {
        made.run_all();
        let path = made.folder_of(3).join(file);
        let text = fs::read(&path).expect("a file");
        let mut damages = vec![[&text[..], b"x"].concat()];
        if let Some(last) = text.len().checked_sub(1) {
            damages.push(text[..last].to_vec());
            for at in (0..text.len()).step_by(text.len().div_ceil(9)) {
                let mut other = text.clone();
                other[at] ^= 0x41;
                damages.push(other);
            }
        }
        for damage in damages {
            made.run(3).expect("made again");
            let same = damage.len() == text.len();
            fs::write(&path, damage).expect("written");
            let words: &[&str] = match same {
                true => &["part 3: ", " is damaged: ", "run it again"],
                false => &["part 3 is missing", "run it"],
            };
            says(made.commit(), ErrorKind::Io, words);
            assert!(!made.plan.out().exists());
        }
    }
    // Facts that are none count as nothing, for those who make the part too; so do files that are gone.
    made.run_all();
    let facts = made.folder_of(1).join("facts.json");
    let text = fs::read_to_string(&facts).expect("text");
    for other in ["{".to_string(), text.replace("\"newlines\":", "\"newlines\":1")] {
        fs::write(&facts, other).expect("written");
        says(made.commit(), ErrorKind::Io, &["part 1 is missing"]);
        made.run(1).expect("made again");
        assert_eq!(fs::read_to_string(&facts).expect("text"), text);
    }
    let breaks: [fn(&Path); 4] = [
        |part| fs::remove_file(part.join("pixels")).expect("removed"),
        |part| fs::remove_dir_all(part).and_then(|()| fs::write(part, "x")).expect("written"),
        |part| {
            fs::remove_file(part.join("facts.json")).expect("removed");
            fs::create_dir(part.join("facts.json")).expect("a folder");
        },
        |part| {
            fs::remove_file(part.join("rows")).expect("removed");
            fs::create_dir(part.join("rows")).expect("a folder");
        },
    ];
    for broken in breaks {
        broken(&made.folder_of(1));
        says(made.commit(), ErrorKind::Io, &["part 1 is missing"]);
        made.run(1).expect("made again");
    }
    // What others left half-written is in nobody's way.
    fs::create_dir(made.plan.work().join(made.plan.id()).join(".try-00001-abc")).expect("a folder");
    made.commit().expect("all are there");
    assert!(made.plan.out().exists() && !made.plan.work().exists());
}

#[test]
fn an_edited_input_has_other_parts() {
    let made = made();
    made.run_all();
    let text = fs::read(&made.input).expect("text");
    let at = text.len() / 2;
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(9);
    fs::write(&made.input, [&text[..at], &text[at..]].concat()).expect("written");
    let file = fs::File::options().write(true).open(&made.input).expect("a file");
    file.set_modified(later).expect("a time");
    // A copy with another time is the same input to a plan that is there, and another to one that is made.
    made.plan.run(0, None, &Control::default()).expect("the same bytes");
    let again = plan_of(&made.input, made.plan.out(), &options(&[])).expect("a plan");
    assert_ne!(again.id(), made.plan.id());
}

#[test]
fn a_commit_that_was_killed_while_it_removed_the_parts() {
    let made = made();
    made.run_all();
    made.commit().expect("all are there");
    let swept = made.plan.work().join(format!("{}.swept", made.plan.id()));
    fs::create_dir_all(swept.join("part-00002")).expect("a folder");
    made.commit().expect("nothing is left to do but that");
    assert!(!made.plan.work().exists());
    says(made.commit(), ErrorKind::Options, &["exists"]);
}

#[test]
fn plans_that_are_none() {
    let made = made();
    let text = made.plan.to_json().expect("text");
    let refused = |text: &str, words: &str| {
        says(Plan::from_json(text).map(drop), ErrorKind::Plan, &[words, "make it again"]);
    };
    refused("", "not the text of a plan");
    refused("{}", "not the text of a plan");
    refused(&text.replace("\"ndpix_plan\": 1", "\"ndpix_plan\": 2"), "it is of ndpix");
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    refused(&text.replace(&version, "\"version\": \"9.9\""), "it is of ndpix 9.9");
    refused(&text.replace("\"size\": ", "\"sizes\": "), "sizes");
    refused(&text.replacen("\"from\": 0", "\"from\": 1", 1), "it was changed");
    for run in ["\"dtype\": \"float32\"", "\"skip\": \"3\""] {
        let other = text.replacen("\"run\": {", &format!("\"run\": {{{run},"), 1);
        assert_ne!(other, text);
        refused(&other, "does not only say how a run goes on");
    }
    let read = Plan::from_json(&text).expect("the plan");
    assert_eq!((read.to_json().expect("text"), read.id()), (text, made.plan.id()));
}

#[test]
fn what_is_not_for_a_plan() {
    let made = made();
    let out = made.folder.path().join("b.npy");
    for (name, value) in [("skip", "1"), ("limit", "5"), ("append", "true")] {
        let refused = plan_of(&made.input, &out, &options(&[(name, value)]));
        says(refused.map(drop), ErrorKind::Options, &[name, "not for a plan"]);
    }
    let (given, control) = (options(&[]), Control::default());
    for input in [Input::Stdin, Input::bytes("{}")] {
        let refused = ndpix::plan(vec![input], &out, &given, Cut::default(), &control);
        says(refused.map(drop), ErrorKind::Options, &["can be read only once"]);
    }
    for cut in [Cut::Bytes(0), Cut::Parts(0)] {
        let refused = ndpix::plan(input(&made.input), &out, &given, cut, &control);
        says(refused.map(drop), ErrorKind::Options, &["at least 1"]);
    }
    let nowhere = plan_of(&made.input, &made.folder.path().join("no/b.npy"), &given);
    says(nowhere.map(drop), ErrorKind::Options, &["there is no folder"]);
}

#[test]
fn two_commits_do_not_share_a_file() {
    let made = made();
    made.run_all();
    let partial = made.folder.path().join("a.npy.partial");
    let held = fs::File::create(&partial).expect("a file");
    held.lock().expect("a lock");
    says(made.commit(), ErrorKind::Io, &["is being written by another run"]);
    drop(held);
    made.commit().expect("the other is gone");
}

#[test]
fn parts_are_made_at_once() {
    let made = made();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| made.run_all());
        }
    });
    let names = fs::read_dir(made.plan.work().join(made.plan.id())).expect("a folder");
    let names: Vec<_> = names.map(|entry| entry.expect("an entry").file_name()).collect();
    assert!(names.iter().all(|name| name.as_encoded_bytes().starts_with(b"part-")), "{names:?}");
    made.commit().expect("all are there");
}
