//! `[gateway]`: the process itself.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::section::Section;
use super::surroundings::Context;

/// The process itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Where what must outlive the process is kept.
    pub data_dir: PathBuf,
    /// The part of our message ids that no other node has, 0 to 63.
    pub node: u8,
    /// Threads that drive sockets; none is one less than cores, and one at least.
    pub workers: Option<NonZeroUsize>,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            node: 1,
            workers: None,
        }
    }
}

pub(super) fn gateway(mut section: Section<'_>, context: &Context<'_>) -> Gateway {
    let default = Gateway::default();
    journal(&mut section);
    let gateway = Gateway {
        data_dir: section
            .required("data_dir", "data_dir = \"data\"")
            .and_then(|value| Some((value.text()?, value)))
            .map_or(default.data_dir, |(text, value)| {
                if text.is_empty() {
                    value.error("is empty; write for example \"data\"");
                }
                context.path(text)
            }),
        node: section
            .key("node")
            .and_then(|value| value.number(0..=63))
            .unwrap_or(default.node),
        workers: section
            .key("workers")
            .and_then(|value| value.number(1..=1024_i64))
            .and_then(|count| NonZeroUsize::new(usize::try_from(count).ok()?)),
    };
    section.finish();
    gateway
}

/// The default will be the journal on disk. Who leaves the key out would rely on that.
fn journal(section: &mut Section<'_>) {
    match section.key("journal") {
        Some(value) => {
            value.choice(&[("memory", ())], &["file"]);
        }
        None => section.absent(
            "journal",
            "is missing, and its default \"file\" is planned and not built yet; \
             write journal = \"memory\", which keeps nothing across a crash",
        ),
    }
}
