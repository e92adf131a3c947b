//! A command line of curl, as it is typed, or copied from a browser's network panel.
//!
//! SPEC: <https://curl.se/docs/manpage.html>. Not here: configuration files, and bodies: a file that the command names is not read.

use crate::evidence::{Evidence, Sent};
use crate::forms::Form;
use crate::http;

/// Options of one letter that take a value.
const VALUED_LETTERS: &str = "AbcCdDeEFhHKmoPQrtTuUwXxyYz";
/// Long options that take none and may stand before what counts.
const FLAGS: [&str; 22] = [
    "--compressed",
    "--insecure",
    "--location",
    "--silent",
    "--verbose",
    "--include",
    "--head",
    "--get",
    "--fail",
    "--fail-with-body",
    "--globoff",
    "--path-as-is",
    "--http1.1",
    "--http2",
    "--http1.0",
    "--show-error",
    "--progress-bar",
    "--location-trusted",
    "--remote-name",
    "--no-buffer",
    "--raw",
    "--ipv4",
];

pub(crate) fn read(text: &str) -> Option<Evidence> {
    let text = text.trim_start_matches(['$', '#', '>', ' ']);
    let rest = text
        .strip_prefix("curl")
        .or_else(|| text.strip_prefix("curl.exe"))?;
    if !rest.starts_with(char::is_whitespace) {
        return None;
    }
    let words = words(rest);
    let command = Command::of(&words);
    let method = command.method();
    let mut sent = Sent::to_url(&method, command.url.as_deref()?)?;
    if command.get {
        let data = command.data.join("&");
        sent.query = Some(match sent.query.take() {
            Some(query) => format!("{query}&{data}"),
            None => data.clone(),
        })
        .filter(|query| !query.is_empty());
    }
    sent.add_headers(command.headers.iter().filter_map(|line| http::header(line)));
    if !command.data.is_empty() && !command.get {
        sent.default_header("Content-Type", "application/x-www-form-urlencoded");
        let is_file = command.data.iter().any(|data| data.starts_with('@'));
        let bytes = command.data.iter().map(String::len).sum::<usize>() + command.data.len() - 1;
        sent.body_bytes = (!is_file).then_some(bytes as u64);
    }
    if command.form {
        sent.default_header("Content-Type", "multipart/form-data; boundary=chosen-by-curl");
    }
    sent.default_header("User-Agent", "curl");
    sent.default_header("Accept", "*/*");
    let mut evidence = Evidence::new(Form::CurlCommand);
    evidence.sent = Some(sent);
    if command.signs {
        evidence.notes.push(
            "curl signs the request when it runs; run it with -v to see what it signed and what came back.",
        );
    }
    Some(evidence)
}

#[derive(Default)]
struct Command {
    url: Option<String>,
    method: Option<String>,
    headers: Vec<String>,
    data: Vec<String>,
    get: bool,
    head: bool,
    upload: bool,
    form: bool,
    signs: bool,
}

impl Command {
    fn of(words: &[String]) -> Command {
        let mut command = Command::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if let Some(long) = word.strip_prefix("--") {
                let (name, value) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None if FLAGS.contains(&word.as_str()) => (long, None),
                    None => (long, words.next().cloned()),
                };
                command.take(name, value.unwrap_or_default());
            } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
                for (at, letter) in letters.char_indices() {
                    if VALUED_LETTERS.contains(letter) {
                        let joined = letters.get(at + letter.len_utf8()..).unwrap_or_default();
                        let value = match joined {
                            "" => words.next().cloned().unwrap_or_default(),
                            joined => joined.to_owned(),
                        };
                        command.take(long_name(letter), value);
                        break;
                    }
                    command.take(long_name(letter), String::new());
                }
            } else if word.contains("://") && command.url.is_none() {
                command.url = Some(word.clone());
            }
        }
        command
    }

    fn take(&mut self, name: &str, value: String) {
        match name {
            "url" => self.url = Some(value),
            "request" => self.method = Some(value),
            "header" => self.headers.push(value),
            "user-agent" => self.headers.push(format!("User-Agent: {value}")),
            "referer" => self.headers.push(format!("Referer: {value}")),
            "cookie" => self.headers.push(format!("Cookie: {value}")),
            "range" => self.headers.push(format!("Range: bytes={value}")),
            "data" | "data-raw" | "data-binary" | "data-ascii" | "data-urlencode" | "json" => {
                self.data.push(value)
            }
            "form" | "form-string" => self.form = true,
            "upload-file" => self.upload = true,
            "get" => self.get = true,
            "head" => self.head = true,
            "aws-sigv4" => self.signs = true,
            _ => {}
        }
    }

    fn method(&self) -> String {
        let implied = match () {
            () if self.head => "HEAD",
            () if self.upload => "PUT",
            () if self.get => "GET",
            () if self.form || !self.data.is_empty() => "POST",
            () => "GET",
        };
        self.method.clone().unwrap_or_else(|| implied.to_owned())
    }
}

/// The long name of an option of one letter, as far as it counts here.
fn long_name(letter: char) -> &'static str {
    match letter {
        'X' => "request",
        'H' => "header",
        'A' => "user-agent",
        'e' => "referer",
        'b' => "cookie",
        'r' => "range",
        'd' => "data",
        'F' => "form",
        'T' => "upload-file",
        'G' => "get",
        'I' => "head",
        _ => "",
    }
}

/// The words of a line as a shell takes them, or as the command prompt of Windows does in what browsers copy for it.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // Without quotes it ends the command, also in the middle of a link.
            ';' | '|' | '&' | '<' | '>' => break,
            c if c.is_whitespace() => words.extend(word.take()),
            '\\' | '^' => match chars.next() {
                Some('\n') | None => {}
                Some('\r') => {
                    chars.next_if_eq(&'\n');
                }
                Some(escaped) => word.get_or_insert_default().push(escaped),
            },
            '\'' => {
                let word = word.get_or_insert_default();
                word.extend(chars.by_ref().take_while(|c| *c != '\''));
            }
            '$' if chars.peek() == Some(&'\'') => {
                chars.next();
                dollar_quoted(&mut chars, word.get_or_insert_default());
            }
            '"' => {
                let word = word.get_or_insert_default();
                while let Some(c) = chars.next().filter(|c| *c != '"') {
                    match c {
                        '\\' if chars.peek().is_some_and(|next| "\"\\$`".contains(*next)) => {
                            word.extend(chars.next())
                        }
                        c => word.push(c),
                    }
                }
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// `$'..'`: with escapes as in C.
fn dollar_quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, word: &mut String) {
    while let Some(c) = chars.next().filter(|c| *c != '\'') {
        if c != '\\' {
            word.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => word.push('\n'),
            Some('r') => word.push('\r'),
            Some('t') => word.push('\t'),
            Some('u') => {
                let digits: String = (0..4)
                    .filter_map(|_| chars.next_if(char::is_ascii_hexdigit))
                    .collect();
                let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                word.push(code.unwrap_or('\u{fffd}'));
            }
            Some(other) => word.push(other),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str) -> Sent {
        read(text).and_then(|evidence| evidence.sent).expect("a command")
    }

    #[test]
    fn words_are_those_of_a_shell() {
        for (text, expected) in [
            (" a 'b c' \"d\\\"e\" f\\ g", vec!["a", "b c", "d\"e", "f g"]),
            (" a \\\n  b", vec!["a", "b"]),
            (" $'it\\'s\\u0021' ''", vec!["it's!", ""]),
            (" a'b'\"c\"d", vec!["abcd"]),
            (" a | b", vec!["a"]),
            (" http://h/k?a=1&b=2 c", vec!["http://h/k?a=1"]),
            (" 'open", vec!["open"]),
            (" ^\r\n b", vec!["b"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn method_and_headers_follow_from_the_options() {
        for (text, method) in [
            ("curl https://h/k", "GET"),
            ("curl -I https://h/k", "HEAD"),
            ("curl -T file https://h/k", "PUT"),
            ("curl -sS -XPUT --data-binary @f https://h/k", "PUT"),
            ("curl 'https://h/k' --data-raw 'a=b'", "POST"),
            ("curl -F file=@x https://h/k", "POST"),
            ("curl --request DELETE --url https://h/k", "DELETE"),
        ] {
            assert_eq!(sent(text).method, method, "{text}");
        }
        let sent = sent(
            "curl 'https://h/k?a=1' -X PUT -H 'Content-Type: text/plain' -H 'Host: other' -d abc --compressed",
        );
        assert_eq!(sent.header("content-type"), Some("text/plain"));
        assert_eq!((sent.header("host"), sent.body_bytes), (Some("other"), Some(3)));
        assert_eq!(sent.query.as_deref(), Some("a=1"));
    }

    #[test]
    fn what_curl_adds_by_itself_is_there() {
        assert_eq!(
            sent("curl -d a=b https://h/k").header("content-type"),
            Some("application/x-www-form-urlencoded")
        );
        assert!(
            read("curl --aws-sigv4 aws:amz:us-east-1:s3 https://h/k").is_some_and(|e| !e.notes.is_empty())
        );
    }

    #[test]
    fn other_texts_are_none() {
        for text in ["curly https://h", "curl", "wget https://h", "curl -v"] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
