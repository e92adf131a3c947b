//! What people see on a terminal: tables, and texts that a terminal has nothing in to obey.
//!
//! Not here: what stands in them.

use std::io::{self, IsTerminal, Write};

use countersign_evidence::harmless;
use serde_json::Value;

use crate::exit::{Failure, Kind};

/// A column of a table: its name, and what stands in it.
pub(crate) type Column = (&'static str, fn(&Value) -> String);

/// A table with its head, or a line of JSON each; where there is nothing, people are told so.
pub(crate) fn listed(values: &[Value], json: bool, columns: &[Column], nothing: &str) -> String {
    if json {
        return rows(values, json, columns);
    }
    if values.is_empty() {
        return format!("{nothing}\n");
    }
    let head = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    let body = values.iter().map(|value| cells(value, columns));
    table(&std::iter::once(head).chain(body).collect::<Vec<_>>())
}

/// The same without a head.
pub(crate) fn rows(values: &[Value], json: bool, columns: &[Column]) -> String {
    if json {
        return values.iter().map(|value| format!("{value}\n")).collect();
    }
    table(
        &values
            .iter()
            .map(|value| cells(value, columns))
            .collect::<Vec<_>>(),
    )
}

fn cells(value: &Value, columns: &[Column]) -> Vec<String> {
    columns.iter().map(|(_, cell)| cell(value)).collect()
}

/// Columns side by side.
fn table(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| shown(cell)).collect())
        .collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let mut out = String::new();
    for row in &rows {
        let cells = row
            .iter()
            .enumerate()
            .map(|(n, cell)| format!("{cell:0$}", width(n)));
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    out
}

/// What a terminal may be given: no control characters, and not too long.
fn shown(text: &str) -> String {
    let mut out: String = harmless(text).chars().take(CELL_CHARACTERS_MAX).collect();
    if text.chars().count() > CELL_CHARACTERS_MAX {
        out.push('\u{2026}');
    }
    out
}

/// Something to see where there is nothing.
pub(crate) fn or_dash(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

/// Where a text is read: how wide it may be, and whether it may be coloured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    /// Characters of a line.
    pub(crate) width: usize,
    is_coloured: bool,
}

/// What stands out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ink {
    /// A heading.
    Bold,
    /// What arrived.
    Red,
    /// What was signed, and what to change.
    Green,
}

impl Screen {
    /// The standard output: coloured on a terminal only, and not where somebody asks for no colour.
    ///
    /// SPEC: <https://no-color.org>: `NO_COLOR`, whatever its value, if it is not empty.
    pub(crate) fn of_stdout() -> Screen {
        let out = io::stdout();
        let is_terminal = out.is_terminal();
        let size = rustix::termios::tcgetwinsize(&out).ok().filter(|_| is_terminal);
        let width = size
            .map(|size| usize::from(size.ws_col))
            .filter(|width| *width > 0);
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Screen {
            width: width.unwrap_or(WIDTH_USUAL).max(WIDTH_MIN),
            is_coloured: is_terminal && !is_set("NO_COLOR") && !is_dumb,
        }
    }

    #[cfg(test)]
    pub(crate) fn of(width: usize, is_coloured: bool) -> Screen {
        Screen { width, is_coloured }
    }

    /// A text in a colour, where there are colours.
    pub(crate) fn paint(&self, text: &str, ink: Ink) -> String {
        if !self.is_coloured || text.trim().is_empty() {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Bold => 1,
            Ink::Red => 31,
            Ink::Green => 32,
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Whoever reads may stop reading, as `head` does; that is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Failure::new(Kind::Failed, error.to_string())),
        Ok(()) => Ok(()),
    }
}

/// How wide a text is where nobody says how much room there is.
const WIDTH_USUAL: usize = 120;
/// Less room than this is treated as this much.
const WIDTH_MIN: usize = 60;
/// Most characters of a cell.
const CELL_CHARACTERS_MAX: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_a_terminal_has_nothing_to_obey() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
        let rows = [row(&["A", "LONGER", "C"]), row(&["long", "b\u{1b}[31m", ""])];
        assert_eq!(table(&rows), "A     LONGER  C\nlong  b[31m\n");
        assert_eq!(table(&[]), "");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), CELL_CHARACTERS_MAX + 1);
        assert_eq!(
            (or_dash(String::new()), or_dash("x".to_owned())),
            ("-".to_owned(), "x".to_owned())
        );
    }
}
