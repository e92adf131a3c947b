//! Which operation a request names: a table of method, what the path points at, and sub-resources.
//!
//! INVARIANT: a request never falls through to another operation. A sub-resource that no row asks for is refused, so
//! `DELETE /bucket?acl` cannot delete the bucket and `PUT /bucket/key?tagging` cannot write an object. The same holds
//! for headers that would change the meaning.

use countersign_types::{BucketName, ObjectKey};

use crate::error_code::ErrorCode;
use crate::head::{Head, View, invalid_uri};
use crate::operation::*;
use crate::parse_error::ParseError;
use crate::subresource;

/// Reads the head of a request. Pure: no clock, nothing looked up.
pub fn parse(head: &Head<'_>) -> Result<Named, ParseError> {
    let view = View::new(head);
    let names = view.names();
    let target = match (&names.bucket, &names.object_key) {
        (None, _) => Target::Service,
        (Some(_), None) => Target::Bucket,
        (Some(_), Some(_)) => Target::Object,
    };
    let bucket = names.bucket.map(|name| parse_bucket_name(&name)).transpose()?;
    let object_key = match names.object_key {
        Some(bytes) => Some(parse_key(head, &bytes)?),
        None => None,
    };
    if view.method() == "OPTIONS" {
        return Err(refuse_preflight(&view, target));
    }
    let route = choose_route(&view, target)?;
    subresource::check_headers(&view)?;
    let operation = read_operation(route, &view)?;
    if let (Operation::CopyObject(copy), Some(bucket), Some(object_key)) = (&operation, &bucket, &object_key)
    {
        copy.check_target(bucket, object_key)?;
    }
    Ok(Named {
        operation,
        bucket,
        object_key,
        expected_bucket_owner: view.filled_header("x-amz-expected-bucket-owner"),
        expected_source_bucket_owner: view.filled_header("x-amz-source-expected-bucket-owner"),
    })
}

/// What the path points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Service,
    Bucket,
    Object,
}

/// The rows of the table by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    ListBuckets,
    CreateBucket,
    HeadBucket,
    DeleteBucket,
    GetBucketLocation,
    ListObjects,
    ListObjectsV2,
    ListMultipartUploads,
    DeleteObjects,
    PutOrCopyObject,
    GetObject,
    HeadObject,
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
    row("GET", Target::Bucket, &[], Route::ListObjects),
    row("GET", Target::Bucket, &["list-type"], Route::ListObjectsV2),
    row("GET", Target::Bucket, &["uploads"], Route::ListMultipartUploads),
    row("POST", Target::Bucket, &["delete"], Route::DeleteObjects),
    row("PUT", Target::Object, &[], Route::PutOrCopyObject),
    row("GET", Target::Object, &[], Route::GetObject),
    row("GET", Target::Object, &["partNumber"], Route::GetObject),
    row("HEAD", Target::Object, &[], Route::HeadObject),
    row("HEAD", Target::Object, &["partNumber"], Route::HeadObject),
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

fn choose_route(view: &View<'_>, target: Target) -> Result<Route, ParseError> {
    let asked = subresource::asked(view)?;
    let found = TABLE.iter().find(|row| {
        row.method == view.method()
            && row.target == target
            && row.subresources.len() == asked.len()
            && row.subresources.iter().all(|name| asked.contains(name))
    });
    let Some(row) = found else {
        return Err(refuse_route(view, target, &asked));
    };
    let takes_version = matches!(
        row.route,
        Route::GetObject | Route::HeadObject | Route::DeleteObject
    );
    match view.parameter("versionId") {
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
    Ok(row.route)
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
        ("POST", Target::Bucket, []) if is_form(view) => {
            ParseError::new(ErrorCode::NotImplemented).element("Header", "Content-Type")
        }
        _ => method_not_allowed(view.method(), target, asked),
    }
}

fn is_form(view: &View<'_>) -> bool {
    let form = "multipart/form-data";
    view.header("content-type")
        .and_then(|text| {
            text.get(..form.len())
                .map(|start| start.eq_ignore_ascii_case(form))
        })
        .unwrap_or(false)
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

/// The answer to a preflight where no bucket has CORS rules.
fn refuse_preflight(view: &View<'_>, target: Target) -> ParseError {
    if view.filled_header("origin").is_none() {
        let message = "Insufficient information. Origin request header needed.";
        return ParseError::with_message(ErrorCode::BadRequest, message);
    }
    let Some(method) = view.filled_header("access-control-request-method") else {
        let message = "Invalid Access-Control-Request-Method: null";
        return ParseError::with_message(ErrorCode::BadRequest, message);
    };
    let kind = if target == Target::Object {
        "OBJECT"
    } else {
        "BUCKET"
    };
    ParseError::new(ErrorCode::AccessForbidden)
        .element("Method", method)
        .element("ResourceType", kind)
}

fn read_operation(route: Route, view: &View<'_>) -> Result<Operation, ParseError> {
    let is_copy = view.header(copy::HEADER).is_some();
    Ok(match route {
        Route::ListBuckets => Operation::ListBuckets(ListBuckets::parse(view)?),
        Route::CreateBucket => Operation::CreateBucket(CreateBucket::parse(view)?),
        Route::HeadBucket => Operation::HeadBucket,
        Route::DeleteBucket => Operation::DeleteBucket,
        Route::GetBucketLocation => Operation::GetBucketLocation,
        Route::ListObjects => Operation::ListObjects(ListObjects::parse(view)?),
        Route::ListObjectsV2 => Operation::ListObjectsV2(ListObjectsV2::parse(view)?),
        Route::ListMultipartUploads => Operation::ListMultipartUploads(ListMultipartUploads::parse(view)?),
        Route::DeleteObjects => Operation::DeleteObjects(DeleteObjects::parse(view)?),
        Route::PutOrCopyObject if is_copy => Operation::CopyObject(CopyObject::parse(view)?),
        Route::PutOrCopyObject => Operation::PutObject(PutObject::parse(view)?),
        Route::GetObject => Operation::GetObject(GetObject::parse(view)?),
        Route::HeadObject => Operation::HeadObject(GetObject::parse(view)?),
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
        None | Some("null") => Ok(()),
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
