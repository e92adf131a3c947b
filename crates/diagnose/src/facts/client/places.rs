//! Where a client keeps what a cure is about: its region, its endpoint, its secret, the headers it sends.
//!
//! One table a concern, total over the clients. Names were looked up in each client's documentation or source; where a client
//! has no name for something, the words are general.

use super::Client;

impl Client {
    /// How the region is set, for the value to follow: `In rclone.conf set region to `.
    pub(crate) fn region_setting(self) -> &'static str {
        match self {
            Client::JsV3 | Client::JsV3Page => "In new S3Client({...}) set region to ",
            Client::JsV2 | Client::JsV2Page => "In new AWS.S3({...}) set region to ",
            Client::Boto3 => "Pass region_name to boto3.client: ",
            Client::AwsCliV1 | Client::AwsCliV2 => "Run aws configure set region ",
            Client::GoV1 => "In aws.Config set Region to ",
            Client::GoV2 => "In s3.Options or aws.Config set Region to ",
            Client::JavaV1 => "In new EndpointConfiguration(endpoint, region) give the region ",
            Client::JavaV2 => "In S3Client.builder() set region(Region.of(..)) to ",
            Client::Kotlin => "In S3Client { .. } set region to ",
            Client::Rust => "In the config builder set region(Region::new(..)) to ",
            Client::Php => "In new S3Client([..]) set 'region' to ",
            Client::DotNet => "In AmazonS3Config set AuthenticationRegion to ",
            Client::Ruby => "In Aws::S3::Client.new(..) set region: to ",
            Client::Cpp => "In S3ClientConfiguration set region to ",
            Client::Curl => "In --aws-sigv4 aws:amz:REGION:s3 set REGION to ",
            Client::MinioJs => "In new Minio.Client({...}) set region to ",
            Client::MinioGo => "In minio.Options (restic: -o s3.region) set Region to ",
            Client::MinioPy => "In Minio(..) set region to ",
            Client::MinioJava => "In MinioClient.builder() set region(..) to ",
            Client::Rclone => "In rclone.conf set region to ",
            Client::S3cmd => "In .s3cfg set bucket_location to ",
            Client::S5cmd => "Set AWS_REGION to ",
            Client::Postman => "In Postman's AWS Signature set AWS Region to ",
            Client::Mc | senders!() => "Set the client's region to ",
        }
    }

    /// Where the address of the server stands.
    pub(crate) fn where_endpoint(self) -> &'static str {
        match self {
            Client::JsV3 | Client::JsV3Page => "endpoint in new S3Client({...})",
            Client::JsV2 | Client::JsV2Page => "endpoint in new AWS.S3({...})",
            Client::Boto3 => "endpoint_url in boto3.client",
            Client::AwsCliV1 | Client::AwsCliV2 => "--endpoint-url",
            Client::GoV1 => "Endpoint in aws.Config",
            Client::GoV2 => "BaseEndpoint in s3.Options",
            Client::JavaV1 => "new EndpointConfiguration(endpoint, region)",
            Client::JavaV2 => "endpointOverride(..) in S3Client.builder()",
            Client::Kotlin => "endpointUrl in S3Client { .. }",
            Client::Rust => "endpoint_url(..) in the config builder",
            Client::Php => "'endpoint' in new S3Client([..])",
            Client::DotNet => "ServiceURL in AmazonS3Config",
            Client::Ruby => "endpoint: in Aws::S3::Client.new(..)",
            Client::Cpp => "endpointOverride in S3ClientConfiguration",
            Client::Curl => "the URL",
            Client::MinioJs => "endPoint and port in new Minio.Client({...})",
            Client::MinioGo => "the endpoint of minio.New (restic: -r)",
            Client::MinioPy => "the endpoint of Minio(..)",
            Client::MinioJava => "endpoint(..) in MinioClient.builder()",
            Client::Mc => "the URL of mc alias set",
            Client::Rclone => "endpoint in rclone.conf",
            Client::S3cmd => "host_base and host_bucket in .s3cfg",
            Client::S5cmd => "--endpoint-url",
            Client::Postman => "the URL",
            senders!() => "the endpoint of the client that signs",
        }
    }

    /// Where a forward proxy is set, which the address of the server is not.
    pub(crate) fn where_http_proxy(self) -> &'static str {
        match self {
            Client::JsV3 => "httpsAgent of its NodeHttpHandler (https-proxy-agent)",
            Client::JsV2 => "httpOptions.agent (https-proxy-agent)",
            Client::JsV3Page | Client::JsV2Page | Client::Browser => "the browser's own proxy",
            Client::Boto3 => "Config(proxies={'https': ..}) or HTTPS_PROXY",
            Client::GoV1
            | Client::GoV2
            | Client::AwsCliV1
            | Client::AwsCliV2
            | Client::Mc
            | Client::Rclone
            | Client::S5cmd
            | Client::Requests => "HTTPS_PROXY (HTTP_PROXY for http://)",
            Client::JavaV1 => "setProxyHost and setProxyPort of ClientConfiguration",
            Client::JavaV2 => "proxyConfiguration(..) of ApacheHttpClient.builder()",
            Client::Kotlin => "proxySelector in httpClient { .. }",
            Client::Php => "'http' => ['proxy' => ..]",
            Client::DotNet => "ProxyHost and ProxyPort of AmazonS3Config",
            Client::Ruby => "http_proxy: of Aws::S3::Client.new",
            Client::Cpp => "proxyHost and proxyPort of S3ClientConfiguration",
            Client::Curl => "-x PROXY",
            Client::MinioJs => "transportAgent in new Minio.Client({...})",
            Client::MinioGo => "Transport in minio.Options (restic: HTTPS_PROXY)",
            Client::MinioPy => "http_client=urllib3.ProxyManager(..) of Minio(..)",
            Client::MinioJava => "httpClient(..) in MinioClient.builder(), with proxy(..)",
            Client::S3cmd => "proxy_host and proxy_port in .s3cfg",
            Client::Postman => "Settings, Proxy",
            Client::Axios => "the proxy option of the request or HTTPS_PROXY",
            Client::Fetch => "a ProxyAgent of undici as the dispatcher",
            Client::OkHttp => "proxy(..) of OkHttpClient.Builder",
            Client::Rust | Client::Unknown => {
                "the client's HTTP proxy (HTTPS_PROXY, HTTP_PROXY, or its option for it)"
            }
        }
    }

    /// Where the plain key of an object goes, which the client encodes.
    pub(crate) fn where_object_key(self) -> &'static str {
        match self {
            Client::JsV3 | Client::JsV3Page => "Key of the command",
            Client::JsV2 | Client::JsV2Page => "Key of the params",
            Client::Boto3 => "Key= of the call",
            Client::GoV1 | Client::GoV2 => "Key of the input",
            Client::JavaV1 => "the key of the request",
            Client::JavaV2 => "key(..) of the request",
            Client::Kotlin => "key of the request",
            Client::Rust => "key(..) of the call",
            Client::Php => "'Key' of the call",
            Client::DotNet => "Key of the request",
            Client::Ruby => "key: of the call",
            Client::Cpp => "SetKey of the request",
            Client::MinioJs => "objectName of the call",
            Client::MinioGo => "the objectName of the call",
            Client::MinioPy => "object_name of the call",
            Client::MinioJava => "object(..) of the args",
            Client::AwsCliV1 | Client::AwsCliV2 => "s3://BUCKET/KEY or --key",
            Client::S3cmd | Client::S5cmd => "s3://BUCKET/KEY",
            Client::Mc => "ALIAS/BUCKET/KEY",
            Client::Rclone => "REMOTE:BUCKET/KEY",
            Client::Curl | Client::Postman | senders!() => "",
        }
    }

    /// The call that makes a link; empty if there is no name for it.
    pub(crate) fn link_call(self) -> &'static str {
        match self {
            Client::JsV3 | Client::JsV3Page | Client::JsV2 | Client::JsV2Page => "getSignedUrl",
            Client::Boto3 => "generate_presigned_url",
            Client::AwsCliV1 | Client::AwsCliV2 => "aws s3 presign",
            Client::GoV1 => "Presign of the request",
            Client::GoV2 => "s3.NewPresignClient",
            Client::JavaV1 => "generatePresignedUrl",
            Client::JavaV2 => "S3Presigner",
            Client::Kotlin => "presignGetObject and its kin",
            Client::Rust => "presigned(..) of the call",
            Client::Php => "createPresignedRequest",
            Client::DotNet => "GetPreSignedURL",
            Client::Ruby => "presigned_url of Aws::S3::Presigner",
            Client::Cpp => "GeneratePresignedUrl",
            Client::MinioJs => "presignedUrl",
            Client::MinioGo => "PresignedGetObject and its kin",
            Client::MinioPy => "get_presigned_url",
            Client::MinioJava => "getPresignedObjectUrl",
            Client::Mc => "mc share",
            Client::Rclone => "rclone link",
            Client::S3cmd => "s3cmd signurl",
            Client::S5cmd => "s5cmd presign",
            Client::Curl | Client::Postman | senders!() => "",
        }
    }

    /// Where the secret access key stands.
    pub(crate) fn where_secret(self) -> &'static str {
        match self {
            Client::JsV3 => "credentials.secretAccessKey or AWS_SECRET_ACCESS_KEY",
            Client::JsV3Page => "credentials.secretAccessKey of the page",
            Client::JsV2 => "secretAccessKey or AWS_SECRET_ACCESS_KEY",
            Client::JsV2Page => "secretAccessKey of the page",
            Client::Boto3 | Client::S5cmd => "aws_secret_access_key or AWS_SECRET_ACCESS_KEY",
            Client::AwsCliV1 | Client::AwsCliV2 => {
                "aws_secret_access_key (aws configure) or AWS_SECRET_ACCESS_KEY"
            }
            Client::GoV1 => "credentials.NewStaticCredentials or AWS_SECRET_ACCESS_KEY",
            Client::GoV2 => "NewStaticCredentialsProvider or AWS_SECRET_ACCESS_KEY",
            Client::JavaV1 | Client::DotNet => "BasicAWSCredentials or AWS_SECRET_ACCESS_KEY",
            Client::JavaV2 => "AwsBasicCredentials or AWS_SECRET_ACCESS_KEY",
            Client::Kotlin => "StaticCredentialsProvider or AWS_SECRET_ACCESS_KEY",
            Client::Rust => "Credentials::new or AWS_SECRET_ACCESS_KEY",
            Client::Php => "'credentials' or AWS_SECRET_ACCESS_KEY",
            Client::Ruby => "secret_access_key: or AWS_SECRET_ACCESS_KEY",
            Client::Cpp => "AWSCredentials or AWS_SECRET_ACCESS_KEY",
            Client::Curl => "--user ID:SECRET",
            Client::MinioJs => "secretKey in new Minio.Client({...})",
            Client::MinioGo => "credentials.NewStaticV4 (restic: AWS_SECRET_ACCESS_KEY)",
            Client::MinioPy => "secret_key of Minio(..)",
            Client::MinioJava => "credentials(..) in MinioClient.builder()",
            Client::Mc => "mc alias set",
            Client::Rclone => "secret_access_key in rclone.conf",
            Client::S3cmd => "secret_key in .s3cfg",
            Client::Postman => "SecretKey of its AWS Signature",
            senders!() => "the client's configuration",
        }
    }

    /// Where the session token of temporary credentials stands.
    pub(crate) fn where_session_token(self) -> &'static str {
        match self {
            Client::JsV3 => "credentials.sessionToken or AWS_SESSION_TOKEN",
            Client::JsV3Page => "credentials.sessionToken of the page",
            Client::JsV2 => "sessionToken or AWS_SESSION_TOKEN",
            Client::JsV2Page => "sessionToken of the page",
            Client::Boto3 | Client::S5cmd => "aws_session_token or AWS_SESSION_TOKEN",
            Client::AwsCliV1 | Client::AwsCliV2 => "aws_session_token (aws configure) or AWS_SESSION_TOKEN",
            Client::GoV1 => "the third value of credentials.NewStaticCredentials or AWS_SESSION_TOKEN",
            Client::GoV2 => "the third value of NewStaticCredentialsProvider or AWS_SESSION_TOKEN",
            Client::JavaV1 => "BasicSessionCredentials or AWS_SESSION_TOKEN",
            Client::JavaV2 => "AwsSessionCredentials or AWS_SESSION_TOKEN",
            Client::Kotlin => "sessionToken of StaticCredentialsProvider or AWS_SESSION_TOKEN",
            Client::Rust => "the third value of Credentials::new or AWS_SESSION_TOKEN",
            Client::Php => "'token' of 'credentials' or AWS_SESSION_TOKEN",
            Client::DotNet => "SessionAWSCredentials or AWS_SESSION_TOKEN",
            Client::Ruby => "session_token: or AWS_SESSION_TOKEN",
            Client::Cpp => "the third value of AWSCredentials or AWS_SESSION_TOKEN",
            Client::Curl => "-H 'x-amz-security-token: TOKEN'",
            Client::MinioJs => "sessionToken in new Minio.Client({...})",
            Client::MinioGo => "the third value of credentials.NewStaticV4 (restic: AWS_SESSION_TOKEN)",
            Client::MinioPy => "session_token of Minio(..)",
            Client::MinioJava => "the third value of StaticProvider",
            Client::Mc => "MC_HOST_ALIAS=https://KEY:SECRET:TOKEN@HOST",
            Client::Rclone => "session_token in rclone.conf",
            Client::S3cmd => "access_token in .s3cfg",
            Client::Postman => "Session Token of its AWS Signature",
            senders!() => "aws_session_token, AWS_SESSION_TOKEN or sessionToken",
        }
    }

    /// Where the sender of a link says which headers it sends; empty if it needs no saying.
    pub(crate) fn where_headers(self) -> &'static str {
        match self {
            Client::Browser => "fetch: the headers option; XMLHttpRequest: setRequestHeader",
            Client::Fetch => "fetch: the headers option",
            Client::Axios => "axios: the headers option of the request",
            Client::Curl => "curl: -H 'NAME: VALUE'",
            Client::Requests => "requests: headers={..}",
            Client::OkHttp => "OkHttp: header(..) of Request.Builder",
            Client::Postman => "Postman: the Headers tab",
            kits!() | Client::Unknown => "",
        }
    }

    /// Where the sender of a link says of which type its body is; empty if it needs no saying.
    pub(crate) fn where_content_type(self) -> &'static str {
        match self {
            Client::Browser | Client::Fetch => "fetch: the headers option; a Blob's own type also counts",
            Client::OkHttp => "OkHttp: the MediaType of the RequestBody",
            Client::Axios => "axios: the headers option of the request",
            Client::Curl => "curl: -H 'Content-Type: ..'",
            Client::Requests => "requests: headers={..}",
            Client::Postman => "Postman: the Headers tab",
            kits!() | Client::Unknown => "",
        }
    }

    /// Where the sender of a link says with which method; empty if it needs no saying.
    pub(crate) fn where_method(self) -> &'static str {
        match self {
            Client::Browser | Client::Fetch => "fetch: the method option",
            Client::Axios => "axios: the method option of the request",
            Client::Curl => "curl: -T FILE for PUT, -X METHOD else",
            Client::Requests => "requests: requests.request(METHOD, URL)",
            Client::OkHttp => "OkHttp: method(..) of Request.Builder",
            Client::Postman => "Postman: the list in front of the URL",
            kits!() | Client::Unknown => "",
        }
    }

    /// Where the maker of a link is told the type of what will be uploaded; empty if there is no name for it.
    pub(crate) fn where_type_is_signed(self) -> &'static str {
        match self {
            Client::JsV3 | Client::JsV3Page => " (ContentType of PutObjectCommand)",
            Client::JsV2 | Client::JsV2Page => " (ContentType in the params of getSignedUrl)",
            Client::Boto3 => " (ContentType in the Params of generate_presigned_url)",
            Client::GoV2 => " (ContentType of s3.PutObjectInput)",
            Client::Php => " ('ContentType' of getCommand)",
            Client::JavaV2 => " (contentType(..) of PutObjectRequest)",
            Client::AwsCliV1
            | Client::AwsCliV2
            | Client::GoV1
            | Client::JavaV1
            | Client::Kotlin
            | Client::Rust
            | Client::DotNet
            | Client::Ruby
            | Client::Cpp
            | Client::Curl
            | minio_and_tools!()
            | Client::Postman
            | senders!() => "",
        }
    }

    /// Where the fields of a form come from that its maker signed.
    pub(crate) fn where_fields(self) -> &'static str {
        match self {
            Client::Boto3 => "generate_presigned_post: all of fields",
            Client::MinioJs => "presignedPostPolicy: all of formData",
            Client::MinioGo => "PresignedPostPolicy: all of its form data",
            Client::MinioPy => "presigned_post_policy: all of the dict",
            Client::Php => "PostObjectV4: all of getFormInputs()",
            Client::JsV3 | Client::JsV3Page | Client::JsV2 | Client::JsV2Page | senders!() => {
                "createPresignedPost: all of fields"
            }
            Client::AwsCliV1
            | Client::AwsCliV2
            | Client::GoV1
            | Client::GoV2
            | Client::JavaV1
            | Client::JavaV2
            | Client::Kotlin
            | Client::Rust
            | Client::DotNet
            | Client::Ruby
            | Client::Cpp
            | Client::Curl
            | Client::MinioJava
            | Client::Mc
            | Client::Rclone
            | Client::S3cmd
            | Client::S5cmd
            | Client::Postman => "all of its fields",
        }
    }
}
