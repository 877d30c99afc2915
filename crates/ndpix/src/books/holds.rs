//! What the output of a plan is to hold: images, columns, fill rows, and the options that last.

use std::sync::Arc;

use super::names;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::make_room;
use crate::options::{Governs, Options};
use crate::pixels::sample;
use crate::plan::{ArrayPlan, Plan, Target};
use crate::shape::Shape;
use crate::sink::{Further, Holds, Images};

/// What the output of this plan is to hold.
pub(super) fn holds(options: &Options, plan: &Plan) -> Result<Holds> {
    let images = match plan.target {
        Target::Flat { rank, dtype, .. } => Images::Flat { dtype, rank },
        Target::Pad { shape, dtype, .. } => Images::Pad { shape, dtype },
        Target::Encoded => Images::Flat { dtype: DType::Uint8, rank: 1 },
        _ => {
            let (shape, dtype) = stacked(plan)?;
            Images::Stack { shape, dtype }
        }
    };
    Ok(Holds {
        images,
        lead: Arc::clone(&plan.name),
        arrays: further(plan)?,
        columns: names(plan),
        legends: plan.legends(),
        fills: options.fills(),
        rows: options.rows,
        images_as: options.images_as,
        chunks: options.chunks,
        compression: options.output_compression,
        shard_rows: options.shard_rows,
        append: options.append,
        continues: false,
        first_file: 0,
        options: lasting(options),
    })
}

/// The arrays beside the one that leads.
///
/// # Errors
/// Kind `plan` where images of one of them keep their own shapes.
pub(crate) fn further(plan: &Plan) -> Result<Vec<Further>> {
    let array = |array: &ArrayPlan| {
        let (shape, dtype) = stacked(&array.plan)?;
        Ok(Further { name: Arc::clone(&array.name), shape, dtype })
    };
    plan.arrays.iter().map(array).collect()
}

/// The options that have a say in what an output holds, not those that only say how a run goes on.
pub(super) fn lasting(options: &Options) -> Vec<(String, String)> {
    let lasting = options.governing(&[Governs::Where, Governs::What, Governs::How]);
    lasting.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}

/// Shape and dtype of a row; kind `plan` where images keep their own.
pub(crate) fn stacked(plan: &Plan) -> Result<(Shape, DType)> {
    match plan.target {
        Target::Stack { shape, dtype, .. } => Ok((shape, dtype)),
        _ => Err(Error::plan("images of different shapes do not make one array")),
    }
}

/// A row for what has no image, in all arrays; empty where the options ask for none.
pub(crate) fn fill_row(options: &Options, plan: &Plan) -> Result<Vec<u8>> {
    let mut row = blank(options, plan)?;
    for array in &plan.arrays {
        let own = blank(options, &array.plan)?;
        make_room(&mut row, own.len())?;
        row.extend_from_slice(&own);
    }
    Ok(row)
}

/// A row of one array.
fn blank(options: &Options, plan: &Plan) -> Result<Vec<u8>> {
    let (shape, dtype) = match plan.target {
        Target::Pad { shape, dtype, .. } => (shape, dtype),
        // An image of no pixels.
        Target::Flat { .. } | Target::Encoded => return Ok(Vec::new()),
        _ => stacked(plan)?,
    };
    if !options.fills() {
        return Ok(Vec::new());
    }
    let element = fill_element(plan.fill_value, dtype)?;
    let mut row = Vec::new();
    let len = shape.bytes(dtype)?;
    make_room(&mut row, len)?;
    while row.len() < len {
        row.extend_from_slice(&element);
    }
    Ok(row)
}

/// The bytes of one element that holds `value`; kind `options` where the dtype cannot.
pub(crate) fn fill_element(value: f64, dtype: DType) -> Result<Vec<u8>> {
    sample::element(value, dtype)
        .ok_or_else(|| Error::options(format!("fill_value {value} does not fit {dtype}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fill_values_never_wrap() {
        assert_eq!(fill_element(255.0, DType::Uint8).expect("fits"), [255]);
        assert!(fill_element(256.0, DType::Uint8).is_err());
        assert!(fill_element(-1.0, DType::Uint16).is_err());
        assert_eq!(fill_element(-2.0, DType::Int16).expect("fits"), (-2i16).to_le_bytes());
    }
}
