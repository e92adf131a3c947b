//! A canonical request as a text, taken apart into its lines.
//!
//! SPEC: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>: method, path, query, a
//! line for each header, an empty line, the names, the payload line. Not here: making one from a request, which is
//! `countersign_sigv4::Canonical`'s alone.

/// A canonical request, line by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalText {
    /// The method.
    pub method: String,
    /// The path.
    pub uri: String,
    /// The query.
    pub query: String,
    /// The headers: name and value, in their order.
    pub headers: Vec<(String, String)>,
    /// The names, joined with `;`.
    pub signed_headers: String,
    /// The payload line.
    pub payload: String,
}

impl CanonicalText {
    /// Takes a text apart; `None` if it is no canonical request.
    pub fn parse(text: &str) -> Option<CanonicalText> {
        let text = text.trim_end_matches(['\n', '\r']);
        let lines: Vec<&str> = text.split('\n').map(|line| line.trim_end_matches('\r')).collect();
        let [method, uri, query, rest @ ..] = lines.as_slice() else {
            return None;
        };
        let (payload, rest) = rest.split_last()?;
        let (signed_headers, rest) = rest.split_last()?;
        // Logs that drop empty lines are common, so the one before the names may be missing.
        let headers = rest.strip_suffix(&[""]).unwrap_or(rest);
        let headers = headers
            .iter()
            .map(|line| line.split_once(':'))
            .map(|line| line.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let is_method = !method.is_empty() && method.bytes().all(|b| b.is_ascii_alphabetic());
        if !is_method || !uri.starts_with('/') {
            return None;
        }
        Some(CanonicalText {
            method: (*method).to_owned(),
            uri: (*uri).to_owned(),
            query: (*query).to_owned(),
            headers: headers.collect::<Option<_>>()?,
            signed_headers: (*signed_headers).to_owned(),
            payload: (*payload).to_owned(),
        })
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(other, _)| other == name)?;
        Some(value)
    }

    /// The text, without a line break at its end.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.method, self.uri, self.query);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}:{value}\n"));
        }
        text.push_str(&format!("\n{}\n{}", self.signed_headers, self.payload));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "PUT\n/photos/cat.jpg\n\nhost:localhost:9000\nx-amz-date:20250101T000000Z\n\nhost;x-amz-date\nUNSIGNED-PAYLOAD";

    #[test]
    fn a_text_is_taken_apart_and_put_together_again() {
        let canonical = CanonicalText::parse(TEXT).expect("a canonical request");
        assert_eq!(canonical.header("host"), Some("localhost:9000"));
        assert_eq!(
            (canonical.query.as_str(), canonical.payload.as_str()),
            ("", "UNSIGNED-PAYLOAD")
        );
        assert_eq!(canonical.text(), TEXT);
    }

    #[test]
    fn line_breaks_of_another_system_and_at_the_end_do_no_harm() {
        let text = format!("{}\r\n", TEXT.replace('\n', "\r\n"));
        assert_eq!(CanonicalText::parse(&text).expect("read").text(), TEXT);
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "",
            "PUT",
            "PUT\n/\n\n",
            "AWS4-HMAC-SHA256\n20250101T000000Z\nscope\nhash",
            "PUT\n/a\n\nno header\n\na\nb",
        ] {
            assert_eq!(CanonicalText::parse(text), None, "{text}");
        }
    }
}
