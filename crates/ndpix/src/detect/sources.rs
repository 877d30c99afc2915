//! Where known programs put their images. Places of one source are one field: a record of theirs holds
//! its image in one of them, or in several that are the same image.

use crate::record::pointer::{Pointer, Step};

/// A place of a known source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) family: Family,
    /// What stands before the place: two places with the same are one field.
    pub(super) before: Vec<Step>,
    /// The number of the place in its table: the first that is present is read.
    pub(super) order: usize,
}

/// Programs, by how they hold images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// `{bytes, path}` of Hugging Face.
    BytesPath,
    /// Labelme.
    Labelme,
    /// The parts of chat messages: of each part one image, in their order.
    Messages,
    /// Images that a model service gives back.
    Outputs,
    /// `{"data:image/png;base64": ...}` of promptflow.
    Promptflow,
}

/// The ends of paths, in reading order.
const PLACES: &[(Family, &[&str])] = &[
    (Family::BytesPath, &["bytes", "path"]),
    (Family::Labelme, &["imageData", "imagePath"]),
    (
        Family::Messages,
        &[
            "content[*].content[*].source.data",
            "content[*].content[*].source.url",
            "content[*].image_url.url",
            "content[*].image_url",
            "content[*].source.data",
            "content[*].source.url",
            "content[*].image.source.bytes",
            "content[*].value",
            "parts[*].inlineData.data",
            "parts[*].inline_data.data",
            "parts[*].fileData.fileUri",
            "parts[*].file_data.file_uri",
            "images[*]",
        ],
    ),
    (Family::Outputs, &["data[*].b64_json", "data[*].url"]),
];

/// The known place that a path leads to, if it does.
pub(super) fn of(steps: &[Step]) -> Option<Source> {
    if let Some((Step::Key(key), before)) = steps.split_last()
        && key.starts_with("data:image/")
    {
        let order = ["base64", "path", "url"].iter().position(|end| key.ends_with(end))?;
        return Some(Source { family: Family::Promptflow, before: before.to_vec(), order });
    }
    PLACES.iter().find_map(|&(family, places)| {
        places.iter().enumerate().find_map(|(order, place)| {
            let end: Pointer = place.parse().ok()?;
            let before = steps.strip_suffix(end.steps())?;
            // `images[*]` alone is a list of images; of a message it is a place of the chat.
            let fits = match family {
                Family::BytesPath => !before.is_empty(),
                Family::Messages => matches!(before.last(), Some(Step::Any)),
                _ => true,
            };
            fits.then(|| Source { family, before: before.to_vec(), order })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str) -> Option<(Family, String)> {
        let found = of(path.parse::<Pointer>().expect(path).steps())?;
        Some((found.family, Pointer::new(found.before).to_string()))
    }

    #[test]
    fn places_of_one_chat_are_one_field() {
        for place in [
            "messages[*].content[*].image_url.url",
            "messages[*].content[*].image_url",
            "messages[*].content[*].source.data",
            "messages[*].content[*].content[*].source.data",
            "messages[*].images[*]",
        ] {
            assert_eq!(
                source(place),
                Some((Family::Messages, "messages[*]".to_string())),
                "{place}"
            );
        }
        assert_eq!(source("images[*]"), None);
        assert_eq!(source("bytes"), None);
        assert_eq!(source("image.bytes"), Some((Family::BytesPath, "image".to_string())));
        assert_eq!(source("a.imagePath"), Some((Family::Labelme, "a".to_string())));
        assert_eq!(
            source("x.\"data:image/jpg;path\""),
            Some((Family::Promptflow, "x".to_string()))
        );
    }
}
