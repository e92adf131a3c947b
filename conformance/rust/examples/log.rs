//! One request with the SDK for Rust, with the log that people turn on when a signature does not match: `aws_sigv4=trace` and what
//! went over the wire, on standard output.
//!
//! Settings come as JSON in CAPTURE. Not here: what is wrong with them.

use std::error::Error;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::primitives::ByteStream;
use serde_json::Value;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let given: Value = serde_json::from_str(&std::env::var("CAPTURE")?)?;
    let text = |name: &str| given[name].as_str().unwrap_or_default().to_owned();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_ansi(given["ansi"].as_bool().unwrap_or(false))
        .init();
    let token = given["token"].as_str().map(str::to_owned);
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(text("endpoint"))
        .region(Region::new(text("region")))
        .force_path_style(true)
        .retry_config(RetryConfig::disabled())
        .credentials_provider(Credentials::new(
            text("key"),
            text("secret"),
            token,
            None,
            "capture",
        ))
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    let s3 = Client::from_conf(config.build());
    let object = text("object");
    let refused = match text("operation").as_str() {
        "put" => {
            let put = s3
                .put_object()
                .bucket("photos")
                .key(object)
                .content_type("image/jpeg")
                .metadata("taken", "2026");
            put.body(ByteStream::from_static(b"meow"))
                .send()
                .await
                .err()
                .map(|error| DisplayErrorContext(error).to_string())
        }
        "get" => {
            let got = s3.get_object().bucket("photos").key(object).send().await;
            got.err().map(|error| DisplayErrorContext(error).to_string())
        }
        _ => {
            let listed = s3.list_objects_v2().bucket("photos").prefix(object).send().await;
            listed.err().map(|error| DisplayErrorContext(error).to_string())
        }
    };
    if let Some(refused) = refused {
        println!("{refused}");
    }
    Ok(())
}
