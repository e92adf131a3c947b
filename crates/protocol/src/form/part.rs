//! The head of one part, and the boundary between parts.
//!
//! SPEC: RFC 7578 and RFC 2046, as browsers, curl and HTTP libraries write them. Lines end in CR LF; names are UTF-8; a
//! backslash only escapes a quote, since old browsers send `C:\dir\file` as it is.

use super::{FormFault, malformed};

/// What is said about a part.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PartHead {
    pub(super) name: String,
    pub(super) file_name: Option<Vec<u8>>,
    pub(super) content_type: Option<String>,
}

impl PartHead {
    /// Reads what stands behind a boundary, from the rest of its line to the empty line.
    pub(super) fn parse(head: &[u8]) -> Result<PartHead, FormFault> {
        let mut lines = Lines(Some(head));
        if lines
            .next()
            .unwrap_or_default()
            .iter()
            .any(|b| !b" \t".contains(b))
        {
            return Err(malformed("a boundary is followed by other text"));
        }
        let (mut disposition, mut content_type) = (None, None);
        for (n, line) in lines.enumerate() {
            if n >= PART_HEADERS_MAX {
                return Err(malformed("a part has too many headers"));
            }
            let (name, value) = split_header(line)?;
            if name.eq_ignore_ascii_case(b"content-disposition") {
                if disposition.replace(value).is_some() {
                    return Err(malformed("a part has two Content-Disposition headers"));
                }
            } else if name.eq_ignore_ascii_case(b"content-type") {
                content_type = Some(String::from_utf8_lossy(value).into_owned());
            } else if name.eq_ignore_ascii_case(b"content-transfer-encoding") && !is_plain(value) {
                return Err(malformed("a part has a Content-Transfer-Encoding"));
            }
        }
        let disposition = disposition.ok_or_else(|| malformed("a part has no Content-Disposition"))?;
        let (name, file_name) = parse_disposition(disposition)?;
        Ok(PartHead {
            name,
            file_name,
            content_type,
        })
    }
}

/// Reads the boundary from the `Content-Type` of a form.
pub(super) fn parse_boundary(content_type: &str) -> Result<String, FormFault> {
    let (kind, parameters) = split_parameters(content_type.as_bytes());
    if !kind.eq_ignore_ascii_case(b"multipart/form-data") {
        return Err(malformed("it is not multipart/form-data"));
    }
    let mut boundary = None;
    for (name, value) in parse_parameters(parameters)? {
        if name.eq_ignore_ascii_case(b"boundary") && boundary.replace(value).is_some() {
            return Err(malformed("its Content-Type has two boundaries"));
        }
    }
    let boundary = boundary.ok_or_else(|| malformed("its Content-Type has no boundary"))?;
    let text = String::from_utf8(boundary).unwrap_or_default();
    let is_sound = (1..=BOUNDARY_BYTES_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&b))
        && !text.ends_with(' ');
    if is_sound {
        Ok(text)
    } else {
        Err(malformed("its Content-Type has an odd boundary"))
    }
}

fn parse_disposition(value: &[u8]) -> Result<(String, Option<Vec<u8>>), FormFault> {
    let (kind, parameters) = split_parameters(value);
    if !kind.eq_ignore_ascii_case(b"form-data") {
        return Err(malformed("a part is not form-data"));
    }
    let (mut field, mut file) = (None, None);
    for (name, value) in parse_parameters(parameters)? {
        let place = match name {
            n if n.eq_ignore_ascii_case(b"name") => &mut field,
            n if n.eq_ignore_ascii_case(b"filename") => &mut file,
            _ => continue,
        };
        if place.replace(value).is_some() {
            return Err(malformed("a part has two names"));
        }
    }
    let field = field.ok_or_else(|| malformed("a part has no name"))?;
    if field.is_empty() || field.len() > FIELD_NAME_BYTES_MAX {
        return Err(malformed("the name of a field is empty or too long"));
    }
    let field = String::from_utf8(field).map_err(|_| malformed("the name of a field is not UTF-8"))?;
    Ok((field, file))
}

fn split_parameters(value: &[u8]) -> (&[u8], &[u8]) {
    let end = value.iter().position(|b| *b == b';').unwrap_or(value.len());
    let (kind, parameters) = value.split_at(end);
    (kind.trim_ascii(), parameters)
}

/// Name as sent, and value without its quotes.
type Parameter<'a> = (&'a [u8], Vec<u8>);

/// Reads `; name=value; name="value"`, values without their quotes.
fn parse_parameters(text: &[u8]) -> Result<Vec<Parameter<'_>>, FormFault> {
    let mut found = Vec::new();
    let mut rest = text.trim_ascii();
    while let Some(behind) = rest.strip_prefix(b";") {
        let parameter = behind.trim_ascii_start();
        if parameter.is_empty() {
            break;
        }
        let equals = parameter.iter().position(|b| b"=;\"".contains(b));
        let (name, value) = match equals.map(|at| parameter.split_at(at)) {
            Some((name, value)) if value.starts_with(b"=") => (name, value.get(1..).unwrap_or_default()),
            _ => return Err(malformed("a parameter has no value")),
        };
        let value = value.trim_ascii_start();
        let (value, after) = match value.strip_prefix(b"\"") {
            Some(quoted) => unquote(quoted)?,
            None => {
                let end = value.iter().position(|b| *b == b';').unwrap_or(value.len());
                let (value, after) = value.split_at(end);
                (value.trim_ascii_end().to_vec(), after)
            }
        };
        found.push((name.trim_ascii(), value));
        rest = after.trim_ascii_start();
    }
    if rest.is_empty() || rest == b";" {
        Ok(found)
    } else {
        Err(malformed("a parameter is followed by other text"))
    }
}

/// The text up to the closing quote, and what follows it.
fn unquote(text: &[u8]) -> Result<(Vec<u8>, &[u8]), FormFault> {
    let mut value = Vec::new();
    let mut rest = text;
    loop {
        rest = match rest {
            [b'\\', b'"', after @ ..] => {
                value.push(b'"');
                after
            }
            [b'"', after @ ..] => return Ok((value, after)),
            [byte, after @ ..] => {
                value.push(*byte);
                after
            }
            [] => return Err(malformed("a quote is not closed")),
        };
    }
}

fn split_header(line: &[u8]) -> Result<(&[u8], &[u8]), FormFault> {
    let colon = line.iter().position(|b| *b == b':');
    let Some((name, value)) = colon.map(|at| line.split_at(at)) else {
        return Err(malformed("a header of a part has no colon"));
    };
    let is_name = !name.is_empty() && name.iter().all(|b| b.is_ascii_graphic());
    // A line break of half a kind would be one for us and none for others, or the other way round.
    if !is_name || value.iter().any(|b| b"\r\n\0".contains(b)) {
        return Err(malformed("a header of a part is not well-formed"));
    }
    Ok((name, value.get(1..).unwrap_or_default().trim_ascii()))
}

/// The encodings that leave the bytes alone.
fn is_plain(encoding: &[u8]) -> bool {
    [&b"binary"[..], b"8bit", b"7bit"]
        .iter()
        .any(|plain| encoding.eq_ignore_ascii_case(plain))
}

/// The pieces between line breaks.
struct Lines<'a>(Option<&'a [u8]>);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let text = self.0?;
        match memchr::memmem::find(text, b"\r\n") {
            Some(at) => {
                let (line, rest) = text.split_at(at);
                self.0 = rest.get(2..);
                Some(line)
            }
            None => self.0.take(),
        }
    }
}

/// SPEC: RFC 2046: 1 to 70 characters.
const BOUNDARY_BYTES_MAX: usize = 70;
/// Most header lines of one part.
const PART_HEADERS_MAX: usize = 16;
/// Longest name of a field: the longest a header's could be that carries user metadata.
const FIELD_NAME_BYTES_MAX: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &str, expected: Result<(&str, Option<&str>, Option<&str>), &'static str>) {
        let found = PartHead::parse(head.as_bytes());
        let found = found.as_ref().map(|part| {
            let file_name = part.file_name.as_deref().map(String::from_utf8_lossy);
            (
                part.name.clone(),
                file_name.map(String::from),
                part.content_type.clone(),
            )
        });
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let expected = expected
            .map(|(name, file, kind)| (name.to_owned(), owned(file), owned(kind)))
            .map_err(malformed);
        assert_eq!(found.map_err(|fault| *fault), expected, "{head}");
    }

    #[test]
    fn the_heads_that_browsers_and_libraries_write_are_read() {
        check(
            "\r\nContent-Disposition: form-data; name=\"key\"",
            Ok(("key", None, None)),
        );
        check(
            "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\dir\\a.txt\"\r\nContent-Type: text/plain",
            Ok(("file", Some("C:\\dir\\a.txt"), Some("text/plain"))),
        );
        check(
            "  \r\ncontent-disposition:FORM-DATA;NAME=key ;x=y;",
            Ok(("key", None, None)),
        );
        check(
            "\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\nContent-Disposition: form-data; \
             filename=\"say \\\"hi\\\"; ok.txt\"; name=\"file\"",
            Ok(("file", Some("say \"hi\"; ok.txt"), Some("text/plain"))),
        );
        check(
            "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"; filename*=UTF-8''x",
            Ok(("file", Some(""), None)),
        );
    }

    #[test]
    fn a_head_that_could_be_read_in_two_ways_is_refused() {
        let disposition = "Content-Disposition: form-data; name=\"a\"";
        check(
            "x\r\nContent-Disposition: form-data; name=a",
            Err("a boundary is followed by other text"),
        );
        check("\r\n", Err("a header of a part has no colon"));
        check("\r\nContent-Type: a/b", Err("a part has no Content-Disposition"));
        check(
            &format!("\r\n{disposition}\r\n{disposition}"),
            Err("a part has two Content-Disposition headers"),
        );
        check(&format!("\r\n{disposition}; name=b"), Err("a part has two names"));
        check(
            "\r\nContent-Disposition: form-data; name=\"a",
            Err("a quote is not closed"),
        );
        check(
            "\r\nContent-Disposition: form-data; name=\"a\"b",
            Err("a parameter is followed by other text"),
        );
        check(
            "\r\nContent-Disposition: form-data; name",
            Err("a parameter has no value"),
        );
        check("\r\nContent-Disposition: form-data", Err("a part has no name"));
        check(
            "\r\nContent-Disposition: form-data; name=\"\"",
            Err("the name of a field is empty or too long"),
        );
        check(
            "\r\nContent-Disposition: attachment; name=a",
            Err("a part is not form-data"),
        );
        check(
            &format!("\r\n folded: x\r\n{disposition}"),
            Err("a header of a part is not well-formed"),
        );
        check(
            &format!("\r\n{disposition}\nX: y"),
            Err("a header of a part is not well-formed"),
        );
        check(
            &format!("\r\n{disposition}\r\nContent-Transfer-Encoding: base64"),
            Err("a part has a Content-Transfer-Encoding"),
        );
    }

    #[test]
    fn headers_and_names_are_bounded() {
        let headers = |n| {
            format!(
                "\r\nContent-Disposition: form-data; name=a{}",
                "\r\nX: y".repeat(n)
            )
        };
        check(&headers(PART_HEADERS_MAX - 1), Ok(("a", None, None)));
        check(&headers(PART_HEADERS_MAX), Err("a part has too many headers"));
        let named = |n: usize| format!("\r\nContent-Disposition: form-data; name={}", "a".repeat(n));
        check(
            &named(FIELD_NAME_BYTES_MAX),
            Ok((&"a".repeat(FIELD_NAME_BYTES_MAX), None, None)),
        );
        check(
            &named(FIELD_NAME_BYTES_MAX + 1),
            Err("the name of a field is empty or too long"),
        );
    }

    #[test]
    fn a_boundary_is_read_from_the_content_type() {
        let check = |content_type: &str, expected: Result<&str, &'static str>| {
            let expected = expected.map(str::to_owned).map_err(malformed);
            assert_eq!(parse_boundary(content_type), expected, "{content_type}");
        };
        check("multipart/form-data; boundary=abc", Ok("abc"));
        check(
            "Multipart/Form-Data;charset=utf-8;Boundary=\"a b:c\"",
            Ok("a b:c"),
        );
        check("multipart/form-data", Err("its Content-Type has no boundary"));
        check(
            "multipart/form-data; boundary=",
            Err("its Content-Type has an odd boundary"),
        );
        check(
            "multipart/form-data; boundary=\"a\u{e4}\"",
            Err("its Content-Type has an odd boundary"),
        );
        check(
            "multipart/form-data; boundary=\"a \"",
            Err("its Content-Type has an odd boundary"),
        );
        check(
            "multipart/form-data; boundary=a; boundary=b",
            Err("its Content-Type has two boundaries"),
        );
        check(
            "multipart/mixed; boundary=a",
            Err("it is not multipart/form-data"),
        );
        let longest = "b".repeat(BOUNDARY_BYTES_MAX);
        check(&format!("multipart/form-data; boundary={longest}"), Ok(&longest));
        check(
            &format!("multipart/form-data; boundary={longest}b"),
            Err("its Content-Type has an odd boundary"),
        );
    }
}
