use super::*;

fn find(record: &str, paths: &[&str]) -> Result<Vec<(u8, String)>> {
    let mut query = Query::default();
    for path in paths {
        query.add(path.parse()?)?;
    }
    let mut hits = Hits::default();
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
    let mut hits = Hits::default();
    scan(br#"{"i":[{"d":1,"w":2},{"w":4,"d":3}]}"#, &query, &mut hits).expect("JSON");
    assert_eq!(hits[0].object, hits[1].object);
    assert_eq!(hits[2].object, hits[3].object);
    assert_ne!(hits[0].object, hits[2].object);
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
        let a = query.add("a".parse()?)?;
        query.pass_lists(a);
        let mut hits = Hits::default();
        let passed = scan_around(record.as_bytes(), &query, &mut hits)?;
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
    // Brackets in strings are not brackets.
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
#[cfg_attr(miri, ignore = "a megabyte of brackets takes minutes there")]
fn nesting_is_bounded_and_never_recurses() {
    let nest = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
    assert!(find(&nest(1000), &["x"]).is_ok());
    assert!(find(&nest(200_000), &["x"]).is_err());
    assert!(find(&nest(200_000), &["a[0].b"]).is_err());
}

#[test]
fn escapes_anywhere_in_long_strings() {
    for at in (0..200).step_by(if cfg!(miri) { 41 } else { 1 }) {
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

#[test]
fn stars_take_members_at_one_depth_or_any() {
    let record = r#"{"m_1":1,"x":{"m_2":2,"y":[{"m_1":3},"m_4",{"z":{"m_1":{"m_1":4}}}]},"m_":5}"#;
    for (path, found) in [
        ("m_*", &["1", "5"][..]),
        ("*.m_2", &["2"]),
        ("x.*", &["2", r#"[{"m_1":3},"m_4",{"z":{"m_1":{"m_1":4}}}]"#]),
        ("*.*[*].m_1", &["3"]),
        ("**.m_1", &["1", "3", r#"{"m_1":4}"#, "4"]),
        ("x.**.m_1", &["3", r#"{"m_1":4}"#, "4"]),
        ("**.z.**.m_1", &[r#"{"m_1":4}"#, "4"]),
        ("**.**.m_2", &["2"]),
        ("**[1]", &["\"m_4\""]),
        ("**.m_*", &["1", "2", "3", r#"{"m_1":4}"#, "4", "5"]),
        ("\"m_*\"", &[]),
        ("/**/m_1", &[]),
    ] {
        assert_eq!(one(record, path), found, "{path}");
    }
}

#[test]
fn elements_are_found_by_what_they_are_called() {
    let record = r#"{"items":[{"data":1,"name":"mask"},{"role":"mask","data":2},{"data":3},"mask",
        {"name":"image","type":"ma\u0073k","data":4},{"name":"mask","name":"other","data":5},
        {"meta":{"name":"mask"},"data":6},{"name":7,"data":8}]}"#;
    assert_eq!(one(record, "items[mask].data"), ["1", "2", "4"]);
    assert_eq!(one(record, "items[other].data"), ["5"]);
    assert_eq!(one(record, "**[image].data"), ["4"]);
    assert_eq!(one(record, "items[\"7\"].data"), Vec::<String>::new());
}

#[test]
fn of_equal_keys_the_last_counts_for_patterns_too() {
    assert_eq!(one(r#"{"a":1,"b":2,"\u0061":3}"#, "*"), ["2", "3"]);
    assert_eq!(one(r#"{"a":{"x":1},"b":{"x":2},"a":{}}"#, "*.x"), ["2"]);
    assert_eq!(one(r#"{"a":{"x":1,"x":2},"a":{"x":3,"x":4}}"#, "**.x"), ["4"]);
    // A pattern may find what a name has lost, and the other way round.
    let both = find(r#"{"a":1,"b":2,"a":3}"#, &["a", "*"]).expect("JSON");
    assert_eq!(both, [(1, "2".into()), (0, "3".into()), (1, "3".into())]);
    let mut query = Query::default();
    query.add("*".parse().expect("a pointer")).expect("fits");
    let mut hits = Hits::default();
    scan(br#"{"a":1,"a":2,"a":3}"#, &query, &mut hits).expect("JSON");
    assert_eq!((hits.len(), hits.hidden().len()), (1, 2));
}

#[test]
fn siblings_are_noted_beside_a_value() {
    let mut query = Query::default();
    let path = |text: &str| text.parse::<Pointer>().expect(text);
    query.add(path("i[*].d")).expect("fits");
    query.note_siblings(&["w", "height"]);
    let mut hits = Hits::default();
    let record =
        br#"{"w":9,"i":[{"w":0,"d":1,"w":2,"x":{"height":7}},{"d":[{"w":5}],"\u0068eight":4}]}"#;
    scan(record, &query, &mut hits).expect("JSON");
    let beside = |hit: usize, name| {
        let found = hits.siblings(hits[hit].object).find(|sibling| sibling.0 == name);
        found.map(|(_, start, end)| &record[start..end])
    };
    assert_eq!((beside(0, 0), beside(0, 1)), (Some(&b"2"[..]), None));
    assert_eq!((beside(1, 0), beside(1, 1)), (None, Some(&b"4"[..])));
    assert_eq!(hits.siblings(0).next(), None);
}

#[test]
#[cfg_attr(miri, ignore = "nothing is cheap there")]
fn hostile_records_stay_cheap() {
    let keys = |n: usize, key: &dyn Fn(usize) -> String| {
        let members: Vec<String> = (0..n).map(|i| format!("\"{}\":{i}", key(i))).collect();
        format!("{{{}}}", members.join(","))
    };
    let distinct = keys(300_000, &|i| format!("k{i}"));
    let same = keys(300_000, &|_| "k".to_string());
    let items = format!("{{\"a\":[{}],{}}}", "1,".repeat(299_999) + "1", &same[1..same.len() - 1]);
    let deep = format!("{}1{}", "{\"k\":[".repeat(500), "]}".repeat(500));
    let started = std::time::Instant::now();
    for (record, path, count) in [
        (&distinct, "*", 300_000),
        (&distinct, "**.k7", 1),
        (&distinct, "k*9*9*9*9*9", 3),
        (&same, "*", 1),
        (&same, "**.k", 1),
        (&items, "a[*]", 300_000),
        (&deep, "**.k", 500),
        (&deep, "**.k.**.k.**.k.**.k", 497),
    ] {
        assert_eq!(one(record, path).len(), count, "{path}");
    }
    let both = find(&items, &["a[*]", "k"]).expect("JSON");
    assert_eq!(both.len(), 300_001);
    // A second at most where the machine is busy and nothing is optimised; squares would take hours.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}
