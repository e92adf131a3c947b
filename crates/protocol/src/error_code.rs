//! Every S3 error code that this server answers, with its status and AWS's default message.
//!
//! A table and nothing else: which refusal gets which code is decided in `server::refusal`, and how it is written in
//! [`crate::encode`]. SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.

use std::fmt;

use http::StatusCode;

macro_rules! error_codes {
    ($($name:ident $status:ident $message:literal;)*) => {
        /// An S3 error code; its name is the variant's name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $(#[doc = $message] $name,)*
        }

        impl ErrorCode {
            /// All codes, in the order of the table.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$name),*];

            /// The text of `<Code>`.
            pub const fn name(self) -> &'static str {
                match self { $(ErrorCode::$name => stringify!($name),)* }
            }

            /// The HTTP status it is answered with.
            pub const fn status(self) -> StatusCode {
                match self { $(ErrorCode::$name => StatusCode::$status,)* }
            }

            /// AWS's message where the case has no more exact one.
            pub const fn message(self) -> &'static str {
                match self { $(ErrorCode::$name => $message,)* }
            }
        }
    };
}

error_codes! {
    AccessControlListNotSupported BAD_REQUEST "The bucket does not allow ACLs";
    AccessDenied FORBIDDEN "Access Denied";
    AccessForbidden FORBIDDEN "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.";
    AuthorizationHeaderMalformed BAD_REQUEST "The authorization header that you provided is not valid.";
    AuthorizationQueryParametersError BAD_REQUEST "The authorization query parameters that you provided are not valid.";
    BadDigest BAD_REQUEST "The Content-MD5 you specified did not match what we received.";
    BadRequest BAD_REQUEST "An error occurred when parsing the HTTP request.";
    BucketAlreadyExists CONFLICT "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.";
    BucketAlreadyOwnedByYou CONFLICT "Your previous request to create the named bucket succeeded and you already own it.";
    BucketNotEmpty CONFLICT "The bucket you tried to delete is not empty";
    ConditionalRequestConflict CONFLICT "The conditional request cannot succeed due to a conflicting operation against this resource.";
    EntityTooLarge BAD_REQUEST "Your proposed upload exceeds the maximum allowed size";
    EntityTooSmall BAD_REQUEST "Your proposed upload is smaller than the minimum allowed size";
    ExpiredToken BAD_REQUEST "The provided token has expired.";
    IllegalLocationConstraintException BAD_REQUEST "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.";
    IncompleteBody BAD_REQUEST "You did not provide the number of bytes specified by the Content-Length HTTP header";
    InternalError INTERNAL_SERVER_ERROR "We encountered an internal error. Please try again.";
    InvalidAccessKeyId FORBIDDEN "The AWS Access Key Id you provided does not exist in our records.";
    InvalidArgument BAD_REQUEST "Invalid Argument";
    InvalidBucketAclWithBlockPublicAccessError BAD_REQUEST "Bucket cannot have public ACLs set with BlockPublicAccess enabled";
    InvalidBucketAclWithObjectOwnership BAD_REQUEST "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
    InvalidBucketName BAD_REQUEST "The specified bucket is not valid.";
    InvalidChunkSizeError BAD_REQUEST "Only the last chunk is allowed to have a size less than 8192 bytes";
    InvalidDigest BAD_REQUEST "The Content-MD5 you specified is not valid.";
    InvalidLocationConstraint BAD_REQUEST "The specified location-constraint is not valid";
    InvalidPart BAD_REQUEST "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";
    InvalidPartNumber RANGE_NOT_SATISFIABLE "The requested partnumber is not satisfiable";
    InvalidPartOrder BAD_REQUEST "The list of parts was not in ascending order. Parts must be ordered by part number.";
    InvalidPolicyDocument BAD_REQUEST "The content of the form does not meet the conditions specified in the policy document.";
    InvalidRange RANGE_NOT_SATISFIABLE "The requested range is not satisfiable";
    InvalidRedirectLocation BAD_REQUEST "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.";
    InvalidRequest BAD_REQUEST "Invalid Request";
    InvalidStorageClass BAD_REQUEST "The storage class you specified is not valid";
    InvalidToken BAD_REQUEST "The provided token is malformed or otherwise invalid.";
    InvalidURI BAD_REQUEST "Couldn't parse the specified URI.";
    KeyTooLongError BAD_REQUEST "Your key is too long";
    MalformedACLError BAD_REQUEST "The XML you provided was not well-formed or did not validate against our published schema";
    MalformedPOSTRequest BAD_REQUEST "The body of your POST request is not well-formed multipart/form-data.";
    MalformedPolicy BAD_REQUEST "Policy has invalid resource";
    MalformedTrailerError BAD_REQUEST "The request contained trailing data that was not well-formed or did not conform to our published schema.";
    MalformedXML BAD_REQUEST "The XML you provided was not well-formed or did not validate against our published schema";
    MaxMessageLengthExceeded BAD_REQUEST "Your request was too big.";
    MaxPostPreDataLengthExceeded BAD_REQUEST "Your POST request fields preceeding the upload file was too large.";
    MetadataTooLarge BAD_REQUEST "Your metadata headers exceed the maximum allowed metadata size";
    MethodNotAllowed METHOD_NOT_ALLOWED "The specified method is not allowed against this resource.";
    MissingContentLength LENGTH_REQUIRED "You must provide the Content-Length HTTP header.";
    MissingSecurityHeader BAD_REQUEST "Your request was missing a required header";
    NoSuchBucket NOT_FOUND "The specified bucket does not exist";
    NoSuchBucketPolicy NOT_FOUND "The bucket policy does not exist";
    NoSuchCORSConfiguration NOT_FOUND "The CORS configuration does not exist";
    NoSuchKey NOT_FOUND "The specified key does not exist.";
    NoSuchLifecycleConfiguration NOT_FOUND "The lifecycle configuration does not exist";
    NoSuchPublicAccessBlockConfiguration NOT_FOUND "The public access block configuration was not found";
    NoSuchTagSet NOT_FOUND "The TagSet does not exist";
    NoSuchUpload NOT_FOUND "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
    NoSuchVersion NOT_FOUND "The specified version does not exist.";
    NoSuchWebsiteConfiguration NOT_FOUND "The specified bucket does not have a website configuration";
    NotImplemented NOT_IMPLEMENTED "A header or query you provided requested functionality that is not implemented";
    ObjectLockConfigurationNotFoundError NOT_FOUND "Object Lock configuration does not exist for this bucket";
    OwnershipControlsNotFoundError NOT_FOUND "The bucket ownership controls were not found";
    PreconditionFailed PRECONDITION_FAILED "At least one of the pre-conditions you specified did not hold";
    ReplicationConfigurationNotFoundError NOT_FOUND "The replication configuration was not found";
    RequestHeaderSectionTooLarge BAD_REQUEST "Your request header section exceeds the maximum allowed size.";
    RequestTimeTooSkewed FORBIDDEN "The difference between the request time and the current time is too large.";
    RequestTimeout BAD_REQUEST "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.";
    ServerSideEncryptionConfigurationNotFoundError NOT_FOUND "The server side encryption configuration was not found";
    ServiceUnavailable SERVICE_UNAVAILABLE "Service is unable to handle request.";
    SignatureDoesNotMatch FORBIDDEN "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
    SlowDown SERVICE_UNAVAILABLE "Please reduce your request rate.";
    UnexpectedContent BAD_REQUEST "This request does not support content";
    UserKeyMustBeSpecified BAD_REQUEST "The bucket POST must contain the specified field name. If it is specified, check the order of the fields.";
    XAmzContentSHA256Mismatch BAD_REQUEST "The provided 'x-amz-content-sha256' header does not match what was computed.";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_is_told_apart_by_its_name_and_has_an_error_status() {
        let mut names = HashSet::new();
        for code in ErrorCode::ALL {
            assert!(names.insert(code.name()), "{code} stands twice");
            assert!(code.status().as_u16() >= 300, "{code}");
            assert!(!code.message().is_empty(), "{code}");
        }
    }

    #[test]
    fn statuses_are_those_of_aws() {
        let check = |code: ErrorCode, status: u16| assert_eq!(code.status().as_u16(), status, "{code}");
        check(ErrorCode::NoSuchKey, 404);
        check(ErrorCode::MethodNotAllowed, 405);
        check(ErrorCode::BucketNotEmpty, 409);
        check(ErrorCode::MissingContentLength, 411);
        check(ErrorCode::PreconditionFailed, 412);
        check(ErrorCode::InvalidRange, 416);
        check(ErrorCode::NotImplemented, 501);
        check(ErrorCode::SlowDown, 503);
    }
}
