//! What is known about one refused request: the question that [`crate::diagnose`] answers.
//!
//! Not here: how any of it was obtained. Everything is passed in by value or reference; nothing is looked up.

use countersign_sigv4::{ChunkError, Claim, PathRule, PolicyFault, Refusal, Request, Secret};

use crate::key::KeyFacts;

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
    /// What is known about the body, as far as it was read before the refusal. Never read one for a diagnosis.
    pub body: Option<BodyFacts>,
    /// The form that is the body, as far as it was read.
    pub form: Option<&'a FormFacts>,
}

/// Why the request was refused.
#[derive(Clone, Copy)]
pub enum Fault<'a> {
    /// By the signature crate, before or at the comparison of signatures.
    Refused(&'a Refusal),
    /// No active access key has the claimed id.
    UnknownAccessKeyId,
    /// The access key has no session token, and the request has one.
    InvalidToken,
    /// The session token is one of ours, and its session is over.
    TokenExpired {
        /// When it ended, seconds since 1970.
        ended: i64,
    },
    /// The signature of the request matched; what is said about the body, or the body itself, is wrong.
    Body(&'a BodyFault),
    /// A browser asked ahead of a page's request, and no CORS rule allows it. Nothing is signed then.
    Preflight(&'a Preflight),
    /// The signature of the form matched, but its policy does not allow it.
    Policy(&'a PolicyFault),
    /// The form has no file.
    FileMissing,
    /// The form is not one that could be carried out, whatever its policy allows.
    Form(&'a FormFault),
    /// The signature of the link matched, but the link is good for one use and was used.
    LinkUsed {
        /// When it was used, seconds since 1970.
        at: i64,
    },
    /// The signature of the link matched, but the link is good for one use and ended before what it was used for had succeeded.
    LinkEnded,
    /// The signature of the link matched, but the link is good for one use and older than the bucket, so that nobody can tell whether it was
    /// used.
    LinkOlderThanBucket {
        /// When the bucket was made, seconds since 1970.
        created: i64,
    },
    /// It is not signed at all, and nobody may do what it asks for.
    Unsigned,
    /// The signature matched, and the caller may; but the bucket does not belong to the account that the request expects.
    OwnerDiffers {
        /// The header that names the account.
        header: &'a str,
    },
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
    /// The request does not say which page asks, or for which method: it is not one of a browser.
    NotAsked,
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

/// What was wrong with a body whose request was signed as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// Its SHA-256 is not the signed one ([`BodyFacts::sha256`] says which it is).
    Sha256,
    /// It does not have the MD5 of `Content-MD5`.
    Md5,
    /// `Content-MD5` is not base64 of 16 bytes.
    Md5Malformed,
    /// A checksum is not the one that was announced.
    Checksum {
        /// The header or trailer that carries it, lower case.
        header: String,
        /// The value that the client sent, base64.
        sent: String,
        /// The value of the body that arrived, base64.
        computed: String,
    },
    /// `x-amz-sdk-checksum-algorithm` names a checksum, and neither header nor trailer carries one.
    ChecksumMissing,
    /// It is shorter or longer than announced.
    Length {
        /// Bytes announced.
        announced: u64,
        /// Bytes that arrived before it ended or became too long; `None` if only that it is too short is known.
        arrived: Option<u64>,
    },
    /// The length of its data is not announced.
    LengthMissing,
    /// Its framing as `aws-chunked`, a chunk's signature, or its trailer.
    Chunk(ChunkError),
}

/// What is wrong with a form as such.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormFault {
    /// It cannot be read.
    Malformed {
        /// What was wrong, for people.
        reason: &'static str,
        /// Where.
        place: FormPlace,
    },
    /// Its fields, or the name of its file in their places, have too many bytes.
    FieldsTooLarge {
        /// Bytes allowed before the file.
        bytes_max: usize,
    },
    /// A field that says one thing came twice.
    FieldRepeated {
        /// Its name as sent.
        name: String,
    },
    /// It has more than one file.
    FileRepeated,
    /// A field that has to say something is empty.
    FieldEmpty {
        /// Its name.
        name: &'static str,
    },
    /// The file does not have the hash that a field says.
    FileDiffers {
        /// The name of the field.
        field: &'static str,
    },
}

/// A place in a form that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormPlace {
    /// The `Content-Type` of the request, which has to name the boundary.
    Type,
    /// Its parts, or what stands around them.
    Parts,
    /// Its end: it broke off.
    End,
}

/// A browser form, as far as it was read.
#[derive(Clone, Debug, Default)]
pub struct FormFacts {
    /// The fields before the file in their order, as a policy is held against them: with the name of the file filled in.
    pub fields: Vec<(String, Vec<u8>)>,
    /// Whether a file came.
    pub has_file: bool,
    /// The `Content-Type` of the file's part.
    pub file_type: Option<String>,
    /// Names of fields after the file, as far as somebody looked.
    pub late: Vec<String>,
}

impl FormFacts {
    /// The value of the first field before the file of this name, in any case.
    pub(crate) fn field(&self, name: &str) -> Option<&[u8]> {
        let (_, value) = self
            .fields
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// The values of all fields before the file of this name, joined as user metadata is; of any other there is one.
    pub(crate) fn joined(&self, name: &str) -> Option<Vec<u8>> {
        let fields = self.fields.iter();
        let values: Vec<&[u8]> = fields
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
            .collect();
        (!values.is_empty()).then(|| values.join(&b','))
    }
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
    /// The claimed access key.
    pub key: KeyFacts,
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

/// What is known about a body, as far as it was read.
#[derive(Clone, Debug)]
pub struct BodyFacts {
    /// Its length in bytes, without framing.
    pub bytes: u64,
    /// Its SHA-256, if it was read to its end and had to be compared.
    pub sha256: Option<[u8; 32]>,
    /// Its beginning, at most 256 bytes; more is ignored.
    pub head: Vec<u8>,
}
