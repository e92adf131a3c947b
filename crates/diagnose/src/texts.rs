//! What was signed on both sides, line by line: the text that this server made of the request, and for a proof the text that
//! the client signed.
//!
//! Not here: finding out what the client signed (see `search`), and laying the lines out for a reader.
//!
//! Keeps true: no line holds a credential, a whole signature, or a value that its reader may not be told; lines and bytes are
//! bounded; a change of the key shows in no line, because it is in no text.

use std::iter;

use countersign_sigv4::{ChunkError, decode_percent, decode_query, string_to_sign, string_to_sign_head};
use serde::Serialize;

use crate::hidden::{is_secret_header, is_secret_parameter};
use crate::hypothesis::Change;
use crate::parts::sha256;
use crate::scene::Scene;
use crate::search::{Found, written_as};
use crate::words::{Level, Origin, SHOWN_VALUE_BYTES_MAX, Value};

/// Most lines of one text that are compared; the lines behind them are counted.
pub const TEXT_LINES_MAX: usize = 128;
/// Most bytes that the lines of all texts of one diagnosis have together; lines that are the same on both sides go first.
pub const TEXTS_BYTES_MAX: usize = 16 * 1024;
/// How much of a long line stands before the first difference.
const BEFORE_DIFFERENCE_BYTES: usize = 128;
/// Characters of a signature that tell it from another.
const SIGNATURE_BYTES_SHOWN: usize = 8;
/// What stands in the place of what is not told.
const HIDDEN: &str = "***";

/// Both texts as one reader may see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportTexts {
    /// `lines`, `key` or `lines-and-key`: where the two sides differ. `unknown`: what the client signed is not known.
    pub differs: &'static str,
    /// The canonical request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub canonical_request: Vec<ReportLine>,
    /// The string to sign, where it says more than the canonical request: of a chunk, a trailer, or with another date.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub string_to_sign: Vec<ReportLine>,
    /// Lines that are not told, to bound the length.
    #[serde(skip_serializing_if = "is_zero")]
    pub omitted_lines: usize,
}

/// A line of both texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ReportLine {
    /// It is the same on both sides, or the other side is not known.
    Same(String),
    /// It differs, or only one side has it.
    Different {
        /// What this server made of the request.
        #[serde(skip_serializing_if = "Option::is_none")]
        received: Option<String>,
        /// What the client signed.
        #[serde(skip_serializing_if = "Option::is_none")]
        signed: Option<String>,
    },
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Both texts, before anybody decided who may read them.
#[derive(Clone, Debug)]
pub(crate) struct Texts {
    differs: Differs,
    canonical_request: Vec<Line>,
    string_to_sign: Vec<Line>,
    omitted_lines: usize,
}

#[derive(Clone, Copy, Debug)]
enum Differs {
    Lines,
    Key,
    LinesAndKey,
    Unknown,
}

#[derive(Clone, Debug)]
enum Line {
    Same(Told),
    Different {
        received: Option<Told>,
        signed: Option<Told>,
    },
}

/// A line: what names it, and what of it is up to the reader.
#[derive(Clone, Debug)]
struct Told {
    name: String,
    value: Value,
}

impl Texts {
    /// The texts of a comparison that failed; `None` where there was none to fail.
    pub(crate) fn of(scene: &Scene<'_>, found: &Found) -> Option<Texts> {
        let changes: Vec<&Change> = found
            .groups
            .iter()
            .filter_map(|group| group.first())
            .map(|hypothesis| &hypothesis.change)
            .collect();
        let mut texts = match scene.chunk_error() {
            Some(
                ChunkError::SignatureMismatch { string_to_sign, .. }
                | ChunkError::TrailerSignatureMismatch { string_to_sign, .. },
            ) => Texts::of_chunk(scene, string_to_sign, &changes),
            _ => Texts::of_request(scene, &changes)?,
        };
        texts.differs = differs(&changes);
        texts.shorten();
        Some(texts)
    }

    fn of_request(scene: &Scene<'_>, changes: &[&Change]) -> Option<Texts> {
        let parts = scene.parts.as_ref()?;
        if changes.is_empty() && !scene.is_mismatch() {
            return None;
        }
        let received = parts.bytes(&[]);
        if changes.is_empty() {
            let mut rows = rows(&received, place_in_request);
            let omitted_lines = rows.len().saturating_sub(TEXT_LINES_MAX);
            rows.truncate(TEXT_LINES_MAX);
            let same = |row: &Row<'_>| Line::Same(told(scene, row, Origin::Answered, 0));
            return Some(Texts {
                differs: Differs::Unknown,
                canonical_request: rows.iter().map(same).collect(),
                string_to_sign: Vec::new(),
                omitted_lines,
            });
        }
        let signed = parts.bytes(changes);
        let (canonical_request, omitted_lines) = compared(
            scene,
            rows(&received, place_in_request),
            rows(&signed, place_in_request),
        );
        let other_date = changes.iter().find_map(|change| match change {
            Change::Timestamp(text) => Some(text.as_str()),
            _ => None,
        });
        let other_form = changes.iter().find_map(|change| match change {
            Change::StringToSign(form) => Some(*form),
            _ => None,
        });
        let (string_to_sign, omitted) = match scene.claim() {
            Some(claim) if other_date.is_some() || other_form.is_some() => {
                let date = other_date.unwrap_or(&claim.timestamp);
                let received = string_to_sign(&claim.timestamp, &claim.scope, &sha256(&received));
                let head = string_to_sign_head(date, &claim.scope);
                let hash = sha256(&signed);
                let signed = match other_form {
                    Some(form) => written_as(form, &head, &hash, &claim.access_key_id, || signed.clone()),
                    None => string_to_sign(date, &claim.scope, &hash),
                };
                compared(scene, rows(&received, place), rows(&signed, place))
            }
            _ => (Vec::new(), 0),
        };
        Some(Texts {
            differs: Differs::Unknown,
            canonical_request,
            string_to_sign,
            omitted_lines: omitted_lines + omitted,
        })
    }

    fn of_chunk(scene: &Scene<'_>, received: &[u8], changes: &[&Change]) -> Texts {
        let signed = changes.iter().find_map(|change| match change {
            Change::Text { text, .. } => Some(text.as_slice()),
            _ => None,
        });
        let (received, signed) = (short_hashes(received), short_hashes(signed.unwrap_or(received)));
        let (string_to_sign, omitted_lines) = compared(scene, rows(&received, place), rows(&signed, place));
        Texts {
            differs: Differs::Unknown,
            canonical_request: Vec::new(),
            string_to_sign,
            omitted_lines,
        }
    }

    /// Keeps as many bytes as there may be: first every line that differs, then the others in their order.
    fn shorten(&mut self) {
        let mut left = TEXTS_BYTES_MAX;
        for is_different in [true, false] {
            for lines in [&mut self.string_to_sign, &mut self.canonical_request] {
                lines.retain(|line| {
                    if line.is_different() != is_different {
                        return true;
                    }
                    let fits = left.checked_sub(line.bytes());
                    left = fits.unwrap_or(left);
                    self.omitted_lines += usize::from(fits.is_none());
                    fits.is_some()
                });
            }
        }
    }

    /// Bytes of memory, about.
    pub(crate) fn bytes(&self) -> usize {
        let lines = self.canonical_request.iter().chain(&self.string_to_sign);
        lines.map(Line::bytes).sum()
    }

    /// As a reader of this level may see them.
    pub(crate) fn at(&self, level: Level) -> ReportTexts {
        let lines = |lines: &[Line]| lines.iter().map(|line| line.at(level)).collect();
        ReportTexts {
            differs: match self.differs {
                Differs::Lines => "lines",
                Differs::Key => "key",
                Differs::LinesAndKey => "lines-and-key",
                Differs::Unknown => "unknown",
            },
            canonical_request: lines(&self.canonical_request),
            string_to_sign: lines(&self.string_to_sign),
            omitted_lines: self.omitted_lines,
        }
    }
}

fn differs(changes: &[&Change]) -> Differs {
    let (of_key, of_text): (Vec<&Change>, Vec<&Change>) =
        changes.iter().partition(|change| change.is_about_the_key());
    match (of_text.is_empty(), of_key.is_empty()) {
        (true, true) => Differs::Unknown,
        (true, false) => Differs::Key,
        (false, true) => Differs::Lines,
        (false, false) => Differs::LinesAndKey,
    }
}

impl Line {
    fn is_different(&self) -> bool {
        match self {
            Line::Same(_) => false,
            Line::Different { .. } => true,
        }
    }

    fn bytes(&self) -> usize {
        let told: &[Option<&Told>] = match self {
            Line::Same(told) => &[Some(told)],
            Line::Different { received, signed } => &[received.as_ref(), signed.as_ref()],
        };
        let told = told.iter().flatten();
        told.map(|told| told.name.len() + told.value.bytes.len() + LINE_EXTRA_BYTES)
            .sum()
    }

    fn at(&self, level: Level) -> ReportLine {
        let text = |told: &Told| told.at(level);
        match self {
            Line::Same(told) => ReportLine::Same(told.at(level)),
            Line::Different { received, signed } => ReportLine::Different {
                received: received.as_ref().map(text),
                signed: signed.as_ref().map(text),
            },
        }
    }
}

impl Told {
    fn at(&self, level: Level) -> String {
        let value = if self.value.shown_at(level) {
            self.value.text()
        } else {
            HIDDEN.to_owned()
        };
        format!("{}{value}", self.name)
    }
}

/// A line of one text, and its place by which the same line of the other text is found.
struct Row<'t> {
    place: String,
    name: &'t [u8],
    value: &'t [u8],
}

/// The same line of both texts, or a line that only one of them has.
type Pair<'r, 't> = (Option<&'r Row<'t>>, Option<&'r Row<'t>>);

/// The lines of a text. `place` is given the number of a line, how many there are, and the line; it says the line's place, and how many
/// bytes of it name it.
fn rows(text: &[u8], place: impl Fn(usize, usize, &[u8]) -> (String, usize)) -> Vec<Row<'_>> {
    let count = text.split(|&b| b == b'\n').count();
    let lines = text.split(|&b| b == b'\n').enumerate();
    lines
        .map(|(number, line)| {
            let (place, name_bytes) = place(number, count, line);
            let (name, value) = line.split_at_checked(name_bytes).unwrap_or((b"", line));
            Row { place, name, value }
        })
        .collect()
}

/// The place of a line of a canonical request: the first three and the last two are known by their number, headers by their name.
fn place_in_request(number: usize, count: usize, line: &[u8]) -> (String, usize) {
    if number < 3 {
        return (format!("#{number}"), 0);
    }
    if number + 2 >= count {
        return (format!("#-{}", count - number), 0);
    }
    // The name of a pseudo header begins with a colon.
    let colon = line.iter().skip(1).position(|&b| b == b':');
    match colon {
        Some(at) => {
            let name = line.get(..=at).unwrap_or_default();
            (String::from_utf8_lossy(name).to_ascii_lowercase(), at + 2)
        }
        None => ("#".to_owned(), 0),
    }
}

/// The place of a line of any other text: its number.
fn place(number: usize, _: usize, _: &[u8]) -> (String, usize) {
    (number.to_string(), 0)
}

/// The lines of both texts beside each other, and how many are not among them.
fn compared(scene: &Scene<'_>, mut received: Vec<Row<'_>>, mut signed: Vec<Row<'_>>) -> (Vec<Line>, usize) {
    let omitted = received.len().max(signed.len()).saturating_sub(TEXT_LINES_MAX);
    received.truncate(TEXT_LINES_MAX);
    signed.truncate(TEXT_LINES_MAX);
    // The answer holds the text of this server anyway; what the client signed is for whoever may read its values.
    let of_server = |row: &Row<'_>, equal| told(scene, row, Origin::Answered, equal);
    let of_client = |row: &Row<'_>, equal| told(scene, row, Origin::Received, equal);
    let lines = beside(&received, &signed).into_iter().map(|pair| match pair {
        (Some(a), Some(b)) if a.name == b.name && a.value == b.value => Line::Same(of_server(a, 0)),
        (Some(a), Some(b)) => {
            let equal = a.value.iter().zip(b.value).take_while(|(x, y)| x == y).count();
            Line::Different {
                received: Some(of_server(a, equal)),
                signed: Some(of_client(b, equal)),
            }
        }
        (a, b) => Line::Different {
            received: a.map(|row| of_server(row, 0)),
            signed: b.map(|row| of_client(row, 0)),
        },
    });
    (lines.collect(), omitted)
}

/// Pairs the rows with the same place, as many as can be in one order; the longest common subsequence.
fn beside<'r, 't>(a: &'r [Row<'t>], b: &'r [Row<'t>]) -> Vec<Pair<'r, 't>> {
    let is_plain = a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.place == y.place);
    if is_plain {
        return a.iter().map(Some).zip(b.iter().map(Some)).collect();
    }
    // `longest[i][j]`: how many pairs there are from row i of `a` and row j of `b` on.
    let mut longest = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
    let at = |longest: &[Vec<usize>], i: usize, j: usize| -> usize {
        longest
            .get(i)
            .and_then(|row| row.get(j))
            .copied()
            .unwrap_or_default()
    };
    for (i, x) in a.iter().enumerate().rev() {
        for (j, y) in b.iter().enumerate().rev() {
            let count = if x.place == y.place {
                at(&longest, i + 1, j + 1) + 1
            } else {
                at(&longest, i + 1, j).max(at(&longest, i, j + 1))
            };
            if let Some(cell) = longest.get_mut(i).and_then(|row| row.get_mut(j)) {
                *cell = count;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    iter::from_fn(|| {
        let pair = match (a.get(i), b.get(j)) {
            (None, None) => return None,
            (Some(x), Some(y)) if x.place == y.place => (Some(x), Some(y)),
            (Some(x), y) if y.is_none() || at(&longest, i + 1, j) >= at(&longest, i, j + 1) => {
                (Some(x), None)
            }
            (_, y) => (None, y),
        };
        i += usize::from(pair.0.is_some());
        j += usize::from(pair.1.is_some());
        Some(pair)
    })
    .collect()
}

/// A line as it may be told. `equal` bytes at its beginning are those of the other side; a long line is shown from a little before
/// the first that is not.
fn told(scene: &Scene<'_>, row: &Row<'_>, origin: Origin, equal: usize) -> Told {
    let name = String::from_utf8_lossy(row.name).into_owned();
    let is_secret = is_secret_header(name.trim_end_matches([' ', ':']))
        || scene.holds_a_secret(row.value)
        || row.value.contains(&b'%') && scene.holds_a_secret(&decode_percent(row.value));
    let mut value = Value {
        bytes: without_credentials(row.value),
        origin: if is_secret { Origin::Withheld } else { origin },
    };
    scene.judge(&mut value);
    let room = SHOWN_VALUE_BYTES_MAX - 2 * CUT.len();
    if value.bytes.len() > SHOWN_VALUE_BYTES_MAX {
        let from = equal.saturating_sub(BEFORE_DIFFERENCE_BYTES);
        let from = from.min(value.bytes.len() - room);
        value.bytes.drain(..from);
        if value.bytes.len() > room {
            value.bytes.truncate(room);
            value.bytes.extend_from_slice(CUT.as_bytes());
        }
        if from > 0 {
            value.bytes.splice(..0, CUT.bytes());
        }
    }
    Told {
        name: Value::received(name).text(),
        value,
    }
}

/// What stands where a line was cut.
const CUT: &str = "\u{2026}";
/// What a line takes beside its bytes, about.
const LINE_EXTRA_BYTES: usize = 16;

/// A line with the values of parameters taken out that carry a credential: a canonical query, or something made of one.
fn without_credentials(line: &[u8]) -> Vec<u8> {
    let mut pieces = line.split(|&b| b == b'&').peekable();
    let mut out = Vec::with_capacity(line.len());
    while let Some(piece) = pieces.next() {
        let (name, value) = match piece.iter().position(|&b| b == b'=') {
            Some(at) => piece.split_at_checked(at + 1).unwrap_or((piece, b"")),
            None => (piece, &b""[..]),
        };
        let plain = decode_query(name.strip_suffix(b"=").unwrap_or(name));
        out.extend_from_slice(name);
        if !value.is_empty() && is_secret_parameter(&String::from_utf8_lossy(&plain)) {
            out.extend_from_slice(HIDDEN.as_bytes());
        } else {
            out.extend_from_slice(value);
        }
        if pieces.peek().is_some() {
            out.push(b'&');
        }
    }
    out
}

/// The text of a chunk or a trailer with its hashes and signatures cut short: nobody can tell by its place which is which in a text that
/// a faulty signer made.
fn short_hashes(text: &[u8]) -> Vec<u8> {
    let line = |line: &[u8]| -> Vec<u8> {
        if line.len() == 64 && line.iter().all(u8::is_ascii_hexdigit) {
            let start = line.get(..SIGNATURE_BYTES_SHOWN).unwrap_or_default();
            return [start, CUT.as_bytes()].concat();
        }
        line.to_vec()
    };
    text.split(|&b| b == b'\n')
        .map(line)
        .collect::<Vec<_>>()
        .join(&b'\n')
}
