//! `ndpix.plan`: a conversion in parts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndpix::{Control, Cut, Error, Facts, Page, Sight};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::batches::Batches;
use crate::inputs::Stop;
use crate::task::{self, Hooks};
use crate::{columns, errors, inputs, options};

/// A run that is decided, and its parts.
#[pyclass(frozen, module = "ndpix._ndpix")]
pub(crate) struct Plan {
    plan: Arc<ndpix::Plan>,
}

/// Decides a run, or without `out` a reading. `part_bytes` is a size in the spelling of the command.
#[pyfunction]
pub(crate) fn plan(
    py: Python<'_>,
    source: &Bound<'_, PyAny>,
    out: Option<PathBuf>,
    part_bytes: &str,
    parts: Option<u64>,
    options: &Bound<'_, PyDict>,
    hooks: Hooks,
) -> PyResult<Plan> {
    let options = options::options(options)?;
    let stop = Stop::default();
    let (inputs, options) = inputs::framed(source, options, &stop)?;
    let cut = match parts {
        Some(parts) => Ok(Cut::Parts(parts)),
        None => part_bytes.parse(),
    };
    let cut = cut.map_err(|e: Error| errors::raise(py, &e))?;
    let made = task::run(py, &hooks, stop, move |control| match out {
        Some(out) => ndpix::plan(inputs, &out, &options, cut, control),
        None => ndpix::plan_to_read(inputs, &options, cut, control),
    })?;
    made.map(Plan::of).map_err(|e| errors::raise(py, &e))
}

impl Plan {
    fn of(plan: ndpix::Plan) -> Self {
        Self { plan: Arc::new(plan) }
    }
}

#[pymethods]
impl Plan {
    /// The plan that `to_json` gave.
    #[staticmethod]
    fn from_json(py: Python<'_>, text: &str) -> PyResult<Self> {
        ndpix::Plan::from_json(text).map(Self::of).map_err(|e| errors::raise(py, &e))
    }

    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        self.plan.to_json().map_err(|e| errors::raise(py, &e))
    }

    /// Id, number of parts, and output, if there is one.
    fn about(&self) -> (String, usize, Option<PathBuf>) {
        let out = Some(self.plan.out()).filter(|out| !out.as_os_str().is_empty());
        (self.plan.id().to_string(), self.plan.parts(), out.map(Path::to_owned))
    }

    /// The names of classes by the column or array that has their numbers.
    fn legends(&self) -> columns::Legends {
        columns::legends(&self.plan.legends())
    }

    /// Writes `OUT.plan.json`, and gives its name.
    fn save(&self, py: Python<'_>) -> PyResult<PathBuf> {
        self.plan.save().map_err(|e| errors::raise(py, &e))
    }

    /// Removes parts that are done.
    fn sweep(&self, py: Python<'_>, work: Option<PathBuf>) -> PyResult<()> {
        self.plan.sweep(work.as_deref()).map_err(|e| errors::raise(py, &e))
    }

    /// Carries out a part: its facts as JSON.
    fn run(
        &self,
        py: Python<'_>,
        part: usize,
        work: Option<PathBuf>,
        hooks: Hooks,
    ) -> PyResult<String> {
        let plan = Arc::clone(&self.plan);
        let done = task::run(py, &hooks, Stop::default(), move |control| {
            plan.run(part, work.as_deref(), control)
        })?;
        done.map(|facts| facts.to_json()).map_err(|e| errors::raise(py, &e))
    }

    /// Makes the output: the summary as JSON, written to `summary` too, and as a page to `report`, also where it failed.
    fn commit(
        &self,
        py: Python<'_>,
        facts: Option<Vec<String>>,
        work: Option<PathBuf>,
        summary: Option<PathBuf>,
        report: Option<PathBuf>,
        hooks: Hooks,
    ) -> PyResult<String> {
        let read = |all: Vec<String>| all.iter().map(|text| Facts::from_json(text)).collect();
        let facts: Option<Result<Vec<Facts>, Error>> = facts.map(read);
        let facts = facts.transpose().map_err(|e| errors::raise(py, &e))?;
        let plan = Arc::clone(&self.plan);
        let options = plan.options();
        for (name, file) in [("summary", &summary), ("report", &report)] {
            let Some(file) = file else { continue };
            let inputs = plan.inputs().map_err(|e| errors::raise(py, &e))?;
            ndpix::keep_apart(name, file, &inputs, Some(plan.out()), options)
                .map_err(|e| errors::raise(py, &e))?;
        }
        let (run, json, written) = task::run(py, &hooks, Stop::default(), move |control| {
            let options = plan.options();
            let page = report.map(|path| (path, Page::new(options)));
            let sight = page.as_ref().map(|(_, page)| |sight: &Sight<'_>| page.see(sight));
            let (stop, note, started) = (Arc::clone(&control.stop), control.note, control.started);
            let control = Control { stop, note, started, sight: sight.as_ref().map(|s| s as _) };
            let run = plan.commit(facts.as_deref(), work.as_deref(), &control);
            let error = run.result.as_ref().err();
            let exit = ndpix_cli::exit_code(&run, options);
            let ended = run.summary.json_ended(options, error, exit);
            let written = summary.map(|path| std::fs::write(path, ended)).transpose();
            let page = page.map(|(path, page)| {
                std::fs::write(path, page.of_run(&run.summary, error, options))
            });
            let written = written.and(page.transpose());
            (run.result, run.summary.json(options), written)
        })?;
        run.map_err(|e| errors::raise(py, &e))?;
        written?;
        Ok(json)
    }

    /// The images of a part, without files.
    fn batches(
        &self,
        py: Python<'_>,
        part: usize,
        batch_size: usize,
        hooks: Hooks,
    ) -> PyResult<Batches> {
        let plan = Arc::clone(&self.plan);
        let opened = task::run(py, &hooks, Stop::default(), move |control| {
            ndpix::Batches::of_part(&plan, part, batch_size, control)
        })?;
        let run = opened.map_err(|e| errors::raise(py, &e))?;
        Ok(Batches::of(run, self.plan.options().clone()))
    }
}
