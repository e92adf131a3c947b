//! What a request asks for in the words of access policies: which actions on what, and the keys that conditions ask about.
//!
//! SPEC: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html> for actions and keys, and
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html> for the actions of each operation.
//!
//! Not here: deciding, and who asks.
//!
//! Keeps true: every operation has its actions, in a match without a wildcard; what a client says of itself reaches only the keys
//! that are the client's to say, by [`Keys::claim`].

use countersign_policy::Keys;
use countersign_protocol::operation::{CopySource, GRANT_HEADERS, Unset};
use countersign_protocol::{Named, Operation, Said};
use countersign_sigv4::{Claim, Form};
use countersign_types::{BucketName, Etag, EtagMatch, Moment, ObjectKey};

use crate::config::Config;
use crate::pipeline::received::Received;

/// One thing that has to be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need<'a> {
    /// The action, like `s3:GetObject`.
    pub(crate) action: &'static str,
    /// What it is done to.
    pub(crate) target: Target<'a>,
    /// The version that is named, if one is.
    pub(crate) version_id: Option<&'a str>,
}

/// What an action is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    /// All buckets of the account that asks.
    AllBuckets,
    /// A bucket.
    Bucket(&'a BucketName),
    /// An object that is there.
    Object(&'a BucketName, &'a ObjectKey),
    /// A key, whether or not there is an object: writing and deleting are for who owns the bucket to allow.
    Place(&'a BucketName, &'a ObjectKey),
    /// The object that the request is about to write.
    NewObject(&'a BucketName, &'a ObjectKey),
    /// Whatever objects a bucket may have.
    ObjectsOf(&'a BucketName),
}

impl Target<'_> {
    /// How policies name it.
    pub(crate) fn arn(&self) -> String {
        match self {
            Target::AllBuckets => "arn:aws:s3:::*".to_owned(),
            Target::Bucket(bucket) => format!("arn:aws:s3:::{bucket}"),
            Target::Object(bucket, object_key)
            | Target::Place(bucket, object_key)
            | Target::NewObject(bucket, object_key) => format!("arn:aws:s3:::{bucket}/{object_key}"),
            Target::ObjectsOf(bucket) => format!("arn:aws:s3:::{bucket}/*"),
        }
    }

    /// The bucket, if it is about one.
    pub(crate) fn bucket(&self) -> Option<&BucketName> {
        match self {
            Target::AllBuckets => None,
            Target::Bucket(bucket)
            | Target::Object(bucket, _)
            | Target::Place(bucket, _)
            | Target::NewObject(bucket, _)
            | Target::ObjectsOf(bucket) => Some(bucket),
        }
    }
}

/// The source of a copy.
pub(crate) fn source(operation: &Operation) -> Option<&CopySource> {
    match operation {
        Operation::CopyObject(copy) => Some(&copy.source),
        Operation::UploadPartCopy(copy) => Some(&copy.source),
        _ => None,
    }
}

/// All that has to be allowed, what a copy reads first. None for a preflight, which asks for nothing, and for
/// [`Operation::DeleteObjects`], whose objects are named in its document: [`delete_need`] says what each of them needs.
pub(crate) fn needs<'a>(named: &'a Named, said: &Said<'_>) -> Vec<Need<'a>> {
    let on_bucket = |action| bucket_need(named, action);
    let on_place = |action| place_need(named, action);
    let one = |need| vec![need];
    // A version is read and deleted with permissions of its own.
    let versioned = |plain, of_version| match named.version_id {
        None => object_need(named, plain),
        Some(_) => object_need(named, of_version),
    };
    match &named.operation {
        Operation::ListBuckets(_) => one(account_need("s3:ListAllMyBuckets")),
        Operation::CreateBucket(_) => {
            let mut needs = one(on_bucket("s3:CreateBucket"));
            needs.extend(changes_acl(said).then(|| on_bucket(PUT_BUCKET_ACL)));
            let owned = said.about_object("x-amz-object-ownership").is_some();
            needs.extend(owned.then(|| on_bucket("s3:PutBucketOwnershipControls")));
            needs
        }
        Operation::HeadBucket | Operation::ListObjects(_) | Operation::ListObjectsV2(_) => {
            one(on_bucket(LIST_BUCKET))
        }
        Operation::ListObjectVersions(_) => one(on_bucket("s3:ListBucketVersions")),
        Operation::DeleteBucket => one(on_bucket("s3:DeleteBucket")),
        Operation::GetBucketLocation => one(on_bucket("s3:GetBucketLocation")),
        Operation::PutBucketCors(_) | Operation::DeleteBucketCors => one(on_bucket("s3:PutBucketCORS")),
        Operation::GetBucketCors => one(on_bucket("s3:GetBucketCORS")),
        Operation::Preflight(_) | Operation::DeleteObjects(_) => Vec::new(),
        Operation::GetBucketVersioning => one(on_bucket("s3:GetBucketVersioning")),
        Operation::GetBucketAcl => one(on_bucket("s3:GetBucketAcl")),
        Operation::PutBucketAcl(_) => one(on_bucket(PUT_BUCKET_ACL)),
        Operation::PutBucketPolicy(_) => one(on_bucket(PUT_BUCKET_POLICY)),
        Operation::GetBucketPolicy => one(on_bucket(GET_BUCKET_POLICY)),
        Operation::DeleteBucketPolicy => one(on_bucket(DELETE_BUCKET_POLICY)),
        Operation::GetBucketPolicyStatus => one(on_bucket("s3:GetBucketPolicyStatus")),
        Operation::PutPublicAccessBlock(_) | Operation::DeletePublicAccessBlock => {
            one(on_bucket("s3:PutBucketPublicAccessBlock"))
        }
        Operation::PutAccountPublicAccessBlock(_) | Operation::DeleteAccountPublicAccessBlock(_) => {
            one(account_need("s3:PutAccountPublicAccessBlock"))
        }
        Operation::GetAccountPublicAccessBlock(_) => one(account_need("s3:GetAccountPublicAccessBlock")),
        Operation::GetPublicAccessBlock => one(on_bucket("s3:GetBucketPublicAccessBlock")),
        Operation::PutBucketOwnershipControls(_) | Operation::DeleteBucketOwnershipControls => {
            one(on_bucket("s3:PutBucketOwnershipControls"))
        }
        Operation::GetBucketOwnershipControls => one(on_bucket("s3:GetBucketOwnershipControls")),
        Operation::GetUnset(what) => one(reading_unset(named, *what)),
        Operation::DeleteUnset(what) => one(removing_unset(named, *what)),
        Operation::ListMultipartUploads(_) => one(on_bucket("s3:ListBucketMultipartUploads")),
        Operation::PutObject(_) | Operation::PostObject(_) | Operation::CreateMultipartUpload(_) => {
            writing(named, said)
        }
        Operation::CopyObject(copy) => [reading(&copy.source)]
            .into_iter()
            .chain(writing(named, said))
            .collect(),
        Operation::UploadPart(_) | Operation::CompleteMultipartUpload(_) => one(on_place(PUT_OBJECT)),
        Operation::UploadPartCopy(copy) => vec![reading(&copy.source), on_place(PUT_OBJECT)],
        Operation::GetObject(_) | Operation::HeadObject(_) => one(versioned(GET_OBJECT, GET_OBJECT_VERSION)),
        Operation::GetObjectAcl => one(versioned("s3:GetObjectAcl", "s3:GetObjectVersionAcl")),
        Operation::PutObjectAcl(_) => one(versioned(PUT_OBJECT_ACL, "s3:PutObjectVersionAcl")),
        Operation::GetObjectAttributes(_) => vec![
            versioned(GET_OBJECT, GET_OBJECT_VERSION),
            versioned("s3:GetObjectAttributes", "s3:GetObjectVersionAttributes"),
        ],
        Operation::DeleteObject(_) => one(match named.version_id {
            None => on_place(DELETE_OBJECT),
            Some(_) => on_place(DELETE_OBJECT_VERSION),
        }),
        Operation::AbortMultipartUpload(_) => one(on_place("s3:AbortMultipartUpload")),
        Operation::ListParts(_) => one(on_place("s3:ListMultipartUploadParts")),
    }
}

/// What deleting one object of many needs.
pub(crate) fn delete_need<'a>(
    bucket: &'a BucketName,
    object_key: &'a ObjectKey,
    version_id: Option<&'a str>,
) -> Need<'a> {
    Need {
        action: match version_id {
            None => DELETE_OBJECT,
            Some(_) => DELETE_OBJECT_VERSION,
        },
        target: Target::Place(bucket, object_key),
        version_id,
    }
}

/// The value of `s3:if-match` for one object of many, as a header would have it.
pub(crate) fn if_match_text(if_match: &EtagMatch) -> String {
    match if_match {
        EtagMatch::Any => "*".to_owned(),
        EtagMatch::OneOf(tags) => {
            let tags: Vec<String> = tags.iter().map(Etag::to_string).collect();
            format!("\"{}\"", tags.join("\", \""))
        }
    }
}

/// What is about the account that asks, and so about all of its buckets.
fn account_need(action: &'static str) -> Need<'static> {
    Need {
        action,
        target: Target::AllBuckets,
        version_id: None,
    }
}

fn bucket_need<'a>(named: &'a Named, action: &'static str) -> Need<'a> {
    Need {
        action,
        target: Target::Bucket(bucket_of(named)),
        version_id: None,
    }
}

fn object_need<'a>(named: &'a Named, action: &'static str) -> Need<'a> {
    let (bucket, object_key) = names_of(named);
    Need {
        action,
        target: Target::Object(bucket, object_key),
        version_id: named.version_id.as_deref(),
    }
}

fn place_need<'a>(named: &'a Named, action: &'static str) -> Need<'a> {
    let (bucket, object_key) = names_of(named);
    Need {
        target: Target::Place(bucket, object_key),
        ..object_need(named, action)
    }
}

fn names_of(named: &Named) -> (&BucketName, &ObjectKey) {
    let object_key = named.object_key.as_ref();
    let object_key = object_key.expect("an operation on an object names it");
    (bucket_of(named), object_key)
}

fn bucket_of(named: &Named) -> &BucketName {
    named.bucket.as_ref().expect("an operation on a bucket names it")
}

/// A source is read like any object.
fn reading(source: &CopySource) -> Need<'_> {
    Need {
        action: match source.names_version {
            false => GET_OBJECT,
            true => GET_OBJECT_VERSION,
        },
        target: Target::Object(&source.bucket, &source.object_key),
        version_id: source.names_version.then_some(NULL_VERSION_ID),
    }
}

fn writing<'a>(named: &'a Named, said: &Said<'_>) -> Vec<Need<'a>> {
    let (bucket, object_key) = names_of(named);
    let mut needs = vec![place_need(named, PUT_OBJECT)];
    needs.extend(changes_acl(said).then(|| Need {
        target: Target::NewObject(bucket, object_key),
        ..object_need(named, PUT_OBJECT_ACL)
    }));
    needs
}

/// Whether a list of access is asked for. `private` is what holds anyway.
fn changes_acl(said: &Said<'_>) -> bool {
    let mut grants = GRANT_HEADERS.iter();
    said.about_object("x-amz-acl").is_some_and(|acl| acl != "private")
        || grants.any(|(name, _)| said.about_object(name).is_some())
}

fn reading_unset(named: &Named, what: Unset) -> Need<'_> {
    let on_bucket = |action| bucket_need(named, action);
    let on_object = |action| object_need(named, action);
    match what {
        Unset::Acceleration => on_bucket("s3:GetAccelerateConfiguration"),
        Unset::Encryption => on_bucket("s3:GetEncryptionConfiguration"),
        Unset::LegalHold => on_object("s3:GetObjectLegalHold"),
        Unset::Lifecycle => on_bucket("s3:GetLifecycleConfiguration"),
        Unset::Logging => on_bucket("s3:GetBucketLogging"),
        Unset::Notification => on_bucket("s3:GetBucketNotification"),
        Unset::ObjectLock => on_bucket("s3:GetBucketObjectLockConfiguration"),
        Unset::ObjectTagging if named.version_id.is_some() => on_object("s3:GetObjectVersionTagging"),
        Unset::ObjectTagging => on_object("s3:GetObjectTagging"),
        Unset::Replication => on_bucket("s3:GetReplicationConfiguration"),
        Unset::RequestPayment => on_bucket("s3:GetBucketRequestPayment"),
        Unset::Retention => on_object("s3:GetObjectRetention"),
        Unset::Tagging => on_bucket("s3:GetBucketTagging"),
        Unset::Website => on_bucket("s3:GetBucketWebsite"),
    }
}

/// Removing is a way of setting, but for websites and tags of objects.
fn removing_unset(named: &Named, what: Unset) -> Need<'_> {
    let on_bucket = |action| bucket_need(named, action);
    let on_object = |action| object_need(named, action);
    match what {
        Unset::Acceleration => on_bucket("s3:PutAccelerateConfiguration"),
        Unset::Encryption => on_bucket("s3:PutEncryptionConfiguration"),
        Unset::LegalHold => on_object("s3:PutObjectLegalHold"),
        Unset::Lifecycle => on_bucket("s3:PutLifecycleConfiguration"),
        Unset::Logging => on_bucket("s3:PutBucketLogging"),
        Unset::Notification => on_bucket("s3:PutBucketNotification"),
        Unset::ObjectLock => on_bucket("s3:PutBucketObjectLockConfiguration"),
        Unset::ObjectTagging if named.version_id.is_some() => on_object("s3:DeleteObjectVersionTagging"),
        Unset::ObjectTagging => on_object("s3:DeleteObjectTagging"),
        Unset::Replication => on_bucket("s3:PutReplicationConfiguration"),
        Unset::RequestPayment => on_bucket("s3:PutBucketRequestPayment"),
        Unset::Retention => on_object("s3:PutObjectRetention"),
        Unset::Tagging => on_bucket("s3:PutBucketTagging"),
        Unset::Website => on_bucket("s3:DeleteBucketWebsite"),
    }
}

/// What keys are gathered from.
pub(crate) struct Sources<'a> {
    /// What is asked for.
    pub(crate) named: &'a Named,
    /// What the client says beside it.
    pub(crate) said: &'a Said<'a>,
    /// The request.
    pub(crate) received: &'a Received,
    /// What the operator decided.
    pub(crate) config: &'a Config,
    /// The claim whose signature matched, if there is one.
    pub(crate) claim: Option<&'a Claim>,
}

/// Adds the keys of a request. Who asks is there already; what is asked about each bucket and version is set with each question.
pub(crate) fn gather(keys: &mut Keys, sources: &Sources<'_>) {
    let Sources {
        named,
        said,
        received,
        config,
        claim,
    } = sources;
    gather_request(keys, received, config);
    if let Some(claim) = claim {
        gather_signature(keys, claim, received.at);
    }
    gather_operation(keys, named, said, config);
    let granting = GRANT_HEADERS.iter().map(|(name, _)| *name);
    for name in OBJECT_HEADERS.into_iter().chain(granting) {
        claim_text(keys, &format!("s3:{name}"), said.about_object(name).as_deref());
    }
    if let Some(source) = source(&named.operation) {
        // As AWS's own examples spell it, however the client did.
        let source = format!("{}/{}", source.bucket, source.object_key);
        claim_text(keys, "s3:x-amz-copy-source", Some(&source));
    }
}

/// Adds the keys that every request has, whichever service it is for.
pub(crate) fn gather_request(keys: &mut Keys, received: &Received, config: &Config) {
    keys.set("aws:SourceIp", [received.client_address(config).to_string()]);
    keys.set("aws:SecureTransport", [received.is_secure(config).to_string()]);
    keys.set("aws:CurrentTime", [received.at.iso8601_seconds()]);
    keys.set("aws:EpochTime", [received.at.seconds().to_string()]);
    keys.set("aws:RequestedRegion", [config.region.as_str()]);
    keys.set("aws:ViaAWSService", ["false"]);
    for (key, header) in [("aws:UserAgent", "user-agent"), ("aws:Referer", "referer")] {
        claim_text(keys, key, received.header(header));
    }
}

fn gather_signature(keys: &mut Keys, claim: &Claim, now: Moment) {
    keys.set("s3:signatureversion", ["AWS4-HMAC-SHA256"]);
    let form = match claim.form {
        Form::Header => "REST-HEADER",
        Form::Query => "REST-QUERY-STRING",
        Form::Policy => "POST",
    };
    keys.set("s3:authType", [form]);
    let age = (now.millis() - claim.time.saturating_mul(1000)).max(0);
    keys.set("s3:signatureAge", [age.to_string()]);
    if claim.form != Form::Policy {
        keys.set("s3:x-amz-content-sha256", [claim.payload.text()]);
    }
}

fn gather_operation(keys: &mut Keys, named: &Named, said: &Said<'_>, config: &Config) {
    match &named.operation {
        Operation::ListObjects(_) | Operation::ListObjectsV2(_) | Operation::ListObjectVersions(_) => {
            for name in ["prefix", "delimiter", "max-keys"] {
                claim_text(keys, &format!("s3:{name}"), said.parameter(name));
            }
        }
        // A bucket is made in this region and in no other; where AWS's default is, nobody may name it.
        Operation::CreateBucket(_) if config.region != "us-east-1" => {
            keys.set("s3:LocationConstraint", [config.region.as_str()]);
        }
        Operation::PutObject(_)
        | Operation::PostObject(_)
        | Operation::CopyObject(_)
        | Operation::CompleteMultipartUpload(_) => {
            keys.set("s3:ObjectCreationOperation", ["true"]);
            for name in ["if-match", "if-none-match"] {
                claim_text(keys, &format!("s3:{name}"), said.about_object(name).as_deref());
            }
        }
        Operation::DeleteObject(_) => {
            claim_text(keys, "s3:if-match", said.about_object("if-match").as_deref());
        }
        Operation::CreateMultipartUpload(_) | Operation::UploadPart(_) | Operation::UploadPartCopy(_) => {
            keys.set("s3:ObjectCreationOperation", ["false"]);
        }
        Operation::ListBuckets(_)
        | Operation::CreateBucket(_)
        | Operation::HeadBucket
        | Operation::DeleteBucket
        | Operation::GetBucketLocation
        | Operation::PutBucketCors(_)
        | Operation::GetBucketCors
        | Operation::DeleteBucketCors
        | Operation::Preflight(_)
        | Operation::GetBucketVersioning
        | Operation::GetBucketAcl
        | Operation::PutBucketAcl(_)
        | Operation::PutBucketPolicy(_)
        | Operation::GetBucketPolicy
        | Operation::DeleteBucketPolicy
        | Operation::GetBucketPolicyStatus
        | Operation::PutPublicAccessBlock(_)
        | Operation::GetPublicAccessBlock
        | Operation::DeletePublicAccessBlock
        | Operation::PutAccountPublicAccessBlock(_)
        | Operation::GetAccountPublicAccessBlock(_)
        | Operation::DeleteAccountPublicAccessBlock(_)
        | Operation::PutBucketOwnershipControls(_)
        | Operation::GetBucketOwnershipControls
        | Operation::DeleteBucketOwnershipControls
        | Operation::GetUnset(_)
        | Operation::DeleteUnset(_)
        | Operation::ListMultipartUploads(_)
        | Operation::DeleteObjects(_)
        | Operation::GetObject(_)
        | Operation::HeadObject(_)
        | Operation::GetObjectAcl
        | Operation::PutObjectAcl(_)
        | Operation::GetObjectAttributes(_)
        | Operation::AbortMultipartUpload(_)
        | Operation::ListParts(_) => {}
    }
}

fn claim_text(keys: &mut Keys, key: &str, text: Option<&str>) {
    if let Some(text) = text {
        let is_the_clients = keys.claim(key, [text]);
        debug_assert!(is_the_clients, "{key} is not the client's to say");
    }
}

/// What says whether an object may be known to be missing.
pub(crate) const LIST_BUCKET: &str = "s3:ListBucket";
pub(crate) const GET_BUCKET_POLICY: &str = "s3:GetBucketPolicy";
pub(crate) const PUT_BUCKET_POLICY: &str = "s3:PutBucketPolicy";
pub(crate) const DELETE_BUCKET_POLICY: &str = "s3:DeleteBucketPolicy";
pub(crate) const PUT_BUCKET_ACL: &str = "s3:PutBucketAcl";
pub(crate) const PUT_OBJECT: &str = "s3:PutObject";
pub(crate) const PUT_OBJECT_ACL: &str = "s3:PutObjectAcl";
pub(crate) const DELETE_OBJECT: &str = "s3:DeleteObject";
const DELETE_OBJECT_VERSION: &str = "s3:DeleteObjectVersion";
const GET_OBJECT: &str = "s3:GetObject";
const GET_OBJECT_VERSION: &str = "s3:GetObjectVersion";
const NULL_VERSION_ID: &str = "null";

/// Headers about an object or bucket that are condition keys, too. Those that are refused wherever they stand are not among them.
const OBJECT_HEADERS: [&str; 5] = [
    "x-amz-acl",
    "x-amz-metadata-directive",
    "x-amz-object-ownership",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
];

#[cfg(test)]
mod tests;
