//! What we sign we accept; a changed signed part is refused; no input makes a parser panic or hold more than it may.

use bytes::Bytes;
use countersign_sigv4::{
    CHUNK_LINE_BYTES_MAX, ChunkDecoder, ChunkError, ChunkSigner, Expected, PathRule, Payload, PolicyDocument,
    Request, Secret, Signer, SigningKey, Streaming, TRAILER_BYTES_MAX, canonical_query, claim,
    decode_percent, decode_query, encode_uri, form_claim, parse_timestamp, query_pairs, timestamp_text,
    verify,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const NOW: i64 = 1_369_353_600;
const ENOUGH: u64 = 8_192;

/// A request that owns its parts, so that one can be changed.
#[derive(Clone, Debug)]
struct Sent {
    secret: Vec<u8>,
    rule: PathRule,
    method: &'static str,
    path: Vec<u8>,
    query: Option<Vec<u8>>,
    headers: Vec<(String, Vec<u8>)>,
    session_token: Option<String>,
}

impl Sent {
    fn signer<'a>(&'a self, secret: &'a Secret) -> Signer<'a> {
        Signer {
            access_key_id: "AKIDEXAMPLE",
            secret,
            session_token: self.session_token.as_deref(),
            region: "us-east-1",
            service: "s3",
            time: NOW,
            rule: self.rule,
        }
    }

    fn with_request<T>(&self, make: impl FnOnce(&Request<'_>) -> T) -> T {
        let headers: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        make(&Request {
            method: self.method,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &headers,
        })
    }

    fn signed_in_header(mut self, payload: &Payload) -> Sent {
        let secret = Secret::new(self.secret.clone());
        if self.rule != PathRule::S3 {
            self.headers
                .push(("x-amz-content-sha256".into(), payload.text().into()));
        }
        let added = self.with_request(|request| self.signer(&secret).sign_headers(request, payload));
        self.headers
            .extend(added.into_iter().map(|(name, value)| (name, value.into_bytes())));
        self
    }

    fn presigned(mut self, expires: u64) -> Sent {
        let secret = Secret::new(self.secret.clone());
        let query =
            self.with_request(|request| self.signer(&secret).presign(request, &Payload::Unsigned, expires));
        self.query = Some(query.into_bytes());
        self
    }

    /// All gates, as a server passes them.
    fn is_accepted(&self) -> bool {
        let secret = Secret::new(self.secret.clone());
        self.with_request(|request| {
            let Ok(Some(claim)) = claim(request) else {
                return false;
            };
            let expected = Expected {
                region: "us-east-1",
                service: "s3",
                now: NOW,
            };
            claim.check(request, &expected).is_ok()
                && verify(
                    request,
                    &claim,
                    self.rule,
                    &SigningKey::derive(&secret, &claim.scope),
                )
                .matched
        })
    }

    fn header_mut(&mut self, name: &str) -> &mut Vec<u8> {
        &mut self
            .headers
            .iter_mut()
            .find(|(sent, _)| sent.as_str() == name)
            .expect("it was added")
            .1
    }

    fn replace_in_authorization(&mut self, from: &str, to: &str) {
        let value = self.header_mut("authorization");
        let text = String::from_utf8(value.clone()).expect("text");
        assert!(text.contains(from), "{text} has no {from}");
        *value = text.replacen(from, to, 1).into_bytes();
    }
}

fn sent() -> impl Strategy<Value = Sent> {
    let path = vec(
        any::<u8>().prop_filter("the query starts there", |byte| *byte != b'?'),
        0..40,
    );
    let path = prop_oneof![path, vec(select(b"ab/.%2F+ ".to_vec()), 0..20)];
    let query = vec(select(b"abc=&%2F+ /.~\xc3\xa4".to_vec()), 0..40);
    let header = (
        "(x-amz-meta-[a-z]{1,4}|Content-Type|range|X-Amz-Acl)",
        vec(any::<u8>(), 1..20),
    );
    (
        vec(any::<u8>(), 1..50),
        select(vec![
            PathRule::S3,
            PathRule::Generic,
            PathRule::GenericUnnormalized,
        ]),
        select(vec!["GET", "PUT", "HEAD", "DELETE", "POST"]),
        path,
        option::of(query),
        vec(header, 0..6),
        option::of("[a-zA-Z0-9+/=]{1,30}"),
    )
        .prop_map(
            |(secret, rule, method, tail, query, mut headers, session_token)| {
                headers.insert(0, ("Host".to_owned(), b"bucket.example.com:9000".to_vec()));
                headers.push(("x-amz-meta-always".to_owned(), b"there".to_vec()));
                Sent {
                    secret,
                    rule,
                    method,
                    path: [b"/", tail.as_slice()].concat(),
                    query,
                    headers,
                    session_token,
                }
            },
        )
}

fn payload() -> impl Strategy<Value = Payload> {
    select(vec![
        Payload::Unsigned,
        Payload::of_body(b"body"),
        Payload::Streaming(Streaming::Signed),
        Payload::Streaming(Streaming::SignedTrailer),
        Payload::Streaming(Streaming::UnsignedTrailer),
    ])
}

/// Ways to change a signed part; each changes the canonical form for certain.
fn changes(in_header: bool) -> Vec<fn(&mut Sent)> {
    let mut changes: Vec<fn(&mut Sent)> = vec![
        |sent| sent.method = if sent.method == "GET" { "PUT" } else { "GET" },
        |sent| sent.path.push(b'x'),
        |sent| sent.query.get_or_insert_default().extend_from_slice(b"&added=1"),
        |sent| sent.header_mut("Host").push(b'x'),
        |sent| sent.header_mut("x-amz-meta-always").extend_from_slice(b" x"),
        |sent| sent.headers.push(("X-Amz-Meta-Always".into(), b"again".to_vec())),
        |sent| {
            sent.headers
                .push(("x-amz-meta-added".into(), b"unsigned".to_vec()))
        },
        |sent| sent.headers.retain(|(name, _)| name != "x-amz-meta-always"),
        |sent| sent.headers.retain(|(name, _)| name != "Host"),
        |sent| sent.secret.push(b'\n'),
    ];
    if in_header {
        changes.extend::<Vec<fn(&mut Sent)>>(vec![
            |sent| *sent.header_mut("x-amz-date") = b"20130524T000001Z".to_vec(),
            |sent| *sent.header_mut("x-amz-content-sha256") = Payload::of_body(b"other").text().into(),
            |sent| sent.replace_in_authorization("/20130524/", "/20130525/"),
            |sent| sent.replace_in_authorization("/us-east-1/", "/us-west-1/"),
            |sent| sent.replace_in_authorization("/s3/", "/iam/"),
            |sent| sent.replace_in_authorization(";x-amz-meta-always", ""),
            |sent| sent.replace_in_authorization("host;", ""),
            |sent| {
                let value = sent.header_mut("authorization");
                let last = value.last_mut().expect("a digit");
                *last = if *last == b'0' { b'1' } else { b'0' };
            },
        ]);
    } else {
        changes.extend::<Vec<fn(&mut Sent)>>(vec![
            |sent| replace_in_query(sent, "X-Amz-Date=20130524T000000Z", "X-Amz-Date=20130524T000001Z"),
            |sent| replace_in_query(sent, "X-Amz-Expires=60", "X-Amz-Expires=61"),
            |sent| replace_in_query(sent, "%2F20130524%2F", "%2F20130525%2F"),
            |sent| replace_in_query(sent, "%2Fus-east-1%2F", "%2Fus-west-1%2F"),
            |sent| replace_in_query(sent, "%3Bx-amz-meta-always", ""),
            |sent| {
                sent.query
                    .get_or_insert_default()
                    .extend_from_slice(b"&X-Amz-Expires=604800")
            },
            |sent| sent.query.get_or_insert_default().pop().map_or((), |_| ()),
            |sent| {
                sent.query
                    .get_or_insert_default()
                    .extend_from_slice(b"&X-Amz-Meta-Always=other")
            },
        ]);
    }
    changes
}

fn replace_in_query(sent: &mut Sent, from: &str, to: &str) {
    let query = String::from_utf8(sent.query.take().expect("presigned")).expect("ASCII");
    assert!(query.contains(from), "{query} has no {from}");
    sent.query = Some(query.replacen(from, to, 1).into_bytes());
}

proptest! {
    #[test]
    fn what_we_sign_in_a_header_we_accept_and_changed_we_refuse(sent in sent(), payload in payload()) {
        let signed = sent.signed_in_header(&payload);
        prop_assert!(signed.is_accepted());
        for (index, change) in changes(true).into_iter().enumerate() {
            let mut changed = signed.clone();
            change(&mut changed);
            prop_assert!(!changed.is_accepted(), "change {index}: {changed:?}");
        }
    }

    #[test]
    fn what_we_presign_we_accept_and_changed_we_refuse(sent in sent()) {
        // Other services presign the hash of the body, which a link for S3 leaves open.
        let signed = Sent { rule: PathRule::S3, ..sent }.presigned(60);
        prop_assert!(signed.is_accepted());
        for (index, change) in changes(false).into_iter().enumerate() {
            let mut changed = signed.clone();
            change(&mut changed);
            prop_assert!(!changed.is_accepted(), "change {index}: {changed:?}");
        }
    }

    #[test]
    fn the_order_of_headers_and_parameters_does_not_matter(sent in sent(), payload in payload()) {
        let mut signed = sent.signed_in_header(&payload);
        // Lines of one name keep their order among themselves; that is part of what is signed.
        signed.headers.sort_by_key(|(name, _)| std::cmp::Reverse(name.to_ascii_lowercase()));
        if let Some(query) = &signed.query {
            let mut pieces: Vec<&[u8]> = query.split(|byte| *byte == b'&').collect();
            pieces.reverse();
            signed.query = Some(pieces.join(&b'&'));
        }
        prop_assert!(signed.is_accepted());
    }

    #[test]
    fn only_the_signed_policy_is_accepted(policy in "[a-zA-Z0-9+/]{0,80}", at in any::<Index>()) {
        let sent = Sent {
            secret: b"secret".to_vec(),
            rule: PathRule::S3,
            method: "POST",
            path: b"/".to_vec(),
            query: None,
            headers: Vec::new(),
            session_token: Some("token".into()),
        };
        let secret = Secret::new("secret");
        let signer = sent.signer(&secret);
        let fields: Vec<(String, Vec<u8>)> =
            signer.form_fields(&policy).into_iter().map(|(name, value)| (name, value.into_bytes())).collect();
        let claim = form_claim(&fields).expect("well formed").expect("signed");
        let accepts = |claim| sent.with_request(|request| verify(request, claim, PathRule::S3, &signer.signing_key()).matched);
        prop_assert!(accepts(&claim));

        let mut changed = claim.clone();
        let mut text = policy.into_bytes();
        text.insert(at.index(text.len() + 1), b'=');
        changed.policy = Some(String::from_utf8(text).expect("ASCII"));
        prop_assert!(!accepts(&changed));
    }
}

/// A streamed body, its seed and what was announced.
#[derive(Clone, Debug)]
struct Body {
    mode: Streaming,
    chunks: Vec<Vec<u8>>,
    trailer: String,
}

const TRAILER: &str = "x-amz-checksum-crc32c";

impl Body {
    fn seed(&self) -> countersign_sigv4::ChunkSeed {
        let secret = Secret::new("secret");
        let signer = Signer {
            access_key_id: "AKIDEXAMPLE",
            secret: &secret,
            session_token: None,
            region: "us-east-1",
            service: "s3",
            time: NOW,
            rule: PathRule::S3,
        };
        let request = Request {
            method: "PUT",
            path: b"/b/o",
            query: None,
            headers: &[("host", b"h")],
        };
        signer.chunk_seed(&signer.sign(&request, &Payload::Streaming(self.mode)))
    }

    fn data(&self) -> Vec<u8> {
        self.chunks.concat()
    }

    fn framed(&self) -> Vec<u8> {
        let mut signer = ChunkSigner::new(self.seed());
        let trailers = [(TRAILER, self.trailer.as_str())];
        let mut framed: Vec<u8> = self
            .chunks
            .iter()
            .flat_map(|chunk| match self.mode.is_signed() {
                true => signer.encode_chunk(chunk),
                false => ChunkSigner::encode_unsigned_chunk(chunk),
            })
            .collect();
        framed.extend(match self.mode {
            Streaming::Signed => signer.encode_chunk(b""),
            Streaming::SignedTrailer => signer.encode_end(&trailers),
            Streaming::UnsignedTrailer => ChunkSigner::encode_unsigned_end(&trailers),
        });
        framed
    }

    fn decoder(&self, length: Option<u64>) -> ChunkDecoder {
        let announced: &[String] = if self.mode.has_trailer() {
            &[TRAILER.to_owned()]
        } else {
            &[]
        };
        ChunkDecoder::new(
            self.mode,
            self.mode.is_signed().then(|| self.seed()),
            announced,
            length,
        )
    }

    fn decode(&self, framed: &[u8], cuts: &[Index]) -> Result<(Vec<u8>, Option<String>), ChunkError> {
        run(self.decoder(Some(self.data().len() as u64)), framed, cuts)
    }
}

/// Feeds the input in the pieces that `cuts` make of it, and holds the decoder to its bounds.
fn run(
    mut decoder: ChunkDecoder,
    input: &[u8],
    cuts: &[Index],
) -> Result<(Vec<u8>, Option<String>), ChunkError> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
    ends.push(input.len());
    ends.sort_unstable();
    let (mut start, mut decoded) = (0, Vec::new());
    for end in ends {
        let mut piece = Bytes::copy_from_slice(&input[start..end]);
        while let Some(data) = decoder.decode(&mut piece)? {
            assert!(!data.is_empty());
            decoded.extend_from_slice(&data);
        }
        assert!(piece.is_empty(), "everything was taken");
        assert!(decoder.held_bytes() <= 2 * CHUNK_LINE_BYTES_MAX + TRAILER_BYTES_MAX);
        start = end;
    }
    let trailers = decoder.finish()?;
    Ok((decoded, trailers.value(TRAILER).map(str::to_owned)))
}

fn modes() -> impl Strategy<Value = Streaming> {
    select(vec![
        Streaming::Signed,
        Streaming::SignedTrailer,
        Streaming::UnsignedTrailer,
    ])
}

fn body() -> impl Strategy<Value = Body> {
    let chunk = (any::<u8>(), ENOUGH..ENOUGH + 10);
    let chunk = chunk.prop_map(|(fill, length)| vec![fill; usize::try_from(length).expect("small")]);
    (
        modes(),
        vec(chunk, 0..3),
        vec(any::<u8>(), 0..50),
        "[a-zA-Z0-9+/=]{0,10}",
    )
        .prop_map(|(mode, mut chunks, last, trailer)| {
            chunks.extend(Some(last).filter(|last| !last.is_empty()));
            Body {
                mode,
                chunks,
                trailer,
            }
        })
}

fn cuts() -> impl Strategy<Value = Vec<Index>> {
    vec(any::<Index>(), 0..8)
}

proptest! {
    #[test]
    fn what_we_stream_we_accept_however_it_is_cut(body in body(), cuts in cuts()) {
        let trailer = body.mode.has_trailer().then(|| body.trailer.clone());
        prop_assert_eq!(body.decode(&body.framed(), &cuts), Ok((body.data(), trailer)));
    }

    #[test]
    fn a_changed_signed_stream_is_refused(body in body(), at in any::<Index>(), flip in 1..=255u8, cuts in cuts()) {
        let mut framed = body.framed();
        let at = at.index(framed.len());
        framed[at] ^= flip;
        let decoded = body.decode(&framed, &cuts);
        prop_assert_eq!(&decoded, &body.decode(&framed, &[]), "the cuts make no difference");
        if body.mode.is_signed() {
            // A changed letter case of a size or of a trailer's name says the same; everything else is refused.
            let trailer = body.mode.has_trailer().then(|| body.trailer.clone());
            prop_assert!(decoded.is_err() || decoded == Ok((body.data(), trailer)));
        }
    }

    #[test]
    fn changed_data_or_trailer_of_a_signed_stream_is_refused(
        body in body(), signed in select(vec![Streaming::Signed, Streaming::SignedTrailer]), at in any::<Index>(),
    ) {
        let body = Body { mode: signed, ..body };
        let mut other = body.clone();
        if let Some(chunk) = other.chunks.last_mut() {
            let at = at.index(chunk.len());
            chunk[at] ^= 1;
            // The framing and the signatures of one body with the data of another.
            let mut framed = body.framed();
            let start = framed.windows(body.chunks.last().expect("one").len())
                .rposition(|window| window == body.chunks.last().expect("one")).expect("there");
            framed[start..start + other.chunks.last().expect("one").len()]
                .copy_from_slice(other.chunks.last().expect("one"));
            prop_assert!(body.decode(&framed, &[]).is_err());
        }
        if signed.has_trailer() {
            let mut changed = body.framed();
            let name = format!("{TRAILER}:");
            let start = changed.windows(name.len()).rposition(|window| window == name.as_bytes()).expect("there");
            changed.insert(start + name.len(), b'x');
            prop_assert!(body.decode(&changed, &[]).is_err());
        }
    }

    #[test]
    fn any_cut_of_any_garbage_gives_the_same_answer(
        mode in modes(),
        words in vec(select(vec![
            "0", "1", "5", "2000", "ffffffffffffffff", ";", "chunk-signature=", "aa", ":", "x-amz-trailer-signature",
            TRAILER, "\r\n", "\n", "\r", "hello", "0\r\n", "5\r\nhello\r\n", "\r\n\r\n", "\u{e4}", " ",
        ]), 0..40),
        cuts in cuts(),
    ) {
        let input = words.concat();
        let body = Body { mode, chunks: Vec::new(), trailer: String::new() };
        let whole = run(body.decoder(None), input.as_bytes(), &[]);
        prop_assert_eq!(run(body.decoder(None), input.as_bytes(), &cuts), whole);
    }

    #[test]
    fn long_lines_are_not_collected(mode in modes(), letter in select(b"0a:;\r x".to_vec()), end in any::<bool>()) {
        let prefix: &[u8] = if end { b"0\r\n" } else { b"" };
        let input = [prefix, &vec![letter; 100_000]].concat();
        let body = Body { mode, chunks: Vec::new(), trailer: String::new() };
        let mut decoder = body.decoder(None);
        prop_assert!(decoder.decode(&mut Bytes::from(input)).is_err());
        prop_assert!(decoder.held_bytes() <= 2 * CHUNK_LINE_BYTES_MAX + TRAILER_BYTES_MAX);
    }
}

proptest! {
    #[test]
    fn no_request_makes_the_parsers_panic(
        path in vec(any::<u8>(), 0..40),
        query in option::of(prop_oneof![
            vec(any::<u8>(), 0..60),
            vec(select(vec![
                "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders",
                "X-Amz-Signature", "X-Amz-Content-Sha256", "AWSAccessKeyId", "Signature", "Expires", "=", "=", "&", "&",
                "%", "+", "AWS4-HMAC-SHA256", "20130524T000000Z", "a%2F20130524%2Fr%2Fs3%2Faws4_request", "host", "60",
            ]), 0..30).prop_map(|words| words.concat().into_bytes()),
        ]),
        authorization in option::of(prop_oneof![
            vec(any::<u8>(), 0..60),
            vec(select(vec![
                "AWS4-HMAC-SHA256 ", "AWS", " ", "a:b", "Credential=", "SignedHeaders=", "Signature=", ",", ";", "host",
                "a/20130524/r/s3/aws4_request", "x-amz-date", "abc",
            ]), 0..12).prop_map(|words| words.concat().into_bytes()),
        ]),
        headers in vec((select(vec!["host", "x-amz-date", "date", "x-amz-content-sha256", "X-Amz-A", ""]),
            prop_oneof![vec(any::<u8>(), 0..30), Just(b"20130524T000000Z".to_vec()), Just(b"UNSIGNED-PAYLOAD".to_vec())]), 0..6),
    ) {
        let mut all: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (*name, value.as_slice())).collect();
        all.extend(authorization.as_deref().map(|value| ("Authorization", value)));
        let request = Request { method: "GET", path: &path, query: query.as_deref(), headers: &all };
        if let Ok(Some(claim)) = claim(&request) {
            let checked = claim.check(&request, &Expected { region: "r", service: "s3", now: NOW });
            prop_assert!(checked.is_ok() || !checked.expect_err("refused").to_string().is_empty());
            let signing_key = SigningKey::derive(&Secret::new("s"), &claim.scope);
            for rule in [PathRule::S3, PathRule::Generic, PathRule::GenericUnnormalized] {
                prop_assert!(!verify(&request, &claim, rule, &signing_key).matched, "garbage carries no signature");
            }
        }
    }

    #[test]
    fn no_form_makes_the_parsers_panic(
        fields in vec(("(policy|x-amz-[a-z]{1,9}|key|signature)", vec(any::<u8>(), 0..30)), 0..6),
        json in prop_oneof![
            vec(any::<u8>(), 0..60),
            vec(select(vec!["{", "}", "[", "]", "\"expiration\":", "\"conditions\":", "\"2015-12-30T12:00:00Z\"", ",",
                "\"eq\"", "\"$a\"", "1"]), 0..20).prop_map(|words| words.concat().into_bytes()),
        ],
    ) {
        let claimed = form_claim(&fields);
        prop_assert!(claimed.is_ok() || !claimed.expect_err("refused").to_string().is_empty());
        if let Ok(document) = PolicyDocument::parse(&json) {
            prop_assert!(document.evaluate(&fields, "b", i64::MAX).is_err(), "it has ended by then");
        }
    }

    #[test]
    fn a_policy_made_of_a_form_allows_that_form_and_no_other(
        fields in vec(("[a-z-]{1,8}", "[ -~]{0,12}"), 0..6), at in any::<Index>(),
    ) {
        let mut fields: Vec<(String, Vec<u8>)> =
            fields.into_iter().map(|(name, value)| (format!("x-{name}"), value.into_bytes())).collect();
        fields.sort();
        fields.dedup_by(|a, b| a.0 == b.0);
        fields.retain(|(name, _)| !name.starts_with("x-ignore-"));
        let conditions: Vec<serde_json::Value> = fields
            .iter()
            .map(|(name, value)| serde_json::json!(["eq", format!("${name}"), String::from_utf8_lossy(value)]))
            .collect();
        let json = serde_json::json!({ "expiration": "2015-12-30T12:00:00Z", "conditions": conditions });
        let document = PolicyDocument::parse(json.to_string().as_bytes()).expect("well formed");
        prop_assert_eq!(document.evaluate(&fields, "b", NOW), Ok(()));

        let mut more = fields.clone();
        more.push(("y-added".into(), Vec::new()));
        prop_assert!(document.evaluate(&more, "b", NOW).is_err());
        if !fields.is_empty() {
            let at = at.index(fields.len());
            fields[at].1.push(b'x');
            prop_assert!(document.evaluate(&fields, "b", NOW).is_err());
        }
    }

    #[test]
    fn the_canonical_query_is_the_simple_one(query in vec(select(b"abB=&%2Ff+ /~\xc3".to_vec()), 0..40)) {
        let mut pairs: Vec<(String, String)> = query_pairs(&query)
            .map(|(name, value)| (recoded(name), recoded(value.unwrap_or_default())))
            .collect();
        pairs.sort();
        let simple: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let canonical = canonical_query(&query, None);
        prop_assert_eq!(&canonical, &simple.join("&"));
        prop_assert_eq!(canonical_query(canonical.as_bytes(), None), canonical, "once more changes nothing");
    }

    #[test]
    fn encoding_can_be_undone(bytes in vec(any::<u8>(), 0..60), keep_slash in any::<bool>()) {
        let encoded = encode_uri(&bytes, keep_slash);
        prop_assert_eq!(decode_percent(encoded.as_bytes()), bytes.clone());
        prop_assert_eq!(decode_query(encoded.as_bytes()), bytes);
    }

    #[test]
    fn a_timestamp_reads_back(time in 0..253_402_200_000_i64, text in "\\PC{0,20}") {
        prop_assert_eq!(parse_timestamp(&timestamp_text(time)), Some(time));
        if let Some(time) = parse_timestamp(&text) {
            prop_assert_eq!(timestamp_text(time), text);
        }
    }
}

fn recoded(raw: &[u8]) -> String {
    encode_uri(&decode_query(raw), false)
}
