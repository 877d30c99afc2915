//! Drawn images: run lengths, polygons, strokes. What a value says is read and checked first, and drawn when its
//! image has its place in memory.
//!
//! `runs.rs`, `brush.rs`, `outline.rs` and `shapes.rs` are exact twins of what pycocotools, Label Studio and Pillow
//! draw, `strokes.rs` with `pen.rs` and `cover.rs` of what Cairo draws; the other files tell the ways in which
//! programs write these apart. Masks are uint8 of 0 and 1, those of brushes and strokes 0 to 255.

mod brush;
mod canvas;
mod corners;
mod cover;
mod ink;
mod lists;
mod masks;
mod outline;
mod pen;
mod row;
mod runs;
mod scan;
mod setting;
mod shapes;
mod sketch;
mod strokes;

use super::{Encoding, Pixels};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::shape::Shape;
use canvas::Canvas;
use lists::Lists;
pub(crate) use masks::is_runs;
pub(crate) use setting::{Level, Setting};
pub(crate) use sketch::is_raw;

/// What a mask holds where something is drawn.
const INK: u8 = 1;

/// What is to be drawn, and the buffers that reading and drawing use again.
#[derive(Debug, Default)]
pub(crate) struct Drawing {
    what: What,
    lists: Lists,
    runs: Vec<u32>,
    bytes: Vec<u8>,
    strokes: strokes::Strokes,
    pen: strokes::Brush,
}

/// What lies in the buffers.
#[derive(Debug, Default, Clone, Copy)]
enum What {
    #[default]
    Nothing,
    /// Run lengths down the columns.
    Columns,
    /// Run lengths along the rows of a box.
    Box([u32; 4]),
    /// The bytes of a brush.
    Brush,
    /// Outlines of pixels, of COCO.
    Outlines,
    /// Points, as Labelme draws them.
    Form(shapes::Kind),
    /// Strokes.
    Strokes,
}

impl Drawing {
    /// Reads what a value of this encoding, one that is drawn, says.
    ///
    /// # Errors
    /// Those of what is read; kind `encoding` for one that is not drawn.
    pub(super) fn read(
        &mut self,
        encoding: &Encoding,
        value: &[u8],
        setting: &Setting,
        limits: &Limits,
        text: &mut Vec<u8>,
    ) -> Result<Pixels> {
        match encoding {
            Encoding::Rle => self.read_runs(value, setting, limits, text),
            Encoding::Polygon => self.read_corners(value, setting, limits, text),
            Encoding::Strokes => self.read_strokes(value, setting, false, limits, text),
            Encoding::StrokesRaw => self.read_strokes(value, setting, true, limits, text),
            _ => Err(Error::encoding(format!("{encoding} is not drawn"))),
        }
    }

    /// Draws what was read last into `out`, which is as long as its pixels.
    ///
    /// # Errors
    /// Kind `limit` for what takes too long to be drawn.
    pub(crate) fn draw(&mut self, shape: &Shape, out: &mut [u8]) -> Result<()> {
        let [height, width] = shape[..] else { return Ok(()) };
        match self.what {
            What::Nothing => return Ok(()),
            What::Columns => return runs::fill(&self.runs, height, width, out),
            What::Brush => return brush::decode(&self.bytes, height, width, out),
            What::Strokes => return self.pen.draw(&self.strokes, &sketch::spec(height), out),
            What::Box(_) | What::Outlines | What::Form(_) => out.fill(0),
        }
        let mut canvas = Canvas::new(height, width, out)?;
        match self.what {
            What::Box(within) => runs::draw_box(&self.runs, within, &mut canvas, INK),
            What::Form(form) => shapes::draw(form, &self.lists.numbers, &mut canvas, INK),
            _ => {
                let Self { lists, bytes, .. } = self;
                lists.iter().try_for_each(|list| outline::draw(list, &mut canvas, INK, bytes))
            }
        }
    }

    /// The bytes that the buffers take.
    pub(super) fn capacity(&self) -> usize {
        let runs = self.runs.capacity() * size_of::<u32>() + self.bytes.capacity();
        runs + self.lists.capacity() + self.strokes.capacity()
    }

    /// Begins anew with a mask of the size that is said.
    fn mask(&mut self, setting: &Setting, limits: &Limits) -> Result<Pixels> {
        let Some([height, width]) = setting.size else {
            return Err(Error::shape(
                "what is to be drawn does not say the size of its image; give raw_shape H,W, or the fields that do: raw_shape @height,@width",
            ));
        };
        self.begin(height, width, limits)
    }

    /// Begins anew with an image of this size.
    fn begin(&mut self, height: usize, width: usize, limits: &Limits) -> Result<Pixels> {
        self.lists.clear();
        self.runs.clear();
        self.bytes.clear();
        let shape = Shape::new(&[height, width])?;
        super::raw::check_size(&shape, DType::Uint8, limits)?;
        Ok(Pixels { shape, dtype: DType::Uint8 })
    }
}
