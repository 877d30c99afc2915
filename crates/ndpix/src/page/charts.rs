//! Counts as bars. Each chart is a table, so that it is read out as one and needs no colour to be understood.

use super::course::{Course, Stretch};
use super::html::{Html, grouped};
use super::tally::{ASPECTS, Tally};

/// Bars that a chart shows; what is rarer is one bar together.
const BARS: usize = 10;

/// A bar: what it is, and how often.
pub(super) type Bar = (String, u64);

/// A chart of counts.
pub(super) fn chart(html: &mut Html, title: &'static str, bars: Vec<Bar>) {
    let total: u64 = bars.iter().map(|bar| bar.1).sum();
    let most = bars.iter().map(|bar| bar.1).max().unwrap_or_default();
    if most == 0 {
        return;
    }
    html.raw("<div class=\"chart\"><table><caption>").raw(title).raw("</caption><thead><tr>");
    html.raw("<th scope=\"col\">what</th><th scope=\"col\" aria-hidden=\"true\"></th>");
    html.raw("<th scope=\"col\">how many</th><th scope=\"col\">share</th></tr></thead><tbody>");
    for (name, count) in bars {
        html.tag("<tr><th scope=\"row\">", &name, "</th><td class=\"bar\" aria-hidden=\"true\">");
        html.raw("<svg viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\"><rect height=\"10\" width=\"");
        // What is there at all can be seen.
        let width = (count as u128 * 1000 / most as u128) as u64;
        html.number(width.max(if count > 0 { 6 } else { 0 })).raw("\"/></svg></td>");
        html.raw("<td class=\"n\">").count(count).raw("</td><td class=\"n dim\">");
        html.text(&share(count, total)).raw("</td></tr>");
    }
    html.raw("</tbody></table></div>");
}

/// A part of a whole for people.
pub(super) fn share(count: u64, total: u64) -> String {
    match count as f64 * 100.0 / total.max(1) as f64 {
        0.0 => "0 %".to_string(),
        p if p < 0.1 => "< 0.1 %".to_string(),
        p if p < 9.95 || (99.0..100.0).contains(&p) => {
            format!("{:.1} %", (p * 10.0).floor() / 10.0)
        }
        p => format!("{p:.0} %"),
    }
}

/// Bars by how often, what is rarer than the first few together.
pub(super) fn frequent(counts: impl IntoIterator<Item = Bar>) -> Vec<Bar> {
    let mut bars: Vec<Bar> = counts.into_iter().collect();
    bars.sort_by_key(|bar| std::cmp::Reverse(bar.1));
    if bars.len() > BARS {
        let rest = bars.split_off(BARS - 1);
        bars.push((format!("{} others", rest.len()), rest.iter().map(|bar| bar.1).sum()));
    }
    bars
}

/// Sizes, one by one where there are few of them.
pub(super) fn sizes(tally: &Tally) -> Vec<Bar> {
    if tally.sizes.len() <= BARS && tally.knows_sizes() {
        return frequent(tally.sizes.iter().map(|((h, w), n)| (format!("{h} × {w}"), *n)));
    }
    let name = |power: u32| match power {
        0 => "1 px".to_string(),
        power => format!("{}–{} px", grouped((1 << (power - 1)) + 1), grouped(1 << power)),
    };
    ladder(&tally.sides, name)
}

/// Bytes of the records, where they are known of all.
pub(super) fn lengths(tally: &Tally) -> Vec<Bar> {
    let unit = |power: u32| match power {
        0..10 => format!("{} B", 1u64 << power),
        10..20 => format!("{} KiB", 1u64 << (power - 10)),
        20..30 => format!("{} MiB", 1u64 << (power - 20)),
        power => format!("{} GiB", 1u64 << (power - 30)),
    };
    if tally.lengths.values().sum::<u64>() != tally.records {
        return Vec::new();
    }
    ladder(&tally.lengths, |power| format!("{} to {}", unit(power), unit(power + 1)))
}

/// Every step between the lowest and the highest, also those that are empty.
fn ladder(steps: &std::collections::BTreeMap<u32, u64>, name: impl Fn(u32) -> String) -> Vec<Bar> {
    let (Some(low), Some(high)) = (steps.keys().next(), steps.keys().next_back()) else {
        return Vec::new();
    };
    (*low..=*high).map(|p| (name(p), steps.get(&p).copied().unwrap_or_default())).collect()
}

pub(super) fn aspects(tally: &Tally) -> Vec<Bar> {
    let all = || tally.aspects.iter().enumerate();
    let there = || all().filter(|class| *class.1 > 0).map(|class| class.0);
    let (Some(low), Some(high)) = (there().min(), there().max()) else { return Vec::new() };
    all().skip(low).take(high + 1 - low).map(|(at, n)| (ASPECTS[at].1.to_string(), *n)).collect()
}

pub(super) fn orientations(tally: &Tally) -> Vec<Bar> {
    let name = |orientation: u8| match orientation {
        2 => "2, mirrored",
        3 => "3, upside down",
        4 => "4, upside down and mirrored",
        5 => "5, on its side and mirrored",
        6 => "6, on its side: turn right",
        7 => "7, on its side and mirrored",
        8 => "8, on its side: turn left",
        _ => "upright",
    };
    tally.orientations.iter().map(|(o, n)| (name(*o).to_string(), *n)).collect()
}

/// Where along the input rejects lie: a strip for the eye, and the same as a table.
pub(super) fn course(html: &mut Html, course: &Course) {
    let bad = course.stretches.iter().filter(|s| s.rejected > 0).count();
    if bad == 0 {
        return;
    }
    let last = course.stretches.len() - 1;
    html.raw("<h3>Where they lie</h3><div class=\"course\"><svg preserveAspectRatio=\"none\" aria-hidden=\"true\" viewBox=\"0 0 ");
    html.number(course.stretches.len() as u64 * 10).raw(" 100\">");
    let share_of = |s: &Stretch| s.rejected as f64 / s.seen.max(1) as f64;
    let most = course.stretches.iter().map(share_of).fold(0.0, f64::max);
    for (at, stretch) in course.stretches.iter().enumerate() {
        // What is there at all can be seen.
        let part = (share_of(stretch) / most * 100.0) as u64;
        let high = if stretch.rejected > 0 { part.clamp(8, 100) } else { 0 };
        html.raw("<rect width=\"9\" x=\"").number(at as u64 * 10).raw("\" y=\"").number(100 - high);
        html.raw("\" height=\"").number(high).raw("\"/>");
    }
    html.raw("</svg><p class=\"ends\"><span>record ").count(course.records(0).0);
    html.raw("</span><span>the highest bar: ").text(&share((most * 1e6) as u64, 1_000_000));
    html.raw("</span><span>record ").count(course.records(last).1).raw("</span></p></div>");
    html.raw("<details><summary>Stretches with rejects, as a table (").number(bad as u64);
    html.raw(")</summary><div class=\"wide\"><table><thead><tr><th scope=\"col\">records</th>");
    html.raw("<th scope=\"col\">rejected</th><th scope=\"col\">share</th><th scope=\"col\">the first</th></tr></thead><tbody>");
    for (at, stretch) in course.stretches.iter().enumerate().filter(|s| s.1.rejected > 0) {
        let (from, to) = course.records(at);
        html.raw("<tr><th scope=\"row\">").count(from);
        if to > from {
            html.raw("–").count(to);
        }
        html.raw("</th><td class=\"n\">").count(stretch.rejected).raw("</td><td class=\"n\">");
        html.text(&share(stretch.rejected, stretch.seen)).raw("</td><td class=\"path\">");
        if let Some((file, line)) = &stretch.at {
            html.text(file).raw(":").number(*line);
        }
        html.raw("</td></tr>");
    }
    html.raw("</tbody></table></div></details>");
}
