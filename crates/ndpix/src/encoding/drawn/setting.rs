//! What stands around a drawn value: the size of its image, and what its numbers are.
//!
//! The nearest object that says a height and a width has the say, so that the polygons of a list are drawn as
//! large as the image that the list belongs to.

use super::shapes::Kind as Form;
use crate::encoding::keys::{self, Axis, Key, Part};
use crate::error::{Error, Result};
use crate::record::value::{self, Kind};
use crate::shape::Shape;

/// See the module.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Setting {
    /// Height and width of the image.
    pub(crate) size: Option<[usize; 2]>,
    /// Whether coordinates are percents of them.
    pub(crate) percent: bool,
    /// What points are, where that is said.
    pub(super) form: Option<Form>,
    /// Whether strokes are those of Quick, Draw!.
    pub(crate) sketch: bool,
    /// A form that is not drawn.
    pub(crate) unknown: bool,
    /// How large strokes are drawn, where that is asked for.
    pub(crate) side: Option<[usize; 2]>,
}

/// What the members of one object say.
#[derive(Debug, Default)]
pub(crate) struct Level<'a> {
    /// Height and width: of the object itself, of its image, of the image that percents are of.
    sizes: [[Option<usize>; 2]; 3],
    size: Option<&'a [u8]>,
    counts: bool,
    form: Option<&'a [u8]>,
    sketch: usize,
    corner: usize,
}

impl<'a> Level<'a> {
    /// The members of an object.
    pub(crate) fn of(object: &'a [u8]) -> Self {
        let (mut level, mut scratch) = (Self::default(), Vec::new());
        for (key, text) in value::entries(object) {
            if let Some((_, key)) = keys::key(value::unescape_inner(key, &mut scratch)) {
                level.take(key, text);
            }
        }
        level
    }

    /// Takes a member.
    pub(crate) fn take(&mut self, key: Key, text: &'a [u8]) {
        let mut axis = |of: usize, axis: Axis| match axis {
            Axis::Height => self.sizes[of][0] = keys::whole(text),
            Axis::Width => self.sizes[of][1] = keys::whole(text),
            Axis::Channels => {}
        };
        match key {
            Key::Axis(at) => axis(0, at),
            Key::Drawn(Part::Axis(at)) => axis(1, at),
            Key::Drawn(Part::Percent(at)) => axis(2, at),
            Key::Size => self.size = Some(text),
            Key::Drawn(Part::Counts) => self.counts = true,
            Key::Drawn(Part::Form) if value::kind(text) == Kind::String => self.form = Some(text),
            Key::Drawn(Part::Sketch) => self.sketch += 1,
            Key::Drawn(Part::Corner) => self.corner += 1,
            _ => {}
        }
    }

    /// The size that is said, and whether coordinates are percents of it.
    ///
    /// # Errors
    /// Kind `shape` where two are said.
    fn said(&self) -> Result<Option<([usize; 2], bool)>> {
        let mut found: Option<([usize; 2], bool)> = None;
        for (number, size) in self.sizes.iter().enumerate() {
            let [Some(height), Some(width)] = *size else { continue };
            if number == 0 && self.corner > 1 {
                continue;
            }
            if let Some(([h, w], _)) = found.filter(|(other, _)| *other != [height, width]) {
                return Err(Error::shape(format!(
                    "the members beside what is drawn say that its image is {h}x{w} and {height}x{width}; give raw_shape H,W"
                )));
            }
            found = found.or(Some(([height, width], number == 2)));
        }
        Ok(found)
    }
}

impl Setting {
    /// What is said by the object that a value stands in and by those around it, outwards.
    ///
    /// # Errors
    /// Kind `shape` where an object says two sizes.
    pub(crate) fn of<'a>(levels: impl Iterator<Item = Level<'a>>) -> Result<Self> {
        let mut setting = Self::default();
        for (number, level) in levels.enumerate() {
            if number == 0 {
                setting.stands_in(&level);
            }
            if setting.size.is_none()
                && let Some((size, percent)) = level.said()?
            {
                (setting.size, setting.percent) = (Some(size), percent);
            }
        }
        Ok(setting)
    }

    /// The same for the members of an object in here.
    pub(crate) fn inside(&self, object: &[u8]) -> Self {
        let level = Level::of(object);
        let mut setting = Self::default();
        setting.stands_in(&level);
        if setting.size.is_none() {
            (setting.size, setting.percent) = match level.said() {
                Ok(Some((size, percent))) => (Some(size), percent),
                Ok(None) => (self.size, self.percent),
                Err(_) => (None, false),
            };
        }
        setting
    }

    /// The same, as large as options ask for.
    ///
    /// # Errors
    /// Kind `shape` where they ask for more axes than two.
    pub(crate) fn asked(self, shape: Option<Shape>) -> Result<Self> {
        match shape.as_deref() {
            None => Ok(self),
            Some(&[height, width]) => Ok(Self { size: Some([height, width]), ..self }),
            Some(_) => Err(Error::shape("what is drawn has two axes; give raw_shape H,W")),
        }
    }

    /// What the object itself says of its members.
    fn stands_in(&mut self, level: &Level<'_>) {
        let form = level.form.map(form);
        self.unknown = form.as_ref().is_some_and(Result::is_err);
        self.form = form.and_then(Result::ok);
        self.sketch = level.sketch > 1;
        if let Some(size) = level.size.filter(|_| level.counts) {
            self.size = sides(size);
        }
    }
}

/// Height and width as a list of both.
pub(super) fn sides(list: &[u8]) -> Option<[usize; 2]> {
    let mut sides = value::elements(list).map(keys::whole);
    match (sides.next(), sides.next(), sides.next()) {
        (Some(Some(height)), Some(Some(width)), None) => Some([height, width]),
        _ => None,
    }
}

/// What points are, by a word.
///
/// # Errors
/// Kind `unsupported` for one that is not drawn.
pub(super) fn form(text: &[u8]) -> Result<Form> {
    let mut scratch = Vec::new();
    Form::named(&String::from_utf8_lossy(value::unescape(text, &mut scratch)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(objects: &[&str]) -> std::result::Result<Setting, String> {
        let levels = objects.iter().map(|object| Level::of(object.as_bytes()));
        Setting::of(levels).map_err(|e| e.message().to_string())
    }

    #[test]
    fn the_nearest_object_with_a_size_has_the_say() {
        let near = of(&[r#"{"height": 3, "width": "4"}"#, r#"{"height": 30, "width": 40}"#]);
        assert_eq!(near.map(|s| s.size), Ok(Some([3, 4])));
        let far =
            of(&[r#"{"height": 3}"#, r#"{"imageHeight": 30, "imageWidth": 40}"#]).expect("a size");
        assert_eq!((far.size, far.percent), (Some([30, 40]), false));
        let percent =
            of(&["{}", r#"{"original_height": 5, "original_width": 6}"#]).expect("a size");
        assert_eq!((percent.size, percent.percent), (Some([5, 6]), true));
        assert_eq!(of(&[r#"{"size": [3, 4]}"#]).map(|s| s.size), Ok(None));
        let coco = r#"{"size": [3, 4], "counts": "x", "height": 1, "width": 1}"#;
        assert_eq!(of(&[coco]).map(|s| s.size), Ok(Some([3, 4])));
        assert_eq!(of(&["{}", coco]).map(|s| s.size), Ok(Some([1, 1])));
        let boxed =
            of(&[r#"{"x": 1, "y": 1, "height": 3, "width": 4}"#, r#"{"height": 30, "width": 40}"#]);
        assert_eq!(boxed.map(|s| s.size), Ok(Some([30, 40])));
        let two = of(&[r#"{"height": 3, "width": 4, "imageHeight": 30, "imageWidth": 40}"#]);
        assert!(two.is_err_and(|said| said.contains("3x4 and 30x40")));
    }

    #[test]
    fn inwards_says_the_same() {
        let root = Setting::default().inside(br#"{"imageHeight": 30, "imageWidth": 40}"#);
        let shape = root.inside(br#"{"shape_type": "circle"}"#);
        assert_eq!((shape.size, shape.form), (Some([30, 40]), Some(Form::Circle)));
        assert_eq!(shape.inside(b"{}").form, None);
        assert!(shape.inside(br#"{"shape_type": "mask"}"#).unknown);
        assert!(root.inside(br#"{"word": "cat", "key_id": "1"}"#).sketch);
        assert!(!root.inside(br#"{"word": "cat"}"#).sketch);
    }
}
