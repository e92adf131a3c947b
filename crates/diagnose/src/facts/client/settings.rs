//! What to set or to call in a client so that it signs and sends as it should, each a sentence without its full stop.
//!
//! One table a concern, total over the clients. Names were looked up in each client's documentation or source; where a client
//! has no such setting, the words are general. An unknown client is told what the two most frequent ones call it.

use super::Client;

impl Client {
    /// Switches signature version 4 on.
    pub(crate) fn version_4_setting(self) -> &'static str {
        match self {
            Client::JsV2 | Client::JsV2Page => "In new AWS.S3({...}) set signatureVersion: 'v4'",
            Client::Boto3 => "Pass Config(signature_version='s3v4') to boto3.client",
            Client::AwsCliV1 | Client::AwsCliV2 => "Run aws configure set default.s3.signature_version s3v4",
            Client::S3cmd => "In .s3cfg set signature_v2 = False",
            Client::Rclone => "In rclone.conf set v2_auth = false",
            Client::Mc => "Run mc alias set ALIAS URL KEY SECRET --api S3v4",
            Client::MinioGo => "Make its credentials with credentials.NewStaticV4",
            Client::DotNet => "Set AWSConfigsS3.UseSignatureVersion4 = true",
            Client::JsV3
            | Client::JsV3Page
            | Client::GoV1
            | Client::GoV2
            | Client::JavaV1
            | Client::JavaV2
            | Client::Kotlin
            | Client::Rust
            | Client::Php
            | Client::Ruby
            | Client::Cpp
            | Client::Curl
            | Client::MinioJs
            | Client::MinioPy
            | Client::MinioJava
            | Client::S5cmd
            | Client::Postman => "Switch it to signature version 4 (AWS4-HMAC-SHA256)",
            senders!() => {
                "Switch whatever signs to signature version 4 (JavaScript v2: signatureVersion: 'v4'; boto3: signature_version='s3v4')"
            }
        }
    }

    /// Keeps it from signing with version 4A.
    pub(crate) fn no_version_4a_setting(self) -> &'static str {
        match self {
            Client::JsV3 | Client::JsV3Page => "In new S3Client({...}) set one region, not *",
            Client::Boto3 => "Pass Config(signature_version='s3v4') and one region",
            Client::AwsCliV1 | Client::AwsCliV2 => "Run aws configure set default.s3.signature_version s3v4",
            Client::JsV2
            | Client::JsV2Page
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
            | Client::Curl
            | minio_and_tools!()
            | Client::Postman
            | senders!() => "Sign with AWS4-HMAC-SHA256 for one region",
        }
    }

    /// Puts the bucket into the path.
    pub(crate) fn path_style_setting(self) -> &'static str {
        match self {
            Client::JsV3 | Client::JsV3Page => "Set forcePathStyle: true in new S3Client({...})",
            Client::JsV2 | Client::JsV2Page => "Set s3ForcePathStyle: true in new AWS.S3({...})",
            Client::Boto3 => "Pass Config(s3={'addressing_style': 'path'}) to boto3.client",
            Client::AwsCliV1 | Client::AwsCliV2 => "Run aws configure set default.s3.addressing_style path",
            Client::GoV1 => "Set S3ForcePathStyle in aws.Config to true",
            Client::GoV2 => "Set UsePathStyle in s3.Options to true",
            Client::JavaV1 => "Call withPathStyleAccessEnabled(true) on the client builder",
            Client::JavaV2 => "Call forcePathStyle(true) on S3Client.builder()",
            Client::Kotlin => "Set forcePathStyle = true in S3Client { .. }",
            Client::Rust => "Call force_path_style(true) on the config builder",
            Client::Php => "Set 'use_path_style_endpoint' => true in new S3Client([..])",
            Client::DotNet => "Set ForcePathStyle = true in AmazonS3Config",
            Client::Ruby => "Pass force_path_style: true to Aws::S3::Client.new",
            Client::Cpp => "Set useVirtualAddressing = false in S3ClientConfiguration",
            Client::MinioJs => "Set pathStyle: true in new Minio.Client({...})",
            Client::MinioGo => {
                "Set BucketLookup: minio.BucketLookupPath in minio.Options (restic: -o s3.bucket-lookup=path)"
            }
            Client::MinioPy => "Call disable_virtual_style_endpoint() on the client",
            Client::MinioJava => "Call disableVirtualStyleEndpoint() on the client",
            Client::Mc => "Run mc alias set ALIAS URL KEY SECRET --path on",
            Client::Rclone => "Set force_path_style = true in rclone.conf",
            Client::S3cmd => "In .s3cfg set host_bucket to what host_base says, without %(bucket)s",
            Client::S5cmd => "Give --endpoint-url without the bucket",
            Client::Curl | Client::Postman => "Write the bucket into the path of the URL",
            senders!() => "Sign path style: forcePathStyle: true (JavaScript), addressing_style path (boto3)",
        }
    }

    /// Puts the bucket in front of the host.
    pub(crate) fn host_style_setting(self) -> &'static str {
        match self {
            Client::JsV3 | Client::JsV3Page => "Set forcePathStyle: false in new S3Client({...})",
            Client::JsV2 | Client::JsV2Page => "Set s3ForcePathStyle: false in new AWS.S3({...})",
            Client::Boto3 => "Pass Config(s3={'addressing_style': 'virtual'}) to boto3.client",
            Client::AwsCliV1 | Client::AwsCliV2 => {
                "Run aws configure set default.s3.addressing_style virtual"
            }
            Client::GoV1 => "Set S3ForcePathStyle in aws.Config to false",
            Client::GoV2 => "Set UsePathStyle in s3.Options to false",
            Client::JavaV1 => "Call withPathStyleAccessEnabled(false) on the client builder",
            Client::JavaV2 => "Call forcePathStyle(false) on S3Client.builder()",
            Client::Kotlin => "Set forcePathStyle = false in S3Client { .. }",
            Client::Rust => "Call force_path_style(false) on the config builder",
            Client::Php => "Set 'use_path_style_endpoint' => false in new S3Client([..])",
            Client::DotNet => "Set ForcePathStyle = false in AmazonS3Config",
            Client::Ruby => "Pass force_path_style: false to Aws::S3::Client.new",
            Client::Cpp => "Set useVirtualAddressing = true in S3ClientConfiguration",
            Client::MinioJs => "Set pathStyle: false in new Minio.Client({...})",
            Client::MinioGo => {
                "Set BucketLookup: minio.BucketLookupDNS in minio.Options (restic: -o s3.bucket-lookup=dns)"
            }
            Client::MinioPy => "Call enable_virtual_style_endpoint() on the client",
            Client::MinioJava => "Call enableVirtualStyleEndpoint() on the client",
            Client::Mc => "Run mc alias set ALIAS URL KEY SECRET --path off",
            Client::Rclone => "Set force_path_style = false in rclone.conf",
            Client::S3cmd => "In .s3cfg set host_bucket to %(bucket)s. and what host_base says",
            Client::S5cmd | Client::Curl | Client::Postman => "Write the bucket in front of the URL's host",
            senders!() => {
                "Sign virtual-host style: forcePathStyle: false (JavaScript), addressing_style virtual (boto3)"
            }
        }
    }

    /// Keeps it from adding a checksum that S3 does not ask for.
    pub(crate) fn no_default_checksum_setting(self) -> &'static str {
        match self {
            Client::JsV3 | Client::JsV3Page => {
                "Set requestChecksumCalculation: \"WHEN_REQUIRED\" in new S3Client({...})"
            }
            Client::Boto3 => "Pass Config(request_checksum_calculation=\"when_required\") to boto3.client",
            Client::AwsCliV1 | Client::AwsCliV2 => {
                "Run aws configure set request_checksum_calculation when_required"
            }
            Client::GoV2 => {
                "Set RequestChecksumCalculation in s3.Options to aws.RequestChecksumCalculationWhenRequired"
            }
            Client::JavaV2 => {
                "Call requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED) on S3Client.builder()"
            }
            Client::Kotlin => {
                "Set requestChecksumCalculation = RequestHttpChecksumConfig.WHEN_REQUIRED in S3Client { .. }"
            }
            Client::Rust => "Call request_checksum_calculation(RequestChecksumCalculation::WhenRequired)",
            Client::Php => "Set 'request_checksum_calculation' => 'when_required' in new S3Client([..])",
            Client::DotNet => "In AmazonS3Config set RequestChecksumCalculation to WHEN_REQUIRED",
            Client::Ruby => "Pass request_checksum_calculation: 'when_required' to Aws::S3::Client.new",
            Client::Cpp => "Set checksumConfig.requestChecksumCalculation to WHEN_REQUIRED",
            Client::Rclone => "Set use_data_integrity_protections = false in rclone.conf",
            Client::JsV2
            | Client::JsV2Page
            | Client::GoV1
            | Client::JavaV1
            | Client::Curl
            | Client::MinioJs
            | Client::MinioGo
            | Client::MinioPy
            | Client::MinioJava
            | Client::Mc
            | Client::S3cmd
            | Client::S5cmd
            | Client::Postman => "Switch the client's own checksum off",
            senders!() => {
                "Set AWS_REQUEST_CHECKSUM_CALCULATION=when_required, or requestChecksumCalculation: \"WHEN_REQUIRED\" in JavaScript"
            }
        }
    }

    /// Puts a wrong clock right, or makes up for it.
    pub(crate) fn clock_setting(self) -> &'static str {
        match self {
            Client::JsV3 => {
                "Synchronise it (timedatectl, w32tm /resync, wsl --shutdown), or set systemClockOffset in new S3Client({...})"
            }
            Client::JsV3Page => {
                "A page cannot set it: give new S3Client({...}) systemClockOffset: serverTime - Date.now()"
            }
            Client::JsV2 => {
                "Synchronise it (timedatectl, w32tm /resync, wsl --shutdown), or set correctClockSkew: true in new AWS.S3({...})"
            }
            Client::JsV2Page => "A page cannot set it: set correctClockSkew: true in new AWS.S3({...})",
            Client::Ruby => {
                "Synchronise it (timedatectl, w32tm /resync), or pass retry_mode: 'standard', which corrects it"
            }
            Client::DotNet => {
                "Synchronise it (timedatectl, w32tm /resync), or set AWSConfigs.CorrectForClockSkew = true"
            }
            Client::Browser => "Synchronise the clock of the device that signs; a page cannot set it",
            Client::Boto3
            | Client::AwsCliV1
            | Client::AwsCliV2
            | Client::GoV1
            | Client::GoV2
            | Client::JavaV1
            | Client::JavaV2
            | Client::Kotlin
            | Client::Rust
            | Client::Php
            | Client::Cpp
            | Client::Curl
            | minio_and_tools!()
            | Client::Postman
            | Client::Axios
            | Client::Fetch
            | Client::OkHttp
            | Client::Requests
            | Client::Unknown => {
                "Synchronise it: timedatectl (Linux), w32tm /resync (Windows), wsl --shutdown (WSL after sleep)"
            }
        }
    }

    /// Makes it write the right time in UTC.
    pub(crate) fn utc_setting(self) -> &'static str {
        match self {
            kits!() | Client::Curl | Client::Postman => {
                "This client writes UTC: set the machine's clock and time zone right (timedatectl set-local-rtc 0)"
            }
            senders!() => {
                "Format x-amz-date in UTC. If the code does, check the machine's clock and its time zone"
            }
        }
    }

    /// Shortens the time between signing and sending.
    pub(crate) fn queue_setting(self) -> &'static str {
        match self {
            Client::JsV3 | Client::JsV3Page => {
                "Lower queueSize and partSize of Upload (@aws-sdk/lib-storage)"
            }
            Client::JsV2 | Client::JsV2Page => "Lower queueSize and partSize of s3.upload()",
            Client::Boto3 => "Lower max_concurrency and multipart_chunksize of TransferConfig",
            Client::AwsCliV1 | Client::AwsCliV2 => {
                "Run aws configure set default.s3.max_concurrent_requests 2"
            }
            Client::GoV1 => "Lower Concurrency and PartSize of s3manager.Uploader",
            Client::GoV2 => "Lower Concurrency and PartSize of manager.Uploader",
            Client::MinioGo => {
                "Lower NumThreads and PartSize of PutObjectOptions (restic: -o s3.connections=2)"
            }
            Client::MinioPy => "Lower num_parallel_uploads and part_size of put_object",
            Client::Rclone => "Lower --transfers, --s3-upload-concurrency and --s3-chunk-size",
            Client::S3cmd => "Lower multipart_chunk_size_mb in .s3cfg",
            Client::S5cmd => "Lower --numworkers, and --concurrency and --part-size of s5cmd cp",
            Client::JavaV1
            | Client::JavaV2
            | Client::Kotlin
            | Client::Rust
            | Client::Php
            | Client::DotNet
            | Client::Ruby
            | Client::Cpp
            | Client::Curl
            | Client::MinioJs
            | Client::MinioJava
            | Client::Mc
            | Client::Postman
            | senders!() => "Fewer parallel uploads and smaller parts shorten the queue",
        }
    }

    /// Signs for S3 and no other service.
    pub(crate) fn service_setting(self) -> &'static str {
        match self {
            Client::Curl => "In --aws-sigv4 aws:amz:REGION:SERVICE sign",
            Client::Postman => "With Service Name of its AWS Signature sign",
            kits!() | senders!() => "Sign",
        }
    }

    /// Signs the path with one encoding, as S3 does.
    pub(crate) fn encode_once_setting(self) -> &'static str {
        match self {
            Client::JsV3 | Client::JsV3Page => "In new SignatureV4({...}) set uriEscapePath: false",
            Client::Boto3 => "Sign with S3SigV4Auth of botocore.auth instead of SigV4Auth",
            Client::GoV2 => "In v4.SignerOptions set DisableURIPathEscaping to true",
            Client::Curl => "In --aws-sigv4 name the service s3",
            Client::JsV2
            | Client::JsV2Page
            | Client::AwsCliV1
            | Client::AwsCliV2
            | Client::GoV1
            | Client::JavaV1
            | Client::JavaV2
            | Client::Kotlin
            | Client::Rust
            | Client::Php
            | Client::DotNet
            | Client::Ruby
            | Client::Cpp
            | minio_and_tools!()
            | Client::Postman => "Switch the second encoding of its signer off",
            senders!() => "Set uriEscapePath: false (JavaScript), or DoubleUriEncode off",
        }
    }

    /// Hands a finished link over as it is.
    pub(crate) fn finished_link_setting(self) -> &'static str {
        match self {
            Client::Axios => "axios: as url, without params",
            Client::Requests => "requests: as url, without params",
            Client::Curl => "curl: in quotes, without --data-urlencode",
            Client::OkHttp => "OkHttp: url(String), without addQueryParameter",
            Client::Postman => "Postman: with Encode URL automatically off",
            Client::Browser | Client::Fetch => "fetch: as it is, without encodeURI",
            kits!() => "a string that nothing encodes again",
            Client::Unknown => "Java RestTemplate: URI.create",
        }
    }

    /// Sends a link without a login of one's own.
    pub(crate) fn bare_request_setting(self) -> &'static str {
        match self {
            Client::Axios => " (axios: a bare axios.create(), without interceptors)",
            Client::Requests => " (requests: without auth, and trust_env = False against .netrc)",
            Client::Curl => " (curl: without -u and -n)",
            Client::OkHttp => " (OkHttp: a client without the interceptor)",
            Client::Postman => " (Postman: Authorization, No Auth)",
            Client::Browser | Client::Fetch => " (fetch: without headers.Authorization)",
            kits!() | Client::Unknown => "",
        }
    }

    /// Puts the file behind the other fields of a form.
    pub(crate) fn file_last_setting(self) -> &'static str {
        match self {
            Client::Curl => "-F file=@FILE behind all other -F",
            Client::Requests => "the fields in data=, the file in files=",
            Client::Postman => "the row file below all others",
            Client::OkHttp => "addFormDataPart for the file behind all others",
            Client::Browser | Client::Axios | Client::Fetch | kits!() | Client::Unknown => {
                "formData.append('file', file) after all other fields"
            }
        }
    }

    /// Names the boundary of a form by itself.
    pub(crate) fn own_boundary_setting(self) -> &'static str {
        match self {
            Client::Curl => "-F for each field, and no -H 'Content-Type: ..'",
            Client::Requests => "files= and no Content-Type in headers=",
            Client::Postman => "form-data as the body, and no row Content-Type under Headers",
            Client::OkHttp => "MultipartBody.Builder with setType(MultipartBody.FORM)",
            Client::Browser | Client::Axios | Client::Fetch => {
                "FormData as the body, and no Content-Type among the headers"
            }
            kits!() | Client::Unknown => "set no Content-Type of your own (with FormData as the body)",
        }
    }

    /// Sends a field of a form once; empty where there is nothing to name.
    pub(crate) fn one_field_setting(self) -> &'static str {
        match self {
            Client::Curl => "one -F NAME=VALUE for each",
            Client::Requests => "a dict as data=, not a list of pairs",
            Client::Postman => "one row for each",
            Client::OkHttp => "one addFormDataPart for each",
            Client::Browser | Client::Axios | Client::Fetch => "formData.set instead of append",
            kits!() | Client::Unknown => "",
        }
    }

    /// Puts the type of a form's file into a field of its own.
    pub(crate) fn type_field_setting(self) -> &'static str {
        match self {
            Client::Curl => "-F Content-Type=TYPE in front of -F file=@FILE",
            Client::Requests => "'Content-Type' in data=",
            Client::Postman => "a row Content-Type above file",
            Client::OkHttp => "addFormDataPart(\"Content-Type\", type)",
            Client::Browser | Client::Axios | Client::Fetch | kits!() | Client::Unknown => {
                "formData.append('Content-Type', file.type)"
            }
        }
    }

    /// Says how long a link is good for.
    pub(crate) fn lifetime_setting(self) -> &'static str {
        match self {
            Client::JsV3 | Client::JsV3Page => "In getSignedUrl set expiresIn to",
            Client::JsV2 | Client::JsV2Page => "In the params of getSignedUrl set Expires to",
            Client::Boto3 => "In generate_presigned_url set ExpiresIn to",
            Client::AwsCliV1 | Client::AwsCliV2 => "In aws s3 presign give --expires-in",
            Client::MinioJs => "In presignedUrl set expiry to",
            Client::GoV1 => "In Presign of the request give",
            Client::GoV2 => "With s3.WithPresignExpires give",
            Client::JavaV1 => "In generatePresignedUrl set the expiration to",
            Client::JavaV2 => "In signatureDuration of S3Presigner give",
            Client::Kotlin => "In presignGetObject and its kin give",
            Client::Rust => "In PresigningConfig::expires_in give",
            Client::Php => "In createPresignedRequest give",
            Client::DotNet => "In GetPreSignedUrlRequest set Expires to",
            Client::Ruby => "In presigned_url set expires_in: to",
            Client::Cpp => "In GeneratePresignedUrl give",
            Client::MinioGo => "In PresignedGetObject and its kin set expires to",
            Client::MinioPy => "In get_presigned_url set expires to",
            Client::MinioJava => "In GetPresignedObjectUrlArgs set expiry(..) to",
            Client::Mc => "In mc share give --expire",
            Client::Rclone => "In rclone link give --expire",
            Client::S3cmd => "In s3cmd signurl give",
            Client::S5cmd => "In s5cmd presign give --expire",
            Client::Curl | Client::Postman | senders!() => "Give",
        }
    }

    /// Keeps a header out of the link and signed as one; empty where nothing moves it into the link.
    pub(crate) fn stay_header_setting(self) -> &'static str {
        match self {
            Client::JsV3 | Client::JsV3Page => "name it in unhoistableHeaders of getSignedUrl",
            Client::JsV2
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
            | Client::Curl
            | minio_and_tools!()
            | Client::Postman => "sign it as a header when the URL is made",
            senders!() => "list it in unhoistableHeaders when signing (JavaScript v3)",
        }
    }

    /// The function that percent-encodes one piece of a path or a header; empty where it is nobody's to call.
    pub(crate) fn encoder(self) -> &'static str {
        match self {
            Client::JsV3
            | Client::JsV3Page
            | Client::JsV2
            | Client::JsV2Page
            | Client::MinioJs
            | Client::Browser
            | Client::Axios
            | Client::Fetch
            | Client::Unknown => "encodeURIComponent",
            Client::Boto3 | Client::MinioPy | Client::Requests => "urllib.parse.quote",
            Client::GoV1 | Client::GoV2 | Client::MinioGo => "url.PathEscape",
            Client::JavaV1 | Client::JavaV2 | Client::MinioJava | Client::OkHttp | Client::Kotlin => {
                "URLEncoder.encode, with %20 for +"
            }
            Client::Rust => "percent_encoding::utf8_percent_encode",
            Client::Php => "rawurlencode",
            Client::DotNet => "Uri.EscapeDataString",
            Client::Ruby => "ERB::Util.url_encode",
            Client::Cpp => "StringUtils::URLEncode",
            Client::AwsCliV1
            | Client::AwsCliV2
            | Client::Curl
            | Client::Mc
            | Client::Rclone
            | Client::S3cmd
            | Client::S5cmd
            | Client::Postman => "UTF-8, then % and two hex digits",
        }
    }

    /// Encodes the source of a copy.
    pub(crate) fn copy_source_setting(self) -> &'static str {
        match self {
            Client::Boto3 => "Pass CopySource={'Bucket': .., 'Key': ..}, so that boto3 encodes it",
            Client::JavaV2 => "Call sourceBucket and sourceKey, so that the SDK encodes it",
            Client::JsV3 | Client::JsV3Page | Client::JsV2 | Client::JsV2Page | senders!() => {
                "Pass CopySource already encoded: bucket, a slash, and each segment of the key through encodeURIComponent"
            }
            Client::GoV1 | Client::GoV2 => {
                "Pass CopySource already encoded: bucket, a slash, and each segment of the key through url.PathEscape"
            }
            Client::AwsCliV1
            | Client::AwsCliV2
            | Client::JavaV1
            | Client::Kotlin
            | Client::Rust
            | Client::Php
            | Client::DotNet
            | Client::Ruby
            | Client::Cpp
            | Client::Curl
            | minio_and_tools!()
            | Client::Postman => {
                "Give the copy source already percent-encoded: bucket, a slash, and the segments of the key"
            }
        }
    }

    /// What to do about Accept-Encoding, which this client signs; a half sentence.
    pub(crate) fn unsigned_accept_encoding(self) -> &'static str {
        match self {
            Client::GoV2 => "drop it before the Signing middleware.",
            Client::JsV3
            | Client::JsV3Page
            | Client::JsV2
            | Client::JsV2Page
            | Client::Boto3
            | Client::AwsCliV1
            | Client::AwsCliV2
            | Client::GoV1
            | Client::JavaV1
            | Client::JavaV2
            | Client::Kotlin
            | Client::Rust
            | Client::Php
            | Client::DotNet
            | Client::Ruby
            | Client::Cpp
            | Client::Curl
            | minio_and_tools!()
            | Client::Postman
            | senders!() => "do not sign it.",
        }
    }

    /// Removes the headers of its own that it signs, before it does; a half sentence.
    pub(crate) fn unsigned_sdk_headers_setting(self) -> &'static str {
        match self {
            Client::JsV3 | Client::JsV3Page => {
                "Remove them in a middleware added { relation: 'before', toMiddleware: 'httpSigningMiddleware' }"
            }
            Client::GoV2 => "Remove them in a Finalize middleware before Signing, and put none back",
            Client::JavaV2 => "Remove them in modifyHttpRequest of an ExecutionInterceptor",
            Client::Rust => "Remove them in modify_before_signing of an interceptor",
            Client::Boto3 => "Remove them in a handler of before-sign.s3",
            Client::JsV2
            | Client::JsV2Page
            | Client::AwsCliV1
            | Client::AwsCliV2
            | Client::GoV1
            | Client::JavaV1
            | Client::Kotlin
            | Client::Php
            | Client::DotNet
            | Client::Ruby
            | Client::Cpp
            | Client::Curl
            | minio_and_tools!()
            | Client::Postman
            | senders!() => "Take them out before the SDK signs",
        }
    }

    /// Sends the path with its dots, as far as the program can.
    pub(crate) fn keep_dots_setting(self) -> &'static str {
        match self {
            Client::Curl => "Send the path as it was signed (--path-as-is), or keep ./ out of keys",
            Client::Browser | Client::Fetch | Client::Axios => {
                "URLs of JavaScript lose dot segments: keep ./ out of keys"
            }
            Client::Requests => "requests removes dot segments: keep ./ out of keys",
            kits!() | Client::OkHttp | Client::Postman | Client::Unknown => {
                "Send the path as it was signed, or keep ./ out of keys"
            }
        }
    }

    /// Sends a file itself instead of a form with it.
    pub(crate) fn file_as_body_setting(self) -> &'static str {
        match self {
            Client::Curl => "Send the file itself with -T FILE, not with -F",
            Client::Requests => "Send the file itself with data=, not with files=",
            Client::Postman => "Send the file itself as a binary body, not as form-data",
            Client::OkHttp => "Send the file itself as the RequestBody, not a MultipartBody",
            Client::Browser | Client::Axios | Client::Fetch => {
                "Send the File itself as the body with its own type, not FormData"
            }
            kits!() | Client::Unknown => "Send the file itself as the body with its own type",
        }
    }

    /// Sends a type without the charset that was added to it.
    pub(crate) fn no_charset_setting(self) -> &'static str {
        match self {
            Client::Browser | Client::Fetch => {
                "Send a Blob or ArrayBuffer instead of a string (browsers add the charset to strings), or sign with the charset"
            }
            Client::OkHttp => {
                "Send bytes instead of a String (OkHttp adds the charset to strings), or sign with the charset"
            }
            kits!() | Client::Curl | Client::Postman | Client::Axios | Client::Requests | Client::Unknown => {
                "Send the type without the charset, or sign it with the charset"
            }
        }
    }

    /// Keeps Expect out of the signature; a half sentence.
    pub(crate) fn unsigned_expect_setting(self) -> &'static str {
        match self {
            Client::Curl => "Do not sign Expect (curl: -H 'Expect:')",
            kits!() | Client::Postman | senders!() => "Do not sign Expect",
        }
    }

    /// Names the hash of the body.
    pub(crate) fn content_sha256_setting(self) -> &'static str {
        match self {
            Client::Curl => "With curl: -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD'",
            kits!() | Client::Postman | senders!() => {
                "Send x-amz-content-sha256 with the SHA-256 of the body in hex, or with UNSIGNED-PAYLOAD, and sign it"
            }
        }
    }

    /// Sends a body in one piece, with one signature.
    pub(crate) fn no_chunks_setting(self) -> &'static str {
        match self {
            Client::JavaV1 => "Or call disableChunkedEncoding() on the client builder",
            Client::JavaV2 => "Or set chunkedEncodingEnabled(false) in S3Configuration",
            Client::DotNet => "Or set UseChunkEncoding = false in PutObjectRequest",
            Client::JsV3
            | Client::JsV3Page
            | Client::JsV2
            | Client::JsV2Page
            | Client::Boto3
            | Client::AwsCliV1
            | Client::AwsCliV2
            | Client::GoV1
            | Client::GoV2
            | Client::Kotlin
            | Client::Rust
            | Client::Php
            | Client::Ruby
            | Client::Cpp
            | Client::Curl
            | minio_and_tools!()
            | Client::Postman => "A proxy that cuts uploads anew must stop",
            senders!() => "A signer of your own signs each piece over the signature before it",
        }
    }

    /// Makes it sign at all.
    pub(crate) fn sign_setting(self) -> &'static str {
        match self {
            Client::Boto3 => "Give it an access key, and no Config(signature_version=UNSIGNED)",
            Client::AwsCliV1 | Client::AwsCliV2 => "Run aws configure, and leave --no-sign-request out",
            Client::S5cmd => {
                "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and leave --no-sign-request out"
            }
            Client::Curl => "Add --aws-sigv4 aws:amz:REGION:s3 --user ID:SECRET",
            Client::MinioJs => "Give new Minio.Client({...}) accessKey and secretKey",
            Client::MinioGo => {
                "Set Creds in minio.Options (restic: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)"
            }
            Client::MinioPy => "Give Minio(..) access_key and secret_key",
            Client::MinioJava => "Call credentials(..) on MinioClient.builder()",
            Client::Mc => "Run mc alias set ALIAS URL KEY SECRET",
            Client::Rclone => "Set access_key_id and secret_access_key in rclone.conf",
            Client::S3cmd => "Set access_key and secret_key in .s3cfg",
            Client::Postman => "Choose AWS Signature under Authorization",
            Client::JsV3Page => "Give new S3Client({...}) credentials; a page has no environment",
            Client::JsV2Page => "Give new AWS.S3({...}) credentials; a page has no environment",
            Client::JsV3 => {
                "Give new S3Client({...}) credentials, and no signer of your own that signs nothing"
            }
            Client::GoV1 => "Give aws.Config Credentials, and not credentials.AnonymousCredentials",
            Client::GoV2 => "Give s3.Options Credentials, and not aws.AnonymousCredentials{}",
            Client::JavaV1 => {
                "Call withCredentials(..) on the client builder, not with AnonymousAWSCredentials"
            }
            Client::JavaV2 => {
                "Call credentialsProvider(..) on S3Client.builder(), not with AnonymousCredentialsProvider"
            }
            Client::Rust => "Call credentials_provider(..) on the config builder, and not no_credentials()",
            Client::Php => "Set 'credentials' in new S3Client([..]), and not to false",
            Client::DotNet => "Give AmazonS3Client credentials, and not AnonymousAWSCredentials",
            Client::Ruby => "Pass credentials: to Aws::S3::Client.new",
            Client::Cpp => "Give S3Client credentials, and not AnonymousAWSCredentialsProvider",
            Client::JsV2 | Client::Kotlin | senders!() => {
                "Give the client an access key (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)"
            }
        }
    }
}
