//! The texts of both sides beside each other, the lines that differ marked: two columns that fit the screen.
//!
//! Not here: what differs (the server says so with each line).

use countersign_evidence::harmless;
use serde_json::Value;

use crate::terminal::{Ink, Screen};

/// A line of both texts, as the server tells it.
enum Row {
    Same(String),
    Different {
        received: Option<String>,
        signed: Option<String>,
    },
}

impl Row {
    fn of(line: &Value) -> Row {
        let text = |name: &str| line.get(name).and_then(Value::as_str).map(harmless);
        match line {
            Value::String(line) => Row::Same(harmless(line)),
            _ => Row::Different {
                received: text("received"),
                signed: text("signed"),
            },
        }
    }
}

/// The lines under this name, beside each other where they differ; empty if there are none.
pub(super) fn beside(texts: &Value, name: &str, screen: &Screen) -> String {
    let lines = texts.get(name).and_then(Value::as_array);
    let rows: Vec<Row> = lines.into_iter().flatten().map(Row::of).collect();
    if rows.iter().all(|row| matches!(row, Row::Same(_))) {
        return rows.iter().map(|row| one_column(row, screen)).collect();
    }
    let head = Row::Different {
        received: Some("received by the server".to_owned()),
        signed: Some("signed by the client".to_owned()),
    };
    let half = screen.width.saturating_sub(MARK.len() + BETWEEN.len()) / 2;
    let longest = rows.iter().chain([&head]).map(|row| match row {
        Row::Same(line) => line.chars().count(),
        Row::Different { received, .. } => received.as_deref().unwrap_or(LACKING).chars().count(),
    });
    let column = longest.max().unwrap_or_default().min(half);
    let mut out = two_columns(&head, column, half, screen, false);
    for row in &rows {
        let is_marked = matches!(row, Row::Different { .. });
        out.push_str(&two_columns(row, column, half, screen, is_marked));
    }
    out
}

fn one_column(row: &Row, screen: &Screen) -> String {
    let line = match row {
        Row::Same(line) => line.as_str(),
        Row::Different { .. } => LACKING,
    };
    let room = screen.width.saturating_sub(MARK.len());
    let pieces = pieces(line, room);
    pieces
        .iter()
        .map(|piece| ended(&format!("{NO_MARK}{piece}")))
        .collect()
}

/// A row in as many lines as its longer side needs.
fn two_columns(row: &Row, left: usize, right: usize, screen: &Screen, is_marked: bool) -> String {
    let (received, signed) = match row {
        Row::Same(line) => (line.as_str(), line.as_str()),
        Row::Different { received, signed } => (
            received.as_deref().unwrap_or(LACKING),
            signed.as_deref().unwrap_or(LACKING),
        ),
    };
    let (received, signed) = (pieces(received, left), pieces(signed, right));
    let mut out = String::new();
    for n in 0..received.len().max(signed.len()) {
        let mark = if is_marked && n == 0 { MARK } else { NO_MARK };
        let piece = |pieces: &[String]| pieces.get(n).cloned().unwrap_or_default();
        let (a, b) = (format!("{:left$}", piece(&received)), piece(&signed));
        let (a, b) = match is_marked {
            true => (screen.paint(&a, Ink::Red), screen.paint(&b, Ink::Green)),
            false => (a, b),
        };
        out.push_str(&ended(&format!("{mark}{a}{BETWEEN}{b}")));
    }
    out
}

fn ended(line: &str) -> String {
    format!("{}\n", line.trim_end())
}

/// A line in pieces of so many characters; an empty one is one piece.
fn pieces(line: &str, characters: usize) -> Vec<String> {
    let all: Vec<char> = line.chars().collect();
    if all.is_empty() {
        return vec![String::new()];
    }
    all.chunks(characters.max(1))
        .map(|piece| piece.iter().collect())
        .collect()
}

/// What stands in front of a line that differs, and of any other.
const MARK: &str = "  ! ";
const NO_MARK: &str = "    ";
const BETWEEN: &str = " | ";
/// What stands where one side has no such line.
const LACKING: &str = "(no such line)";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts() -> Value {
        json!({ "canonicalRequest": [
            "GET",
            "/bucket/k",
            "",
            { "received": "host:127.0.0.1:9000", "signed": "host:localhost" },
            { "signed": "x-amz-acl:private" },
            "host",
        ] })
    }

    #[test]
    fn lines_stand_beside_each_other_and_those_that_differ_are_marked() {
        let expected = "    received by the server | signed by the client
    GET                    | GET
    /bucket/k              | /bucket/k
                           |
  ! host:127.0.0.1:9000    | host:localhost
  ! (no such line)         | x-amz-acl:private
    host                   | host
";
        assert_eq!(
            beside(&texts(), "canonicalRequest", &Screen::of(100, false)),
            expected
        );
        assert_eq!(beside(&texts(), "stringToSign", &Screen::of(100, false)), "");
    }

    #[test]
    fn a_long_line_goes_on_in_its_own_column() {
        let long = json!({ "x": [{ "received": "a".repeat(50), "signed": format!("{}b", "a".repeat(49)) }, "same"] });
        let told = beside(&long, "x", &Screen::of(67, false));
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), 4, "{told}");
        assert_eq!(
            lines.get(1),
            Some(&format!("  ! {} | {}", "a".repeat(30), "a".repeat(30)).as_str())
        );
        assert_eq!(
            lines.get(2),
            Some(&format!("    {:30} | {}b", "a".repeat(20), "a".repeat(19)).as_str())
        );
        assert!(lines.iter().all(|line| line.chars().count() <= 67), "{told}");
    }

    #[test]
    fn where_nothing_differs_there_is_one_column() {
        let same = json!({ "x": ["GET", "/k\u{1b}[31m"] });
        assert_eq!(
            beside(&same, "x", &Screen::of(100, false)),
            "    GET\n    /k[31m\n"
        );
    }

    #[test]
    fn only_a_screen_with_colours_has_colours() {
        let told = beside(&texts(), "canonicalRequest", &Screen::of(100, true));
        assert!(told.contains("\u{1b}[32mhost:localhost\u{1b}[0m"), "{told}");
        assert!(told.contains("    GET                    | GET\n"), "{told}");
    }
}
