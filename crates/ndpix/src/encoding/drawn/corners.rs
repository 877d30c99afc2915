//! Corners in the spellings of COCO, Ultralytics, Label Studio, Labelme, Labelbox and VIA.
//!
//! Flat lists of coordinates are the outlines of COCO, those with a class before them of Ultralytics, and are drawn
//! as pycocotools draws them, and so are the percents of Label Studio. Lists of points are drawn as Labelme draws them.

use super::setting::{Setting, form};
use super::shapes::{self, Kind as Form};
use super::{Drawing, Pixels, What, masks, outline};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::record::value::{self, Kind};

impl Drawing {
    /// Reads the corners of one object or of several, which are drawn into one mask: COCO's run lengths too, which
    /// its crowds have instead.
    ///
    /// # Errors
    /// Kind `field` for another type, `shape` for what is no list of coordinates, `unsupported` for forms that are
    /// not drawn, `limit`.
    pub(in crate::encoding) fn read_corners(
        &mut self,
        value: &[u8],
        setting: &Setting,
        limits: &Limits,
        text: &mut Vec<u8>,
    ) -> Result<Pixels> {
        match value::kind(value) {
            Kind::Object if masks::is_runs(value) => self.read_runs(value, setting, limits, text),
            Kind::Object => self.read_object(value, setting, limits),
            Kind::Array => {
                let pixels = self.mask(setting, limits)?;
                self.read_points(value, setting, pixels)
            }
            other => {
                Err(Error::field(format!("expected lists of coordinates, found {}", other.name())))
            }
        }
    }

    /// A shape of Labelme, a region of VIA, or a value of Label Studio.
    fn read_object(&mut self, object: &[u8], setting: &Setting, limits: &Limits) -> Result<Pixels> {
        let [points, shape, name] = value::members(object, ["points", "shape_type", "name"]);
        let pixels = self.mask(setting, limits)?;
        let said = shape.or(name.filter(|_| points.is_none()));
        let known = said.map(form).transpose()?;
        match (points, known) {
            (Some(points), form) => {
                let setting = Setting { form: form.or(setting.form), ..*setting };
                self.read_points(points, &setting, pixels)
            }
            (None, Some(form)) => self.read_region(object, form, pixels),
            (None, None) => Err(Error::field("an object without points, which are what is drawn")),
        }
    }

    /// A region of VIA, whose members depend on what it is.
    fn read_region(&mut self, object: &[u8], form: Form, pixels: Pixels) -> Result<Pixels> {
        let missing = || Error::field("a region of VIA without the members that say where it is");
        let numbers = |names: [&str; 4]| {
            let found = value::members(object, names).into_iter().take_while(Option::is_some);
            found.flatten().map(super::lists::number).collect::<Result<Vec<f64>>>()
        };
        match form {
            Form::Polygon | Form::OrientedRectangle | Form::Line | Form::Linestrip => {
                let [xs, ys] = value::members(object, ["all_points_x", "all_points_y"]);
                let (xs, ys) = xs.zip(ys).ok_or_else(missing)?;
                self.lists.push(xs)?;
                self.lists.push(ys)?;
                let count = self.lists.ends[0];
                if self.lists.numbers.len() != 2 * count {
                    return Err(Error::shape("all_points_x and all_points_y are not equally long"));
                }
                let (xs, ys) = self.lists.numbers.split_at(count);
                let both = xs.iter().zip(ys).flat_map(|(x, y)| [*x, *y]).collect();
                self.lists.numbers = both;
            }
            Form::Rectangle => match numbers(["x", "y", "width", "height"])?[..] {
                [x, y, width, height] => self.lists.numbers.extend([x, y, x + width, y + height]),
                _ => return Err(missing()),
            },
            Form::Circle => match numbers(["cx", "cy", "r", "theta"])?[..] {
                [cx, cy, r, ..] => self.lists.numbers.extend([cx, cy, cx + r, cy]),
                _ => return Err(missing()),
            },
            Form::Point => match numbers(["cx", "cy", "r", "theta"])?[..] {
                [cx, cy, ..] => self.lists.numbers.extend([cx, cy]),
                _ => return Err(missing()),
            },
        }
        self.lists.ends.clear();
        self.lists.end()?;
        self.points(form, pixels)
    }

    /// Coordinates: flat, a list of flat ones, or points.
    fn read_points(&mut self, list: &[u8], setting: &Setting, pixels: Pixels) -> Result<Pixels> {
        if setting.unknown {
            return Err(Error::unsupported("the points of a shape_type that is not drawn"));
        }
        let first = value::elements(list).next().map(value::kind);
        match first {
            Some(Kind::Number) => self.lists.push(list)?,
            Some(Kind::Array) => {
                value::elements(list).try_for_each(|list| self.lists.push(list))?
            }
            Some(Kind::Object) => {
                for point in value::elements(list) {
                    let [Some(x), Some(y)] = value::members(point, ["x", "y"]) else {
                        return Err(Error::field("a point that has no x and y"));
                    };
                    self.lists.one(x)?;
                    self.lists.one(y)?;
                    self.lists.end()?;
                }
            }
            _ => {
                return Err(Error::field(
                    "expected lists of coordinates, found something else in the list",
                ));
            }
        }
        let is_pairs = self.lists.iter().all(|list| list.len() == 2);
        let pairs = first != Some(Kind::Number) && is_pairs;
        match (pairs, setting.form) {
            (true, _) if setting.percent => {
                self.scale(pixels, 0.01);
                self.lists.ends.clear();
                self.lists.end()?;
                self.outlines(pixels)
            }
            (true, form) => {
                self.lists.ends.clear();
                self.lists.end()?;
                self.points(form.unwrap_or(Form::Polygon), pixels)
            }
            (false, Some(_)) => {
                Err(Error::shape("the points of a shape are lists of two numbers, x and y"))
            }
            (false, None) => {
                self.classes(pixels)?;
                self.outlines(pixels)
            }
        }
    }

    /// Takes the class from the beginning of each outline of Ultralytics, and makes shares of the image pixels.
    fn classes(&mut self, pixels: Pixels) -> Result<()> {
        let odd = self.lists.iter().filter(|list| list.len() % 2 == 1).count();
        if odd == 0 {
            return Ok(());
        }
        if odd < self.lists.ends.len() {
            return Err(Error::shape(
                "outlines with a class before them and outlines without, in one list",
            ));
        }
        let shares = |list: &[f64]| list[1..].iter().all(|share| (0.0..=1.0).contains(share));
        if !self.lists.iter().all(|list| list[0].fract() == 0.0 && shares(list)) {
            return Err(Error::shape(
                "an odd count of numbers, which are no x and y; with a class before them coordinates are shares of the image, from 0 to 1 (Ultralytics)",
            ));
        }
        let (mut to, mut from) = (0, 0);
        for end in &mut self.lists.ends {
            self.lists.numbers.copy_within(from + 1..*end, to);
            to += *end - from - 1;
            from = *end;
            *end = to;
        }
        self.lists.numbers.truncate(to);
        self.scale(pixels, 1.0);
        Ok(())
    }

    /// Makes coordinates pixels that are parts of the image.
    fn scale(&mut self, pixels: Pixels, part: f64) {
        let sides = [pixels.shape[1] as f64, pixels.shape[0] as f64];
        for (number, coordinate) in self.lists.numbers.iter_mut().enumerate() {
            *coordinate *= sides[number % 2] * part;
        }
    }

    /// Takes the coordinates as outlines of COCO.
    fn outlines(&mut self, pixels: Pixels) -> Result<Pixels> {
        for list in self.lists.iter() {
            outline::check(list)?;
        }
        self.what = What::Outlines;
        Ok(pixels)
    }

    /// Takes the coordinates as the points of a shape.
    fn points(&mut self, form: Form, pixels: Pixels) -> Result<Pixels> {
        shapes::check(form, &self.lists.numbers)?;
        self.what = What::Form(form);
        Ok(pixels)
    }
}
