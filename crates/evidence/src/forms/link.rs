//! A presigned URL, alone or in the middle of other text.

use crate::evidence::{Evidence, Sent};
use crate::forms::Form;

/// Parameters by which a presigned URL is known, of either signature version, also when it was escaped once more.
const MARKS: [&str; 4] = [
    "X-Amz-Signature=",
    "X-Amz-Credential=",
    "AWSAccessKeyId=",
    "X-Amz-Algorithm=",
];

/// The text is one URL.
pub(crate) fn read(text: &str) -> Option<Evidence> {
    let text = text.trim_matches(['"', '\'', '<', '>', '`']);
    let is_one = text.starts_with("http://") || text.starts_with("https://");
    (is_one && !text.contains(char::is_whitespace)).then(|| of_url(text))?
}

/// The first presigned URL in the text.
pub(crate) fn read_within(text: &str) -> Option<Evidence> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | ')');
    let mut starts = text.match_indices("http").map(|(at, _)| at);
    starts.find_map(|at| {
        let rest = text.get(at..)?;
        let url = rest.split(ends).next()?;
        let is_presigned = MARKS.iter().any(|mark| url.contains(mark));
        is_presigned.then(|| of_url(url))?
    })
}

fn of_url(url: &str) -> Option<Evidence> {
    let mut evidence = Evidence::new(Form::Link);
    // A link does not say for which method it was made.
    evidence.sent = Some(Sent::to_url("", url)?);
    evidence.notes.push(
        "A link alone does not show with which method and headers it was used; the output of curl -v does.",
    );
    Some(evidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://h/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=abc";

    #[test]
    fn a_link_is_read_alone_and_among_words() {
        assert!(read(URL).is_some() && read(&format!("'{URL}'")).is_some());
        let text = format!("see http://other/x and <{URL}> please");
        assert!(read(&text).is_none());
        let sent = read_within(&text)
            .and_then(|evidence| evidence.sent)
            .expect("the link");
        assert_eq!((sent.path.as_str(), sent.header("host")), ("/b/k", Some("h")));
        assert!(read_within("see http://other/x").is_none());
    }
}
