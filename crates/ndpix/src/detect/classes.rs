//! Whether classes of masks are numbers, or names that need a legend.

use super::sample::{Sample, Sampled};
use crate::decode::Decoder;
use crate::error::Result;
use crate::legend::Legend;
use crate::options::Merge;
use crate::plan::Plan;
use crate::record::value::{self, Kind};

/// Sets an empty legend in every plan whose first masks have names for classes, and none a number, where no option says one.
pub(crate) fn classes(sample: &Sample<'_>, plan: &mut Plan) -> Result<()> {
    let asks = |plan: &Plan| plan.merge == Merge::Class && plan.classes.is_none();
    if !asks(plan) && !plan.arrays.iter().any(|array| asks(&array.plan)) {
        return Ok(());
    }
    // Whether any class is a name, and any a number.
    let mut found = vec![[false; 2]; 1 + plan.arrays.len()];
    let mut decoder = Decoder::new(plan)?;
    for Sampled { text, .. } in &sample.records {
        if decoder.find(text).is_ok() {
            decoder.classes(text, &mut |array, class| {
                let is_number = value::integer(class).is_some();
                if is_number || value::kind(class) == Kind::String {
                    found[array][usize::from(is_number)] = true;
                }
            });
        }
    }
    for (array, found) in found.into_iter().enumerate() {
        let plan = plan.array_mut(array);
        if found == [true, false] && asks(plan) {
            plan.classes = Some(Legend::default());
        }
    }
    Ok(())
}
