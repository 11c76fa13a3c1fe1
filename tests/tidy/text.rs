//! Rust as text, read as far as the rules need it: comments, words and paths.

/// Code and comments, each with the other and all literals blanked out, line by line as before.
pub fn told_apart(text: &str) -> (String, String) {
    #[derive(Clone, Copy, PartialEq)]
    enum Is {
        Code,
        Comment,
        Literal,
    }
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\n');
    let mut kinds = vec![Is::Code; chars.len()];
    let mut i = 0;
    while i < chars.len() {
        let start = i;
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let kind = match (at(i), at(i + 1)) {
            ('/', '/') => {
                while i < chars.len() && at(i) != '\n' {
                    i += 1;
                }
                Is::Comment
            }
            ('/', '*') => {
                let mut depth = 0;
                while i < chars.len() {
                    match (at(i), at(i + 1)) {
                        ('/', '*') => (depth, i) = (depth + 1, i + 2),
                        ('*', '/') => (depth, i) = (depth - 1, i + 2),
                        _ => i += 1,
                    }
                    if depth == 0 {
                        break;
                    }
                }
                Is::Comment
            }
            ('r', '"' | '#') if i == 0 || !is_word(at(i - 1)) || at(i - 1) == 'b' => {
                let hashes = (i + 1..).take_while(|&j| at(j) == '#').count();
                i += 1 + hashes;
                if at(i) == '"' {
                    i += 1;
                    let closes = |j: usize| at(j) == '"' && (1..=hashes).all(|k| at(j + k) == '#');
                    while i < chars.len() && !closes(i) {
                        i += 1;
                    }
                    i += 1 + hashes;
                    Is::Literal
                } else {
                    Is::Code
                }
            }
            ('"', _) => {
                i += 1;
                while i < chars.len() && at(i) != '"' {
                    i += if at(i) == '\\' { 2 } else { 1 };
                }
                i += 1;
                Is::Literal
            }
            // A quote that is closed after one character is a character; else it begins a lifetime.
            ('\'', c) if c == '\\' || at(i + 2) == '\'' => {
                i += if c == '\\' { 3 } else { 2 };
                while i < chars.len() && at(i) != '\'' {
                    i += 1;
                }
                i += 1;
                Is::Literal
            }
            _ => {
                i += 1;
                Is::Code
            }
        };
        let end = i.min(chars.len());
        kinds[start..end].fill(kind);
    }
    let only = |kind: Is| {
        let keep = |(c, is): (&char, &Is)| if *is == kind || *c == '\n' { *c } else { ' ' };
        chars.iter().zip(&kinds).map(keep).collect()
    };
    (only(Is::Code), only(Is::Comment))
}

/// Blanks out every item that follows this mark, up to its closing brace or semicolon.
pub fn without(mark: &str, code: &str) -> String {
    let mut rest = code;
    let mut kept = String::new();
    while let Some(start) = rest.find(mark) {
        kept.push_str(&rest[..start]);
        let mut depth = 0_usize;
        let mut end = rest.len();
        for (index, c) in rest[start + mark.len()..].char_indices() {
            match c {
                '{' | '(' | '[' => depth += 1,
                '}' | ')' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 && (c == ';' || c == '}') {
                end = start + mark.len() + index + 1;
                break;
            }
        }
        kept.extend(rest[start..end].chars().filter(|c| *c == '\n'));
        rest = &rest[end..];
    }
    kept + rest
}

/// Words and marks with their lines; `::` is one mark.
pub fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    for (line, text) in code.lines().enumerate() {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let length = if is_word(first) {
                rest.find(|c| !is_word(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            let (token, after) = rest.split_at(length);
            if !token.trim().is_empty() {
                tokens.push((line + 1, token));
            }
            rest = after;
        }
    }
    tokens
}

/// Lines on which the code says one of these, whole words, `::` included.
pub fn lines_that_say<'a>(code: &str, words: &[&'a str]) -> Vec<(usize, &'a str)> {
    let code = tokens(code);
    let mut found = Vec::new();
    for word in words {
        let sought: Vec<&str> = tokens(word).into_iter().map(|(_, token)| token).collect();
        for window in code.windows(sought.len()) {
            if window.iter().map(|(_, token)| token).eq(&sought) {
                found.push((window[0].0, *word));
            }
        }
    }
    found.sort_unstable();
    found
}

/// Every path that is imported or written out, with its line: `use a::{b, c::d}` is `a::b` and `a::c::d`.
pub fn paths(code: &str) -> Vec<(usize, Vec<&str>)> {
    fn tree<'a>(
        tokens: &[(usize, &'a str)],
        at: &mut usize,
        head: &[&'a str],
        found: &mut Vec<(usize, Vec<&'a str>)>,
    ) {
        let mut path = head.to_vec();
        let line = tokens.get(*at).map_or(0, |token| token.0);
        while let Some((_, token)) = tokens.get(*at) {
            match *token {
                "::" => *at += 1,
                "{" => {
                    *at += 1;
                    while tokens.get(*at).is_some_and(|(_, token)| *token != "}") {
                        tree(tokens, at, &path, found);
                        // A comma, or what no import holds: on it goes in any case.
                        if tokens.get(*at).is_some_and(|(_, token)| *token != "}") {
                            *at += 1;
                        }
                    }
                    *at += 1;
                    return;
                }
                "as" => *at += 2,
                "," | "}" | ";" => break,
                "self" if !path.is_empty() => *at += 1,
                word => {
                    path.push(word);
                    *at += 1;
                }
            }
        }
        found.push((line, path));
    }
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let (line, token) = tokens[at];
        let next = tokens.get(at + 1).map_or("", |(_, token)| token);
        // `use<'a>` is a bound, no import.
        if token == "use" && next != "<" {
            at += 1;
            tree(&tokens, &mut at, &[], &mut found);
        } else if ["crate", "super", "self", "smppgate"].contains(&token) && next == "::" {
            let mut path = vec![token];
            while tokens.get(at + 1).is_some_and(|(_, token)| *token == "::") {
                let Some((_, word)) = tokens.get(at + 2) else {
                    break;
                };
                path.push(word);
                at += 2;
            }
            found.push((line, path));
        }
        at += 1;
    }
    found
}
