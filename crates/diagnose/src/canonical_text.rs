//! The canonical request as one text in which parts are exchanged, hashed from the first exchange on.
//!
//! The hash of everything before is kept along the way, and nothing is written anew for a change but the change itself:
//! that is most of what a search costs.
//!
//! Keeps true: the hash is that of the text that [`Parts::bytes`] writes for the same changes.

use std::ops::Range;

use countersign_sigv4::Midstate;

use crate::hypothesis::{Change, HeaderLayout};
use crate::parts::Parts;

/// One text, where its parts stand in it, and its hash so far at the beginning of each.
pub(crate) struct CanonicalText<'a> {
    parts: &'a Parts,
    bytes: Vec<u8>,
    method: Range<usize>,
    uri: Range<usize>,
    query: Range<usize>,
    /// The values of the signed headers, in the order of the parts.
    values: Vec<Range<usize>>,
    /// The header lines, the empty line and the line with the names, without the line break behind that.
    block: Range<usize>,
    payload: Range<usize>,
    /// The hash of so many first bytes, in order.
    states: Vec<(usize, Midstate)>,
    /// The hash of the whole text.
    hash: [u8; 32],
}

/// One exchange: what stands at `place` is replaced.
struct Exchange<'c> {
    place: Range<usize>,
    with: &'c [u8],
}

/// The text with some changes made, before anything is hashed for it.
pub(crate) struct Changed<'c> {
    text: &'c CanonicalText<'c>,
    /// In order of their places, none overlapping another.
    exchanges: Vec<Exchange<'c>>,
    /// The state that hashing begins with.
    state: usize,
}

impl<'a> CanonicalText<'a> {
    pub(crate) fn of(parts: &'a Parts) -> CanonicalText<'a> {
        let mut bytes = Vec::with_capacity(parts.length());
        let mut line = |text: &[u8]| {
            let start = bytes.len();
            bytes.extend_from_slice(text);
            bytes.push(b'\n');
            start..start + text.len()
        };
        let (method, uri, query) = (line(&parts.method), line(&parts.uri), line(&parts.query));
        let values: Vec<Range<usize>> = parts
            .headers
            .iter()
            .map(|(name, value)| {
                let whole = line(&[name.as_bytes(), b":", value].concat());
                whole.start + name.len() + 1..whole.end
            })
            .collect();
        line(b"");
        let list = line(&parts.signed_headers);
        let payload_start = bytes.len();
        bytes.extend_from_slice(&parts.payload);
        let block = query.end + 1..list.end;
        let payload = payload_start..bytes.len();

        let places = [&method, &uri, &query, &block]
            .into_iter()
            .chain(&values)
            .chain([&payload]);
        let mut states: Vec<(usize, Midstate)> = Vec::with_capacity(values.len() + 5);
        let mut hasher = Midstate::EMPTY;
        let mut done = 0;
        for place in places.map(|place| place.start) {
            hasher.update(bytes.get(done..place).unwrap_or_default());
            done = place;
            states.push((place, hasher));
        }
        hasher.update(bytes.get(done..).unwrap_or_default());
        CanonicalText {
            parts,
            hash: hasher.finish(),
            bytes,
            method,
            uri,
            query,
            values,
            block,
            payload,
            states,
        }
    }

    /// The length of the text as it was received.
    pub(crate) fn length(&self) -> usize {
        self.bytes.len()
    }

    /// SHA-256 of the text as it was received.
    pub(crate) fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// The text with these changes; `lines` is room for header lines that are laid out anew.
    pub(crate) fn with<'c>(&'c self, changes: &[&'c Change], lines: &'c mut Vec<u8>) -> Changed<'c> {
        let mut exchanges = Vec::with_capacity(changes.len() + 1);
        let layout = changes.iter().copied().find_map(|change| match change {
            Change::Headers(layout) => Some(layout),
            _ => None,
        });
        for &change in changes {
            match change {
                Change::Method(method) => exchanges.push(exchange(&self.method, method.as_bytes())),
                Change::Uri(uri) => exchanges.push(exchange(&self.uri, uri)),
                Change::Query(query) => exchanges.push(exchange(&self.query, query)),
                Change::Payload { line, .. } => exchanges.push(exchange(&self.payload, line)),
                Change::HostAndUri { uri, .. } => exchanges.push(exchange(&self.uri, uri)),
                Change::Headers(_)
                | Change::Header { .. }
                | Change::Seed(_)
                | Change::DateKey(_)
                | Change::KeyScope(_)
                | Change::Chain(_)
                | Change::Timestamp(_)
                | Change::StringToSign(_)
                | Change::Text { .. } => {}
            }
        }
        match layout {
            Some(layout) => {
                self.lay_out(layout, changes, lines);
                exchanges.push(exchange(&self.block, lines));
            }
            None => {
                for &change in changes {
                    if let Some((name, value)) = changed_header(change)
                        && let Some(place) = self.place_of(name)
                        && exchanges.iter().all(|other| other.place.start != place.start)
                    {
                        exchanges.push(exchange(place, value));
                    }
                }
            }
        }
        exchanges.sort_unstable_by_key(|exchange| exchange.place.start);
        let first = exchanges
            .first()
            .map_or(self.bytes.len(), |exchange| exchange.place.start);
        let state = self.states.partition_point(|(place, _)| *place <= first);
        Changed {
            text: self,
            exchanges,
            state: state.saturating_sub(1),
        }
    }

    fn place_of(&self, name: &str) -> Option<&Range<usize>> {
        let at = self.parts.headers.iter().position(|(signed, _)| signed == name)?;
        self.values.get(at)
    }

    fn lay_out(&self, layout: &HeaderLayout, changes: &[&Change], lines: &mut Vec<u8>) {
        for written in &layout.names {
            let name = written.to_ascii_lowercase();
            let mut changed = changes.iter().filter_map(|change| changed_header(change));
            let value = changed
                .find(|(changed, _)| *changed == name)
                .map(|(_, value)| value)
                .or_else(|| self.parts.laid_out_header(&name))
                .unwrap_or_default();
            lines.extend_from_slice(written.as_bytes());
            lines.extend_from_slice(layout.between.as_bytes());
            lines.extend_from_slice(value);
            lines.push(b'\n');
        }
        if layout.blank_line {
            lines.push(b'\n');
        }
        lines.extend_from_slice(layout.list.as_bytes());
    }
}

/// The header whose value a change exchanges, among others things or alone.
fn changed_header(change: &Change) -> Option<(&str, &[u8])> {
    match change {
        Change::Header { name, value } => Some((name, value)),
        Change::HostAndUri { host, .. } => Some(("host", host)),
        Change::Payload {
            line,
            header_too: true,
        } => Some(("x-amz-content-sha256", line)),
        Change::Payload {
            header_too: false, ..
        }
        | Change::Method(_)
        | Change::Uri(_)
        | Change::Query(_)
        | Change::Headers(_)
        | Change::Seed(_)
        | Change::DateKey(_)
        | Change::KeyScope(_)
        | Change::Chain(_)
        | Change::Timestamp(_)
        | Change::StringToSign(_)
        | Change::Text { .. } => None,
    }
}

fn exchange<'c>(place: &Range<usize>, with: &'c [u8]) -> Exchange<'c> {
    Exchange {
        place: place.clone(),
        with,
    }
}

impl Changed<'_> {
    /// Bytes that [`Changed::hash`] hashes.
    pub(crate) fn cost(&self) -> usize {
        let start = self.text.states.get(self.state).map_or(0, |(place, _)| *place);
        let kept = self.text.bytes.len() - start;
        let (gone, new) = self.exchanges.iter().fold((0, 0), |(gone, new), exchange| {
            (gone + exchange.place.len(), new + exchange.with.len())
        });
        (kept + new).saturating_sub(gone)
    }

    /// SHA-256 of the changed text.
    pub(crate) fn hash(&self) -> [u8; 32] {
        let bytes = &self.text.bytes;
        let (mut done, mut hasher) = match self.text.states.get(self.state) {
            Some((place, state)) => (*place, *state),
            None => (0, Midstate::EMPTY),
        };
        for exchange in &self.exchanges {
            hasher.update(bytes.get(done..exchange.place.start).unwrap_or_default());
            hasher.update(exchange.with);
            done = exchange.place.end;
        }
        hasher.update(bytes.get(done..).unwrap_or_default());
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use countersign_sigv4::Scope;

    use super::*;
    use crate::parts::sha256;

    fn parts() -> Parts {
        let header = |name: &str, value: &[u8]| (name.to_owned(), value.to_vec());
        Parts {
            method: b"PUT".to_vec(),
            uri: b"/b/k".to_vec(),
            query: b"a=1&b=".to_vec(),
            headers: vec![
                header("content-type", b""),
                header("host", b"s3.example.com"),
                header("x-amz-content-sha256", b"UNSIGNED-PAYLOAD"),
                header("x-amz-date", b"20261122T035900Z"),
            ],
            signed_headers: b"content-type;host;x-amz-content-sha256;x-amz-date".to_vec(),
            payload: b"UNSIGNED-PAYLOAD".to_vec(),
        }
    }

    /// One change of each kind, those that leave the text alone among them.
    fn changes() -> Vec<Change> {
        let header = |name: &str, value: &str| Change::Header {
            name: name.to_owned(),
            value: value.into(),
        };
        let layout = HeaderLayout {
            names: [
                "Host",
                "x-amz-date",
                "content-type",
                "X-Amz-Content-Sha256",
                "absent",
            ]
            .map(str::to_owned)
            .to_vec(),
            between: ": ",
            list: "host,x-amz-date".to_owned(),
            blank_line: false,
        };
        let scope = Scope {
            date: "20261122".into(),
            region: "us-east-1".into(),
            service: "s3".into(),
        };
        vec![
            Change::Method("HEAD".to_owned()),
            header("content-type", "image/png"),
            header("host", "x"),
            header("x-amz-date", ""),
            header("not-signed", "x"),
            header("x-amz-content-sha256", "1"),
            Change::HostAndUri {
                host: b"b.s3.example.com".to_vec(),
                uri: b"/k".to_vec(),
            },
            Change::Uri(Vec::new()),
            Change::Query(b"a=1".to_vec()),
            Change::Headers(layout.clone()),
            Change::Headers(HeaderLayout {
                blank_line: true,
                ..layout
            }),
            Change::Payload {
                line: b"0".to_vec(),
                header_too: false,
            },
            Change::Payload {
                line: b"0".to_vec(),
                header_too: true,
            },
            Change::KeyScope(scope),
            Change::Timestamp("20261122T000000Z".to_owned()),
            Change::Chain(countersign_sigv4::Chain::Hex),
            Change::StringToSign(crate::hypothesis::TextForm::Day),
        ]
    }

    #[test]
    fn the_hash_is_that_of_the_text_written_anew_for_one_change_and_for_two() {
        let parts = parts();
        let text = CanonicalText::of(&parts);
        assert_eq!(text.hash(), sha256(&parts.bytes(&[])));
        assert_eq!(text.length(), parts.bytes(&[]).len());
        let changes = changes();
        for (n, first) in changes.iter().enumerate() {
            let mut lines = Vec::new();
            assert_eq!(
                text.with(&[first], &mut lines).hash(),
                sha256(&parts.bytes(&[first])),
                "{n}"
            );
            for (m, second) in changes.iter().enumerate() {
                if first.slot().overlaps(&second.slot()) {
                    continue;
                }
                let mut lines = Vec::new();
                let pair = [first, second];
                assert_eq!(
                    text.with(&pair, &mut lines).hash(),
                    sha256(&parts.bytes(&pair)),
                    "{n} {m}"
                );
            }
        }
    }

    #[test]
    fn what_stands_before_a_change_costs_nothing() {
        let parts = parts();
        let text = CanonicalText::of(&parts);
        let cost = |change: &Change| text.with(&[change], &mut Vec::new()).cost();
        let payload = Change::Payload {
            line: b"0".to_vec(),
            header_too: false,
        };
        assert_eq!(cost(&payload), 1);
        let method = Change::Method("HEAD".to_owned());
        assert_eq!(cost(&method), text.length() + 1);
        let date = Change::Header {
            name: "x-amz-date".to_owned(),
            value: b"2026".to_vec(),
        };
        let behind = "\n\n".len() + parts.signed_headers.len() + "\n".len() + parts.payload.len();
        assert_eq!(cost(&date), "2026".len() + behind);
    }
}
