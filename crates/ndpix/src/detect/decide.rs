//! Which field is read, or why none is: a function of the graded candidates alone (no file, no name of a
//! program beyond what the candidates carry).
//!
//! The rules in short. Places that show the same image are one. One image is read unless something that
//! might be the real image stands beside it. Several are read as one field only where no record holds two
//! of them and their names are the same. Without an image, numbers are read where nothing else could be
//! meant. Everything else is refused: no rank decides between peers.

use super::findings::{Candidate, Findings, Seen};
use super::graded::{Unread, What};
use super::sources::Family;
use super::words::Level;

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(super) enum Decision {
    /// These groups of candidates are read, by their numbers: a record has its image in one of them.
    Read(Vec<Group>),
    Refuse(Refusal),
}

/// Candidates that are ways to the same image, in reading order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub(super) members: Vec<usize>,
}

/// Why nothing is read, with the candidates in question.
#[derive(Debug, PartialEq)]
pub(super) enum Refusal {
    /// There is nothing like an image.
    Nothing,
    /// More candidates than can be weighed.
    TooMany,
    /// Several images, peers.
    Several(Vec<usize>),
    /// An image, and beside it what may be the real one.
    Rival { image: usize, rival: usize },
    /// Nothing that can be read: what is there.
    Unreadable(Vec<usize>),
    /// A drawing, and others or what else may be the image.
    Drawing(Vec<usize>),
    /// Numbers that may be several things.
    Numbers(Vec<usize>),
}

/// Decides over the sample.
pub(super) fn decide(findings: &Findings) -> Decision {
    if findings.more > 0 {
        return Decision::Refuse(Refusal::TooMany);
    }
    let all = &findings.all;
    let groups = joined(all);
    let graded = |wanted: &dyn Fn(What) -> bool| -> Vec<&Group> {
        groups.iter().filter(|g| wanted(g.best(all))).collect()
    };
    let images = graded(&|what| matches!(what, What::Image { .. }));
    let drawings = graded(&|what| what == What::Drawing);
    let numbers = graded(&|what| what == What::Numbers);
    let unreadable = graded(&|what| matches!(what, What::Unreadable(_)));
    let listed = |groups: &[&Group]| groups.iter().map(|g| g.members[0]).collect::<Vec<_>>();
    match (&images[..], &drawings[..], &numbers[..], &unreadable[..]) {
        ([], [], [], []) => Decision::Refuse(Refusal::Nothing),
        ([], [drawing], [], []) => Decision::Read(vec![(*drawing).clone()]),
        ([], [], [list], []) => match other_grid(all, list) {
            None => Decision::Read(vec![(*list).clone()]),
            Some(grid) => Decision::Refuse(Refusal::Numbers(vec![list.members[0], grid])),
        },
        ([], [], several, []) => Decision::Refuse(Refusal::Numbers(listed(several))),
        ([], drawings, _, _) if !drawings.is_empty() => {
            Decision::Refuse(Refusal::Drawing(listed(&[drawings, &unreadable, &numbers].concat())))
        }
        ([], _, _, _) => {
            Decision::Refuse(Refusal::Unreadable(listed(&[&unreadable[..], &numbers].concat())))
        }
        _ => match alternatives(all, &images) {
            false => Decision::Refuse(Refusal::Several(listed(&images))),
            true => match rival(all, &images) {
                Some(rival) => {
                    Decision::Refuse(Refusal::Rival { image: images[0].members[0], rival })
                }
                None => Decision::Read(images.into_iter().cloned().collect()),
            },
        },
    }
}

impl Group {
    /// The best that its members are.
    fn best(&self, all: &[Candidate]) -> What {
        let of = self.members.iter().map(|&m| all[m].best.what);
        of.max_by_key(|what| what.rank()).unwrap_or(What::Nothing)
    }

    fn level(&self, all: &[Candidate]) -> Level {
        self.members.iter().map(|&m| all[m].name.level).max().unwrap_or(Level::Unknown)
    }

    fn is_in(&self, all: &[Candidate], record: usize) -> bool {
        self.members.iter().any(|&m| all[m].in_record(record).is_some())
    }

    fn source_is(&self, all: &[Candidate], family: Family) -> bool {
        self.members.iter().all(|&m| all[m].source.as_ref().is_some_and(|s| s.family == family))
    }
}

/// Puts candidates together that are one field: places of one known source, and those that show the same
/// file or pixels wherever both stand.
fn joined(all: &[Candidate]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (number, candidate) in all.iter().enumerate().filter(|c| c.1.best.what.counts()) {
        let is_one = |other: &usize| {
            same_source(candidate, &all[*other]) || same_image(candidate, &all[*other])
        };
        let (one, others) =
            groups.into_iter().partition::<Vec<_>, _>(|g| g.members.iter().any(is_one));
        groups = others;
        let members = one.into_iter().flat_map(|g| g.members).chain([number]).collect();
        groups.push(Group { members });
    }
    for group in &mut groups {
        // Embedded bytes first, then as the source's table has them, then as they stand.
        group.members.sort_by_key(|&m| {
            let by_path = matches!(
                all[m].best.what,
                What::Image { by_path: true }
                    | What::Unreadable(Unread::Missing { .. } | Unread::Url)
            );
            (by_path && all[m].source.is_none(), all[m].source.as_ref().map_or(0, |s| s.order))
        });
    }
    groups
}

fn same_source(a: &Candidate, b: &Candidate) -> bool {
    match (&a.source, &b.source) {
        (Some(a), Some(b)) => a.family == b.family && a.before == b.before,
        _ => false,
    }
}

fn same_image(a: &Candidate, b: &Candidate) -> bool {
    let mut together =
        a.seen.iter().filter_map(|seen| Some((seen, b.in_record(seen.record)?))).peekable();
    together.peek().is_some() && together.all(|(a, b)| a.print != 0 && a.print == b.print)
}

/// Whether several images are ways to hold one: no record has two of them, and their names are the same,
/// or all are chats of known services.
fn alternatives(all: &[Candidate], images: &[&Group]) -> bool {
    let [first, others @ ..] = images else { return false };
    let chats = images.iter().all(|g| g.source_is(all, Family::Messages));
    let words = &all[first.members[0]].name.words;
    let same = others.iter().all(|g| g.members.iter().any(|&m| all[m].name.words == *words));
    let records = |g: &Group| -> Vec<usize> {
        g.members.iter().flat_map(|&m| all[m].seen.iter().map(|s| s.record)).collect()
    };
    let apart = images.iter().enumerate().all(|(i, a)| {
        images[i + 1..].iter().all(|b| !records(a).iter().any(|&record| b.is_in(all, record)))
    });
    others.is_empty() || (apart && (same || chats))
}

/// The candidate that may be the real image beside the one that could be read.
fn rival(all: &[Candidate], images: &[&Group]) -> Option<usize> {
    let members: Vec<usize> = images.iter().flat_map(|g| g.members.iter().copied()).collect();
    let level = images.iter().map(|g| g.level(all)).max()?;
    (0..all.len()).filter(|number| !members.contains(number)).find(|&number| {
        let other = &all[number];
        // What is read has the name of the member that says most.
        let mut named = members.iter().filter(|&&m| all[m].name.level == level);
        let same_words = named.any(|&m| all[m].name.words == other.name.words);
        if level == Level::Lesser {
            let travels = other.name.travels;
            return other.seen.iter().any(|seen| against_lesser(seen.what, travels, same_words));
        }
        other.seen.iter().any(|seen| {
            let beside = members.iter().filter_map(|&m| all[m].in_record(seen.record));
            let beside: Vec<&Seen> = beside.filter(|s| s.what.counts()).collect();
            let embedded = beside.iter().any(|s| s.what == What::Image { by_path: false });
            // The name of the file that is read, once more.
            let own = beside.iter().any(|s| s.file_name != 0 && s.file_name == seen.file_name);
            let own = own && seen.what == What::Unreadable(Unread::Missing { bare: true });
            !beside.is_empty()
                && !own
                && against(seen.what, other.name.level, level, embedded, same_words)
        })
    })
}

/// Whether what stands beside an image may be the real one: `level` is that of its name, `read` that of
/// the image, `embedded` whether the image stands in the record itself.
pub(super) fn against(
    what: What,
    level: Level,
    read: Level,
    embedded: bool,
    same_words: bool,
) -> bool {
    match what {
        _ if level == Level::Lesser => false,
        What::Unreadable(Unread::Format) => true,
        _ if level < read => false,
        What::Unreadable(Unread::Url) => !same_words,
        What::Unreadable(Unread::Missing { bare }) => {
            !(embedded && (same_words || (bare && level < Level::Image)))
        }
        What::Unreadable(Unread::Opaque) | What::Numbers => true,
        _ => false,
    }
}

/// The same where the only image has the name of something beside one: `travels` is whether the other's
/// name says only how it travels.
pub(super) fn against_lesser(what: What, travels: bool, same_words: bool) -> bool {
    match what {
        What::Unreadable(Unread::Url | Unread::Missing { .. }) => !same_words,
        What::Unreadable(_) | What::Numbers | What::Video => true,
        What::Link => travels && !same_words,
        _ => false,
    }
}

/// Another grid of integers that may be meant as well as the list.
fn other_grid(all: &[Candidate], list: &Group) -> Option<usize> {
    let level = list.level(all);
    (0..all.len()).find(|&number| {
        let other = &all[number];
        let is_grid =
            !list.members.contains(&number) && other.seen.iter().any(|s| s.what == What::Grid);
        is_grid && !other.name.never && (level < Level::Image || other.name.level == Level::Image)
    })
}

#[cfg(test)]
mod tests {
    use super::super::graded::Graded;
    use super::super::{sources, words};
    use super::*;
    use crate::record::pointer::Pointer;

    const IMAGE: What = What::Image { by_path: false };
    const FILE: What = What::Image { by_path: true };
    const AVIF: What = What::Unreadable(Unread::Format);
    const GONE: What = What::Unreadable(Unread::Missing { bare: false });
    const BARE: What = What::Unreadable(Unread::Missing { bare: true });
    const URL: What = What::Unreadable(Unread::Url);
    const BYTES: What = What::Unreadable(Unread::Opaque);

    /// Fields as `(path, what, records, print)`.
    fn found(fields: &[(&str, What, &[usize], u64)]) -> Findings {
        let candidate = |&(path, what, records, print): &(&str, What, &[usize], u64)| {
            let field: Pointer = path.parse().expect(path);
            let seen = |&record: &usize| {
                let print = if print == 0 { 0 } else { print + record as u64 };
                Seen { record, what, print, file_name: 0 }
            };
            Candidate {
                encodings: Default::default(),
                name: words::name(field.steps(), false),
                source: sources::of(field.steps()),
                best: Graded { what, ..super::super::graded::nothing("") },
                seen: records.iter().map(seen).collect(),
                field,
            }
        };
        Findings { all: fields.iter().map(candidate).collect(), ..Findings::default() }
    }

    /// The fields that are read, groups between `|`, members between `,`; or the name of the refusal.
    fn says(fields: &[(&str, What, &[usize], u64)]) -> String {
        let findings = found(fields);
        match decide(&findings) {
            Decision::Read(groups) => {
                let name = |&m: &usize| findings.all[m].field.to_string();
                let names = |g: &Group| g.members.iter().map(name).collect::<Vec<_>>().join(",");
                groups.iter().map(names).collect::<Vec<_>>().join("|")
            }
            Decision::Refuse(refusal) => {
                let text = format!("{refusal:?}");
                text.split(['(', ' ']).next().unwrap_or_default().to_string()
            }
        }
    }

    #[test]
    fn one_image_and_what_stands_beside_it() {
        let both: &[usize] = &[0, 1];
        for (image, what, other, is, said) in [
            ("image", IMAGE, "label", What::Nothing, "image"),
            ("x", IMAGE, "y", What::Grid, "x"),
            ("image", IMAGE, "url", URL, "image"),
            ("image", IMAGE, "image_url", URL, "image"),
            ("image", IMAGE, "photo", URL, "Rival"),
            ("image", IMAGE, "thumb", URL, "image"),
            ("image", IMAGE, "mask", AVIF, "image"),
            ("image", IMAGE, "x", AVIF, "Rival"),
            ("image", IMAGE, "x", BYTES, "image"),
            ("x", IMAGE, "y", BYTES, "Rival"),
            ("x", IMAGE, "y", What::Numbers, "Rival"),
            ("image", IMAGE, "grid", What::Numbers, "image"),
            ("data", IMAGE, "path", GONE, "data"),
            ("data", IMAGE, "file_name", BARE, "data"),
            ("crop", IMAGE, "file_name", BARE, "crop"),
            ("crop", IMAGE, "file_name", GONE, "Rival"),
            ("crop", IMAGE, "image", BARE, "Rival"),
            ("left", FILE, "right", GONE, "Rival"),
            ("image", FILE, "file_name", GONE, "image"),
            ("thumb", IMAGE, "url", What::Link, "Rival"),
            ("thumb", IMAGE, "page", What::Link, "thumb"),
            ("mask", IMAGE, "mask_url", URL, "mask"),
            ("mask", IMAGE, "image_url", URL, "Rival"),
            ("thumb", IMAGE, "video", What::Video, "Rival"),
            ("png", IMAGE, "drawing", What::Drawing, "png"),
        ] {
            assert_eq!(
                says(&[(image, what, both, 0), (other, is, both, 0)]),
                said,
                "{image} {other}"
            );
        }
    }

    #[test]
    fn several_images() {
        let (even, odd, both): (&[usize], &[usize], &[usize]) = (&[0, 2], &[1, 3], &[0, 1]);
        for (a, b, said) in [
            ((even, 0), (odd, 0), "image_base64|image_path"),
            ((both, 0), (both, 0), "Several"),
            ((both, 7), (both, 7), "image_base64,image_path"),
        ] {
            let fields = [("image_base64", IMAGE, a.0, a.1), ("image_path", FILE, b.0, b.1)];
            assert_eq!(says(&fields), said);
        }
        assert_eq!(says(&[("image", IMAGE, even, 0), ("photo", IMAGE, odd, 0)]), "Several");
        assert_eq!(says(&[("image", IMAGE, even, 0), ("mask_image", IMAGE, odd, 0)]), "Several");
        let chats = [
            ("messages[*].content[*].image_url.url", IMAGE, even, 0),
            ("contents[*].parts[*].inline_data.data", IMAGE, odd, 0),
        ];
        assert_eq!(says(&chats), format!("{}|{}", chats[0].0, chats[1].0));
        let parts = [
            ("messages[*].content[*].image_url", URL, odd, 0),
            ("messages[*].content[*].image_url.url", IMAGE, both, 0),
        ];
        assert_eq!(says(&parts), format!("{},{}", parts[1].0, parts[0].0));
    }

    #[test]
    fn without_an_image() {
        let both: &[usize] = &[0, 1];
        assert_eq!(says(&[]), "Nothing");
        assert_eq!(says(&[("a", What::Nothing, both, 0)]), "Nothing");
        assert_eq!(says(&[("a", What::Numbers, both, 0)]), "a");
        assert_eq!(says(&[("a", What::Numbers, both, 0), ("b", What::Grid, both, 0)]), "Numbers");
        assert_eq!(says(&[("image", What::Numbers, both, 0), ("b", What::Grid, both, 0)]), "image");
        assert_eq!(says(&[("a", What::Numbers, both, 0), ("ids", What::Grid, both, 0)]), "a");
        assert_eq!(
            says(&[("a", What::Numbers, both, 0), ("b", What::Numbers, both, 0)]),
            "Numbers"
        );
        assert_eq!(says(&[("a", What::Numbers, both, 0), ("b", AVIF, both, 0)]), "Unreadable");
        assert_eq!(says(&[("a", AVIF, both, 0)]), "Unreadable");
        assert_eq!(says(&[("a", What::Drawing, both, 0)]), "a");
        assert_eq!(
            says(&[("a", What::Drawing, both, 0), ("b", What::Drawing, both, 0)]),
            "Drawing"
        );
        assert_eq!(
            says(&[("a", What::Drawing, both, 0), ("b", What::Numbers, both, 0)]),
            "Drawing"
        );
    }
}
