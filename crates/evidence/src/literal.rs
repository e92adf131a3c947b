//! Values as programs print them: JSON, `util.inspect` of Node, `repr` of Python. One reader for all, for they differ in little:
//! names with or without quotes, strings put together with `+`, a `b` before bytes, classes before braces.
//!
//! Not here: what the values mean. Keeps true: any text is read in one pass; nesting beyond [`DEPTH_MAX`] is passed over.

/// Braces within braces that are followed.
const DEPTH_MAX: usize = 32;

/// The longest that Node prints in brackets in the place of a value: `[Object: null prototype]`, `[Function: name]`.
const WORD_BYTES_MAX: usize = 256;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Literal {
    /// A string, or a word that stands for itself: a number, `true`, a time.
    Text(String),
    /// `[a, b]`, also a tuple.
    List(Vec<Literal>),
    /// `{a: b}`, with the word before it, if any: `HttpRequest {..}`.
    Fields {
        class: String,
        fields: Vec<(String, Literal)>,
    },
}

impl Literal {
    /// Reads the value at the beginning of a text; what follows it comes, too. `None` if there is none.
    pub(crate) fn read(text: &str) -> Option<(Literal, &str)> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        Some((value, text.get(reader.at..)?))
    }

    /// The value of a field, in any case of letters.
    pub(crate) fn field(&self, name: &str) -> Option<&Literal> {
        match self {
            Literal::Fields { fields, .. } => {
                let mut fields = fields.iter();
                let (_, value) = fields.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
                Some(value)
            }
            Literal::Text(_) | Literal::List(_) => None,
        }
    }

    /// The text of a field.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.field(name).and_then(Literal::as_text)
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Literal::Text(text) => Some(text),
            Literal::List(_) | Literal::Fields { .. } => None,
        }
    }

    /// Its fields whose values are texts. A list of one text, as Node prints headers, is that text.
    pub(crate) fn texts(&self) -> Vec<(String, String)> {
        let Literal::Fields { fields, .. } = self else {
            return Vec::new();
        };
        let texts = fields.iter().filter_map(|(name, value)| {
            let text = match value {
                Literal::Text(text) => text,
                Literal::List(list) => list.first()?.as_text()?,
                Literal::Fields { .. } => return None,
            };
            Some((name.clone(), text.to_owned()))
        });
        texts.collect()
    }

    /// Itself and every value inside, outermost first, until one is wanted.
    pub(crate) fn find<'a>(&'a self, wanted: &dyn Fn(&'a Literal) -> bool) -> Option<&'a Literal> {
        if wanted(self) {
            return Some(self);
        }
        match self {
            Literal::Text(_) => None,
            Literal::List(list) => list.iter().find_map(|value| value.find(wanted)),
            Literal::Fields { fields, .. } => fields.iter().find_map(|(_, value)| value.find(wanted)),
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next();
        }
    }

    fn take(&mut self, c: char) -> bool {
        let is_next = self.peek() == Some(c);
        if is_next {
            self.next();
        }
        is_next
    }

    /// `=` or `=>`, as some print maps.
    fn take_arrow(&mut self) -> bool {
        let is_next = self.take('=');
        self.take('>');
        is_next
    }

    fn value(&mut self, depth: usize) -> Option<Literal> {
        self.skip_blanks();
        if let Some(text) = self.strings() {
            return Some(Literal::Text(text));
        }
        let is_printed_for = ["[Object", "[Function", "[Circular", "[Getter", "[Symbol"];
        let stands_for_something = is_printed_for.iter().any(|mark| self.rest().starts_with(mark));
        match self.peek()? {
            '{' => self.fields(String::new(), depth),
            '[' | '(' if !stands_for_something => self.list(depth),
            _ => {
                let word = self.word();
                self.skip_blanks();
                match self.peek() {
                    Some('{') if !word.is_empty() && is_class(&word) => self.fields(word, depth),
                    _ if word.is_empty() => None,
                    _ => Some(Literal::Text(word)),
                }
            }
        }
    }

    /// One string or several put together with `+`.
    fn strings(&mut self) -> Option<String> {
        let mut text = self.string()?;
        loop {
            let back = self.at;
            self.skip_blanks();
            if !self.take('+') {
                self.at = back;
                return Some(text);
            }
            self.skip_blanks();
            match self.string() {
                Some(more) => text.push_str(&more),
                None => {
                    self.at = back;
                    return Some(text);
                }
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let rest = self.rest();
        let prefix = usize::from(
            rest.starts_with(['b', 'u', 'r']) && rest.get(1..2).is_some_and(|c| "'\"".contains(c)),
        );
        let quote = rest
            .get(prefix..)?
            .chars()
            .next()
            .filter(|c| matches!(c, '\'' | '"' | '`'))?;
        self.at += prefix + 1;
        let mut text = String::new();
        let mut bytes = Vec::new();
        while let Some(c) = self.next() {
            if c == quote {
                flush(&mut bytes, &mut text);
                return Some(text);
            }
            if c != '\\' {
                flush(&mut bytes, &mut text);
                text.push(c);
                continue;
            }
            match self.next()? {
                'x' => bytes.extend(self.hex(2).and_then(|code| u8::try_from(code).ok())),
                'u' => {
                    flush(&mut bytes, &mut text);
                    let mut code = self.hex(4)?;
                    if (0xd800..0xdc00).contains(&code) && self.rest().starts_with("\\u") {
                        self.at += 2;
                        let low = self.hex(4)?;
                        code = 0x10000 + ((code - 0xd800) << 10) + (low.wrapping_sub(0xdc00) & 0x3ff);
                    }
                    text.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                }
                other => {
                    flush(&mut bytes, &mut text);
                    match other {
                        'n' => text.push('\n'),
                        'r' => text.push('\r'),
                        't' => text.push('\t'),
                        'b' => text.push('\u{8}'),
                        'f' => text.push('\u{c}'),
                        'v' => text.push('\u{b}'),
                        '0' => text.push('\0'),
                        // A line that goes on.
                        '\n' => {}
                        same => text.push(same),
                    }
                }
            }
        }
        None
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let code = u32::from_str_radix(self.rest().get(..digits)?, 16).ok()?;
        self.at += digits;
        Some(code)
    }

    fn fields(&mut self, class: String, depth: usize) -> Option<Literal> {
        self.next();
        let mut fields = Vec::new();
        loop {
            self.skip_blanks();
            while self.take(',') || self.take(';') {
                self.skip_blanks();
            }
            if self.take('}') || self.peek().is_none() {
                return Some(Literal::Fields { class, fields });
            }
            let name = match self.strings() {
                Some(name) => name,
                None => self.name(),
            };
            self.skip_blanks();
            if !(self.take(':') || self.take_arrow()) {
                // A value without a name, or something of which nothing is known: on to the next.
                if name.is_empty() {
                    self.next();
                }
                continue;
            }
            if depth >= DEPTH_MAX {
                return None;
            }
            if let Some(value) = self.value(depth + 1) {
                fields.push((name, value));
            }
            self.pass_to_end_of_value();
        }
    }

    fn list(&mut self, depth: usize) -> Option<Literal> {
        let closing = if self.next() == Some('[') { ']' } else { ')' };
        let mut list = Vec::new();
        loop {
            self.skip_blanks();
            while self.take(',') {
                self.skip_blanks();
            }
            if self.take(closing) || self.peek().is_none() {
                return Some(Literal::List(list));
            }
            if depth >= DEPTH_MAX {
                return None;
            }
            match self.value(depth + 1) {
                Some(value) => list.push(value),
                None => {
                    self.next();
                }
            }
            self.pass_to_end_of_value();
        }
    }

    /// Passes over what belongs to a value that was not read whole: `<Buffer 3c 3f>`, `[Object: null prototype]`.
    fn pass_to_end_of_value(&mut self) {
        while self
            .peek()
            .is_some_and(|c| !matches!(c, ',' | '}' | ']' | ')' | ';' | '\n'))
        {
            self.next();
        }
    }

    /// A name without quotes.
    fn name(&mut self) -> String {
        let end = self
            .rest()
            .find(|c: char| !(c.is_alphanumeric() || "$_-.@[]()".contains(c)))
            .unwrap_or(self.rest().len());
        let name = self.rest().get(..end).unwrap_or_default().to_owned();
        self.at += end;
        name.trim_matches(['[', ']']).to_owned()
    }

    /// A value without quotes: up to what ends values.
    fn word(&mut self) -> String {
        let rest = self.rest();
        // Without an end to the search each of many that are left open would be looked for in all that follows.
        let bracketed = rest
            .starts_with('[')
            .then(|| rest.bytes().take(WORD_BYTES_MAX).position(|b| b == b']'))
            .flatten()
            .map(|at| at + 1);
        let end = bracketed.unwrap_or_else(|| {
            rest.find([',', '}', ']', ')', '{', '\n', '('])
                .unwrap_or(rest.len())
        });
        let word = rest.get(..end).unwrap_or_default().trim().to_owned();
        self.at += end;
        word
    }
}

/// Bytes that were written as `\xNN` stand for UTF-8 where they are.
fn flush(bytes: &mut Vec<u8>, text: &mut String) {
    if !bytes.is_empty() {
        text.push_str(&String::from_utf8_lossy(bytes));
        bytes.clear();
    }
}

fn is_class(word: &str) -> bool {
    word.chars()
        .all(|c| c.is_alphanumeric() || "_.$<>*: []".contains(c))
        && !word.contains("://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Literal {
        Literal::read(text).expect("a value").0
    }

    #[test]
    fn json_is_read() {
        let value = read(
            r#"{"Code": "X", "n": 403, "list": ["a", {"b": "c\n\u00e9\ud83d\ude00"}], "t": true, "z": null}"#,
        );
        assert_eq!(value.text("code"), Some("X"));
        assert_eq!((value.text("n"), value.text("t")), (Some("403"), Some("true")));
        let inner = value
            .find(&|value| value.text("b").is_some())
            .expect("the inner one");
        assert_eq!(inner.text("b"), Some("c\n\u{e9}\u{1f600}"));
    }

    #[test]
    fn what_node_prints_is_read() {
        let value = read(
            "{\n  '$fault': 'client',\n  '$response': HttpResponse {\n    statusCode: 403,\n    headers: [Object: null prototype] {\n      date: 'd'\n    },\n    body: <Buffer 3c 3f>,\n    on: [Function: x],\n    again: [Circular *1]\n  },\n  StringToSign: 'AWS4-HMAC-SHA256\\n' +\n    '20250101T000000Z\\n' +\n    \"it's\",\n  time: 2025-01-01T00:00:00.000Z,\n  cfId: undefined\n}",
        );
        assert_eq!(
            value.text("StringToSign"),
            Some("AWS4-HMAC-SHA256\n20250101T000000Z\nit's")
        );
        let response = value.field("$response").expect("the response");
        assert!(matches!(response, Literal::Fields { class, .. } if class == "HttpResponse"));
        assert_eq!(response.text("statusCode"), Some("403"));
        assert_eq!(value.text("cfId"), Some("undefined"));
        assert_eq!(value.text("time"), Some("2025-01-01T00:00:00.000Z"));
    }

    #[test]
    fn what_python_prints_is_read() {
        let value = read(
            r"{'User-Agent': b'Boto3/1.36 \xc3\xa9', 'n': 1, 'none': None, 'pair': ('a', 'b'), 'q': 'it\'s'}",
        );
        assert_eq!(value.text("user-agent"), Some("Boto3/1.36 \u{e9}"));
        assert_eq!(value.text("q"), Some("it's"));
        assert_eq!(
            value.field("pair"),
            Some(&Literal::List(vec![
                Literal::Text("a".into()),
                Literal::Text("b".into())
            ]))
        );
    }

    #[test]
    fn what_stands_for_a_value_is_short() {
        let fields = "x: 'y', ".repeat(WORD_BYTES_MAX);
        let value = read(&format!("{{a: [Object, {fields} b: [1]}}"));
        assert_eq!((value.text("a"), value.text("x")), (Some("[Object"), Some("y")));
        assert_eq!(
            read("{a: [Object: null prototype]}").text("a"),
            Some("[Object: null prototype]")
        );
    }

    #[test]
    fn reading_any_text_ends() {
        let deep = "{a:".repeat(10_000);
        for text in [
            "",
            "{",
            "[",
            "'",
            "{'a",
            "{a:",
            "{a:'",
            "{,,,",
            "{:}",
            "[,]",
            "{a b c}",
            "}{",
            "{a=>1}",
            "\\",
            deep.as_str(),
        ] {
            let _ = Literal::read(text);
        }
    }
}
