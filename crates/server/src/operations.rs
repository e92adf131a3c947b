//! What an authorized request does: one function an operation, from named values to an answer.
//!
//! Not here: who may do what (the gates are behind us), and S3's semantics, which are the store's.

mod access;
mod acl;
mod attributes;
mod bucket;
mod copy;
mod cors;
mod delete;
mod get_object;
mod list;
mod multipart;
mod policy;
mod post_object;
mod put_object;
mod unset;

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use countersign_identity::{Account, Directory};
use countersign_protocol::encode::{ObjectChecksum, Owner};
use countersign_protocol::operation::Integrity;
use countersign_protocol::{Operation, ParseError};
use countersign_sigv4::Payload;
use countersign_store::{self as store, OneTimeLink, Store};
use countersign_types::{BucketName, Checksum, ChecksumType, ObjectAccess, ObjectKey};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use crate::body::{BodyFault, Upload};
use crate::bucket_policies::Ground;
use crate::config::Config;
use crate::gateway::Gateway;
use crate::lists;
use crate::once;
use crate::pipeline::proof::Authorized;
use crate::pipeline::received::Received;
use crate::refusal::{Names, Refusal};
use crate::respond::Outgoing;

/// An authorized request and what it works on.
pub(crate) struct Call<'a> {
    /// In it the buckets of the request are those that it was allowed on.
    store: Store,
    config: &'a Config,
    directory: &'a Directory,
    received: &'a Received,
    authorized: &'a Authorized,
    /// Who owns the bucket, once somebody wants to know.
    owner: OnceLock<Arc<Account>>,
}

/// What an operation answers.
pub(crate) type Answer = Result<Response<Outgoing>, Refusal>;

/// Carries out the operation. Who may not know what is there is not told.
pub(crate) async fn run(call: &Call<'_>, body: &mut Upload) -> Answer {
    let answer = carry_out(call, body).await;
    answer.map_err(|refusal| call.authorized.veil(refusal))
}

async fn carry_out(call: &Call<'_>, body: &mut Upload) -> Answer {
    match &call.authorized.named().operation {
        Operation::ListBuckets(request) => bucket::list(call, request).await,
        Operation::CreateBucket(request) => bucket::create(call, request, body).await,
        Operation::HeadBucket => bucket::head(),
        Operation::DeleteBucket => bucket::delete(call).await,
        Operation::GetBucketLocation => bucket::location(call),
        Operation::PutBucketCors(request) => cors::put(call, request, body).await,
        Operation::GetBucketCors => cors::get(call).await,
        Operation::DeleteBucketCors => cors::delete(call).await,
        Operation::Preflight(request) => cors::preflight(call, request).await,
        Operation::ListObjects(request) => list::v1(call, request).await,
        Operation::ListObjectsV2(request) => list::v2(call, request).await,
        Operation::ListObjectVersions(request) => list::versions(call, request).await,
        Operation::GetBucketVersioning => bucket::versioning(),
        Operation::GetBucketAcl => Ok(acl::of_bucket(call)),
        Operation::GetObjectAcl => acl::of_object(call).await,
        Operation::PutBucketAcl(request) => acl::put_of_bucket(call, request, body).await,
        Operation::PutObjectAcl(request) => acl::put_of_object(call, request, body).await,
        Operation::PutBucketPolicy(request) => policy::put(call, request, body).await,
        Operation::GetBucketPolicy => policy::get(call).await,
        Operation::DeleteBucketPolicy => policy::delete(call).await,
        Operation::GetBucketPolicyStatus => policy::status(call),
        Operation::PutPublicAccessBlock(request) => access::put_block(call, request, body).await,
        Operation::GetPublicAccessBlock => access::block(call),
        Operation::DeletePublicAccessBlock => access::delete_block(call).await,
        Operation::PutAccountPublicAccessBlock(request) => {
            access::put_account_block(call, request, body).await
        }
        Operation::GetAccountPublicAccessBlock(account) => access::account_block(call, account).await,
        Operation::DeleteAccountPublicAccessBlock(account) => {
            access::delete_account_block(call, account).await
        }
        Operation::PutBucketOwnershipControls(request) => access::put_ownership(call, request, body).await,
        Operation::GetBucketOwnershipControls => access::ownership(call),
        Operation::DeleteBucketOwnershipControls => access::delete_ownership(call).await,
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
    pub(crate) fn new(gateway: &'a Gateway, received: &'a Received, authorized: &'a Authorized) -> Call<'a> {
        Call {
            store: authorized.pin(&gateway.store),
            config: &gateway.config,
            directory: &gateway.directory,
            received,
            authorized,
            owner: OnceLock::new(),
        }
    }

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

    /// The account that asks. Nobody may make buckets or list them.
    fn account(&self) -> &'a Account {
        self.authorized
            .account()
            .expect("a policy of a bucket, which is all that nobody has, allows neither")
    }

    /// The link that the request is, if it is good for one use.
    fn one_time_link(&self) -> Option<OneTimeLink> {
        once::link(self.authorized.named(), self.authorized.signature())
    }

    /// The bucket and what is set for it, as it was when the request was allowed.
    fn ground(&self) -> &'a Ground {
        self.authorized
            .ground()
            .expect("a request about a bucket is allowed once that was looked up")
    }

    /// Refuses where the object, if one is named, is not there. That the bucket is was seen when the request was allowed.
    async fn check_is_there(&self) -> Result<(), Refusal> {
        let Some(object_key) = &self.authorized.named().object_key else {
            return Ok(());
        };
        let info = self.store.object_info(self.bucket(), object_key, None).await;
        info.map(drop).map_err(self.fail())
    }

    /// The owner of the bucket.
    fn bucket_owner(&self) -> &Account {
        self.owner
            .get_or_init(|| self.account_of(&self.ground().bucket.owner))
    }

    /// The owner of the bucket, and of everything in it that names nobody else, as XML shows it.
    fn owner(&self) -> Owner<'_> {
        owner(self.bucket_owner())
    }

    /// The account of this id. Of one that is gone its id is left.
    fn account_of(&self, id: &str) -> Arc<Account> {
        if id == lists::NOBODY {
            return Arc::new(lists::nobody());
        }
        let gone = || Account {
            id: id.to_owned(),
            canonical_id: id.to_owned(),
            display_name: id.to_owned(),
        };
        self.directory.account(id).unwrap_or_else(|| Arc::new(gone()))
    }

    /// An account that is not the bucket's, where one is named.
    fn other(&self, id: Option<&str>) -> Option<Arc<Account>> {
        id.map(|id| self.account_of(id))
    }

    /// The owner of an object or upload, where it is not the bucket's. Where lists do not count, everything is the bucket's owner's.
    fn other_owner(&self, id: Option<&str>) -> Option<Arc<Account>> {
        self.other(id.filter(|_| self.has_lists()))
    }

    /// The account that writes.
    fn writer(&self) -> Account {
        self.authorized
            .account()
            .map_or_else(lists::nobody, Account::clone)
    }

    /// Whether objects have owners and lists of their own.
    fn has_lists(&self) -> bool {
        self.ground().bucket.access.has_lists()
    }

    /// Refuses an object whose owner or list changed since the request was allowed.
    fn check_unchanged(&self, access: &ObjectAccess) -> Result<(), Refusal> {
        self.authorized
            .check_unchanged(self.bucket(), self.object_key(), access)
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
            sha256: self.authorized.payload().and_then(Payload::sha256),
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

/// An account as XML shows it.
fn owner(account: &Account) -> Owner<'_> {
    Owner {
        id: &account.canonical_id,
        display_name: &account.display_name,
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
