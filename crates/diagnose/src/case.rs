//! What is known about one refused request: the question that [`crate::diagnose`] answers.
//!
//! Not here: how any of it was obtained. Everything is passed in by value or reference; nothing is looked up.

use countersign_sigv4::{Claim, PathRule, Refusal, Request, Secret};

/// One refused request with everything the server knows about it.
#[derive(Clone)]
pub struct Case<'a> {
    /// The request as it was received, nothing decoded.
    pub request: Request<'a>,
    /// What the caller claimed, if the request was well-formed enough to tell.
    pub claim: Option<&'a Claim>,
    /// Why it was refused.
    pub fault: Fault<'a>,
    /// The secret of the claimed access key; `None` if the key is unknown or inactive. Without it nothing is computed.
    pub secret: Option<&'a Secret>,
    /// How the path was made canonical when the request was verified.
    pub rule: PathRule,
    /// What the server knows about itself and about this access key.
    pub server: &'a ServerFacts,
    /// How the request came in.
    pub transport: Transport<'a>,
    /// What is known about the body, if it was read to its end before the refusal. Never read one for a diagnosis.
    pub body: Option<BodyFacts>,
}

/// Why the request was refused.
#[derive(Clone, Copy)]
pub enum Fault<'a> {
    /// By the signature crate, before or at the comparison of signatures.
    Refused(&'a Refusal),
    /// No active access key has the claimed id.
    UnknownAccessKeyId,
    /// The signature matched, but the body that arrived does not have the signed SHA-256 ([`Case::body`] says which).
    BodyMismatch,
    /// A browser asked ahead of a page's request, and no CORS rule allows it. Nothing is signed then.
    Preflight(&'a Preflight),
}

/// What the CORS rules of a bucket do not allow.
#[derive(Clone, Debug)]
pub struct Preflight {
    /// The part that no rule allows.
    pub part: PreflightPart,
    /// The rule that allows most of it, by its place from 1; `None` if there are no rules.
    pub nearest: Option<usize>,
    /// What rules allow of that part: the place of the rule, from 1, and the text. Of origins, those of all rules; of
    /// methods and headers, those of the nearest one.
    pub allowed: Vec<(usize, String)>,
}

/// A part of what a browser asks for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreflightPart {
    /// There is no such bucket.
    NoBucket,
    /// The bucket has no rules.
    NoRules,
    /// `Origin`
    Origin,
    /// `Access-Control-Request-Method`
    Method,
    /// These of `Access-Control-Request-Headers`, in lower case.
    Headers(Vec<String>),
}

/// What the server knows about itself and about the claimed access key.
#[derive(Clone, Debug, Default)]
pub struct ServerFacts {
    /// The region of this server, for example `us-east-1`.
    pub region: String,
    /// The service of the endpoint that was addressed, `s3` unless it is an account call.
    pub service: String,
    /// Public names the operator declared, `host` or `host:port` as clients write it (from `--public-url`).
    pub public_names: Vec<String>,
    /// Domains for virtual-host style the operator declared (from `--domain`).
    pub domains: Vec<String>,
    /// Ports this server listens on for S3.
    pub listen_ports: Vec<u16>,
    /// Hosts that this access key verified with lately, `host[:port]`, newest first.
    pub seen_hosts: Vec<String>,
    /// The server's time, seconds since 1970.
    pub now: i64,
}

/// How the request came in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Transport<'a> {
    /// The request line said HTTP/1.0, as stock nginx does towards its upstream.
    pub http_1_0: bool,
    /// The connection was TLS.
    pub tls: bool,
    /// Server name of the TLS handshake.
    pub sni: Option<&'a str>,
    /// The other end of the connection is this machine.
    pub peer_is_loopback: bool,
}

/// What is known about a body that was read to its end.
#[derive(Clone, Debug)]
pub struct BodyFacts {
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: [u8; 32],
    /// Its beginning, at most 256 bytes; more is ignored.
    pub head: Vec<u8>,
}
