//! An S3 error document, alone or in the middle of other text.

use crate::answer::Answer;
use crate::evidence::Evidence;
use crate::forms::Form;

pub(crate) fn read(text: &str) -> Option<Evidence> {
    let answer = Answer::in_text(text).or_else(|| Answer::in_text(&unescaped(text)?))?;
    Some(Evidence::new(Form::ErrorDocument).with_answer(Some(answer)))
}

/// A document that was escaped once more, as a log or a page shows it.
fn unescaped(text: &str) -> Option<String> {
    if text.contains("&lt;Error&gt;") {
        let text = text
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"");
        return Some(text.replace("&amp;", "&"));
    }
    let is_quoted = text.contains("<Error>") && text.contains("\\n");
    is_quoted.then(|| text.replace("\\n", "\n").replace("\\\"", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_document_is_read_like_any() {
        for text in [
            "<Error><Code>SignatureDoesNotMatch</Code><StringToSign>a\nb</StringToSign></Error>",
            "&lt;Error&gt;&lt;Code&gt;SignatureDoesNotMatch&lt;/Code&gt;&lt;StringToSign&gt;a\nb&lt;/StringToSign&gt;&lt;/Error&gt;",
        ] {
            let evidence = read(text).expect("a document");
            assert_eq!(evidence.server.string_to_sign.as_deref(), Some("a\nb"), "{text}");
        }
        assert!(read("no document").is_none());
    }
}
