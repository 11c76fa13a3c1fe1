//! How a carrier writes its ids: what makes those of its responses and those of its receipts the same.

/// A way to read an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it stands.
    Literal,
    /// As a number in hexadecimal.
    Hex,
    /// As a number in decimal.
    Decimal,
}

/// Under which forms ids of responses and receipts are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forms {
    /// In responses.
    pub response: Form,
    /// In receipts.
    pub receipt: Form,
    /// Upper and lower case are the same.
    pub fold_case: bool,
    /// Zeros in front do not count.
    pub strip_zeros: bool,
}

const fn forms(response: Form, receipt: Form, fold_case: bool, strip_zeros: bool) -> Forms {
    Forms {
        response,
        receipt,
        fold_case,
        strip_zeros,
    }
}

/// What is tried, the plainest first.
const TRIED: [Forms; 6] = [
    forms(Form::Literal, Form::Literal, false, false),
    forms(Form::Literal, Form::Literal, true, false),
    forms(Form::Literal, Form::Literal, false, true),
    forms(Form::Literal, Form::Literal, true, true),
    forms(Form::Hex, Form::Decimal, false, false),
    forms(Form::Decimal, Form::Hex, false, false),
];

impl Forms {
    /// Whether both ids are that of one message.
    pub fn are_one(&self, response: &str, receipt: &str) -> bool {
        let response = self.read(response, self.response);
        response.is_some() && response == self.read(receipt, self.receipt)
    }

    fn read(&self, id: &str, form: Form) -> Option<String> {
        match form {
            Form::Literal => {
                let id = if self.strip_zeros {
                    id.trim_start_matches('0')
                } else {
                    id
                };
                (!id.is_empty()).then(|| match self.fold_case {
                    true => id.to_ascii_lowercase(),
                    false => id.to_owned(),
                })
            }
            Form::Hex => u64::from_str_radix(id, 16).ok().map(|id| id.to_string()),
            Form::Decimal => id.parse::<u64>().ok().map(|id| id.to_string()),
        }
    }

    /// The value of the key `message_id`.
    pub fn toml(&self) -> String {
        let name = |form| match form {
            Form::Literal => "literal",
            Form::Hex => "hex",
            Form::Decimal => "decimal",
        };
        let mut text = format!(
            "{{ response = \"{}\", receipt = \"{}\"",
            name(self.response),
            name(self.receipt)
        );
        if self.fold_case {
            text.push_str(", fold_case = true");
        }
        if self.strip_zeros {
            text.push_str(", strip_zeros = true");
        }
        text + " }"
    }
}

/// The plainest forms under which most receipts find their message, and how many do; `None` if no
/// receipt finds one.
pub fn find(responses: &[&str], receipts: &[&str]) -> Option<(Forms, usize)> {
    let mut best: Option<(Forms, usize)> = None;
    for forms in TRIED {
        let finds = |receipt: &&&str| responses.iter().any(|one| forms.are_one(one, receipt));
        let count = receipts.iter().filter(finds).count();
        if count > best.map_or(0, |(_, count)| count) {
            best = Some((forms, count));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plainest_form_that_fits_is_found() {
        let found = |responses: &[&str], receipts: &[&str]| {
            find(responses, receipts).map(|(forms, count)| (forms.toml(), count))
        };
        let literal =
            |more: &str| format!("{{ response = \"literal\", receipt = \"literal\"{more} }}");
        assert_eq!(found(&["a1", "a2"], &["a1", "a2"]), Some((literal(""), 2)));
        assert_eq!(
            found(&["AB"], &["ab"]),
            Some((literal(", fold_case = true"), 1))
        );
        assert_eq!(
            found(&["0042"], &["42"]),
            Some((literal(", strip_zeros = true"), 1))
        );
        let hex = "{ response = \"hex\", receipt = \"decimal\" }".to_owned();
        assert_eq!(found(&["ff", "100"], &["255", "256"]), Some((hex, 2)));
        let decimal = "{ response = \"decimal\", receipt = \"hex\" }".to_owned();
        assert_eq!(found(&["255"], &["000000FF"]), Some((decimal, 1)));
        assert_eq!(found(&["1"], &["x"]), None);
    }
}
