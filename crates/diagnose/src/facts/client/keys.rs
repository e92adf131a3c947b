//! Where a client takes its access key from, and how it gets one, keeps it fresh, or leaves it out.
//!
//! One table a concern, total over the clients. Names were looked up in each client's documentation or source; where a client has
//! no name for something, the words are general.

use super::Client;

impl Client {
    /// Where both halves of an access key stand, so that they are set together.
    pub(crate) fn where_key_pair(self) -> &'static str {
        match self {
            Client::JsV3 => {
                "accessKeyId and secretAccessKey of credentials, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            }
            Client::JsV3Page => "accessKeyId and secretAccessKey of the page's credentials",
            Client::JsV2 => "accessKeyId and secretAccessKey, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            Client::JsV2Page => "accessKeyId and secretAccessKey of the page",
            Client::Boto3 => {
                "aws_access_key_id and aws_secret_access_key of boto3.client, the environment, or one profile"
            }
            Client::AwsCliV1 | Client::AwsCliV2 => {
                "aws configure (aws configure list shows where each half comes from)"
            }
            Client::GoV1 => {
                "credentials.NewStaticCredentials, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            }
            Client::GoV2 => "NewStaticCredentialsProvider, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            Client::JavaV1 | Client::DotNet => {
                "BasicAWSCredentials, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            }
            Client::JavaV2 => "AwsBasicCredentials, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            Client::Kotlin => "StaticCredentialsProvider, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            Client::Rust => "Credentials::new, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            Client::Php => {
                "'key' and 'secret' of 'credentials', or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            }
            Client::Ruby => {
                "access_key_id: and secret_access_key:, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            }
            Client::Cpp => "AWSCredentials, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            Client::Curl => "--user ID:SECRET",
            Client::MinioJs => "accessKey and secretKey in new Minio.Client({...})",
            Client::MinioGo => {
                "credentials.NewStaticV4 (restic: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)"
            }
            Client::MinioPy => "access_key and secret_key of Minio(..)",
            Client::MinioJava => "credentials(..) in MinioClient.builder()",
            Client::Mc => "mc alias set ALIAS URL KEY SECRET",
            Client::Rclone => "access_key_id and secret_access_key in rclone.conf (rclone config show)",
            Client::S3cmd => "access_key and secret_key in .s3cfg (s3cmd --dump-config)",
            Client::S5cmd => "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or one profile (--profile)",
            Client::Postman => "AccessKey and SecretKey of its AWS Signature",
            senders!() => "the configuration of the client that signs",
        }
    }

    /// Asks for new temporary credentials by itself, where it was given those of one answer.
    pub(crate) fn renewing_setting(self) -> &'static str {
        match self {
            Client::JsV3 => {
                "Use fromNodeProviderChain or fromTemporaryCredentials (@aws-sdk/credential-providers), not the three values"
            }
            Client::JsV3Page => "Let credentials be a function that fetches new ones, not the three values",
            Client::JsV2 => "Use AWS.ChainableTemporaryCredentials, not the three values",
            Client::JsV2Page => {
                "Use AWS.WebIdentityCredentials or AWS.CognitoIdentityCredentials, not the three values"
            }
            Client::Boto3 => {
                "Use a profile with role_arn, or RefreshableCredentials of botocore, not the three values"
            }
            Client::AwsCliV1 | Client::AwsCliV2 => {
                "Use a profile with role_arn or credential_process, not the three values"
            }
            Client::GoV1 => "Use stscreds.NewCredentials, not the three values",
            Client::GoV2 => {
                "Use stscreds.NewAssumeRoleProvider in aws.NewCredentialsCache, not the three values"
            }
            Client::JavaV1 => "Use STSAssumeRoleSessionCredentialsProvider, not the three values",
            Client::JavaV2 | Client::Kotlin => "Use StsAssumeRoleCredentialsProvider, not the three values",
            Client::Rust => "Use aws_config::sts::AssumeRoleProvider, not the three values",
            Client::Php => "Use CredentialProvider::assumeRole, not the three values",
            Client::DotNet => "Use AssumeRoleAWSCredentials, not the three values",
            Client::Ruby => "Use Aws::AssumeRoleCredentials, not the three values",
            Client::Cpp => "Use STSAssumeRoleCredentialsProvider, not the three values",
            Client::Curl => "Ask for new ones before each call; curl does not",
            Client::MinioJs => "Set credentialsProvider to a new AssumeRoleProvider, not the three values",
            Client::MinioGo => {
                "Use credentials.NewSTSAssumeRole, not the three values (restic: RESTIC_AWS_ASSUME_ROLE_ARN)"
            }
            Client::MinioPy => "Pass credentials=AssumeRoleProvider(..) to Minio(..), not the three values",
            Client::MinioJava => {
                "Call credentialsProvider(new AssumeRoleProvider(..)) on MinioClient.builder()"
            }
            Client::Mc => "Set MC_HOST_ALIAS anew with each session, or give mc alias set a lasting key",
            Client::Rclone => {
                "In rclone.conf set env_auth = true and profile to one with role_arn, not the three values"
            }
            Client::S3cmd => {
                "Leave the keys and access_token in .s3cfg empty where the machine has a role: s3cmd asks for it"
            }
            Client::S5cmd => "Give --profile with role_arn or credential_process, not the three values",
            Client::Postman => "Paste new ones into its AWS Signature; Postman does not ask for them",
            senders!() => {
                "Give the client a provider that asks for new ones (a profile, a role, the container endpoint), not the three values"
            }
        }
    }

    /// Keeps it from the sessions of directory buckets, whose token has a name of its own.
    pub(crate) fn no_express_setting(self) -> &'static str {
        match self {
            Client::JsV3 | Client::JsV3Page => "Set disableS3ExpressSessionAuth: true in new S3Client({...})",
            Client::Boto3 => "Pass Config(s3_disable_express_session_auth=True) to boto3.client",
            Client::AwsCliV1 | Client::AwsCliV2 | Client::Kotlin => {
                "Set AWS_S3_DISABLE_EXPRESS_SESSION_AUTH=true"
            }
            Client::GoV2 => "Set DisableS3ExpressSessionAuth in s3.Options to aws.Bool(true)",
            Client::JavaV2 => "Call disableS3ExpressSessionAuth(true) on S3Client.builder()",
            Client::Rust => "Call disable_s3_express_session_auth(true) on the config builder",
            Client::Php => "Set 'disable_express_session_auth' => true in new S3Client([..])",
            Client::DotNet => "Set DisableS3ExpressSessionAuth = true in AmazonS3Config",
            Client::Ruby => "Pass disable_s3_express_session_auth: true to Aws::S3::Client.new",
            Client::Cpp => "Set disableS3ExpressAuth = true in S3ClientConfiguration",
            Client::Rclone => "Set directory_bucket = false in rclone.conf",
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
            | Client::Postman
            | senders!() => "Turn S3 Express off in the client (AWS_S3_DISABLE_EXPRESS_SESSION_AUTH=true)",
        }
    }

    /// Where the account is named that a bucket is expected to belong to.
    pub(crate) fn where_expected_owner(self) -> &'static str {
        match self {
            Client::JsV3 | Client::JsV3Page | Client::JsV2 | Client::JsV2Page => {
                "ExpectedBucketOwner of the command's input"
            }
            Client::Boto3 => "ExpectedBucketOwner= of the call",
            Client::AwsCliV1 | Client::AwsCliV2 => "--expected-bucket-owner",
            Client::GoV1 | Client::GoV2 => "ExpectedBucketOwner of the input",
            Client::JavaV2 => "expectedBucketOwner(..) of the request",
            Client::Kotlin => "expectedBucketOwner of the request",
            Client::Rust => "expected_bucket_owner(..) of the call",
            Client::Php => "'ExpectedBucketOwner' of the call",
            Client::DotNet => "ExpectedBucketOwner of the request",
            Client::Ruby => "expected_bucket_owner: of the call",
            Client::Cpp => "SetExpectedBucketOwner of the request",
            Client::Curl => "-H 'x-amz-expected-bucket-owner: ..'",
            Client::Postman => "the Headers tab",
            Client::JavaV1 | minio_and_tools!() | senders!() => "",
        }
    }
}
