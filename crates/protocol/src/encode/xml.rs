//! A buffer that XML is written into by hand. Every text goes through it, so every text is escaped.
//!
//! Not a serializer: it keeps no stack and does not check that elements are closed; the golden tests of its callers do.

use std::fmt::Write as _;

use bytes::Bytes;
use countersign_types::Etag;

use crate::document::is_xml_char;

/// What every document begins with. A server that keeps a connection alive while it works sends this first, then blanks,
/// then the rest.
pub const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// How characters are written that XML 1.0 does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Illegal {
    /// As numeric references, as AWS does in results: strict parsers refuse the document, but no key is falsified.
    Reference,
    /// As U+FFFD: an error must always be readable.
    Replace,
}

#[derive(Debug)]
pub(crate) struct Xml {
    buffer: String,
    illegal: Illegal,
    url_encoded: bool,
}

impl Xml {
    /// A result in S3's namespace.
    pub(crate) fn result(root: &str) -> Xml {
        Xml::rooted(root, NAMESPACE)
    }

    /// A result in the namespace of another service.
    pub(crate) fn rooted(root: &str, namespace: &str) -> Xml {
        Xml::rooted_with(root, namespace, Illegal::Reference)
    }

    pub(crate) fn rooted_with(root: &str, namespace: &str, illegal: Illegal) -> Xml {
        let mut xml = Xml::document(illegal);
        xml.open_with(root, &[("xmlns", namespace)]);
        xml
    }

    pub(crate) fn document(illegal: Illegal) -> Xml {
        let mut buffer = String::with_capacity(1024);
        buffer.push_str(DECLARATION);
        Xml {
            buffer,
            illegal,
            url_encoded: false,
        }
    }

    /// A piece of a document that is there already.
    pub(crate) fn piece() -> Xml {
        Xml {
            buffer: String::new(),
            illegal: Illegal::Replace,
            url_encoded: false,
        }
    }

    /// What was written so far.
    pub(crate) fn into_text(self) -> String {
        self.buffer
    }

    /// From here on, [`Xml::name`] writes names percent-encoded (`encoding-type=url`).
    pub(crate) fn url_encoded(mut self, url_encoded: bool) -> Xml {
        self.url_encoded = url_encoded;
        self
    }

    pub(crate) fn open(&mut self, element: &str) {
        self.buffer.push('<');
        self.buffer.push_str(element);
        self.buffer.push('>');
    }

    pub(crate) fn open_with(&mut self, element: &str, attributes: &[(&str, &str)]) {
        let _ = write!(self.buffer, "<{element}");
        for (name, value) in attributes {
            let _ = write!(self.buffer, " {name}=\"");
            self.text(value, true);
            self.buffer.push('"');
        }
        self.buffer.push('>');
    }

    pub(crate) fn close(&mut self, element: &str) {
        self.buffer.push_str("</");
        self.buffer.push_str(element);
        self.buffer.push('>');
    }

    pub(crate) fn element(&mut self, element: &str, text: &str) {
        self.open(element);
        self.text(text, false);
        self.close(element);
    }

    /// Text of the element that is open.
    pub(crate) fn plain(&mut self, text: &str) {
        self.text(text, false);
    }

    pub(crate) fn optional(&mut self, element: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.element(element, text);
        }
    }

    pub(crate) fn number(&mut self, element: &str, number: u64) {
        let _ = write!(self.buffer, "<{element}>{number}</{element}>");
    }

    pub(crate) fn boolean(&mut self, element: &str, value: bool) {
        let _ = write!(self.buffer, "<{element}>{value}</{element}>");
    }

    pub(crate) fn etag(&mut self, etag: &Etag) {
        self.open("ETag");
        let _ = write!(self.buffer, "&quot;{etag}&quot;");
        self.close("ETag");
    }

    /// A key, prefix, marker or delimiter: what `encoding-type=url` is for.
    pub(crate) fn name(&mut self, element: &str, name: &str) {
        if !self.url_encoded {
            return self.element(element, name);
        }
        self.open(element);
        push_url_encoded(&mut self.buffer, name);
        self.close(element);
    }

    pub(crate) fn finish(mut self, root: &str) -> Bytes {
        self.close(root);
        Bytes::from(self.buffer)
    }

    fn text(&mut self, text: &str, in_attribute: bool) {
        // Most of a text is as it stands, and is taken whole as far as it is.
        let is_plain = |&byte: &u8| match byte {
            b'&' | b'<' | b'>' | b'"' => false,
            b'\n' => !in_attribute,
            byte => matches!(byte, b' '..=b'~'),
        };
        let mut rest = text;
        loop {
            let plain = rest.bytes().take_while(is_plain).count();
            let (before, after) = rest.split_at_checked(plain).unwrap_or((rest, ""));
            self.buffer.push_str(before);
            let mut chars = after.chars();
            match chars.next() {
                Some(c) => self.special(c, in_attribute),
                None => return,
            }
            rest = chars.as_str();
        }
    }

    fn special(&mut self, c: char, in_attribute: bool) {
        match c {
            '&' => self.buffer.push_str("&amp;"),
            '<' => self.buffer.push_str("&lt;"),
            '>' => self.buffer.push_str("&gt;"),
            '"' if in_attribute => self.buffer.push_str("&quot;"),
            // A parser would turn these into other white space.
            '\r' => self.buffer.push_str("&#13;"),
            '\n' | '\t' if in_attribute => {
                let _ = write!(self.buffer, "&#{};", u32::from(c));
            }
            // XML may hold them, and a terminal that shows it may obey them.
            '\u{7f}'..='\u{9f}' => {
                let _ = write!(self.buffer, "&#x{:x};", u32::from(c));
            }
            c if is_xml_char(c) => self.buffer.push(c),
            c if self.illegal == Illegal::Reference => {
                let _ = write!(self.buffer, "&#x{:x};", u32::from(c));
            }
            _ => self.buffer.push(char::REPLACEMENT_CHARACTER),
        }
    }
}

/// Slashes stay, and a blank is `%20`, which every client decodes to a blank; `+` is not decoded by all of them.
fn push_url_encoded(buffer: &mut String, name: &str) {
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => {
                buffer.push(char::from(byte));
            }
            _ => {
                let _ = write!(buffer, "%{byte:02X}");
            }
        }
    }
}

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

#[cfg(test)]
mod tests {
    use super::*;

    fn check(illegal: Illegal, text: &str, expected: &str) {
        let mut xml = Xml::document(illegal);
        xml.element("A", text);
        let written = xml.finish("B");
        assert_eq!(written, format!("{DECLARATION}<A>{expected}</A></B>"), "{text:?}");
    }

    #[test]
    fn every_text_is_escaped() {
        check(Illegal::Reference, "a<b>&\"'c", "a&lt;b&gt;&amp;\"'c");
        check(Illegal::Reference, "\u{1}\u{b}\u{fffe}", "&#x1;&#xb;&#xfffe;");
        check(Illegal::Replace, "\u{1}\u{b}\u{ffff}", "\u{fffd}\u{fffd}\u{fffd}");
        check(Illegal::Replace, "\r\n\t", "&#13;\n\t");
        check(Illegal::Reference, "ä \u{1f600}", "ä \u{1f600}");
        check(Illegal::Replace, "\u{7f}\u{9b}31m\u{a0}", "&#x7f;&#x9b;31m\u{a0}");
        check(Illegal::Reference, "]]>", "]]&gt;");
    }

    #[test]
    fn an_attribute_cannot_be_left() {
        let mut xml = Xml::document(Illegal::Replace);
        xml.open_with("A", &[("b", "\"><c d=\"\n")]);
        let expected = format!("{DECLARATION}<A b=\"&quot;&gt;&lt;c d=&quot;&#10;\"></A>");
        assert_eq!(xml.finish("A"), expected);
    }

    #[test]
    fn names_are_url_encoded_where_asked() {
        let mut xml = Xml::result("R").url_encoded(true);
        xml.name("Key", "a b+c/ä\u{1}~*");
        let text = xml.finish("R");
        assert!(text.ends_with(b"<Key>a%20b%2Bc/%C3%A4%01%7E*</Key></R>"));
    }
}
