//! Conversions in parts, as a cluster would have them: the recipes of docs/parts.md are run here with what the
//! cluster would set, and so is everything that can go wrong between the tasks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

const NDPIX: &str = env!("CARGO_BIN_EXE_ndpix");

/// A folder with records of every sort, and what one run makes of them.
struct Place(tempfile::TempDir);

impl Place {
    fn new(records: usize) -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        let record = |n: usize| match n % 13 {
            _ if n < 64 => format!("{{\"image\":[[{n},1],[2,3]],\"label\":\"{n}\"}}\n"),
            2 => "{broken\r\n".to_string(),
            5 => "\n".to_string(),
            7 => "{\"label\":null}\n".to_string(),
            _ => format!("{{\"image\":[[{n},1],[2,3]],\"label\":null}}\n"),
        };
        let text: String = (0..records).map(record).collect();
        fs::write(place.path("a.ndjson"), text).expect("written");
        let whole = "convert a.ndjson -o whole.npy --threads 1 --field image --columns label";
        assert_eq!(place.run(whole).status.code(), Some(3));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: &str) -> Command {
        let mut command = Command::new(NDPIX);
        command.current_dir(self.0.path()).args(args.split(' ').filter(|word| !word.is_empty()));
        command
    }

    fn run(&self, args: &str) -> Output {
        self.command(args).output().expect("it runs")
    }

    /// Runs a command, which must end with this code, and gives what it says.
    #[track_caller]
    fn says(&self, args: &str, code: i32) -> String {
        let done = self.run(args);
        let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        assert_eq!(done.status.code(), Some(code), "{args}: {said}");
        said
    }

    fn plan(&self, more: &str) -> String {
        let plan = "plan a.ndjson -o out.npy --field image --columns label";
        self.says(&format!("{plan} {more}"), 0)
    }

    /// Runs a script of the shell, in which `ndpix` is this one.
    #[track_caller]
    fn script(&self, script: &str) {
        let bin = Path::new(NDPIX).parent().expect("a folder").display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("sh");
        shell
            .args(["-euc", script])
            .current_dir(self.0.path())
            .env("PATH", format!("{bin}:{path}"));
        let done = shell.output().expect("a shell");
        assert!(done.status.success(), "{script}\n{}", String::from_utf8_lossy(&done.stderr));
    }

    /// That the output and all that stands beside it is what one run has written.
    #[track_caller]
    fn is_whole(&self) {
        for suffix in ["", ".columns.parquet", ".rows.npy", ".rejects.ndjson", ".inputs.json"] {
            let read = |name: &str| fs::read(self.path(&format!("{name}.npy{suffix}"))).ok();
            let (found, wanted) = (read("out"), read("whole"));
            assert!(found.is_some() && found == wanted, "out.npy{suffix}");
        }
        assert!(!self.path("out.npy.parts").exists(), "parts go with the commit");
    }
}

/// Ends a process at once.
fn kill(mut child: Child) {
    child.kill().and_then(|()| child.wait()).expect("killed");
}

#[test]
fn slurm_arrays() {
    let place = Place::new(2000);
    assert_eq!(place.plan("--part-bytes 2K").lines().next(), Some("parts 32"));
    // What Slurm sets for `sbatch --array=0-9`.
    place.script(
        "for SLURM_ARRAY_TASK_ID in 9 3 1 0 7 8 2 5 4 6 3; do
            SLURM_ARRAY_TASK_COUNT=10
            ndpix run out.npy.plan.json --task $SLURM_ARRAY_TASK_ID --tasks $SLURM_ARRAY_TASK_COUNT
        done
        ndpix commit out.npy.plan.json || [ $? = 3 ]",
    );
    place.is_whole();
    // Arrays that are counted from 1 leave nothing out: they are refused.
    let said = place.says("run out.npy.plan.json --task 10 --tasks 10", 2);
    assert!(said.contains("use --array=0-9"), "{said}");
}

#[test]
fn kubernetes_jobs() {
    let place = Place::new(1000);
    place.plan("--parts 12");
    // What a Job with completionMode Indexed sets, for completions 3 in parallel.
    place.script(
        "for JOB_COMPLETION_INDEX in 0 1 2; do
            ndpix run out.npy.plan.json --task $JOB_COMPLETION_INDEX --tasks 3 --work shared &
        done
        wait
        ndpix commit out.npy.plan.json --work shared --summary summary.json || [ $? = 3 ]",
    );
    place.is_whole();
    let summary = fs::read_to_string(place.path("summary.json")).expect("a summary");
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
    assert_eq!((&summary["records"], &summary["exit"]), (&928.into(), &3.into()), "{summary}");
    assert!(!place.path("shared").exists());
}

#[test]
fn parallel_processes_of_one_machine() {
    let place = Place::new(1000);
    // GNU parallel is called as xargs is: `parallel -j 4 ndpix run ... --task {} ::: $(seq 0 7)`.
    place.script(
        "ndpix plan a.ndjson -o out.npy --field image --columns label --parts 8
        seq 0 7 | xargs -P 4 -I {} ndpix run out.npy.plan.json --task {} --tasks 8 --threads 1
        ndpix commit out.npy.plan.json || [ $? = 3 ]",
    );
    place.is_whole();
}

#[test]
fn tasks_that_are_killed_are_run_again() {
    let place = Place::new(20_000);
    place.plan("--parts 6");
    for pause in [0, 2, 5, 10, 20, 40] {
        let run = "run out.npy.plan.json --task 0 --tasks 1 --threads 1";
        let child = place.command(run).stderr(Stdio::null()).spawn().expect("it runs");
        std::thread::sleep(Duration::from_millis(pause));
        kill(child);
    }
    let said = place.says("run out.npy.plan.json --task 0 --tasks 1", 0);
    assert!(said.contains("is done: 6 of "), "{said}");
    let again = place.says("run out.npy.plan.json --task 1 --tasks 2", 0);
    assert!(again.contains("part 1 was done before"), "{again}");
    place.says("commit out.npy.plan.json", 3);
    place.is_whole();
}

#[test]
fn commits_that_are_killed_start_over() {
    let place = Place::new(20_000);
    place.plan("--parts 6");
    place.says("run out.npy.plan.json --task 0 --tasks 1", 0);
    let kept = place.path("kept");
    let copy = |from: &Path, to: &Path| {
        assert!(Command::new("cp").arg("-r").args([from, to]).status().expect("cp").success());
    };
    copy(&place.path("out.npy.parts"), &kept);
    for pause in (0..30).map(|n| n * 2) {
        let commit = "commit out.npy.plan.json";
        let child = place.command(commit).stderr(Stdio::null()).spawn().expect("it runs");
        std::thread::sleep(Duration::from_millis(pause));
        kill(child);
        if place.path("out.npy").exists() {
            // It was done, or is but for the names of some files: then the next one gives them.
            let said = place.run(commit);
            assert!(matches!(said.status.code(), Some(0 | 2 | 3)), "{said:?}");
            place.is_whole_but_parts();
            for suffix in ["", ".columns.parquet", ".rows.npy", ".rejects.ndjson", ".inputs.json"] {
                fs::remove_file(place.path(&format!("out.npy{suffix}"))).expect("removed");
            }
            let _ = fs::remove_dir_all(place.path("out.npy.parts"));
            copy(&kept, &place.path("out.npy.parts"));
        }
    }
    place.says("commit out.npy.plan.json", 3);
    place.is_whole();
}

impl Place {
    #[track_caller]
    fn is_whole_but_parts(&self) {
        let _ = fs::remove_dir_all(self.path("out.npy.parts"));
        self.is_whole();
    }
}

#[test]
fn what_is_said_when_it_does_not_fit_together() {
    let place = Place::new(500);
    place.plan("--parts 5");
    let said = place.says("commit out.npy.plan.json", 1);
    assert!(said.contains("parts 0, 1, 2, 3, 4 are missing"), "{said}");
    place.says("run out.npy.plan.json --task 0 --tasks 2", 0);
    let said = place.says("commit out.npy.plan.json", 1);
    assert!(said.contains("parts 1, 3 are missing (2 of 5 in out.npy.parts/"), "{said}");
    // Parts of another plan are none of this one.
    place.plan("--parts 5 --dtype uint16");
    let said = place.says("commit out.npy.plan.json", 1);
    assert!(said.contains("(5 of 5 in"), "{said}");
    // `--fresh` leaves none of either.
    assert!(place.path("out.npy.parts").exists());
    place.plan("--parts 5 --fresh");
    assert!(!place.path("out.npy.parts").exists());
    place.says("run out.npy.plan.json --task 0 --tasks 1", 0);
    // Two commits at once: the lock of the output.
    let held = fs::File::create(place.path("out.npy.partial")).expect("a file");
    held.lock().expect("a lock");
    let said = place.says("commit out.npy.plan.json", 1);
    assert!(said.contains("is being written by another run"), "{said}");
    drop(held);
    // Inputs that have grown.
    let text = fs::read(place.path("a.ndjson")).expect("a file");
    fs::write(place.path("a.ndjson"), [&text[..], b"{}\n"].concat()).expect("written");
    for command in ["run out.npy.plan.json --task 0 --tasks 1", "commit out.npy.plan.json"] {
        let said = place.says(command, 2);
        assert!(said.contains("make the plan again"), "{said}");
    }
    fs::write(place.path("a.ndjson"), text).expect("written");
    place.says("commit out.npy.plan.json", 3);
    place.is_whole();
    let said = place.says("commit out.npy.plan.json", 2);
    assert!(said.contains("out.npy exists"), "{said}");
}

#[test]
fn plans_are_printed() {
    let place = Place::new(100);
    let plan: serde_json::Value =
        serde_json::from_slice(&place.run("plan a.ndjson -o b.npz --field image --json").stdout)
            .expect("JSON");
    assert_eq!((&plan["ndpix_plan"], &plan["out"]["format"]), (&1.into(), &".npz".into()));
    assert_eq!(plan["frozen"]["target"]["stack"]["dtype"], "int64");
    assert_eq!(plan["inputs"][0]["framing"], "lines");
    let written = fs::read(place.path("b.npz.plan.json")).expect("a plan");
    let written: serde_json::Value = serde_json::from_slice(&written).expect("JSON");
    assert_eq!(written, plan);
    fs::write(place.path("c.npy.plan.json"), "mine").expect("written");
    let said = place.says("plan a.ndjson -o c.npy --field image", 2);
    assert!(said.contains("exists and is not a plan"), "{said}");
}
