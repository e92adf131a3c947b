//! Which program sent a request and which one signed it, from what programs call themselves and from what only they do.
//!
//! Not here: what to change in them (`places`, `settings`). A name is what a program says of itself, so it picks the words of a
//! cure and nothing else.

use super::Traces;

/// Those that only send, and whoever is not known.
macro_rules! senders {
    () => {
        Client::Browser | Client::Axios | Client::Fetch | Client::OkHttp | Client::Requests | Client::Unknown
    };
}

/// MinIO's clients and the tools, which have settings of their own and not those of an SDK.
macro_rules! minio_and_tools {
    () => {
        Client::MinioJs
            | Client::MinioGo
            | Client::MinioPy
            | Client::MinioJava
            | Client::Mc
            | Client::Rclone
            | Client::S3cmd
            | Client::S5cmd
    };
}

/// Those that make, sign and send their requests by themselves.
macro_rules! kits {
    () => {
        Client::JsV3
            | Client::JsV3Page
            | Client::JsV2
            | Client::JsV2Page
            | Client::Boto3
            | Client::AwsCliV1
            | Client::AwsCliV2
            | Client::GoV1
            | Client::GoV2
            | Client::JavaV1
            | Client::JavaV2
            | Client::Kotlin
            | Client::Rust
            | Client::Php
            | Client::DotNet
            | Client::Ruby
            | Client::Cpp
            | minio_and_tools!()
    };
}

mod code;
mod keys;
mod places;
mod settings;

/// A program that signs or sends requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    /// AWS SDK for JavaScript v3 in Node.
    JsV3,
    /// The same in a page.
    JsV3Page,
    /// AWS SDK for JavaScript v2 in Node.
    JsV2,
    /// The same in a page.
    JsV2Page,
    /// boto3, or botocore under another name.
    Boto3,
    AwsCliV1,
    AwsCliV2,
    GoV1,
    GoV2,
    JavaV1,
    JavaV2,
    Kotlin,
    Rust,
    Php,
    DotNet,
    Ruby,
    Cpp,
    Curl,
    MinioJs,
    /// minio-go by itself, and in restic, which does not name itself.
    MinioGo,
    MinioPy,
    MinioJava,
    /// MinIO's command-line client.
    Mc,
    Rclone,
    S3cmd,
    S5cmd,
    Postman,
    /// A page: fetch, XMLHttpRequest, or what is built on them, such as Uppy.
    Browser,
    Axios,
    /// The fetch of Node.
    Fetch,
    OkHttp,
    /// Python's requests.
    Requests,
    Unknown,
}

/// How programs call themselves, in lower case; wrappers before what they wrap.
const MARKS: [(&str, Client); 29] = [
    ("aws-cli/1", Client::AwsCliV1),
    ("aws-cli/", Client::AwsCliV2),
    ("s5cmd/", Client::S5cmd),
    ("rclone/", Client::Rclone),
    (" mc/", Client::Mc),
    ("minio-js/", Client::MinioJs),
    ("minio-go/", Client::MinioGo),
    ("minio-py/", Client::MinioPy),
    ("minio-java/", Client::MinioJava),
    ("boto", Client::Boto3),
    ("aws-sdk-js/3", Client::JsV3),
    ("aws-sdk-js/2", Client::JsV2),
    ("aws-sdk-nodejs/2", Client::JsV2),
    ("aws-sdk-go-v2/", Client::GoV2),
    ("aws-sdk-go/", Client::GoV1),
    ("aws-sdk-java/2", Client::JavaV2),
    ("aws-sdk-java/", Client::JavaV1),
    ("aws-sdk-kotlin/", Client::Kotlin),
    ("aws-sdk-rust/", Client::Rust),
    ("aws-sdk-php/", Client::Php),
    ("aws-sdk-dotnet", Client::DotNet),
    ("aws-sdk-ruby", Client::Ruby),
    ("aws-sdk-cpp/", Client::Cpp),
    ("s3cmd/", Client::S3cmd),
    ("postmanruntime/", Client::Postman),
    ("curl/", Client::Curl),
    ("axios/", Client::Axios),
    ("okhttp/", Client::OkHttp),
    ("python-requests/", Client::Requests),
];

/// What axios asks for where nothing else is set; in a page it has no other name.
const ACCEPTED_BY_AXIOS: &str = "application/json, text/plain, */*";

/// The program that sent a request.
pub(super) fn sender(traces: &Traces<'_>, agent: &str, page: bool) -> Client {
    let amz_agent = traces.text("x-amz-user-agent").unwrap_or_default();
    let named = MARKS
        .iter()
        .find(|(mark, _)| agent.contains(mark) || amz_agent.contains(mark));
    let in_page = page || agent.contains("md/browser");
    match named {
        Some((_, Client::JsV3)) if in_page => Client::JsV3Page,
        Some((_, Client::JsV2)) if in_page => Client::JsV2Page,
        Some((_, client)) => *client,
        None if matches!(agent, "node" | "undici") => Client::Fetch,
        None if page && traces.text("accept").as_deref() == Some(ACCEPTED_BY_AXIOS) => Client::Axios,
        None if page => Client::Browser,
        None => nameless(traces).unwrap_or(Client::Unknown),
    }
}

/// Who sends no name that helps, or whose name was taken away, told by what it signs and how it writes that.
fn nameless(traces: &Traces<'_>) -> Option<Client> {
    let authorization = traces.text("authorization")?;
    let signed = authorization.split("signedheaders=").nth(1).unwrap_or_default();
    let signed = signed.split(',').next().unwrap_or_default();
    let signs = |name: &str| signed.split(';').any(|listed| listed == name);
    if traces.has("amz-sdk-invocation-id") {
        // Every SDK of its kind sends this header; botocore alone does not sign it.
        return match (signs("amz-sdk-invocation-id"), signs("accept-encoding")) {
            (false, _) if !signs("x-amz-user-agent") => Some(Client::Boto3),
            (true, true) => Some(Client::GoV2),
            _ => None,
        };
    }
    let is_bare = !traces.has("user-agent") && traces.text("accept-encoding").as_deref() == Some("identity");
    let is_tight = authorization.contains(",signedheaders=") && authorization.contains(",signature=");
    let is_old = authorization.starts_with("aws ") && traces.has("x-amz-date");
    (is_bare && (is_tight || is_old)).then_some(Client::S3cmd)
}

/// The program that signed a request.
pub(super) fn signer(traces: &Traces<'_>, sender: Client) -> Client {
    if let Some(form) = traces.form {
        let names: Vec<&str> = form.fields.iter().map(|(name, _)| name.as_str()).collect();
        return maker_of_form(&names);
    }
    let authorization = traces.text("authorization").unwrap_or_default();
    // A login of another kind signs nothing.
    if authorization.starts_with("aws") {
        return match sender {
            // With --aws-sigv4, curl writes the signature before its name; one that it was given stands behind.
            Client::Curl if !traces.stands_before("authorization", "user-agent") => Client::Unknown,
            // Code of one's own that signs does so where it sends.
            _ => sender,
        };
    }
    let parameters = traces.parameters();
    maker_of_link(&parameters).unwrap_or(if sender.signs() && sender != Client::Curl {
        sender
    } else {
        Client::Unknown
    })
}

/// Which program writes the parameters of a link in this order.
fn maker_of_link(parameters: &[String]) -> Option<Client> {
    let at = |name: &str| parameters.iter().position(|parameter| parameter == name);
    let signature = at("x-amz-signature");
    if let (Some(old), Some(expires)) = (at("signature"), at("expires")) {
        // JavaScript v2 writes them the other way round, and so do others.
        return (old < expires && at("awsaccesskeyid") < Some(old)).then_some(Client::Boto3);
    }
    match (
        at("x-amz-content-sha256"),
        at("x-amz-algorithm")?,
        signature?,
        at("x-amz-signedheaders")?,
    ) {
        (Some(0), ..) => Some(Client::Php),
        (Some(payload), algorithm, signature, headers) if algorithm < payload && signature < headers => {
            Some(Client::JsV3)
        }
        (None, _, signature, headers) if signature < headers => Some(Client::JsV2),
        (None, _, signature, headers) => match (at("x-id"), at("x-amz-security-token")) {
            (Some(id), _) if headers < id && id < signature => Some(Client::GoV2),
            // Others sort the token in; botocore puts it behind the list of headers.
            (None, Some(token)) if headers < token && token < signature => Some(Client::Boto3),
            _ => None,
        },
        _ => None,
    }
}

/// Which program writes the fields of a form in this spelling and order.
fn maker_of_form(names: &[&str]) -> Client {
    let at = |name: &str| names.iter().position(|field| *field == name);
    let key = at("key");
    if let (Some(algorithm), Some(date)) = (at("X-Amz-Algorithm"), at("X-Amz-Date")) {
        // Both SDKs for JavaScript put the bucket in front; only v3 puts the object key behind.
        return match (at("bucket"), key) {
            (Some(bucket), Some(key)) if bucket < algorithm && date < key => Client::JsV3,
            (Some(bucket), Some(key)) if bucket < algorithm && key < algorithm => Client::JsV2,
            _ => Client::Unknown,
        };
    }
    match (at("x-amz-algorithm"), at("x-amz-date"), key) {
        (Some(algorithm), Some(date), Some(key)) if key < algorithm && algorithm < date => Client::Boto3,
        (Some(algorithm), Some(date), Some(_)) if date < algorithm => Client::MinioJs,
        _ => Client::Unknown,
    }
}

impl Client {
    /// Whether the program makes signatures by itself.
    pub(crate) fn signs(self) -> bool {
        match self {
            kits!() | Client::Curl | Client::Postman => true,
            senders!() => false,
        }
    }
}
