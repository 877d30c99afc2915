//! Which settings make sense together; the part of each setting is in its own file.

use super::{
    Fit, Frames, Governs, IfExists, ImagesAs, MaxRejects, Merge, Mode, Normalize, Options, Ragged,
    Resample, Scale, Size, Stack,
};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::fetch::Rules;
use crate::record::pointer::{Field, Pointer};

impl Options {
    /// Says yes, or which settings contradict each other (kind `options`).
    ///
    /// ```
    /// use ndpix::{Limits, Options};
    /// let mut options = Options::default().with("fit", "crop")?;
    /// let error = options.validate().expect_err("to which size?");
    /// assert_eq!(error.message(), "fit says how images come to a size; pass size");
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn validate(&self) -> Result<()> {
        let no = |message: &str| Err(Error::options(message));
        if self.mixed && self.encoding.len() == 1 {
            return no("mixed decides the encoding for each record; leave encoding out");
        }
        if self.limit == Some(0) {
            return no("limit 0 takes no record; leave it out to take all");
        }
        if self.limits.max_record_bytes == 0 || self.limits.max_pixels == 0 {
            return no("max_record_bytes and max_pixels must be at least 1");
        }
        // Which axes are pixels is known only later; at most four values are one.
        let pixels =
            |axes: &[usize]| axes.iter().fold(1u64, |n, &axis| n.saturating_mul(axis as u64)) / 4;
        if let Some(shape) = self.shape.filter(|shape| pixels(shape) > self.limits.max_pixels) {
            return Err(self.too_large("shape", &shape.to_string()));
        }
        if let Some(Size { height, width }) = self.size
            && self.limits.check_pixels(height as u64, width as u64).is_err()
        {
            return Err(self.too_large("size", &format!("{height},{width}")));
        }
        if self.dtype.is_some_and(|d| !d.is_float()) && self.fill_value.fract() != 0.0 {
            return no("fill_value has a fraction but dtype holds integers");
        }
        if !self.allow_host.is_empty() && !self.fetches() {
            return no("allow_host says of whom fetch may ask; pass fetch https or http");
        }
        self.allow_host.iter().try_for_each(|host| Rules::check_host(host))?;
        if self.threads > 1024 {
            return no("threads is over 1024");
        }
        let never = match (self.warn_rejects, self.max_rejects.unwrap_or_default()) {
            (Some(MaxRejects::Count(warn)), MaxRejects::Count(most)) => warn >= most,
            (Some(MaxRejects::Percent(warn)), MaxRejects::Percent(most)) => warn >= most,
            _ => false,
        };
        if never {
            return no(
                "max_rejects ends the run before warn_rejects is passed; pass a smaller warn_rejects, or a larger max_rejects",
            );
        }
        self.validate_output()?;
        self.validate_further()?;
        self.validate_pixels()
    }

    fn too_large(&self, name: &str, value: &str) -> Error {
        let most = self.limits.max_pixels;
        Error::options(format!(
            "{name} {value} has more than the {most} pixels of max_pixels; raise it if that is meant"
        ))
    }

    /// Says yes, or which settings for outputs contradict each other or others.
    pub(super) fn validate_output(&self) -> Result<()> {
        let no = |message: String| Err(Error::options(message));
        for (i, column) in self.columns.iter().enumerate() {
            if column.is_wild() {
                return no(format!(
                    "column {column:#} names several values, and a row has one; name the list that holds them, or one of them: [0]"
                ));
            }
            if self.columns[..i].contains(column) {
                return no(format!("column {column:#} is given twice"));
            }
        }
        for (i, one) in self.column_type.iter().enumerate() {
            if self.column_type[..i].iter().any(|other| other.field == one.field) {
                return no(format!("column_type says twice what {:#} is read as", one.field));
            }
        }
        if self.images_as == ImagesAs::Encoded
            && let Some((name, _)) = self.governing(&[Governs::What]).first()
        {
            return no(format!(
                "{name} is for pixels, and images_as encoded keeps image files as they came; leave one of them out"
            ));
        }
        if self.append && self.if_exists != IfExists::Error {
            return no(format!(
                "append adds to the output that is there, and if_exists {} does not; leave one of them out",
                self.if_exists
            ));
        }
        if self.append_again && !self.append {
            return no("append_again adds inputs once more to an array that grows; pass append too, or leave it out".into());
        }
        if self.ragged != Ragged::Off && self.shape.is_some() {
            return no(format!(
                "shape is what every image must have, and ragged {} is for images that differ in it; leave one of them out",
                self.ragged
            ));
        }
        // Contained images still differ in size.
        if self.ragged == Ragged::Flat && self.size.is_some() && self.fit != Some(Fit::Contain) {
            return no("size brings all images to one size, and ragged flat keeps the size of each; leave one of them out".into());
        }
        Ok(())
    }

    /// Refuses what only a file can be: images in memory have no chunks, and nothing is added to them.
    pub(crate) fn validate_arrays(&self) -> Result<()> {
        let ours = [
            "ragged",
            "images_as",
            "chunks",
            "output_compression",
            "shard_rows",
            "append",
            "append_again",
            "fresh",
            "warn_rejects",
        ];
        match self.changed().iter().find(|(name, _)| ours.contains(name)) {
            None => Ok(()),
            Some(("ragged", _)) => Err(Error::options(
                "ragged is for files, and an array has rows of one shape; convert, or open the records, which gives each image with a shape of its own",
            )),
            Some((name, _)) => Err(Error::options(format!(
                "{name} is for files that convert writes; leave it out, or convert"
            ))),
        }
    }

    /// The part of [`Options::validate`] that is about pixels.
    pub(super) fn validate_pixels(&self) -> Result<()> {
        let no = |message: &str| Err(Error::options(message));
        let integers = self.dtype.is_some_and(|d| !d.is_float());
        if self.mode == Mode::P {
            if self.size.is_some() && self.resample != Some(Resample::Nearest) {
                return no(
                    "mode P keeps palette indices, which cannot be mixed; pass resample nearest",
                );
            }
            if self.normalize != Normalize::None || self.scale != Scale::None {
                return no(
                    "mode P keeps palette indices, which scale and normalize would spoil; leave them out",
                );
            }
        }
        let keeps_alpha = matches!(self.mode, Mode::Auto | Mode::La | Mode::Rgba | Mode::P);
        if self.background.is_some() && keeps_alpha {
            return no(
                "background is what alpha is blended on; pass a mode without alpha: RGB, BGR or L",
            );
        }
        if self.normalize != Normalize::None && integers {
            return no(
                "normalize gives fractions but dtype holds integers; pass dtype float32 or float16",
            );
        }
        match self.scale {
            Scale::Unit if integers => {
                return no(
                    "scale unit gives fractions but dtype holds integers; pass dtype float32 or float16, or scale full",
                );
            }
            Scale::Full if !integers => {
                return no(
                    "scale full goes to an integer dtype: pass dtype uint8 or uint16, or scale unit",
                );
            }
            Scale::Full if self.normalize != Normalize::None => {
                return no("scale full and normalize exclude each other");
            }
            _ => {}
        }
        if self.frames != Frames::First && self.mode == Mode::P {
            return no("mode P keeps the indices of the first frame; leave frames out");
        }
        if self.merge != Merge::Off && (self.frames != Frames::First || self.stack != Stack::Off) {
            return no(
                "merge makes one image of the masks of a record, and frames and stack make several or other ones; leave them out",
            );
        }
        if self.merge != Merge::Off && !matches!(self.resample, None | Some(Resample::Nearest)) {
            return no("merge gives numbers of masks, which are not blended; leave resample out");
        }
        let is_mask = matches!(self.dtype, None | Some(DType::Uint8 | DType::Uint16));
        if self.merge != Merge::Off && (!is_mask || self.scale != Scale::None) {
            return no(
                "merge gives numbers of masks as uint8, or with dtype uint16 as that; leave scale and other dtypes out",
            );
        }
        if self.merge != Merge::Class && !self.classes.is_empty() {
            return no("classes are names for merge class; leave them out, or ask for merge class");
        }
        self.validate_size()?;
        self.validate_stack()
    }

    fn validate_size(&self) -> Result<()> {
        let no = |message: &str| Err(Error::options(message));
        if self.fit.is_some() && self.size.is_none() {
            return no("fit says how images come to a size; pass size");
        }
        let one_size = matches!(self.fit, Some(Fit::Stretch | Fit::Crop | Fit::Pad));
        if one_size && self.ragged != Ragged::Off {
            return no(
                "ragged holds images of differing sizes, and with this fit all have one; pass fit contain, or leave ragged out",
            );
        }
        if self.ragged == Ragged::Pad && self.frames == Frames::All {
            return no("ragged pad holds one frame of an image; pass ragged flat for all of them");
        }
        if self.ragged != Ragged::Off && self.stack != Stack::Off {
            return no("stack makes one image of several, which ragged cannot hold; leave one out");
        }
        if !self.pad_value.is_finite() {
            return no("pad_value must be a number");
        }
        if let Some(size) = self.size {
            let (height, width) = (size.height as u64, size.width as u64);
            if height.min(width) == 0 || height.max(width) > Size::MAX_SIDE as u64 {
                return Err(Error::options(format!(
                    "size {size}: each side must be between 1 and {}",
                    Size::MAX_SIDE
                )));
            }
            if height * width > self.limits.max_pixels {
                return Err(Error::options(format!(
                    "size {size} is over the limit of {} pixels; raise max_pixels if it is meant",
                    self.limits.max_pixels
                )));
            }
        }
        Ok(())
    }

    fn validate_stack(&self) -> Result<()> {
        let no = |message: &str| Err(Error::options(message));
        if self.stack == Stack::Off {
            return if self.bands.is_empty() {
                Ok(())
            } else {
                no(
                    "field is given several times; pass stack new-axis or channel to make one image of them, or one field",
                )
            };
        }
        if self.field.is_none() || self.bands.is_empty() {
            return no("stack makes one image of several fields; give field once for each band");
        }
        let wild = |field: &&Field| field.alternatives().iter().any(Pointer::leads_to_several);
        if let Some(wild) = self.field.iter().chain(&self.bands).find(wild) {
            return Err(Error::options(format!(
                "field {wild:#} names several images, and stack takes one for each band; name each with its index"
            )));
        }
        if self.shape.is_some() {
            return no(
                "shape is that of one image, and stack makes one of several; leave shape out, pass size to bring bands to one size, raw_shape for raw pixels and flat lists",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_contradicts_itself_is_refused() {
        let check = |settings: &[(&str, &str)], said: Option<&str>| {
            let mut options = Options::default();
            settings.iter().for_each(|(name, value)| options.set(name, value).expect("a value"));
            let error = options.validate().err().map(|e| e.message().to_string());
            match (&error, said) {
                (Some(error), Some(said)) => assert!(error.contains(said), "{error}"),
                _ => assert_eq!(error.as_deref(), said),
            }
        };
        check(&[("columns", "a,b")], None);
        check(&[("columns", "a,/a")], Some("column a is given twice"));
        check(&[("columns", "a[*].b")], Some("name the list that holds them"));
        check(&[("images_as", "encoded"), ("formats", "png")], None);
        check(&[("images_as", "encoded"), ("mode", "L")], Some("mode is for pixels"));
        check(&[("allow_host", "a")], Some("pass fetch https"));
        check(&[("allow_host", "a"), ("fetch", "http")], None);
        check(&[("append", "true")], None);
        check(&[("append", "true"), ("if_exists", "replace")], Some("append adds"));
        check(&[("append_again", "true")], Some("pass append too"));
        check(&[("append", "true"), ("append_again", "true")], None);
        check(&[("append", "true"), ("columns", "a")], None);
        check(&[("ragged", "pad"), ("size", "4")], None);
        check(&[("ragged", "flat"), ("size", "4")], Some("leave one of them out"));
        check(&[("ragged", "pad"), ("shape", "4,4")], Some("leave one of them out"));
    }

    #[test]
    fn names_of_classes_are_for_merge_class() {
        let classes = Options::default().with("merge", "class[cat,dog]").expect("names").classes;
        for merge in [Merge::Off, Merge::Any, Merge::Instance, Merge::Class] {
            let options = Options { merge, classes: classes.clone(), ..Options::default() };
            let error = options.validate().err();
            assert_eq!(error.is_some(), merge != Merge::Class, "{merge}");
            assert!(error.is_none_or(|e| e.message().contains("merge class")), "{merge}");
        }
    }

    #[test]
    fn a_stack_takes_several_single_fields() {
        let check = |stack, fields: &[&str], said: Option<&str>| {
            let mut fields = fields.iter().map(|f| f.parse::<Field>().expect("a field"));
            let options = Options {
                field: fields.next(),
                bands: fields.collect(),
                stack,
                ..Options::default()
            };
            let error = options.validate().err().map(|e| e.message().to_string());
            match (error, said) {
                (Some(error), Some(said)) => assert!(error.contains(said), "{error}"),
                (error, said) => assert_eq!(error.as_deref(), said),
            }
        };
        check(Stack::Off, &["a"], None);
        check(Stack::Channel, &["a", "b"], None);
        check(Stack::NewAxis, &["a", "b", "a"], None);
        check(Stack::Off, &["a", "b"], Some("pass stack new-axis or channel"));
        check(Stack::Channel, &["a"], Some("give field once for each band"));
        check(Stack::Channel, &[], Some("give field once for each band"));
        check(Stack::NewAxis, &["a", "b[*]"], Some("field b[*] names several images"));
    }
}
