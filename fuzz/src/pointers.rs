//! The grammar of fields: what is read is written so that it is read as the same.

use ndpix::{Field, Pointer};

use super::outcomes::{base, bytes, no_bug, outcomes};

const RECORD: &str = r#"{"image":"UDUgMSAxIDI1NQoA","a":{"b":[{"c":[[1]],"name":"mask"},2]},"a.b":0,
"é":{"":[[7]]},"images":[{"url":"UDUgMSAxIDI1NQoA","role":"mask"},[[1,2]]],"/":1,"~":[[2]]}"#;

pub(super) fn seeds() -> Vec<Vec<u8>> {
    [
        "image",
        "a.b[1].c",
        "images[*].url|image",
        "\"a.b\"",
        "\"\\u00e9\".\"\"",
        "**.c",
        "mask_*",
        "a.b[mask].c",
        "/a/b/0/c",
        "/~1",
        "/~0",
        ".",
        "**",
        "messages[*].content[*].image_url.url",
    ]
    .map(|field| field.as_bytes().to_vec())
    .to_vec()
}

pub(super) fn pointer(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(pointer) = text.parse::<Pointer>() {
        let written = pointer.to_string();
        assert_eq!(written.parse().ok(), Some(pointer), "{written}");
    }
    let mut options = base();
    match text.parse::<Field>() {
        Ok(field) => {
            let written = field.to_string();
            assert_eq!(written.parse().as_ref().ok(), Some(&field), "{written}");
            options.field = Some(field);
            options.mixed = true;
            outcomes(bytes(RECORD.as_bytes()), &options);
        }
        Err(error) => no_bug(&error),
    }
    let mut kept = base();
    if let Err(error) = kept.set("columns", text).and_then(|()| kept.set("field", text)) {
        return no_bug(&error);
    }
    let loaded = ndpix::load(bytes(RECORD.as_bytes()), &kept, &Default::default());
    if let Err(error) = &loaded.result {
        no_bug(error);
    }
}
