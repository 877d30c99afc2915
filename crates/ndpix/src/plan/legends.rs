//! The arrays of a plan, and what numbers of classes mean in them and in columns.

use std::sync::Arc;

use super::{ColumnPlan, Plan};
use crate::legend::Legend;
use crate::options::{ColumnReads, Merge, Options, ReadAs};

impl Plan {
    /// All arrays by their names, the first and those beside it.
    pub(crate) fn all_arrays(&self) -> impl Iterator<Item = (&Arc<str>, &Self)> {
        let further = self.arrays.iter().map(|array| (&array.name, &array.plan));
        std::iter::once((&self.name, self)).chain(further)
    }

    /// The plan of the array of this number, 0 the first.
    pub(crate) fn array_mut(&mut self, number: usize) -> &mut Self {
        match number.checked_sub(1) {
            None => self,
            Some(further) => &mut self.arrays[further].plan,
        }
    }

    /// What numbers mean: of columns and arrays that hold classes by names.
    pub(crate) fn legends(&self) -> Vec<(Arc<str>, Legend)> {
        let columns = self.columns.iter().filter(|column| column.reads == ReadAs::Category);
        let columns = columns.map(|column| (Arc::clone(&column.name), column.legend.clone()));
        let arrays = self.all_arrays().filter_map(|(name, plan)| {
            plan.classes.as_ref().map(|legend| (Arc::clone(name), legend.clone()))
        });
        columns.chain(arrays).collect()
    }

    /// Says what numbers of classes mean.
    pub(crate) fn note_legends(&mut self) {
        let named = |column: &&ColumnPlan| !column.legend.is_empty();
        for column in self.columns.iter().filter(named) {
            self.notes.push(format!("classes of {}: {}", column.name, column.legend.said(0)));
        }
        let masks = self.all_arrays().filter_map(|(name, plan)| {
            let legend = plan.classes.as_ref().filter(|legend| !legend.is_empty())?;
            Some(format!("classes of the masks of {name}: {}", legend.said(1)))
        });
        let masks: Vec<String> = masks.collect();
        self.notes.extend(masks);
    }

    /// The options that say names of classes, with those that were found.
    pub(crate) fn named(&self, options: &Options) -> Vec<(&'static str, String)> {
        let types = options.column_type.iter().map(|one| {
            let column = self.columns.iter().find(|column| column.field == one.field);
            let legend = column.map_or(&one.legend, |column| &column.legend).clone();
            ColumnReads { legend, ..one.clone() }.to_string()
        });
        let merge = |plan: &Self| Some(format!("{}[{}]", Merge::Class, plan.classes.as_ref()?));
        let arrays = options.arrays.iter().cloned().map(|mut one| {
            let plan = self.all_arrays().find(|(name, _)| **name == one.name);
            let own = one.settings.iter_mut().find(|set| set.0 == "merge");
            if let (Some(own), Some(said)) = (own, plan.and_then(|(_, plan)| merge(plan))) {
                own.1 = said;
            }
            one.to_string()
        });
        let lines = |name, all: Vec<String>| (!all.is_empty()).then(|| (name, all.join("\n")));
        let said = [
            lines("column_type", types.collect()),
            lines("array", arrays.collect()),
            merge(self).filter(|_| options.merge == Merge::Class).map(|said| ("merge", said)),
        ];
        said.into_iter().flatten().collect()
    }
}
