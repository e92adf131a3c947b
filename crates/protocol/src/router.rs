//! Which operation a request names: a table of method, what the path points at, and sub-resources.
//!
//! INVARIANT: a request never falls through to another operation. A sub-resource that no row asks for is refused, so
//! `DELETE /bucket?acl` cannot delete the bucket and `PUT /bucket/key?tagging` cannot write an object. The same holds
//! for headers that would change the meaning.

use std::borrow::Cow;

use countersign_types::{BucketName, ObjectKey};

use crate::error_code::ErrorCode;
use crate::form::Form;
use crate::head::{Head, Names, View, invalid_uri};
use crate::once;
use crate::operation::{account, *};
use crate::parse_error::ParseError;
use crate::subresource;

/// Reads the head of a request. Pure: no clock, nothing looked up.
pub fn parse(head: &Head<'_>) -> Result<Named, ParseError> {
    read(head, None)
}

/// Reads the head of a request together with its form, for which [`is_form`] is true.
pub fn parse_form(head: &Head<'_>, form: &Form) -> Result<Named, ParseError> {
    read(head, Some(form))
}

/// Whether the body is a browser form: it holds the claim then, and names the object.
pub fn is_form(head: &Head<'_>) -> bool {
    // Asked of every request, and few are a POST: nothing is decoded for the others.
    if head.method != "POST" {
        return false;
    }
    let view = View::new(head);
    Target::of(&view.names()) == Target::Bucket
        && subresource::asked(&view).is_ok_and(|asked| asked.is_empty())
        && has_form_type(&view)
}

fn read(head: &Head<'_>, form: Option<&Form>) -> Result<Named, ParseError> {
    let view = View::new(head);
    if account::is_control(head, &view) && view.method() != "OPTIONS" {
        return name_control(head, &view);
    }
    let names = view.names();
    let target = Target::of(&names);
    let bucket = names.bucket.map(|name| parse_bucket_name(&name)).transpose()?;
    if view.method() == "OPTIONS" {
        return name_preflight(&view, target, bucket);
    }
    let mut object_key = match names.object_key {
        Some(bytes) => Some(parse_key(head, &bytes)?),
        None => None,
    };
    let (route, version_id) = choose_route(&view, target)?;
    subresource::check_headers(&view)?;
    let operation = match (route, form) {
        (Route::PostObject, Some(form)) => {
            let fields = form.filled_in();
            object_key = Some(parse_form_key(&fields)?);
            Operation::PostObject(PostObject::parse(&fields)?)
        }
        _ => read_operation(route, &view)?,
    };
    if let (Operation::CopyObject(copy), Some(bucket), Some(object_key)) = (&operation, &bucket, &object_key)
    {
        copy.check_target(bucket, object_key)?;
    }
    let is_once = once::asked(&view, &operation)?;
    Ok(Named {
        operation,
        bucket,
        object_key,
        version_id: version_id.map(str::to_owned),
        expected_bucket_owner: view
            .filled_header("x-amz-expected-bucket-owner")
            .map(Cow::into_owned),
        expected_source_bucket_owner: view
            .filled_header("x-amz-source-expected-bucket-owner")
            .map(Cow::into_owned),
        is_once,
    })
}

/// The bucket that a request names, whatever else is wrong with it.
pub fn bucket(head: &Head<'_>) -> Option<BucketName> {
    BucketName::parse(&View::new(head).names().bucket?).ok()
}

/// What the path points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Service,
    Bucket,
    Object,
}

impl Target {
    fn of(names: &Names<'_>) -> Target {
        match (&names.bucket, &names.object_key) {
            (None, _) => Target::Service,
            (Some(_), None) => Target::Bucket,
            (Some(_), Some(_)) => Target::Object,
        }
    }
}

/// The rows of the table by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    ListBuckets,
    CreateBucket,
    HeadBucket,
    DeleteBucket,
    GetBucketLocation,
    PutBucketCors,
    GetBucketCors,
    DeleteBucketCors,
    ListObjects,
    ListObjectsV2,
    ListObjectVersions,
    GetBucketVersioning,
    GetBucketAcl,
    PutBucketAcl,
    PutBucketPolicy,
    GetBucketPolicy,
    DeleteBucketPolicy,
    GetBucketPolicyStatus,
    PutPublicAccessBlock,
    GetPublicAccessBlock,
    DeletePublicAccessBlock,
    PutBucketOwnershipControls,
    GetBucketOwnershipControls,
    DeleteBucketOwnershipControls,
    GetUnset(Unset),
    DeleteUnset(Unset),
    ListMultipartUploads,
    DeleteObjects,
    PutOrCopyObject,
    PostObject,
    GetObject,
    HeadObject,
    GetObjectAcl,
    PutObjectAcl,
    GetObjectAttributes,
    DeleteObject,
    CreateMultipartUpload,
    UploadPartOrCopy,
    CompleteMultipartUpload,
    AbortMultipartUpload,
    ListParts,
}

/// A row: exactly these sub-resources must be there.
struct Row {
    method: &'static str,
    target: Target,
    subresources: &'static [&'static str],
    route: Route,
}

const fn row(
    method: &'static str,
    target: Target,
    subresources: &'static [&'static str],
    route: Route,
) -> Row {
    Row {
        method,
        target,
        subresources,
        route,
    }
}

const TABLE: &[Row] = &[
    row("GET", Target::Service, &[], Route::ListBuckets),
    row("PUT", Target::Bucket, &[], Route::CreateBucket),
    row("HEAD", Target::Bucket, &[], Route::HeadBucket),
    row("DELETE", Target::Bucket, &[], Route::DeleteBucket),
    row("GET", Target::Bucket, &["location"], Route::GetBucketLocation),
    row("PUT", Target::Bucket, &["cors"], Route::PutBucketCors),
    row("GET", Target::Bucket, &["cors"], Route::GetBucketCors),
    row("DELETE", Target::Bucket, &["cors"], Route::DeleteBucketCors),
    row("GET", Target::Bucket, &[], Route::ListObjects),
    row("GET", Target::Bucket, &["list-type"], Route::ListObjectsV2),
    row("GET", Target::Bucket, &["versions"], Route::ListObjectVersions),
    row("GET", Target::Bucket, &["versioning"], Route::GetBucketVersioning),
    row("GET", Target::Bucket, &["acl"], Route::GetBucketAcl),
    row("PUT", Target::Bucket, &["acl"], Route::PutBucketAcl),
    row("PUT", Target::Bucket, &["policy"], Route::PutBucketPolicy),
    row("GET", Target::Bucket, &["policy"], Route::GetBucketPolicy),
    row("DELETE", Target::Bucket, &["policy"], Route::DeleteBucketPolicy),
    row(
        "GET",
        Target::Bucket,
        &["policyStatus"],
        Route::GetBucketPolicyStatus,
    ),
    row(
        "PUT",
        Target::Bucket,
        &["publicAccessBlock"],
        Route::PutPublicAccessBlock,
    ),
    row(
        "GET",
        Target::Bucket,
        &["publicAccessBlock"],
        Route::GetPublicAccessBlock,
    ),
    row(
        "DELETE",
        Target::Bucket,
        &["publicAccessBlock"],
        Route::DeletePublicAccessBlock,
    ),
    row(
        "PUT",
        Target::Bucket,
        &["ownershipControls"],
        Route::PutBucketOwnershipControls,
    ),
    row(
        "GET",
        Target::Bucket,
        &["ownershipControls"],
        Route::GetBucketOwnershipControls,
    ),
    row(
        "DELETE",
        Target::Bucket,
        &["ownershipControls"],
        Route::DeleteBucketOwnershipControls,
    ),
    row(
        "GET",
        Target::Bucket,
        &["accelerate"],
        Route::GetUnset(Unset::Acceleration),
    ),
    row(
        "GET",
        Target::Bucket,
        &["encryption"],
        Route::GetUnset(Unset::Encryption),
    ),
    row(
        "DELETE",
        Target::Bucket,
        &["encryption"],
        Route::DeleteUnset(Unset::Encryption),
    ),
    row(
        "GET",
        Target::Bucket,
        &["lifecycle"],
        Route::GetUnset(Unset::Lifecycle),
    ),
    row(
        "DELETE",
        Target::Bucket,
        &["lifecycle"],
        Route::DeleteUnset(Unset::Lifecycle),
    ),
    row(
        "GET",
        Target::Bucket,
        &["logging"],
        Route::GetUnset(Unset::Logging),
    ),
    row(
        "GET",
        Target::Bucket,
        &["notification"],
        Route::GetUnset(Unset::Notification),
    ),
    row(
        "GET",
        Target::Bucket,
        &["object-lock"],
        Route::GetUnset(Unset::ObjectLock),
    ),
    row(
        "GET",
        Target::Bucket,
        &["replication"],
        Route::GetUnset(Unset::Replication),
    ),
    row(
        "DELETE",
        Target::Bucket,
        &["replication"],
        Route::DeleteUnset(Unset::Replication),
    ),
    row(
        "GET",
        Target::Bucket,
        &["requestPayment"],
        Route::GetUnset(Unset::RequestPayment),
    ),
    row(
        "GET",
        Target::Bucket,
        &["tagging"],
        Route::GetUnset(Unset::Tagging),
    ),
    row(
        "DELETE",
        Target::Bucket,
        &["tagging"],
        Route::DeleteUnset(Unset::Tagging),
    ),
    row(
        "GET",
        Target::Bucket,
        &["website"],
        Route::GetUnset(Unset::Website),
    ),
    row(
        "DELETE",
        Target::Bucket,
        &["website"],
        Route::DeleteUnset(Unset::Website),
    ),
    row(
        "GET",
        Target::Object,
        &["tagging"],
        Route::GetUnset(Unset::ObjectTagging),
    ),
    row(
        "DELETE",
        Target::Object,
        &["tagging"],
        Route::DeleteUnset(Unset::ObjectTagging),
    ),
    row(
        "GET",
        Target::Object,
        &["retention"],
        Route::GetUnset(Unset::Retention),
    ),
    row(
        "GET",
        Target::Object,
        &["legal-hold"],
        Route::GetUnset(Unset::LegalHold),
    ),
    row("GET", Target::Bucket, &["uploads"], Route::ListMultipartUploads),
    row("POST", Target::Bucket, &["delete"], Route::DeleteObjects),
    row("POST", Target::Bucket, &[], Route::PostObject),
    row("PUT", Target::Object, &[], Route::PutOrCopyObject),
    row("GET", Target::Object, &[], Route::GetObject),
    row("GET", Target::Object, &["partNumber"], Route::GetObject),
    row("HEAD", Target::Object, &[], Route::HeadObject),
    row("HEAD", Target::Object, &["partNumber"], Route::HeadObject),
    row("GET", Target::Object, &["acl"], Route::GetObjectAcl),
    row("PUT", Target::Object, &["acl"], Route::PutObjectAcl),
    row("GET", Target::Object, &["attributes"], Route::GetObjectAttributes),
    row("DELETE", Target::Object, &[], Route::DeleteObject),
    row("POST", Target::Object, &["uploads"], Route::CreateMultipartUpload),
    row(
        "PUT",
        Target::Object,
        &["partNumber", "uploadId"],
        Route::UploadPartOrCopy,
    ),
    row(
        "POST",
        Target::Object,
        &["uploadId"],
        Route::CompleteMultipartUpload,
    ),
    row(
        "DELETE",
        Target::Object,
        &["uploadId"],
        Route::AbortMultipartUpload,
    ),
    row("GET", Target::Object, &["uploadId"], Route::ListParts),
];

/// The route, and the version that it is about if one is named.
fn choose_route<'v>(view: &'v View<'_>, target: Target) -> Result<(Route, Option<&'v str>), ParseError> {
    let asked = subresource::asked(view)?;
    let found = TABLE.iter().find(|row| {
        row.target == target
            && row.subresources.len() == asked.len()
            && row.method == view.method()
            && row.subresources.iter().all(|name| asked.contains(name))
    });
    let Some(row) = found else {
        return Err(refuse_route(view, target, &asked));
    };
    let takes_version = matches!(
        row.route,
        Route::GetObject
            | Route::HeadObject
            | Route::GetObjectAcl
            | Route::PutObjectAcl
            | Route::GetObjectAttributes
            | Route::GetUnset(Unset::ObjectTagging | Unset::Retention | Unset::LegalHold)
            | Route::DeleteUnset(Unset::ObjectTagging)
            | Route::DeleteObject
    );
    let version_id = view.parameter("versionId");
    match version_id {
        None => {}
        Some(version_id) if takes_version => check_version_id(Some(version_id))?,
        Some(version_id) => {
            return Err(ParseError::argument(
                "This operation does not accept a version-id.",
                "versionId",
                version_id,
            ));
        }
    }
    Ok((row.route, version_id))
}

fn refuse_route(view: &View<'_>, target: Target, asked: &[&'static str]) -> ParseError {
    if let Some(name) = asked.iter().find(|name| !subresource::is_implemented(name)) {
        return ParseError::subresource_not_implemented(name);
    }
    let without = |missing: &str, given: &str| {
        ParseError::argument(
            format!("This operation does not accept {given} without {missing}"),
            given,
            view.parameter(given).unwrap_or_default(),
        )
    };
    match (view.method(), target, asked) {
        ("PUT", Target::Object, ["partNumber"]) => without("uploadId", "partNumber"),
        ("PUT", Target::Object, ["uploadId"]) => without("partNumber", "uploadId"),
        _ => method_not_allowed(view.method(), target, asked),
    }
}

fn has_form_type(view: &View<'_>) -> bool {
    let form = "multipart/form-data";
    view.header("content-type")
        .and_then(|text| {
            text.get(..form.len())
                .map(|start| start.eq_ignore_ascii_case(form))
        })
        .unwrap_or(false)
}

/// A POST to a bucket that is no form.
fn not_a_form() -> ParseError {
    let condition = "Bucket POST must be of the enclosure-type multipart/form-data";
    ParseError::new(ErrorCode::PreconditionFailed).element("Condition", condition)
}

fn method_not_allowed(method: &str, target: Target, asked: &[&'static str]) -> ParseError {
    let kind = match (target, asked) {
        (_, [name, ..]) => name.to_ascii_uppercase(),
        (Target::Service, []) => "SERVICE".to_owned(),
        (Target::Bucket, []) => "BUCKET".to_owned(),
        (Target::Object, []) => "OBJECT".to_owned(),
    };
    ParseError::new(ErrorCode::MethodNotAllowed)
        .element("Method", method)
        .element("ResourceType", kind)
}

/// What is about an account names no bucket, whatever stands in front of the host.
fn name_control(head: &Head<'_>, view: &View<'_>) -> Result<Named, ParseError> {
    Ok(Named {
        operation: account::parse_control(head, view)?,
        bucket: None,
        object_key: None,
        version_id: None,
        expected_bucket_owner: None,
        expected_source_bucket_owner: None,
        is_once: false,
    })
}

/// A preflight changes nothing and is signed by nobody, so nothing beside it is looked at: the query holds what belongs
/// to the request that is to follow.
fn name_preflight(view: &View<'_>, target: Target, bucket: Option<BucketName>) -> Result<Named, ParseError> {
    Ok(Named {
        operation: Operation::Preflight(Preflight::parse(view, target == Target::Object)?),
        bucket,
        object_key: None,
        version_id: None,
        expected_bucket_owner: None,
        expected_source_bucket_owner: None,
        is_once: false,
    })
}

fn read_operation(route: Route, view: &View<'_>) -> Result<Operation, ParseError> {
    let is_copy = view.header(copy::HEADER).is_some();
    Ok(match route {
        Route::ListBuckets => Operation::ListBuckets(ListBuckets::parse(view)?),
        Route::CreateBucket => Operation::CreateBucket(CreateBucket::parse(view)?),
        Route::HeadBucket => Operation::HeadBucket,
        Route::DeleteBucket => Operation::DeleteBucket,
        Route::GetBucketLocation => Operation::GetBucketLocation,
        Route::PutBucketCors => Operation::PutBucketCors(PutBucketCors::parse(view)?),
        Route::GetBucketCors => Operation::GetBucketCors,
        Route::DeleteBucketCors => Operation::DeleteBucketCors,
        Route::ListObjects => Operation::ListObjects(ListObjects::parse(view)?),
        Route::ListObjectsV2 => Operation::ListObjectsV2(ListObjectsV2::parse(view)?),
        Route::ListObjectVersions => Operation::ListObjectVersions(ListObjectVersions::parse(view)?),
        Route::GetBucketVersioning => Operation::GetBucketVersioning,
        Route::GetBucketAcl => Operation::GetBucketAcl,
        Route::PutBucketAcl => Operation::PutBucketAcl(PutAcl::parse(view, AclTarget::Bucket)?),
        Route::PutBucketPolicy => Operation::PutBucketPolicy(PutBucketPolicy::parse(view)?),
        Route::GetBucketPolicy => Operation::GetBucketPolicy,
        Route::DeleteBucketPolicy => Operation::DeleteBucketPolicy,
        Route::GetBucketPolicyStatus => Operation::GetBucketPolicyStatus,
        Route::PutPublicAccessBlock => Operation::PutPublicAccessBlock(PutPublicAccessBlock::parse(view)?),
        Route::GetPublicAccessBlock => Operation::GetPublicAccessBlock,
        Route::DeletePublicAccessBlock => Operation::DeletePublicAccessBlock,
        Route::PutBucketOwnershipControls => {
            Operation::PutBucketOwnershipControls(PutBucketOwnershipControls::parse(view)?)
        }
        Route::GetBucketOwnershipControls => Operation::GetBucketOwnershipControls,
        Route::DeleteBucketOwnershipControls => Operation::DeleteBucketOwnershipControls,
        Route::GetUnset(unset) => Operation::GetUnset(unset),
        Route::DeleteUnset(unset) => Operation::DeleteUnset(unset),
        Route::ListMultipartUploads => Operation::ListMultipartUploads(ListMultipartUploads::parse(view)?),
        Route::DeleteObjects => Operation::DeleteObjects(DeleteObjects::parse(view)?),
        Route::PostObject => return Err(not_a_form()),
        Route::PutOrCopyObject if is_copy => Operation::CopyObject(CopyObject::parse(view)?),
        Route::PutOrCopyObject => Operation::PutObject(PutObject::parse(view)?),
        Route::GetObject => Operation::GetObject(GetObject::parse(view)?),
        Route::HeadObject => Operation::HeadObject(GetObject::parse(view)?),
        Route::GetObjectAcl => Operation::GetObjectAcl,
        Route::PutObjectAcl => Operation::PutObjectAcl(PutAcl::parse(view, AclTarget::Object)?),
        Route::GetObjectAttributes => Operation::GetObjectAttributes(GetObjectAttributes::parse(view)?),
        Route::DeleteObject => Operation::DeleteObject(DeleteObject::parse(view)?),
        Route::CreateMultipartUpload => Operation::CreateMultipartUpload(CreateMultipartUpload::parse(view)?),
        Route::UploadPartOrCopy if is_copy => Operation::UploadPartCopy(UploadPartCopy::parse(view)?),
        Route::UploadPartOrCopy => Operation::UploadPart(UploadPart::parse(view)?),
        Route::CompleteMultipartUpload => {
            Operation::CompleteMultipartUpload(CompleteMultipartUpload::parse(view)?)
        }
        Route::AbortMultipartUpload => Operation::AbortMultipartUpload(AbortMultipartUpload::parse(view)?),
        Route::ListParts => Operation::ListParts(ListParts::parse(view)?),
    })
}

/// Accepts no version id and `null`, the id of the only version that an object has here.
pub(crate) fn check_version_id(version_id: Option<&str>) -> Result<(), ParseError> {
    match version_id {
        None | Some(NULL_VERSION_ID) => Ok(()),
        Some("") => Err(ParseError::argument(
            "Version id cannot be the empty string",
            "versionId",
            "",
        )),
        Some(other) => Err(ParseError::argument(
            "Invalid version id specified",
            "versionId",
            other,
        )),
    }
}

pub(crate) fn invalid_bucket_name(name: &str) -> ParseError {
    ParseError::new(ErrorCode::InvalidBucketName).element("BucketName", name)
}

fn parse_bucket_name(name: &str) -> Result<BucketName, ParseError> {
    BucketName::parse(name).map_err(|_| invalid_bucket_name(name))
}

fn parse_key(head: &Head<'_>, bytes: &[u8]) -> Result<ObjectKey, ParseError> {
    crate::operation::parse_object_key(bytes).map_err(|error| match error.code {
        ErrorCode::InvalidURI => invalid_uri(head),
        _ => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{operation, refusal, request};

    const UPLOAD: &str = "uploadId=00112233445566778899aabbccddeeff";
    const MD5: (&str, &str) = ("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg==");

    fn check(line: &str, headers: &[(&str, &str)], expected: &str) {
        assert_eq!(operation(line, headers).name(), expected, "{line}");
    }

    #[test]
    fn every_operation_has_its_place() {
        check("GET /", &[], "ListBuckets");
        check("PUT /abc", &[], "CreateBucket");
        check("PUT /abc/", &[], "CreateBucket");
        check("HEAD /abc", &[], "HeadBucket");
        check("DELETE /abc", &[], "DeleteBucket");
        check("GET /abc?location", &[], "GetBucketLocation");
        check("GET /abc?location=", &[], "GetBucketLocation");
        check("PUT /abc?cors", &[MD5], "PutBucketCors");
        check("GET /abc?cors", &[], "GetBucketCors");
        check("DELETE /abc?cors", &[], "DeleteBucketCors");
        check("OPTIONS /abc/k", &[("Origin", "https://a.example")], "Preflight");
        check("GET /abc", &[], "ListObjects");
        check("GET /abc?list-type=2", &[], "ListObjectsV2");
        check("GET /abc?versions", &[], "ListObjectVersions");
        check("GET /abc?versioning", &[], "GetBucketVersioning");
        check("GET /abc?acl", &[], "GetBucketAcl");
        check("GET /abc/k?acl&versionId=null", &[], "GetObjectAcl");
        check(
            "GET /abc/k?attributes",
            &[("x-amz-object-attributes", "ETag")],
            "GetObjectAttributes",
        );
        check("GET /abc?uploads", &[], "ListMultipartUploads");
        check("POST /abc?delete", &[MD5], "DeleteObjects");
        check("PUT /abc/k", &[], "PutObject");
        check("PUT /abc/k", &[("X-Amz-Copy-Source", "abc/l")], "CopyObject");
        check("GET /abc/k", &[], "GetObject");
        check("GET /abc/k?partNumber=1", &[], "GetObject");
        check("HEAD /abc/k", &[], "HeadObject");
        check("DELETE /abc/k", &[], "DeleteObject");
        check("POST /abc/k?uploads", &[], "CreateMultipartUpload");
        check(&format!("PUT /abc/k?partNumber=1&{UPLOAD}"), &[], "UploadPart");
        check(
            &format!("PUT /abc/k?{UPLOAD}&partNumber=1"),
            &[("x-amz-copy-source", "/abc/k")],
            "UploadPartCopy",
        );
        check(&format!("POST /abc/k?{UPLOAD}"), &[], "CompleteMultipartUpload");
        check(&format!("DELETE /abc/k?{UPLOAD}"), &[], "AbortMultipartUpload");
        check(&format!("GET /abc/k?{UPLOAD}"), &[], "ListParts");
    }

    #[test]
    fn parameters_that_mean_nothing_are_ignored() {
        check("GET /?x-id=ListBuckets", &[], "ListBuckets");
        check("PUT /abc/k?x-id=GetObject", &[], "PutObject");
        check("PUT /abc/k?foo=bar", &[], "PutObject");
        check("GET /abc/k?v2", &[], "GetObject");
        check("GET /abc/k?versionId=null", &[], "GetObject");
        check(
            "DELETE /abc/k?X-Amz-Signature=abc&X-Amz-Date=&",
            &[],
            "DeleteObject",
        );
    }

    fn check_refusal(line: &str, expected: &str) {
        assert_eq!(refusal(line, &[]), expected, "{line}");
    }

    #[test]
    fn a_request_never_falls_through_to_another_operation() {
        let not_implemented = |name: &str| {
            let message = ErrorCode::NotImplemented.message();
            format!("NotImplemented: {message} [Resource={name}]")
        };
        for line in [
            "DELETE /abc/k?lifecycle",
            "GET /abc/k?lifecycle",
            "PUT /abc?lifecycle",
            "PUT /abc/k?lifecycle",
            "PUT /abc/k?lifecycle&uploads",
            "HEAD /abc/k?lifecycle",
        ] {
            check_refusal(line, &not_implemented("lifecycle"));
        }
        check_refusal("PUT /abc/k?tagging=", &not_implemented("tagging"));
        check_refusal("DELETE /abc?newfeature", &not_implemented("newfeature"));
        check_refusal("PUT /abc/k?newFeature=", &not_implemented("newFeature"));
        check_refusal("DELETE /abc?ACL", &not_implemented("ACL"));
        let not_allowed = |method: &str, kind: &str| {
            let message = ErrorCode::MethodNotAllowed.message();
            format!("MethodNotAllowed: {message} [Method={method}, ResourceType={kind}]")
        };
        check_refusal("DELETE /abc?uploads", &not_allowed("DELETE", "UPLOADS"));
        check_refusal("GET /abc/k?cors", &not_allowed("GET", "CORS"));
        for method in ["GET", "PUT", "DELETE", "HEAD"] {
            let line = format!("{method} /abc/k?policy");
            check_refusal(&line, &not_allowed(method, "POLICY"));
        }
        check_refusal("HEAD /abc?policy", &not_allowed("HEAD", "POLICY"));
        check_refusal("DELETE /abc?policyStatus", &not_allowed("DELETE", "POLICYSTATUS"));
        check_refusal("DELETE /abc?location", &not_allowed("DELETE", "LOCATION"));
        check_refusal("DELETE /abc?acl", &not_allowed("DELETE", "ACL"));
        check_refusal("PUT /abc?versioning", &not_implemented("versioning"));
        check_refusal("PUT /abc/k?attributes", &not_allowed("PUT", "ATTRIBUTES"));
        check_refusal("GET /abc?delete", &not_allowed("GET", "DELETE"));
        check_refusal("DELETE /abc/k?partNumber=1", &not_allowed("DELETE", "PARTNUMBER"));
        check_refusal("POST /", &not_allowed("POST", "SERVICE"));
        check_refusal("POST /abc/k", &not_allowed("POST", "OBJECT"));
        check_refusal("PATCH /abc/k", &not_allowed("PATCH", "OBJECT"));
        check_refusal("get /abc/k", &not_allowed("get", "OBJECT"));
        check_refusal("HEAD /", &not_allowed("HEAD", "SERVICE"));
    }

    #[test]
    fn half_of_an_upload_part_is_refused() {
        check_refusal(
            "PUT /abc/k?partNumber=1",
            "InvalidArgument: This operation does not accept partNumber without uploadId [ArgumentName=partNumber, \
             ArgumentValue=1]",
        );
        check_refusal(
            "PUT /abc/k?uploadId=x",
            "InvalidArgument: This operation does not accept uploadId without partNumber [ArgumentName=uploadId, \
             ArgumentValue=x]",
        );
    }

    #[test]
    fn only_the_null_version_can_be_named() {
        check_refusal(
            "GET /abc/k?versionId=abc",
            "InvalidArgument: Invalid version id specified [ArgumentName=versionId, ArgumentValue=abc]",
        );
        check_refusal(
            "DELETE /abc/k?versionId=",
            "InvalidArgument: Version id cannot be the empty string [ArgumentName=versionId, ArgumentValue=]",
        );
        check_refusal(
            "PUT /abc/k?versionId=null",
            "InvalidArgument: This operation does not accept a version-id. [ArgumentName=versionId, ArgumentValue=null]",
        );
    }

    #[test]
    fn names_are_checked() {
        check_refusal(
            "GET /A_b/k",
            "InvalidBucketName: The specified bucket is not valid. [BucketName=A_b]",
        );
        check_refusal(
            "GET //k",
            "InvalidBucketName: The specified bucket is not valid. [BucketName=]",
        );
        check_refusal(
            "GET /abc/%ff",
            "InvalidURI: Couldn't parse the specified URI. [URI=/abc/%ff]",
        );
        check_refusal(
            &format!("PUT /abc/{}", "a".repeat(1025)),
            "KeyTooLongError: Your key is too long [Size=1025, MaxSizeAllowed=1024]",
        );
        let named = request(
            "GET /abc/../a%2Fb+%252F//",
            &[("x-amz-expected-bucket-owner", "o1")],
        )
        .expect("a key");
        assert_eq!(
            named.object_key.as_ref().map(ObjectKey::as_str),
            Some("../a/b+%2F//")
        );
        assert_eq!(named.bucket.as_ref().map(BucketName::as_str), Some("abc"));
        assert_eq!(named.expected_bucket_owner.as_deref(), Some("o1"));
        assert_eq!(named.version_id, None);
        let named = request("GET /abc/k?versionId=null", &[]).expect("a version");
        assert_eq!(named.version_id.as_deref(), Some(NULL_VERSION_ID));
    }

    #[test]
    fn a_form_of_another_type_is_none() {
        let condition = "[Condition=Bucket POST must be of the enclosure-type multipart/form-data]";
        let expected = format!(
            "PreconditionFailed: {} {condition}",
            ErrorCode::PreconditionFailed.message()
        );
        for content_type in [
            "",
            "application/x-www-form-urlencoded",
            "multipart/mixed; boundary=x",
        ] {
            assert_eq!(refusal("POST /abc", &[("content-type", content_type)]), expected);
        }
    }

    #[test]
    fn the_bucket_is_found_in_a_request_that_is_otherwise_wrong() {
        let check = |path: &str, host_bucket: Option<&str>, expected: Option<&str>| {
            let head = Head {
                method: "PATCH",
                path: path.as_bytes(),
                query: Some(b"acl&tagging"),
                headers: &[],
                host_bucket,
            };
            let found = bucket(&head);
            assert_eq!(found.as_ref().map(BucketName::as_str), expected, "{path}");
        };
        check("/", None, None);
        check("/abc", None, Some("abc"));
        check("/abc/%ff", None, Some("abc"));
        check("/abc/k", Some("other"), Some("other"));
        check("/NO/k", None, None);
    }

    #[test]
    fn a_form_is_a_post_to_a_bucket_and_to_nothing_else() {
        let check = |line: &str, content_type: &str, host_bucket: Option<&str>, expected: bool| {
            let (method, target) = line.split_once(' ').expect("a method");
            let (path, query) = target
                .split_once('?')
                .map_or((target, None), |(p, q)| (p, Some(q.as_bytes())));
            let headers = [("Content-Type", content_type.as_bytes())];
            let head = Head {
                method,
                path: path.as_bytes(),
                query,
                headers: &headers,
                host_bucket,
            };
            assert_eq!(is_form(&head), expected, "{line} {content_type}");
        };
        let form = "Multipart/Form-Data; boundary=x";
        check("POST /abc", form, None, true);
        check("POST /abc/", form, None, true);
        check("POST /", form, Some("abc"), true);
        check("POST /abc?X-Amz-Signature=1", form, None, true);
        check("POST /", form, None, false);
        check("POST /abc/k", form, None, false);
        check("PUT /abc", form, None, false);
        check("POST /abc?delete", form, None, false);
        check("POST /abc?acl", form, None, false);
        check("POST /abc?newfeature", form, None, false);
        check("POST /abc", "multipart/mixed; boundary=x", None, false);
    }

    #[test]
    fn a_form_names_its_object_in_a_field() {
        let head = Head {
            method: "POST",
            path: b"/abc/",
            query: None,
            headers: &[],
            host_bucket: None,
        };
        let mut form = crate::testing::form(&[("KEY", "u/${filename}"), ("success_action_status", "201")]);
        form.file_name = Some(b"cat.jpg".to_vec());
        let named = parse_form(&head, &form).expect("a form");
        assert_eq!(named.operation.name(), "PostObject");
        assert_eq!(
            named.object_key.as_ref().map(ObjectKey::as_str),
            Some("u/cat.jpg")
        );
        assert_eq!(named.bucket.as_ref().map(BucketName::as_str), Some("abc"));
        let bad = Head {
            path: b"/A_b",
            ..head
        };
        assert_eq!(
            parse_form(&bad, &form).map_err(|error| error.code),
            Err(ErrorCode::InvalidBucketName)
        );
    }

    #[test]
    fn headers_that_would_change_the_meaning_are_refused() {
        for (name, value) in [
            ("X-Amz-Server-Side-Encryption", "AES256"),
            ("x-amz-server-side-encryption-customer-key", "k"),
            (
                "x-amz-copy-source-server-side-encryption-customer-algorithm",
                "AES256",
            ),
            ("x-amz-tagging", "a=b"),
            ("x-amz-object-lock-mode", "GOVERNANCE"),
            ("x-amz-write-offset-bytes", "5"),
            ("x-amz-if-match-size", "5"),
        ] {
            let expected = format!(
                "NotImplemented: A header you provided implies functionality that is not implemented [Header={}]",
                name.to_lowercase()
            );
            for line in ["PUT /abc/k", "DELETE /abc/k", "POST /abc/k?uploads"] {
                assert_eq!(refusal(line, &[(name, value)]), expected);
            }
            assert_eq!(
                refusal(&format!("PUT /abc/k?{name}=x"), &[]),
                expected,
                "moved into the query"
            );
        }
        for name in [
            "x-amz-mfa",
            "x-amz-request-payer",
            "x-amz-bypass-governance-retention",
            "x-amz-foo",
        ] {
            check("DELETE /abc/k", &[(name, "x")], "DeleteObject");
        }
    }

    #[test]
    fn every_name_in_the_table_is_a_known_subresource() {
        for name in TABLE.iter().flat_map(|row| row.subresources) {
            let is_known = subresource::is_implemented(name) || subresource::NOT_IMPLEMENTED.contains(name);
            assert!(is_known, "{name}");
        }
        for name in subresource::IMPLEMENTED {
            assert!(
                TABLE.iter().any(|row| row.subresources.contains(name)),
                "{name} has no row"
            );
            assert!(!subresource::NOT_IMPLEMENTED.contains(name), "{name}");
        }
    }
}
