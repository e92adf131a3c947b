//! Reads the XML that clients send, and that servers answer to our own tools: into a small tree, within limits on bytes, depth and
//! elements.
//!
//! Namespaces and attributes are ignored. What could reach outside of the document or grow in it is refused: DOCTYPE,
//! entities of one's own, processing instructions. Every fault is `MalformedXML`, as at AWS, which does not say more either.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::error_code::ErrorCode;
use crate::parse_error::ParseError;

/// An element, its text and its children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// The name without its prefix.
    pub name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// Reads a whole document of at most `bytes_max` bytes; the root element.
    pub fn parse(bytes: &[u8], bytes_max: usize) -> Result<Element, ParseError> {
        if bytes.len() > bytes_max {
            return Err(ParseError::new(ErrorCode::MaxMessageLengthExceeded)
                .element("MaxMessageLengthBytes", bytes_max.to_string()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ParseError::malformed_xml())?;
        read(text.strip_prefix('\u{feff}').unwrap_or(text)).ok_or_else(ParseError::malformed_xml)
    }

    /// Its first child of this name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All its children, in their order.
    pub fn children(&self) -> &[Element] {
        &self.children
    }

    /// Its text, untrimmed; that of its children is theirs.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Itself, if it has this name.
    pub(crate) fn named(self, name: &str) -> Result<Element, ParseError> {
        if self.name == name {
            Ok(self)
        } else {
            Err(ParseError::malformed_xml())
        }
    }

    /// Its children; text between them must be blank.
    pub(crate) fn into_children(self) -> Result<Vec<Element>, ParseError> {
        if self.text.trim().is_empty() {
            Ok(self.children)
        } else {
            Err(ParseError::malformed_xml())
        }
    }

    /// Its text, untrimmed; it must have no children.
    pub(crate) fn into_text(self) -> Result<String, ParseError> {
        if self.children.is_empty() {
            Ok(self.text)
        } else {
            Err(ParseError::malformed_xml())
        }
    }

    /// Its text as `true` or `false`.
    pub(crate) fn into_bool(self) -> Result<bool, ParseError> {
        match self.into_text()?.trim() {
            text if text.eq_ignore_ascii_case("true") => Ok(true),
            text if text.eq_ignore_ascii_case("false") => Ok(false),
            "1" => Ok(true),
            "0" => Ok(false),
            _ => Err(ParseError::malformed_xml()),
        }
    }

    fn begin(tag: &BytesStart<'_>) -> Option<Element> {
        for attribute in tag.attributes() {
            attribute.ok()?;
        }
        Some(Element {
            name: tag.local_name().as_ref().to_owned(),
            ..Element::default()
        })
    }
}

fn read(document: &str) -> Option<Element> {
    let mut reader = Reader::from_str(document);
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<Element> = None;
    let mut elements = 0;
    let mut events = 0;
    loop {
        let event = reader.read_event().ok()?;
        events += 1;
        match event {
            // A second root.
            Event::Start(_) | Event::Empty(_) if root.is_some() => return None,
            Event::Start(tag) => {
                open.push(Element::begin(&tag)?);
                elements += 1;
            }
            Event::Empty(tag) => {
                close(Element::begin(&tag)?, &mut open, &mut root);
                elements += 1;
            }
            Event::End(_) => {
                let element = open.pop()?;
                close(element, &mut open, &mut root);
            }
            Event::Text(text) => add_text(&text.xml10_content(), &mut open)?,
            Event::CData(text) => {
                open.last()?;
                add_text(&text.xml10_content(), &mut open)?;
            }
            Event::GeneralRef(reference) => {
                let c = resolve(&reference)?;
                open.last_mut()?.text.push(c);
            }
            Event::Comment(_) => {}
            Event::Decl(_) if events == 1 => {}
            Event::Decl(_) | Event::DocType(_) | Event::PI(_) => return None,
            Event::Eof => break,
        }
        if open.len() > DEPTH_MAX || elements > ELEMENTS_MAX {
            return None;
        }
    }
    root.filter(|_| open.is_empty())
}

fn close(element: Element, open: &mut [Element], root: &mut Option<Element>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
}

/// Text outside of the root must be blank.
fn add_text(text: &str, open: &mut [Element]) -> Option<()> {
    if !text.chars().all(is_xml_char) {
        return None;
    }
    match open.last_mut() {
        Some(element) => {
            element.text.push_str(text);
            Some(())
        }
        None => text.trim().is_empty().then_some(()),
    }
}

/// The five entities of XML, and numeric references. References to characters that XML 1.0 cannot hold are taken too:
/// it is the only way to name an object whose key has them, and AWS takes them.
fn resolve(reference: &BytesRef<'_>) -> Option<char> {
    let name: &str = reference;
    if let Some(number) = name.strip_prefix('#') {
        let (digits, radix) = match number.strip_prefix('x') {
            Some(digits) => (digits, 16),
            None => (number, 10),
        };
        let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
        let code = u32::from_str_radix(digits, radix).ok().filter(|_| is_number)?;
        return char::from_u32(code).filter(|c| *c != '\0');
    }
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

/// Whether XML 1.0 can hold the character as it is.
pub(crate) fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// No document of S3 is deeper than this.
const DEPTH_MAX: usize = 16;
/// 10,000 parts with a number, a tag and two checksums each, twice over.
const ELEMENTS_MAX: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes the tree as `name(text child child)`.
    fn told(element: &Element) -> String {
        let children: String = element
            .children
            .iter()
            .map(|child| format!(" {}", told(child)))
            .collect();
        format!("{}({}{children})", element.name, element.text)
    }

    fn check(document: &str, expected: Option<&str>) {
        let found = Element::parse(document.as_bytes(), 1024 * 1024);
        assert_eq!(found.as_ref().ok().map(told).as_deref(), expected, "{document}");
    }

    #[test]
    fn well_formed_documents_are_read() {
        check("<A/>", Some("A()"));
        check("<A><B>x</B><B/></A>", Some("A( B(x) B())"));
        check(
            "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<A>x</A>\n",
            Some("A(x)"),
        );
        check(
            "<s:A xmlns:s=\"http://x/\" b='c'><s:B>x</s:B></s:A>",
            Some("A( B(x))"),
        );
        check("<!-- x --><A>a<!-- b -->c</A>", Some("A(ac)"));
        check("<A><![CDATA[a&b<c>]]>d</A>", Some("A(a&b<c>d)"));
        check("<A>&lt;&amp;&gt;&quot;&apos;</A>", Some("A(<&>\"')"));
        check(
            "<A>&#128512;&#x1F600;&#x1;&#65;</A>",
            Some("A(\u{1f600}\u{1f600}\u{1}A)"),
        );
        check("<A> x </A>", Some("A( x )"));
    }

    #[test]
    fn everything_else_is_malformed() {
        for document in [
            "",
            " ",
            "x",
            "<A>",
            "<A></B>",
            "<A/><B/>",
            "<A/>x",
            "x<A/>",
            "<A/>&amp;",
            "<A/><![CDATA[]]>",
            "<A>&nbsp;</A>",
            "<A>&#0;</A>",
            "<A>&#xD800;</A>",
            "<A>&#x110000;</A>",
            "<A>&#;</A>",
            "<A>&#+65;</A>",
            "<A>a&b</A>",
            "<A>\u{1}</A>",
            "<A b=c/>",
            "<A b='1' b='2'/>",
            "<!DOCTYPE A><A/>",
            "<!DOCTYPE A [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><A>&x;</A>",
            "<?php x ?><A/>",
            "<A/><?xml version=\"1.0\"?>",
        ] {
            check(document, None);
        }
        assert!(Element::parse(b"<A>\xff</A>", 100).is_err());
    }

    #[test]
    fn a_document_has_limits() {
        let nested = |depth: usize| format!("{}{}", "<A>".repeat(depth), "</A>".repeat(depth));
        assert!(Element::parse(nested(DEPTH_MAX).as_bytes(), 1024).is_ok());
        assert!(Element::parse(nested(DEPTH_MAX + 1).as_bytes(), 1024).is_err());
        let wide = |children: usize| format!("<A>{}</A>", "<B/>".repeat(children));
        assert!(Element::parse(wide(ELEMENTS_MAX - 1).as_bytes(), 1024 * 1024).is_ok());
        assert!(Element::parse(wide(ELEMENTS_MAX).as_bytes(), 1024 * 1024).is_err());
        let error = Element::parse(b"<A>x</A>", 7).expect_err("too long");
        assert_eq!(error.code, ErrorCode::MaxMessageLengthExceeded);
    }
}
