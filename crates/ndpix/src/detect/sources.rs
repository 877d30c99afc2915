//! Where known programs put their images. Places of one source are one field: a record of theirs holds
//! its image in one of them, or in several that are the same image. And how records of these programs are known by
//! their keys, to be called by name: nothing is read or refused for a name.

use crate::record::pointer::{Pointer, Step};
use crate::record::scan::{Hits, Query, scan};

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

/// A program, or a service: what its records look like, and where their images are.
struct Row {
    name: &'static str,
    /// Paths that all of its records have, and hardly any other; none where its places alone are known.
    keys: &'static [&'static str],
    family: Option<Family>,
    /// The ends of the paths of its images.
    places: &'static [&'static str],
}

const fn named(name: &'static str, keys: &'static [&'static str]) -> Row {
    Row { name, keys, family: None, places: &[] }
}

const fn row(
    name: &'static str,
    keys: &'static [&'static str],
    family: Family,
    places: &'static [&'static str],
) -> Row {
    Row { name, keys, family: Some(family), places }
}

/// Every program; places of one family stand in reading order.
const ROWS: &[Row] = &[
    row(
        "Hugging Face datasets",
        &["image.bytes", "image.path"],
        Family::BytesPath,
        &["bytes", "path"],
    ),
    row(
        "Labelme",
        &["version", "shapes", "imagePath", "imageHeight", "imageWidth"],
        Family::Labelme,
        &["imageData", "imagePath"],
    ),
    row(
        "Anthropic messages",
        &["messages[*].content[*].source.media_type"],
        Family::Messages,
        &["content[*].content[*].source.data", "content[*].content[*].source.url"],
    ),
    row(
        "OpenAI chat",
        &["messages[*].role", "messages[*].content[*].image_url.url"],
        Family::Messages,
        &["content[*].image_url.url", "content[*].image_url"],
    ),
    row(
        "Anthropic messages",
        &[],
        Family::Messages,
        &["content[*].source.data", "content[*].source.url"],
    ),
    row(
        "Bedrock Converse",
        &["messages[*].role", "messages[*].content[*].image.source.bytes"],
        Family::Messages,
        &["content[*].image.source.bytes"],
    ),
    row("chat messages", &[], Family::Messages, &["content[*].value"]),
    row(
        "Gemini",
        &["contents[*].parts[*].inlineData.mimeType"],
        Family::Messages,
        &[
            "parts[*].inlineData.data",
            "parts[*].inline_data.data",
            "parts[*].fileData.fileUri",
            "parts[*].file_data.file_uri",
        ],
    ),
    row(
        "Ollama",
        &["model", "messages[*].role", "messages[*].images[*]"],
        Family::Messages,
        &["images[*]"],
    ),
    row(
        "OpenAI images",
        &["created", "data[*].b64_json"],
        Family::Outputs,
        &["data[*].b64_json", "data[*].url"],
    ),
    named("OpenAI batch output", &["custom_id", "response.status_code", "response.body"]),
    named("OpenAI batch input", &["custom_id", "method", "url", "body"]),
    named("LLaVA", &["image", "conversations[*].from", "conversations[*].value"]),
    named("COCO", &["images[*].file_name", "annotations[*].image_id", "categories[*].name"]),
    named("COCO", &["image_id", "category_id", "segmentation"]),
    named("SA-1B", &["image.image_id", "image.file_name", "annotations[*].stability_score"]),
    named(
        "Label Studio export",
        &["data", "annotations[*].result[*].from_name", "annotations[*].result[*].to_name"],
    ),
    named("Labelbox export", &["data_row.row_data", "media_attributes", "projects"]),
    named("VGG Image Annotator", &["filename", "regions[*].shape_attributes"]),
    named("Supervisely", &["geometryType", "bitmap.origin", "bitmap.data"]),
    named("Prodigy", &["_input_hash", "answer"]),
    named("Quick, Draw!", &["word", "key_id", "drawing"]),
    named("ROS bag export", &["topic", "msg.header.stamp"]),
    named("ROS image messages", &["header.frame_id", "encoding", "is_bigendian", "step", "data"]),
    named("ROS compressed images", &["header.frame_id", "header.stamp", "format", "data"]),
    named("Foxglove images", &["timestamp.sec", "timestamp.nsec", "frame_id", "data"]),
    named("MongoDB export", &["_id.$oid"]),
    named("DynamoDB export", &["Item.*.S", "Item.*.B"]),
    named("Elasticsearch dump", &["_index", "_id", "_source"]),
    named("DICOM JSON", &["00280010.vr", "00280011.vr", "7FE00010.vr"]),
    named("Jupyter notebook", &["cells[*].cell_type", "nbformat"]),
    named("HAR", &["log.version", "log.entries[*].response.content"]),
    named("KServe", &["inputs[*].datatype", "inputs[*].shape", "inputs[*].data"]),
    named("KServe", &["outputs[*].datatype", "outputs[*].shape", "outputs[*].data"]),
    named("STAC items", &["stac_version", "assets", "geometry"]),
];

/// The name of the program that all of these records are of; `None` where they are of none or may be of several.
pub(crate) fn recognise<'r>(records: impl Iterator<Item = &'r [u8]>) -> Option<&'static str> {
    let mut query = Query::default();
    query.allow_nan(true);
    let mut open: Vec<(&Row, Vec<u8>)> = Vec::new();
    for row in ROWS.iter().filter(|row| !row.keys.is_empty()) {
        let numbers = row.keys.iter().map(|key| query.add(key.parse().ok()?).ok());
        open.push((row, numbers.collect::<Option<_>>()?));
    }
    let (mut hits, mut any) = (Hits::default(), false);
    for record in records {
        if scan(record, &query, &mut hits).is_err() {
            continue;
        }
        any = true;
        let has = |number: &u8| hits.iter().any(|hit| hit.pointer == *number);
        open.retain(|(_, numbers)| numbers.iter().all(has));
    }
    let (first, _) = open.first().filter(|_| any)?;
    open.iter().all(|(row, _)| row.name == first.name).then_some(first.name)
}

/// The known place that a path leads to, if it does.
pub(super) fn of(steps: &[Step]) -> Option<Source> {
    if let Some((Step::Key(key), before)) = steps.split_last()
        && key.starts_with("data:image/")
    {
        let order = ["base64", "path", "url"].iter().position(|end| key.ends_with(end))?;
        return Some(Source { family: Family::Promptflow, before: before.to_vec(), order });
    }
    let places = || {
        let of = |row: &'static Row| row.places.iter().map(|place| (row.family, *place));
        ROWS.iter().flat_map(of)
    };
    places().enumerate().find_map(|(number, (family, place))| {
        let order = places().take(number).filter(|before| before.0 == family).count();
        let family = family?;
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str) -> Option<(Family, String)> {
        let found = of(path.parse::<Pointer>().expect(path).steps())?;
        Some((found.family, Pointer::new(found.before).to_string()))
    }

    #[test]
    fn records_are_known_by_their_keys() {
        let known = |records: &[&str]| recognise(records.iter().map(|r| r.as_bytes()));
        for (name, record) in [
            (
                "OpenAI batch output",
                r#"{"id":"b","custom_id":"r-0","response":{"status_code":200,"body":{}},"error":null}"#,
            ),
            (
                "Labelme",
                r#"{"version":"5","shapes":[],"imagePath":"a.png","imageData":null,"imageHeight":2,"imageWidth":2}"#,
            ),
            ("ROS bag export", r#"{"topic":"/d","msg":{"header":{"stamp":{"sec":0}},"data":""}}"#),
            (
                "COCO",
                r#"{"images":[{"file_name":"a"}],"annotations":[{"image_id":1}],"categories":[{"name":"a"}]}"#,
            ),
            (
                "COCO",
                r#"{"image_id":1,"category_id":2,"segmentation":{"size":[1,1],"counts":"1"}}"#,
            ),
            (
                "Label Studio export",
                r#"{"data":{},"annotations":[{"result":[{"from_name":"a","to_name":"b"}]}]}"#,
            ),
            ("Quick, Draw!", r#"{"word":"cat","key_id":"1","drawing":[]}"#),
            ("Hugging Face datasets", r#"{"image":{"bytes":"","path":null},"label":1}"#),
            ("MongoDB export", r#"{"_id":{"$oid":"65"},"image":""}"#),
            ("DynamoDB export", r#"{"Item":{"id":{"S":"1"},"image":{"B":""}}}"#),
        ] {
            assert_eq!(known(&[record, record]), Some(name), "{record}");
            assert_eq!(known(&[record, "{}"]), None, "{record}");
        }
        let none = [
            "{}",
            "[]",
            r#"{"image":"a.png"}"#,
            r#"{"data":""}"#,
            r#"{"messages":[{"role":"user"}]}"#,
            r#"{"id":1,"topic":"cats","msg":"hello"}"#,
        ];
        for record in none {
            assert_eq!(known(&[record]), None, "{record}");
        }
        assert_eq!(known(&[]), None);
        let both = r#"{"_id":{"$oid":"65"},"word":"cat","key_id":"1","drawing":[]}"#;
        assert_eq!(known(&[both]), None, "of two");
    }

    #[test]
    fn nobody_is_known_by_one_common_key() {
        for row in ROWS.iter().filter(|row| !row.keys.is_empty()) {
            let deep =
                row.keys.iter().any(|key| key.matches('.').count() + key.matches('$').count() > 1);
            assert!(row.keys.len() > 1 || deep, "{}", row.name);
        }
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
