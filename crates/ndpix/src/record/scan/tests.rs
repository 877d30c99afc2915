use super::*;

fn find(record: &str, paths: &[&str]) -> Result<Vec<(u8, String)>> {
    let mut query = Query::default();
    for path in paths {
        query.add(path.parse()?)?;
    }
    let mut hits = Vec::new();
    scan(record.as_bytes(), &query, &mut hits)?;
    Ok(hits.iter().map(|h| (h.pointer, record[h.start..h.end].to_string())).collect())
}

fn one(record: &str, path: &str) -> Vec<String> {
    find(record, &[path]).expect(record).into_iter().map(|h| h.1).collect()
}

#[test]
fn finds_values_by_path() {
    let chat =
        r#"{"m":[{"c":[{"t":1},{"u":{"url":"x"}}]},{"c":"plain"},{"c":[{"u":{"url":"y"}}]}]}"#;
    assert_eq!(one(chat, "m[*].c[*].u.url"), ["\"x\"", "\"y\""]);
    assert_eq!(one(chat, "m[0].c[1].u.url"), ["\"x\""]);
    assert_eq!(one(chat, "/m/0/c/1/u/url"), ["\"x\""]);
    assert_eq!(one(chat, "m.2.c[0].u"), ["{\"url\":\"y\"}"]);
    assert_eq!(one(chat, "nothing"), Vec::<String>::new());
    assert_eq!(one(" [1, 2] ", "."), ["[1, 2]"]);
}

#[test]
fn last_duplicate_wins_even_when_it_holds_nothing() {
    assert_eq!(one(r#"{"a":1,"a":2}"#, "a"), ["2"]);
    assert_eq!(one(r#"{"a":{"b":1},"a":{}}"#, "a.b"), Vec::<String>::new());
}

#[test]
fn escaped_keys_are_the_keys_they_spell() {
    assert_eq!(one(r#"{"\u0061":7}"#, "a"), ["7"]);
}

#[test]
fn siblings_share_their_parent() {
    let mut query = Query::default();
    for path in ["i[*].d", "i[*].w"] {
        query.add(path.parse().expect(path)).expect("fits");
    }
    let mut hits = Vec::new();
    scan(br#"{"i":[{"d":1,"w":2},{"w":4,"d":3}]}"#, &query, &mut hits).expect("JSON");
    assert_eq!(hits[0].parent, hits[1].parent);
    assert_eq!(hits[2].parent, hits[3].parent);
    assert_ne!(hits[0].parent, hits[2].parent);
}

#[test]
fn refuses_what_is_not_json() {
    for bad in [
        "",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{'a':1}",
        "{\"a\":1} x",
        "{\"a\":01}",
        "[1.]",
        "[NaN]",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\n\"",
        "nul",
        "[1 2]",
        "{\"a\" 1}",
        "{\"a\":}",
        "-",
        "[1e]",
        "\"abc",
        "{\"a\":1}{\"a\":2}",
        "[}",
        "{]",
        "+1",
        "\u{feff}{}",
    ] {
        assert!(find(bad, &["a"]).is_err(), "{bad:?}");
        assert!(find(bad, &[]).is_err(), "{bad:?}");
    }
}

#[test]
fn lists_are_passed_by_their_brackets() {
    let around = |record: &str| {
        let mut query = Query::default();
        query.add("a".parse()?)?;
        let mut hits = Vec::new();
        let passed = scan_around(record.as_bytes(), &query, 1, &mut hits)?;
        Ok::<_, Error>((
            passed,
            hits.iter().map(|h| record[h.start..h.end].to_string()).collect::<Vec<_>>(),
        ))
    };
    let long = format!("[{}[1,2]]", "[7,8],".repeat(40));
    for value in ["[]", "[[1],[2]]", "[1,x]", "[ [ ] ]", &long] {
        let record = format!("{{\"b\":[0],\"a\": {value} ,\"c\":[]}}");
        assert_eq!(around(&record).expect("passes"), (true, vec![value.to_string()]));
    }
    assert_eq!(around("{\"a\":7}").expect("JSON"), (false, vec!["7".to_string()]));
    // Of two equal keys the first is validated all the same.
    assert_eq!(around("{\"a\":[1],\"a\":[2]}").expect("JSON"), (false, vec!["[2]".to_string()]));
    // Brackets in strings are no brackets.
    for value in [r#"["]"]"#, r#"["a]b", 1]"#, r#"[["["]]"#] {
        let record = format!("{{\"a\":{value},\"c\":[]}}");
        assert_eq!(around(&record).expect("JSON"), (false, vec![value.to_string()]));
    }
    for bad in [
        "{\"a\":[1,,],\"a\":[2]}",
        "{\"a\":[x],\"a\":2}",
        "{\"a\":[1",
        "{\"a\":[]]}",
        "{\"a\":[[]}",
        "{\"b\":[x],\"a\":[]}",
    ] {
        assert!(around(bad).is_err(), "{bad}");
    }
}

#[test]
fn nesting_is_bounded_and_never_recurses() {
    let nest = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
    assert!(find(&nest(1000), &["x"]).is_ok());
    assert!(find(&nest(200_000), &["x"]).is_err());
    assert!(find(&nest(200_000), &["a[0].b"]).is_err());
}

#[test]
fn escapes_anywhere_in_long_strings() {
    for at in 0..200 {
        let string = |middle: &str| {
            format!("{{\"a\":\"{}{middle}{}\"}}", "x".repeat(at), "y".repeat(200 - at))
        };
        for good in [r"\/", r"\n", r"\t\r\/", r"\\", r"\u00e9", r#"\""#, r"\\\/", "\u{e9}"] {
            assert!(find(&string(good), &["a"]).is_ok(), "{good} at {at}");
        }
        for bad in ["\n", "\u{1}", r"\x", r"\ ", r"\u00g9", r#"\\""#] {
            assert!(find(&string(bad), &["a"]).is_err(), "{bad} at {at}");
        }
    }
}
