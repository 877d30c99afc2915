use super::*;
use crate::error::ErrorKind;
use std::fs;
use std::os::unix::fs::symlink;

struct Tree {
    _folder: tempfile::TempDir,
    root: PathBuf,
}

fn tree() -> Tree {
    let folder = tempfile::tempdir().expect("temporary directory");
    let root = folder.path().canonicalize().expect("a path");
    for name in ["base/sub", "base/C:", "more", "lists"] {
        fs::create_dir_all(root.join(name)).expect("directory");
    }
    for (name, text) in [
        ("base/a.png", "inside"),
        ("base/sub/b.png", "sub"),
        ("base/white space.png", "blank"),
        ("base/100%25.png", "as it is"),
        (r"base/back\slash.png", "backslash"),
        ("base/C:/w.png", "drive"),
        ("base/big", "more than a few bytes"),
        ("base/in.ndjson", ""),
        ("more/m.png", "more"),
        ("secret", "outside"),
    ] {
        fs::write(root.join(name), text).expect("file");
    }
    symlink("../secret", root.join("base/link")).expect("link");
    symlink("/dev/zero", root.join("base/zero")).expect("link");
    Tree { _folder: folder, root }
}

impl Tree {
    fn base(&self, folder: &str, original: Option<&str>) -> Base {
        Base { folder: self.root.join(folder), original: original.map(PathBuf::from) }
    }

    fn paths(&self, allow: &[&str], prefixes: &[&str]) -> Paths {
        Paths {
            base_dir: None,
            allow_dir: allow.iter().map(|name| self.root.join(name)).collect(),
            prefixes: prefixes.iter().map(|p| p.parse().expect("a prefix")).collect(),
            ..Paths::default()
        }
    }

    fn at(&self, name: &str) -> String {
        self.root.join(name).display().to_string()
    }
}

fn read(paths: &Paths, base: Option<&Base>, path: &str) -> Result<String> {
    let limits = Limits { max_record_bytes: 20, ..Limits::default() };
    let mut out = vec![1, 2, 3];
    Opener::new(paths).read(base, path, &limits, &mut out)?;
    Ok(String::from_utf8(out).expect("UTF-8"))
}

#[test]
fn every_spelling_of_a_path() {
    let tree = tree();
    let (base, paths) = (tree.base("base", None), tree.paths(&["more"], &[]));
    let url = |name: &str| format!("file://{}", tree.at(name));
    for (path, text) in [
        ("a.png", "inside"),
        ("./a.png", "inside"),
        ("sub/../a.png", "inside"),
        ("../base/a.png", "inside"),
        ("../more/m.png", "more"),
        (&tree.at("base/a.png"), "inside"),
        (&tree.at("more/m.png"), "more"),
        (&url("base/a.png"), "inside"),
        (&url("more/m.png").replace("file://", "FILE://localhost"), "more"),
        (&url("base/a.png").replace("file://", "file:"), "inside"),
        (&url("base/white%20space.png"), "blank"),
        ("white%20space.png", "blank"),
        ("white space.png", "blank"),
        ("100%25.png", "as it is"),
        ("sub%2Fb.png", "sub"),
        (r"sub\b.png", "sub"),
        (r".\sub\b.png", "sub"),
        (r"back\slash.png", "backslash"),
        (r"sub%5Cb.png", "sub"),
        (r"..\more\m.png", "more"),
        (r"C:\w.png", "drive"),
    ] {
        assert_eq!(read(&paths, Some(&base), path).expect(path), text, "{path}");
    }
}

#[test]
fn prefixes_are_rewritten() {
    let tree = tree();
    let more = format!("s3://bucket/={}/", tree.at("more"));
    let paths = tree.paths(&["more"], &["/data/local-files/?d==", &more, "s3://=none/", r"D:\x\="]);
    let base = tree.base("base", None);
    for (path, text) in [
        ("/data/local-files/?d=a.png", "inside"),
        ("/data/local-files/?d=white%20space.png", "blank"),
        ("s3://bucket/m.png", "more"),
        (r"D:\x\sub\b.png", "sub"),
    ] {
        assert_eq!(read(&paths, Some(&base), path).expect(path), text, "{path}");
    }
    let gone = read(&paths, Some(&base), "s3://other/m.png").expect_err("the second fits");
    assert!(gone.message().contains("does not exist"), "{gone}");
    // A prefix is no way out.
    let out = tree.paths(&[], &["x=../", "y=/etc/"]);
    for path in ["xsecret", "yhostname"] {
        assert_eq!(read(&out, Some(&base), path).expect_err(path).kind(), ErrorKind::Path);
    }
}

#[test]
fn refusals_say_what_was_looked_for_and_where() {
    let tree = tree();
    let (base, paths) = (tree.base("base", None), tree.paths(&[], &[]));
    let (long, secret) = ("x".repeat(300), tree.at("secret"));
    let inside = from_here(&base.folder).display().to_string();
    for (path, said) in [
        ("", "is empty"),
        ("a\0b", "NUL"),
        ("a.png%00", "does not exist"),
        ("https://x.org/a.png", "is an address"),
        ("s3://bucket/a.png", "is an address"),
        ("data:image/png;base64,aa", "is an address"),
        ("file://server/a.png", "on the host \"server\""),
        ("file:///etc/hostname", "leads out of"),
        (&secret, "leads out of"),
        ("../secret", "leads out of"),
        ("%2e%2e/secret", "leads out of"),
        ("..%2fsecret", "leads out of"),
        (r"..\secret", "leads out of"),
        ("link", "leads out of"),
        ("zero", "leads out of"),
        ("nothing.png", &format!("does not exist (searched in {inside})")),
        ("a.png/b", "goes through a file"),
        ("sub", "is a directory"),
        (&long, "too long"),
    ] {
        let e = read(&paths, Some(&base), path).expect_err(path);
        assert_eq!(e.kind(), ErrorKind::Path, "{path}");
        assert!(e.message().contains(said), "{path}: {e}");
    }
    assert_eq!(read(&paths, Some(&base), "big").expect_err("big").kind(), ErrorKind::Limit);
}

#[test]
fn what_has_no_folder_opens_none() {
    let tree = tree();
    let (none, more) = (tree.paths(&[], &[]), tree.paths(&["more"], &[]));
    for path in ["a.png", &tree.at("more/m.png")] {
        let e = read(&none, None, path).expect_err(path);
        assert!(e.message().contains("give base_dir"), "{e}");
    }
    assert_eq!(read(&more, None, &tree.at("more/m.png")).expect("allowed"), "more");
    assert!(read(&more, None, "m.png").is_err(), "nothing says where it starts");
    assert!(read(&more, None, &tree.at("base/a.png")).is_err());
    let base_dir = Some(tree.root.join("base"));
    assert_eq!(read(&Paths { base_dir, ..none }, None, "a.png").expect("base_dir"), "inside");
}

#[test]
fn rejected_records_count_from_their_original() {
    let tree = tree();
    let none = tree.paths(&[], &[]);
    for (folder, original, allow) in [
        ("base", "in.ndjson", None),
        ("base", "base/in.ndjson", None),
        ("base", "gone/from/the/disk.ndjson", Some("gone/from/the")),
        ("lists", "base/in.ndjson", Some("base")),
        ("lists", "/etc/hostname", Some("/etc")),
        ("lists", "../base/in.ndjson", Some("../base")),
    ] {
        let found = read(&none, Some(&tree.base(folder, Some(original))), "a.png");
        match allow {
            None => assert_eq!(found.expect(original), "inside"),
            Some(folder) => {
                let said = found.expect_err(original).message().to_string();
                assert!(said.contains("--allow-dir") && said.contains(folder), "{said}");
            }
        }
    }
    let absolute = tree.at("base/in.ndjson");
    let base = tree.base("lists", Some(&absolute));
    assert!(read(&none, Some(&base), "a.png").is_err());
    assert_eq!(read(&tree.paths(&["base"], &[]), Some(&base), "a.png").expect("allowed"), "inside");
    let base_dir = Some(tree.root.join("base/sub"));
    assert_eq!(read(&Paths { base_dir, ..none }, Some(&base), "b.png").expect("said"), "sub");
}
