//! Both ways to open a file, the call of the kernel and the walk, against the same trees.

use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::*;

/// A folder that holds `base`, where paths start, `more`, which may be reached too, and a secret.
struct Tree {
    _folder: tempfile::TempDir,
    root: PathBuf,
    fence: Fence,
}

fn tree() -> Tree {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().canonicalize().expect("a path");
    let at = |name: &str| root.join(name);
    for name in ["base/sub/deep", "base/locked", "more/sub", "out"] {
        fs::create_dir_all(at(name)).expect("a folder");
    }
    for (name, text) in [
        ("base/a", "base"),
        ("base/sub/deep/a", "deep"),
        ("more/a", "more"),
        ("more/sub/a", "more/sub"),
        ("out/a", "secret"),
        ("secret", "secret"),
    ] {
        fs::write(at(name), text).expect("a file");
    }
    for (target, name) in [
        ("a", "base/good"),
        ("sub", "base/folder"),
        ("good", "base/twice"),
        ("../secret", "base/leaves"),
        ("..", "base/up"),
        ("../out", "base/out"),
        ("../more/sub", "base/more"),
        ("loop", "base/loop"),
        ("mutual-b", "base/mutual-a"),
        ("mutual-a", "base/mutual-b"),
        ("../base", "more/back"),
        ("more", "alias"),
        ("/dev/zero", "base/zero"),
    ] {
        symlink(target, at(name)).expect("a link");
    }
    symlink(at("base/sub/deep/a"), at("base/absolute")).expect("a link");
    symlink(at("secret"), at("base/absolute-out")).expect("a link");
    rustix::fs::mkfifoat(CWD, at("base/fifo"), Mode::RWXU).expect("a FIFO");
    let fence = Fence::new(Some(&at("base")), &[at("alias")]).expect("a fence");
    Tree { _folder: folder, root, fence }
}

fn text(file: Result<File, Stop>) -> Result<String, Stop> {
    let mut text = String::new();
    file?.read_to_string(&mut text)?;
    Ok(text)
}

impl From<io::Error> for Stop {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

#[test]
fn opens_what_is_inside() {
    let tree = tree();
    let absolute = |name: &str| tree.root.join(name).display().to_string();
    for (path, found) in [
        ("a", "base"),
        ("./a", "base"),
        (".//a", "base"),
        ("sub/../a", "base"),
        ("sub/deep/../../a", "base"),
        ("good", "base"),
        ("twice", "base"),
        ("folder/deep/a", "deep"),
        ("folder/../a", "base"),
        ("absolute", "deep"),
        // Out of one folder of the fence and into another, and back.
        ("../base/a", "base"),
        ("../more/a", "more"),
        ("../alias/a", "more"),
        ("more/a", "more/sub"),
        ("more/../a", "more"),
        ("more/../back/a", "base"),
        (&absolute("base/a"), "base"),
        (&absolute("base//sub/deep/a"), "deep"),
        (&absolute("more/a"), "more"),
        (&absolute("alias/sub/a"), "more/sub"),
        (&absolute("alias/../base/a"), "base"),
        (&absolute("base/../more/a"), "more"),
    ] {
        let path = Path::new(path);
        assert_eq!(text(tree.fence.walk(path)).expect(found), found, "{path:?} by steps");
        assert_eq!(text(tree.fence.open(path)).expect(found), found, "{path:?}");
    }
}

#[test]
fn opens_nothing_else() {
    let tree = tree();
    let absolute = |name: &str| tree.root.join(name).display().to_string();
    let deep = "x/".repeat(5000);
    let around = "sub/../".repeat(5000) + "a";
    for (path, why) in [
        ("..", "outside"),
        ("../secret", "outside"),
        ("../nothing", "outside"),
        ("../../../../../../../../../../../../etc/passwd", "outside"),
        ("sub/../../secret", "outside"),
        ("leaves", "outside"),
        ("absolute-out", "outside"),
        ("up/secret", "outside"),
        ("up/base/../secret", "outside"),
        ("out/a", "outside"),
        ("more/../../secret", "outside"),
        ("/", "outside"),
        ("/dev/zero", "outside"),
        ("/proc/self/root/dev/zero", "outside"),
        ("zero", "outside"),
        (&absolute("secret"), "outside"),
        (&absolute("base/../secret"), "outside"),
        (&absolute("base-not"), "outside"),
        // What the name of a link is followed by `..`, is not known.
        (&absolute("alias/../alias/../secret"), "outside"),
        ("loop", "links"),
        ("mutual-a", "links"),
        (&around, "links"),
        ("nothing", "nothing"),
        ("sub/nothing/a", "nothing"),
        (&deep, "nothing"),
        ("a/", "through a file"),
        ("a/b", "through a file"),
        ("a/..", "through a file"),
        ("fifo", "a FIFO"),
        (".", "a directory"),
        ("sub", "a directory"),
        ("sub/", "a directory"),
        ("folder", "a directory"),
        ("", "a directory"),
    ] {
        for (file, how) in [
            (tree.fence.walk(Path::new(path)), "steps"),
            (tree.fence.open(Path::new(path)), "the call"),
        ] {
            let Err(stop) = file else { panic!("{path} is opened by {how}") };
            let said = match &stop {
                Stop::Outside => "outside",
                Stop::Is(what) => what,
                Stop::Io(e) => match Errno::from_io_error(e) {
                    Some(Errno::LOOP) => "links",
                    Some(Errno::NOENT) => "nothing",
                    Some(Errno::NOTDIR) => "through a file",
                    _ => "something else",
                },
            };
            assert_eq!(said, why, "{path} by {how}: {stop:?}");
        }
    }
}

#[test]
fn the_root_opens_all() {
    let tree = tree();
    let all = Fence::new(None, &["/".into()]).expect("a fence");
    for (path, found) in
        [("base/leaves", "secret"), ("base/up/secret", "secret"), ("alias/a", "more")]
    {
        let path = tree.root.join(path);
        assert_eq!(text(all.walk(&path)).expect(found), found, "{path:?} by steps");
        assert_eq!(text(all.open(&path)).expect(found), found, "{path:?}");
    }
    for path in ["/dev/zero", "/proc/self/fd/0", "/"] {
        assert!(matches!(all.open(Path::new(path)), Err(Stop::Is(_) | Stop::Io(_))), "{path}");
    }
    // Nothing says where this one starts.
    assert!(matches!(all.open(Path::new("etc/passwd")), Err(Stop::Outside)));
}

/// A folder is exchanged for a link to another one, and a file for a link to a file, while both are read.
#[test]
fn exchanges_let_nothing_in() {
    let tree = tree();
    let base = tree.root.join("base");
    let done = AtomicBool::new(false);
    let exchange = |one: &str, other: &str| {
        renameat_with(CWD, base.join(one), CWD, base.join(other), RenameFlags::EXCHANGE)
            .expect("exchanged");
    };
    let (mut inside, mut stopped) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                exchange("sub/deep", "out");
                exchange("a", "leaves");
            }
        });
        for _ in 0..5000 {
            for path in ["sub/deep/a", "a", "sub/../sub/deep/a", "folder/deep/a"] {
                for file in [tree.fence.walk(Path::new(path)), tree.fence.open(Path::new(path))] {
                    match text(file) {
                        Ok(text) if text == "secret" => panic!("{path} was read outside"),
                        Ok(_) => inside += 1,
                        Err(_) => stopped += 1,
                    }
                }
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(inside > 0 && stopped > 0, "there was a race: {inside} opened, {stopped} not");
}
