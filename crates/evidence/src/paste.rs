//! What a paste went through on its way: colours of a terminal, line breaks of Windows, what a log collector writes before each line, the
//! escapes of JSON and HTML. Taken off, so that the forms read what the tool printed.
//!
//! Not here: what the text is. Keeps true: a text that went through nothing comes out as it was, and one that was cut off is read as far as
//! it goes.

use std::borrow::Cow;

use serde_json::Value;

/// The fewest lines that show that something stands before each.
const LINES_MIN: usize = 3;
/// Where collectors put the line, in logs of one JSON object each.
const LINE_FIELDS: [&str; 4] = ["log", "message", "msg", "MESSAGE"];
/// What they put beside it.
const BESIDE_FIELDS: [&str; 8] = [
    "stream",
    "time",
    "timestamp",
    "@timestamp",
    "ts",
    "level",
    "severity",
    "container_name",
];
/// What a terminal's control sequence begins with.
const ESCAPE: char = '\u{1b}';
/// The first halves of lines that are no longer than this are looked at for what a collector wrote.
const PREFIX_BYTES_MAX: usize = 160;

/// The text as the tool printed it.
pub(crate) fn cleaned(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    for undo in [
        from_json,
        without_colours,
        with_plain_line_breaks,
        from_collector,
        from_json,
        from_html,
    ] {
        if let Some(undone) = undo(&text) {
            text = Cow::Owned(undone);
        }
    }
    text
}

/// A text that is one string of JSON, with or without its quotes, or lines of JSON of a log collector.
fn from_json(text: &str) -> Option<String> {
    let text = text.trim();
    if text.starts_with('"')
        && let Ok(Value::String(inner)) = serde_json::from_str(text)
    {
        return Some(inner);
    }
    if text.starts_with('{') && text.contains('\n') {
        let lines: Option<Vec<String>> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(line_of)
            .collect();
        return lines
            .filter(|lines| lines.len() >= LINES_MIN)
            .map(|lines| lines.concat());
    }
    // All on one line, with the line breaks written out: out of a ticket, or cut out of a larger document.
    let is_one_line = text.lines().count() == 1;
    let is_json = ["{\"", "[{", "[\""].iter().any(|begin| text.starts_with(begin));
    let is_escaped =
        is_one_line && !is_json && (text.matches("\\n").count() >= LINES_MIN || text.starts_with("{\\\""));
    if !is_escaped {
        return None;
    }
    let quoted = text.trim_matches('"');
    // What was cut off may end in half an escape.
    let whole = quoted.trim_end_matches('\\');
    let whole = format!("\"{whole}\"");
    let inner = serde_json::from_str::<Value>(&whole).ok();
    inner.and_then(|inner| inner.as_str().map(str::to_owned))
}

/// The line in a JSON object of a log collector: one that says besides when, where or how grave it was, and holds nothing that is an object
/// itself, such as an error that a program logged.
fn line_of(object: &str) -> Option<String> {
    let object: Value = serde_json::from_str(object).ok()?;
    let fields = object.as_object()?;
    let is_collected = BESIDE_FIELDS.iter().any(|name| fields.contains_key(*name));
    let is_flat = fields.values().all(|value| !value.is_object());
    let line = LINE_FIELDS.iter().find_map(|name| fields.get(*name)?.as_str())?;
    let is_ended = line.ends_with('\n');
    (is_collected && is_flat).then(|| {
        if is_ended {
            line.to_owned()
        } else {
            format!("{line}\n")
        }
    })
}

fn without_colours(text: &str) -> Option<String> {
    if !text.contains(ESCAPE) {
        return None;
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != ESCAPE {
            plain.push(c);
            continue;
        }
        match chars.next() {
            // ESC [ parameters letter
            Some('[') => {
                chars.by_ref().find(|c| matches!(c, '@'..='~'));
            }
            // ESC ] text, ended by a bell or by ESC \
            Some(']') => {
                chars.by_ref().find(|c| matches!(*c, '\u{7}' | '\\'));
            }
            Some(_) | None => {}
        }
    }
    Some(plain)
}

fn with_plain_line_breaks(text: &str) -> Option<String> {
    // Node's reader of a terminal and old systems write a lone carriage return.
    text.contains('\r').then(|| text.replace("\r\n", "\n"))
}

/// Takes off what a collector wrote before each line, if it did before each.
fn from_collector(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let told: Vec<&&str> = lines.iter().filter(|line| !line.trim().is_empty()).collect();
    if told.len() < LINES_MIN {
        return None;
    }
    let shapes: [fn(&str) -> Option<usize>; 6] =
        [compose, container_runtime, collected_at, journal, pod, quoted];
    let shape = shapes
        .into_iter()
        .find(|shape| told.iter().all(|line| shape(line).is_some()))?;
    let mut stripped = String::with_capacity(text.len());
    for line in lines {
        let from = shape(line).unwrap_or(0);
        stripped.push_str(line.get(from..).unwrap_or_default());
        stripped.push('\n');
    }
    Some(stripped)
}

/// `web-1  | `, as docker compose writes.
fn compose(line: &str) -> Option<usize> {
    let (name, _) = line
        .get(..line.len().min(PREFIX_BYTES_MAX))
        .unwrap_or(line)
        .split_once('|')?;
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    is_name(name.trim_end()).then(|| after_blank(line, name.len() + 1))
}

/// `2025-01-31T10:00:00.123456789Z stdout F `, as container runtimes keep it.
fn container_runtime(line: &str) -> Option<usize> {
    let time = collected_at(line)?;
    let rest = line.get(time..)?;
    let mark = ["stdout F", "stderr F", "stdout P", "stderr P"]
        .into_iter()
        .find(|mark| rest.starts_with(mark))?;
    Some(after_blank(line, time + mark.len()))
}

/// `2025-01-31T10:00:00.1234567Z `, as GitHub Actions and `docker logs --timestamps` write.
fn collected_at(line: &str) -> Option<usize> {
    let (time, _) = line.split_once(' ').unwrap_or((line, ""));
    let shape: Vec<u8> = time
        .bytes()
        .map(|b| if b.is_ascii_digit() { b'0' } else { b })
        .collect();
    let is_time = shape.starts_with(b"0000-00-00T00:00:00.") && shape.ends_with(b"Z") && time.len() > 24;
    is_time.then(|| after_blank(line, time.len()))
}

/// `Jan 31 10:00:00 host app[123]: `, as journald and syslog write.
fn journal(line: &str) -> Option<usize> {
    let head = line.get(..line.len().min(PREFIX_BYTES_MAX)).unwrap_or(line);
    let mut words = head.splitn(5, ' ').filter(|word| !word.is_empty());
    let (month, day, time) = (words.next()?, words.next()?, words.next()?);
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let is_dated = MONTHS.contains(&month)
        && day.parse::<u8>().is_ok()
        && time.len() == 8
        && time.matches(':').count() == 2;
    let end = head.find("]:").map(|at| at + 2)?;
    is_dated.then(|| after_blank(line, end))
}

/// `[pod/name/container] `, as kubectl writes with `--prefix`.
fn pod(line: &str) -> Option<usize> {
    let end = line.find(']')?;
    line.starts_with("[pod/").then(|| after_blank(line, end + 1))
}

/// `> `, as mails and tickets quote; a text that curl printed has other marks, too.
fn quoted(line: &str) -> Option<usize> {
    line.starts_with('>').then(|| after_blank(line, 1))
}

/// Behind one blank at this place, if one is there.
fn after_blank(line: &str, at: usize) -> usize {
    at + usize::from(line.as_bytes().get(at) == Some(&b' '))
}

/// A text that a page shows, with its own brackets and quotes escaped. `&amp;` alone is no sign: a link that was copied out of a page's
/// source has it, and that is its fault.
fn from_html(text: &str) -> Option<String> {
    let is_escaped = ["&lt;", "&gt;", "&quot;", "&#39;", "&#x27;"]
        .iter()
        .any(|mark| text.contains(mark));
    let is_plain = text.contains(['<', '>']) || (text.contains('"') && text.contains("&quot;"));
    if !is_escaped || is_plain {
        return None;
    }
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'");
    Some(text.replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a: 1\n\n<b>\nc \"d\"\n";

    fn before_each(prefix: &str) -> String {
        TEXT.lines().map(|line| format!("{prefix}{line}\n")).collect()
    }

    #[test]
    fn what_stands_before_each_line_is_taken_off() {
        for prefix in [
            "web-1  | ",
            "2025-01-31T10:00:00.1234567Z ",
            "2025-01-31T10:00:00.123456789Z stderr F ",
            "Jan 31 10:00:00 host app[123]: ",
            "Jan  3 10:00:00 host app[123]: ",
            "[pod/web-0/app] ",
            "> ",
        ] {
            assert_eq!(cleaned(&before_each(prefix)), TEXT, "{prefix}");
            // Blanks at the end of a line are lost soon.
            let trimmed: String = before_each(prefix)
                .lines()
                .map(|line| format!("{}\n", line.trim_end()))
                .collect();
            assert_eq!(cleaned(&trimmed), TEXT, "{prefix}");
        }
    }

    #[test]
    fn colours_line_breaks_and_escapes_are_undone() {
        let json = serde_json::to_string(TEXT).expect("JSON");
        let collected: String = TEXT
            .lines()
            .map(|line| {
                format!(
                    "{}\n",
                    serde_json::json!({"log": format!("{line}\n"), "stream": "stderr"})
                )
            })
            .collect();
        let html = TEXT
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;");
        for text in [
            TEXT.replace('\n', "\r\n"),
            TEXT.replace('a', "\u{1b}[1;31ma\u{1b}[0m")
                .replace('c', "\u{1b}]8;;http://x\u{1b}\\c"),
            json.trim_matches('"').to_owned(),
            json,
            collected,
            html,
        ] {
            assert_eq!(cleaned(&text), TEXT, "{text}");
        }
    }

    #[test]
    fn a_text_that_went_through_nothing_stays_as_it_is() {
        for text in [
            "",
            TEXT,
            "https://h/k?a=1&amp;b=2",
            "> GET / HTTP/1.1\n> Host: h\n>\n< HTTP/1.1 403 Forbidden\n",
            "2025-01-31 10:00:00,123 a\nb\n2025-01-31 10:00:00,124 c\n",
            "{\n  \"a\": \"b\\nc\\nd\\ne\"\n}",
            "<Message>expecting \"&lt;YOUR-AKID&gt;\"</Message>",
        ] {
            assert_eq!(cleaned(text), text);
            assert!(matches!(cleaned(text), Cow::Borrowed(_)) || text.contains('\r'));
        }
    }
}
