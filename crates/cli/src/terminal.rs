//! What people see on a terminal: tables, and texts that a terminal has nothing in to obey.
//!
//! Not here: what stands in them.

use std::io::{self, Write};

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
    let mut out: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(CELL_CHARACTERS_MAX)
        .collect();
    if text.chars().count() > CELL_CHARACTERS_MAX {
        out.push('\u{2026}');
    }
    out
}

/// Something to see where there is nothing.
pub(crate) fn or_dash(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
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
