//! What an authorized request does: one function an operation, from named values to an answer.
//!
//! Not here: who may do what (the gates are behind us), and S3's semantics, which are the store's.

mod access;
mod attributes;
mod bucket;
mod copy;
mod cors;
mod delete;
mod get_object;
mod list;
mod multipart;
mod post_object;
mod put_object;
mod unset;

use bytes::Bytes;
use countersign_identity::Account;
use countersign_protocol::encode::{ObjectChecksum, Owner};
use countersign_protocol::operation::Integrity;
use countersign_protocol::{Operation, ParseError};
use countersign_store::{self as store, OneTimeLink, Store};
use countersign_types::{BucketName, Checksum, ChecksumType, ObjectKey};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use crate::body::{BodyFault, Upload};
use crate::config::Config;
use crate::once;
use crate::pipeline::proof::Authorized;
use crate::pipeline::received::Received;
use crate::refusal::{Names, Refusal};
use crate::respond::Outgoing;

/// An authorized request and what it works on.
pub(crate) struct Call<'a> {
    pub(crate) store: &'a Store,
    pub(crate) config: &'a Config,
    pub(crate) received: &'a Received,
    pub(crate) authorized: &'a Authorized,
}

/// What an operation answers.
pub(crate) type Answer = Result<Response<Outgoing>, Refusal>;

/// Carries out the operation.
pub(crate) async fn run(call: &Call<'_>, body: &mut Upload) -> Answer {
    match &call.authorized.named().operation {
        Operation::ListBuckets(request) => bucket::list(call, request).await,
        Operation::CreateBucket(request) => bucket::create(call, request, body).await,
        Operation::HeadBucket => bucket::head(call).await,
        Operation::DeleteBucket => bucket::delete(call).await,
        Operation::GetBucketLocation => bucket::location(call).await,
        Operation::PutBucketCors(request) => cors::put(call, request, body).await,
        Operation::GetBucketCors => cors::get(call).await,
        Operation::DeleteBucketCors => cors::delete(call).await,
        Operation::Preflight(request) => cors::preflight(call, request).await,
        Operation::ListObjects(request) => list::v1(call, request).await,
        Operation::ListObjectsV2(request) => list::v2(call, request).await,
        Operation::ListObjectVersions(request) => list::versions(call, request).await,
        Operation::GetBucketVersioning => bucket::versioning(call).await,
        Operation::GetBucketAcl | Operation::GetObjectAcl => access::get(call).await,
        Operation::GetUnset(what) => unset::get(call, *what).await,
        Operation::DeleteUnset(_) => unset::delete(call).await,
        Operation::PutObject(request) => put_object::put(call, request, body).await,
        Operation::PostObject(request) => post_object::post(call, request, body).await,
        Operation::GetObject(request) => get_object::get(call, request).await,
        Operation::HeadObject(request) => get_object::head(call, request).await,
        Operation::GetObjectAttributes(request) => attributes::get(call, request).await,
        Operation::CopyObject(request) => copy::object(call, request).await,
        Operation::DeleteObject(request) => delete::one(call, request).await,
        Operation::DeleteObjects(request) => delete::many(call, request, body).await,
        Operation::CreateMultipartUpload(request) => multipart::create(call, request).await,
        Operation::UploadPart(request) => multipart::part(call, request, body).await,
        Operation::UploadPartCopy(request) => copy::part(call, request).await,
        Operation::CompleteMultipartUpload(request) => multipart::complete(call, request, body).await,
        Operation::AbortMultipartUpload(request) => multipart::abort(call, request).await,
        Operation::ListParts(request) => multipart::parts(call, request).await,
        Operation::ListMultipartUploads(request) => multipart::uploads(call, request).await,
    }
}

impl<'a> Call<'a> {
    /// The bucket. The protocol names one for every operation but ListBuckets and a preflight.
    fn bucket(&self) -> &'a BucketName {
        self.authorized
            .named()
            .bucket
            .as_ref()
            .expect("an operation on a bucket names it")
    }

    /// The object key. The protocol names one for every operation on an object.
    fn object_key(&self) -> &'a ObjectKey {
        self.authorized
            .named()
            .object_key
            .as_ref()
            .expect("an operation on an object names it")
    }

    /// The account that asks. Nobody may ask for more than a preflight.
    fn account(&self) -> &'a Account {
        self.authorized
            .account()
            .expect("only a preflight is asked for by nobody")
    }

    /// The link that the request is, if it is good for one use.
    fn one_time_link(&self) -> Option<OneTimeLink> {
        once::link(self.authorized.named(), self.authorized.signature())
    }

    /// Refuses where the object, if one is named, or else the bucket, is not there.
    async fn check_is_there(&self) -> Result<(), Refusal> {
        match &self.authorized.named().object_key {
            Some(object_key) => {
                let info = self.store.object_info(self.bucket(), object_key, None).await;
                info.map(drop).map_err(self.fail())
            }
            None => {
                let bucket = self.store.bucket(self.bucket()).await;
                bucket.map(drop).map_err(self.fail())
            }
        }
    }

    /// The owner of everything in the account.
    fn owner(&self) -> Owner<'a> {
        let account = self.account();
        Owner {
            id: &account.canonical_id,
            display_name: &account.display_name,
        }
    }

    /// Maps a failure of the store, with the names that error elements show.
    fn fail(&self) -> impl Fn(store::Error) -> Refusal + use<'a> {
        let named = self.authorized.named();
        // Most calls do not fail, so the names are not made before one does.
        move |error| {
            let names = Names {
                bucket: named.bucket.as_ref().map(ToString::to_string),
                object_key: named.object_key.as_ref().map(ToString::to_string),
                upload_id: None,
            };
            Refusal::Store(error, Box::new(names))
        }
    }

    /// As [`Call::fail`], for an operation on an upload.
    fn fail_upload<'u>(
        &self,
        upload_id: &'u countersign_types::UploadId,
    ) -> impl Fn(store::Error) -> Refusal + use<'a, 'u> {
        let fail = self.fail();
        move |error| match fail(error) {
            Refusal::Store(error, names) => Refusal::Store(
                error,
                Box::new(Names {
                    upload_id: Some(upload_id.to_string()),
                    ..*names
                }),
            ),
            other => other,
        }
    }

    /// What the body must be: what was announced, and the hash that was signed.
    fn expect(&self, integrity: &Integrity) -> store::Expect {
        store::Expect {
            length: integrity.length,
            content_md5: integrity.content_md5,
            sha256: self
                .authorized
                .signature()
                .and_then(|signature| signature.claim.payload.sha256()),
            checksum: integrity
                .checksum
                .as_ref()
                .map(|declared| store::ExpectedChecksum {
                    algorithm: declared.algorithm,
                    value: declared.value.clone(),
                }),
        }
    }

    /// Reads a body that is a document, whole and verified.
    async fn document(&self, integrity: &Integrity, body: &mut Upload) -> Result<Bytes, Refusal> {
        let limit = self
            .authorized
            .named()
            .operation
            .document_limit()
            .unwrap_or_default();
        match store::receive_document(&self.expect(integrity), limit, body).await {
            Ok(bytes) => Ok(bytes),
            Err(store::Error::EntityTooLarge { .. }) => Err(Refusal::Body(BodyFault::TooLarge)),
            Err(error) => Err(self.fail()(error)),
        }
    }
}

/// An answer without a body.
fn empty(status: StatusCode, headers: HeaderMap) -> Response<Outgoing> {
    let mut response = Response::new(Outgoing::empty());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// An answer that is a document.
fn xml(document: Bytes) -> Response<Outgoing> {
    let mut response = Response::new(Outgoing::bytes(document));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}

fn parse_failed(error: ParseError) -> Refusal {
    Refusal::Parse(error)
}

fn shown_checksum(
    checksum: Option<&Checksum>,
    checksum_type: Option<ChecksumType>,
    parts: Option<u16>,
) -> Option<ObjectChecksum<'_>> {
    checksum.map(|checksum| ObjectChecksum {
        checksum,
        checksum_type,
        parts,
    })
}

fn written_checksum(written: &store::PutObject) -> Option<ObjectChecksum<'_>> {
    shown_checksum(
        written.checksum.as_ref(),
        written.checksum_type,
        written.etag.parts(),
    )
}
