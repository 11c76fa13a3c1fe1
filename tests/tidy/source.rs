//! A source of ours: where it lies, and its code told from its comments and its tests.

use std::fs;
use std::path::Path;

use crate::text::{told_apart, without};

#[derive(Clone)]
pub struct Source {
    /// From the root of the project, with slashes.
    pub path: String,
    pub text: String,
    /// The text with comments and literals blanked out.
    pub code: String,
    /// The text with all but comments blanked out.
    pub comments: String,
    /// `code` without what is compiled for tests only.
    pub body: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let (code, comments) = told_apart(text);
        let is_test = path.contains("/tests/") || path.ends_with("/tests.rs");
        let body = match is_test {
            true => String::new(),
            false => without("#[cfg(test)]", &code),
        };
        let (path, text) = (path.to_owned(), text.to_owned());
        Self {
            path,
            text,
            code,
            comments,
            body,
        }
    }

    /// The room of `src/` that it lies in; "codec" for the crate below.
    pub fn room(&self) -> &str {
        match self.path.strip_prefix("src/") {
            Some(path) => path.split(['/', '.']).next().unwrap_or_default(),
            None => self.path.split('/').next().unwrap_or_default(),
        }
    }

    /// Its module path inside its crate.
    pub fn module(&self) -> Vec<String> {
        let inside = self.path.split_once("src/").map_or("", |(_, path)| path);
        let mut parts: Vec<String> = inside
            .trim_end_matches(".rs")
            .split('/')
            .map(str::to_owned)
            .collect();
        if ["mod", "lib"].contains(&parts.last().map_or("", String::as_str)) {
            parts.pop();
        }
        parts
    }

    /// A page that only lists what is handed out.
    pub fn is_title_page(&self) -> bool {
        self.path.ends_with("/mod.rs") || self.path.ends_with("/lib.rs")
    }

    pub fn finding(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

/// All sources below these folders.
pub fn sources(folders: &[&str]) -> Vec<Source> {
    fn walk(root: &Path, folder: &str, found: &mut Vec<Source>) {
        let mut entries: Vec<_> = fs::read_dir(root.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap())
            .collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                if !["target", "node_modules", "corpus", "artifacts"]
                    .contains(&entry.file_name().to_str().unwrap())
                {
                    walk(root, &path, found);
                }
            } else if path.ends_with(".rs") {
                let text = fs::read_to_string(root.join(&path)).unwrap();
                found.push(Source::new(&path, &text));
            }
        }
    }
    let mut found = Vec::new();
    for folder in folders {
        walk(Path::new(env!("CARGO_MANIFEST_DIR")), folder, &mut found);
    }
    assert!(!found.is_empty(), "no sources were found");
    found
}

/// Every Rust file that we have written.
pub fn all() -> Vec<Source> {
    sources(&["src", "codec", "tests", "benches", "fuzz"])
}
