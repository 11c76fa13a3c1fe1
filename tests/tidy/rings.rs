//! Files that need each other, however far apart.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::Source;
use crate::text::paths;

/// From, to, and why.
pub type Back = (&'static str, &'static str, &'static str);

/// Arrows between files that may run back, each with its reason: a thing and what it holds.
pub const BACK: [Back; 1] = [(
    "codec/src/frame.rs",
    "codec/src/pdu/any.rs",
    "a PDU is read from a frame, and a frame that is kept shows its PDU",
)];

/// Files of one crate that need each other, over however many others. Title pages only hand out.
pub fn rings(sources: &[Source]) -> Vec<String> {
    rings_without(sources, &BACK)
}

/// Likewise, where these arrows are not looked at.
pub fn rings_without(sources: &[Source], back: &[Back]) -> Vec<String> {
    let modules: BTreeMap<Vec<String>, &Source> =
        sources.iter().map(|one| (one.module(), one)).collect();
    let find = |path: &[String]| -> Option<&Source> {
        let length = (0..=path.len())
            .rev()
            .find(|length| modules.contains_key(&path[..*length]))?;
        let page = modules[&path[..length]];
        let (Some(name), true) = (path.get(length), page.is_title_page()) else {
            return Some(page);
        };
        // What a title page hands out lies in the file that it names.
        let handed_out = self::paths(&page.body).into_iter().find_map(|(_, path)| {
            let (last, head) = path.split_last()?;
            let child = head.first().filter(|_| last == name)?;
            let mut module = page.module();
            module.push((*child).to_owned());
            modules.get(&module)
        });
        Some(handed_out.copied().unwrap_or(page))
    };
    let mut arrows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.is_title_page()) {
        for (_, path) in paths(&source.body) {
            let mut base = match path[0] {
                "crate" => Vec::new(),
                "self" | "super" => source.module(),
                _ => continue,
            };
            let mut rest = &path[..];
            while let [first @ ("crate" | "self" | "super"), tail @ ..] = rest {
                if *first == "super" {
                    base.pop();
                }
                rest = tail;
            }
            base.extend(rest.iter().map(|&part| part.to_owned()));
            let Some(used) = find(&base) else { continue };
            let arrow = (source.path.as_str(), used.path.as_str());
            let may = back.iter().any(|(from, to, _)| (*from, *to) == arrow);
            if used.path != source.path && !may {
                arrows.entry(&source.path).or_default().insert(&used.path);
            }
        }
    }
    let mut findings = BTreeSet::new();
    for start in arrows.keys() {
        if let Some(way) = way_back(start, &arrows)
            && way.iter().min() == Some(start)
        {
            findings.insert(format!("{}: a ring: {}", start, way.join(" -> ")));
        }
    }
    findings.into_iter().collect()
}

/// The shortest way from a file back to itself.
fn way_back<'a>(
    start: &'a str,
    arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>,
) -> Option<Vec<&'a str>> {
    let mut ways = vec![vec![start]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let last = way.last().copied()?;
            for next in arrows.get(last).into_iter().flatten().copied() {
                if next == start {
                    return Some(way);
                }
                if seen.insert(next) {
                    longer.push([&way[..], &[next]].concat());
                }
            }
        }
        ways = longer;
    }
    None
}
