//! Every stage of every signature of AWS's own test suite and of the S3 documentation: canonical request, string to
//! sign, signature; and the request as others signed it is accepted here.
//!
//! The data lies in `fixtures/`, as published.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use countersign_sigv4::{
    ChunkDecoder, ChunkSigner, Claim, Expected, PathRule, Payload, Refusal, Request, Secret, Signed, Signer,
    SigningKey, Streaming, chunk_string_to_sign, claim, form_claim, parse_timestamp, trailer_string_to_sign,
    verify,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

#[test]
fn the_aws_suite_agrees_at_every_stage() {
    let mut cases: Vec<PathBuf> = fs::read_dir(fixtures().join("aws-suite"))
        .expect("the suite is there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    let total = 2 * cases.len();
    let mut agreed = 0;
    for folder in &cases {
        let case = SuiteCase::read(folder);
        case.check_header();
        agreed += 1;
        case.check_query();
        agreed += 1;
    }
    println!("aws suite: {agreed} of {total}");
    assert_eq!((agreed, total), (76, 76));
}

#[test]
fn the_s3_documentation_agrees_at_every_stage() {
    let text = fs::read(fixtures().join("aws-s3-doc-examples.json")).expect("the examples are there");
    let examples: Value = serde_json::from_slice(&text).expect("JSON");
    let total = count_signatures(&examples);
    let mut agreed = 0;
    for example in examples.as_array().expect("a list") {
        agreed += Example {
            json: example,
            secret: Secret::new(text_of(example, "secret_key")),
        }
        .check();
    }
    println!("s3 documentation: {agreed} of {total}");
    assert_eq!((agreed, total), (15, 15));
}

/// One folder of the suite.
struct SuiteCase {
    folder: PathBuf,
    context: Value,
    secret: Secret,
    rule: PathRule,
}

impl SuiteCase {
    fn read(folder: &Path) -> SuiteCase {
        let context: Value =
            serde_json::from_slice(&fs::read(folder.join("context.json")).expect("context")).expect("JSON");
        let secret = Secret::new(text_of(&context["credentials"], "secret_access_key"));
        let normalize = context["normalize"].as_bool().expect("normalize");
        let rule = if normalize {
            PathRule::Generic
        } else {
            PathRule::GenericUnnormalized
        };
        SuiteCase {
            folder: folder.to_owned(),
            context,
            secret,
            rule,
        }
    }

    fn check_header(&self) {
        let message = self.message("request.txt");
        let payload = Payload::of_body(&message.body);
        let mut headers = message.headers();
        let signs_body = self.context["sign_body"] == true;
        if signs_body {
            headers.push(("x-amz-content-sha256", payload.text().as_bytes()));
        }
        let signed = self.signer().sign(
            &Request {
                headers: &headers,
                ..message.request(&[])
            },
            &payload,
        );
        self.check_stages("header", &signed);

        let message = self.message("header-signed-request.txt");
        let mut headers = message.headers();
        if self.omits_session_token() {
            let claim = self.claim_of(&message, &headers);
            let unsigned = Refusal::HeadersNotSigned(vec!["x-amz-security-token".into()]);
            assert_eq!(
                claim.check(&message.request(&headers), &self.expected()),
                Err(unsigned)
            );
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case("x-amz-security-token"));
        }
        self.check_accepted(&message, &headers);
    }

    fn check_query(&self) {
        let message = self.message("request.txt");
        let payload = Payload::of_body(&message.body);
        let expires = self.context["expiration_in_seconds"].as_u64().expect("seconds");
        let signed = self
            .signer()
            .presigned(&message.request(&message.headers()), &payload, expires);
        self.check_stages("query", &signed);

        let mut message = self.message("query-signed-request.txt");
        if self.omits_session_token() {
            // The suite adds the token after signing, as some services want it; S3 wants it signed.
            let claim = self.claim_of(&message, &message.headers());
            assert!(!self.verify(&message, &message.headers(), &claim));
            let query = message.query.take().expect("signed in the query");
            let pieces: Vec<&[u8]> = query.split(|byte| *byte == b'&').collect();
            let kept: Vec<&[u8]> = pieces
                .into_iter()
                .filter(|piece| !piece.starts_with(b"X-Amz-Security-Token="))
                .collect();
            message.query = Some(kept.join(&b'&'));
        }
        self.check_accepted(&message, &message.headers());
    }

    fn check_stages(&self, form: &str, signed: &Signed) {
        let stage = |name: &str| self.text(&format!("{form}-{name}.txt"));
        let shown = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        assert_eq!(
            shown(&signed.trace.canonical_request),
            stage("canonical-request"),
            "{:?}",
            self.folder
        );
        assert_eq!(
            shown(&signed.trace.string_to_sign),
            stage("string-to-sign"),
            "{:?}",
            self.folder
        );
        assert_eq!(signed.claim.signature, stage("signature"), "{:?}", self.folder);
    }

    fn check_accepted(&self, message: &Message, headers: &[(&str, &[u8])]) {
        let claim = self.claim_of(message, headers);
        assert_eq!(
            claim.check(&message.request(headers), &self.expected()),
            Ok(()),
            "{:?}",
            self.folder
        );
        assert!(self.verify(message, headers, &claim), "{:?}", self.folder);
    }

    fn claim_of(&self, message: &Message, headers: &[(&str, &[u8])]) -> Claim {
        let mut claim = claim(&message.request(headers))
            .expect("well formed")
            .expect("signed");
        if claim.payload == Payload::Implied {
            claim.payload = Payload::of_body(&message.body);
        }
        claim
    }

    fn verify(&self, message: &Message, headers: &[(&str, &[u8])], claim: &Claim) -> bool {
        let signing_key = SigningKey::derive(&self.secret, &claim.scope);
        verify(&message.request(headers), claim, self.rule, &signing_key).matched
    }

    fn signer(&self) -> Signer<'_> {
        let credentials = &self.context["credentials"];
        Signer {
            access_key_id: text_of(credentials, "access_key_id"),
            secret: &self.secret,
            session_token: credentials["token"]
                .as_str()
                .filter(|_| !self.omits_session_token()),
            region: text_of(&self.context, "region"),
            service: text_of(&self.context, "service"),
            time: self.expected().now,
            rule: self.rule,
        }
    }

    fn expected(&self) -> Expected<'_> {
        let packed: String = text_of(&self.context, "timestamp")
            .chars()
            .filter(|letter| !matches!(letter, '-' | ':'))
            .collect();
        Expected {
            region: text_of(&self.context, "region"),
            service: text_of(&self.context, "service"),
            now: parse_timestamp(&packed).expect("a time"),
        }
    }

    fn omits_session_token(&self) -> bool {
        self.context["omit_session_token"] == true
    }

    fn message(&self, name: &str) -> Message {
        Message::parse(&self.text(name))
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).expect("a stage")
    }
}

/// A request file of the suite.
struct Message {
    method: String,
    path: Vec<u8>,
    query: Option<Vec<u8>>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Message {
    fn parse(text: &str) -> Message {
        let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
        let mut lines = head.lines();
        let start = lines
            .next()
            .expect("a request line")
            .trim_end_matches(" HTTP/1.1");
        let (method, target) = start.split_once(' ').expect("method and target");
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.as_bytes().to_vec())),
            None => (target, None),
        };
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines {
            match headers.last_mut() {
                Some((_, value)) if line.starts_with(' ') => value.push_str(&format!("\n{line}")),
                _ => {
                    let (name, value) = line.split_once(':').expect("name and value");
                    headers.push((name.to_owned(), value.to_owned()));
                }
            }
        }
        let body = body.trim_end_matches('\n').as_bytes().to_vec();
        Message {
            method: method.to_owned(),
            path: path.as_bytes().to_vec(),
            query,
            headers,
            body,
        }
    }

    fn headers(&self) -> Vec<(&str, &[u8])> {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect()
    }

    fn request<'a>(&'a self, headers: &'a [(&'a str, &'a [u8])]) -> Request<'a> {
        Request {
            method: &self.method,
            path: &self.path,
            query: self.query.as_deref(),
            headers,
        }
    }
}

/// One example of the documentation.
struct Example<'a> {
    json: &'a Value,
    secret: Secret,
}

impl Example<'_> {
    /// How many signatures agreed.
    fn check(&self) -> usize {
        match self.text("form") {
            "query" => self.check_presigned(),
            "post-policy" => self.check_policy(),
            _ => {
                let signed = self.check_header();
                1 + if self.json["chunks"].is_array() {
                    self.check_chunks(&signed)
                } else {
                    0
                }
            }
        }
    }

    fn check_header(&self) -> Signed {
        let all = self.json["signed_headers"].as_object().expect("headers");
        let all: Vec<(&str, &[u8])> = all
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().expect("text").as_bytes()))
            .collect();
        let payload = Payload::parse(self.text("payload")).expect("a payload line");
        let request = Request {
            method: self.text("method"),
            path: self.text("canonical_uri").as_bytes(),
            query: Some(self.text("canonical_query").as_bytes()),
            headers: &all,
        };
        let added_by_signer = ["x-amz-date", "x-amz-content-sha256"];
        let given: Vec<(&str, &[u8])> = all
            .iter()
            .copied()
            .filter(|(name, _)| !added_by_signer.contains(name))
            .collect();
        let signed = self.signer().sign(
            &Request {
                headers: &given,
                ..request
            },
            &payload,
        );
        self.check_stages(&signed);

        let authorization = signed.headers.last().expect("authorization").1.clone();
        let mut received = all.clone();
        received.push(("Authorization", authorization.as_bytes()));
        self.check_accepted(&Request {
            headers: &received,
            ..request
        });
        signed
    }

    fn check_presigned(&self) -> usize {
        let headers = [("host", self.text("host").as_bytes())];
        let request = Request {
            method: self.text("method"),
            path: self.text("canonical_uri").as_bytes(),
            query: None,
            headers: &headers,
        };
        let expires = self.json["expires"].as_u64().expect("seconds");
        self.check_stages(&self.signer().presigned(&request, &Payload::Unsigned, expires));
        let (_, query) = self.text("url").split_once('?').expect("a query");
        self.check_accepted(&Request {
            query: Some(query.as_bytes()),
            ..request
        });
        1
    }

    fn check_policy(&self) -> usize {
        let fields: Vec<(String, Vec<u8>)> = self
            .signer()
            .form_fields(self.text("policy_base64"))
            .into_iter()
            .map(|(name, value)| (name, value.into_bytes()))
            .collect();
        let claim = form_claim(&fields).expect("well formed").expect("signed");
        assert_eq!(claim.signature, self.text("signature"));
        let request = Request {
            method: "POST",
            path: b"/",
            query: None,
            headers: &[],
        };
        assert_eq!(claim.check(&request, &self.expected()), Ok(()));
        let verdict = verify(&request, &claim, PathRule::S3, &self.signer().signing_key());
        assert!(verdict.matched);
        assert_eq!(
            verdict.trace.string_to_sign,
            self.text("string_to_sign").as_bytes()
        );
        1
    }

    fn check_chunks(&self, signed: &Signed) -> usize {
        let signer = self.signer();
        let (timestamp, scope) = (&signed.claim.timestamp, &signed.claim.scope);
        let mut chain = ChunkSigner::new(signer.chunk_seed(signed));
        let mut framing = chain.clone();
        let (mut framed, mut data, mut agreed) = (Vec::new(), Vec::new(), 0);
        let mut previous = signed.claim.signature.clone();
        let chunks = self.json["chunks"].as_array().expect("chunks");
        for chunk in chunks {
            let length = usize::try_from(chunk["length"].as_u64().expect("length")).expect("fits");
            let piece = text_of(chunk, "fill").repeat(length).into_bytes();
            let hash: [u8; 32] = Sha256::digest(&piece).into();
            let text = chunk_string_to_sign(timestamp, scope, &previous, &hash);
            assert_eq!(text, text_of(chunk, "string_to_sign").as_bytes());
            previous = chain.sign_chunk(&piece);
            assert_eq!(previous, text_of(chunk, "signature"));
            agreed += 1;
            if !piece.is_empty() || !self.json["trailer"].is_object() {
                framed.extend(framing.encode_chunk(&piece));
            }
            data.extend(piece);
        }

        let mut mode = Streaming::Signed;
        let mut announced = Vec::new();
        if let Some(trailer) = self.json["trailer"].as_object() {
            let headers = trailer["headers"].as_object().expect("trailers");
            let pairs: Vec<(&str, &str)> = headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str().expect("text")))
                .collect();
            let canonical = text_of(&self.json["trailer"], "canonical").as_bytes();
            let text = trailer_string_to_sign(timestamp, scope, &previous, canonical);
            assert_eq!(text, text_of(&self.json["trailer"], "string_to_sign").as_bytes());
            assert_eq!(
                chain.sign_trailer(&pairs),
                text_of(&self.json["trailer"], "signature")
            );
            agreed += 1;
            framed.extend(framing.encode_end(&pairs));
            mode = Streaming::SignedTrailer;
            announced.extend(pairs.iter().map(|(name, _)| (*name).to_owned()));
        } else {
            let announced_length = text_of(&self.json["signed_headers"], "content-length");
            assert_eq!(
                framed.len().to_string(),
                announced_length,
                "the framing is the documented one"
            );
        }

        let length = Some(data.len() as u64);
        let mut decoder = ChunkDecoder::new(mode, Some(signer.chunk_seed(signed)), &announced, length);
        let (mut input, mut decoded) = (Bytes::from(framed), Vec::new());
        while let Some(piece) = decoder.decode(&mut input).expect("the documented body") {
            decoded.extend_from_slice(&piece);
        }
        let trailers = decoder.finish().expect("complete");
        assert_eq!(trailers.iter().count(), announced.len());
        assert!(decoded == data);
        agreed
    }

    fn check_stages(&self, signed: &Signed) {
        let shown = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        assert_eq!(
            shown(&signed.trace.canonical_request),
            self.text("canonical_request")
        );
        assert_eq!(shown(&signed.trace.string_to_sign), self.text("string_to_sign"));
        let signature = self
            .json
            .get("signature")
            .or(self.json.get("seed_signature"))
            .and_then(Value::as_str);
        assert_eq!(Some(signed.claim.signature.as_str()), signature);
    }

    fn check_accepted(&self, request: &Request<'_>) {
        let claim = claim(request).expect("well formed").expect("signed");
        assert_eq!(
            claim.check(request, &self.expected()),
            Ok(()),
            "{}",
            self.text("name")
        );
        let signing_key = SigningKey::derive(&self.secret, &claim.scope);
        assert!(
            verify(request, &claim, PathRule::S3, &signing_key).matched,
            "{}",
            self.text("name")
        );
    }

    fn signer(&self) -> Signer<'_> {
        Signer {
            access_key_id: self.text("access_key"),
            secret: &self.secret,
            session_token: None,
            region: self.text("region"),
            service: self.text("service"),
            time: self.expected().now,
            rule: PathRule::S3,
        }
    }

    fn expected(&self) -> Expected<'_> {
        let now = parse_timestamp(self.text("timestamp")).expect("a time");
        Expected {
            region: self.text("region"),
            service: self.text("service"),
            now,
        }
    }

    fn text(&self, name: &str) -> &str {
        text_of(self.json, name)
    }
}

/// Counted in the data itself, so that none is passed over.
fn count_signatures(value: &Value) -> usize {
    match value {
        Value::Object(pairs) => {
            let here = pairs
                .keys()
                .filter(|name| matches!(name.as_str(), "signature" | "seed_signature"))
                .count();
            here + pairs.values().map(count_signatures).sum::<usize>()
        }
        Value::Array(values) => values.iter().map(count_signatures).sum(),
        _ => 0,
    }
}

fn text_of<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}
