//! Signs what it is told with `aws-sigv4`, one line of JSON after the other: requests, links, chunks and trailers.
//!
//! Not here: anything that the crate does not do by its settings. Whoever calls knows what is wrong with a job.

use std::error::Error;
use std::io::{BufRead, Write};
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SessionTokenMode, SignableBody, SignableRequest,
    SignatureLocation, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::{self, sign_chunk, sign_trailer};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::http::Headers;
use serde_json::{Value, json};

type Fault = Box<dyn Error>;

fn main() -> Result<(), Fault> {
    for line in std::io::stdin().lock().lines() {
        let job: Value = serde_json::from_str(&line?)?;
        let answer = carry_out(&job)?;
        let mut out = std::io::stdout();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn carry_out(job: &Value) -> Result<Value, Fault> {
    let text = |name: &str| job.get(name).and_then(Value::as_str);
    let flag = |name: &str| job.get(name).and_then(Value::as_bool).unwrap_or(false);
    let needed = |name: &str| text(name).ok_or_else(|| format!("the job has no {name}"));
    let token = text("token").map(str::to_owned);
    let identity: Identity = Credentials::new(needed("key")?, needed("secret")?, token, None, "job").into();
    let seconds = job
        .get("time")
        .and_then(Value::as_u64)
        .ok_or("the job has no time")?;
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = if flag("double") {
        PercentEncodingMode::Double
    } else {
        PercentEncodingMode::Single
    };
    settings.uri_path_normalization_mode = UriPathNormalizationMode::from(flag("normalize"));
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    if flag("no_checksum") {
        settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    }
    if flag("token_left_out") {
        settings.session_token_mode = SessionTokenMode::Exclude;
    }
    if flag("s3_express") {
        settings.session_token_name_override = Some("x-amz-s3session-token");
    }
    if flag("every_header") {
        settings.excluded_headers = Some(vec!["authorization".into()]);
    }
    if text("kind") == Some("link") {
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(
            job.get("expires").and_then(Value::as_u64).unwrap_or(300),
        ));
    }
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(needed("region")?)
        .name(needed("service")?)
        .time(UNIX_EPOCH + Duration::from_secs(seconds))
        .settings(settings)
        .build()?;
    let headers = pairs(job.get("headers"));
    match text("kind") {
        Some("chunk") => {
            let chunk = needed("chunk")?.to_owned().into_bytes();
            let signature = sign_chunk(&chunk.into(), needed("previous")?, &params)?;
            Ok(json!({ "signature": signature.signature() }))
        }
        Some("trailer") => {
            let mut trailer = Headers::new();
            for (name, value) in headers {
                trailer.insert(name, value);
            }
            let signature = sign_trailer(&trailer, needed("previous")?, &params)?;
            Ok(json!({ "signature": signature.signature() }))
        }
        _ => {
            let body = match text("payload") {
                Some(line) => SignableBody::Precomputed(line.to_owned()),
                None => SignableBody::Bytes(text("body").unwrap_or_default().as_bytes()),
            };
            let given = headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()));
            let request = SignableRequest::new(needed("method")?, needed("url")?, given, body)?;
            let (instructions, signature) = sign(request, &params.into())?.into_parts();
            let (headers, query) = instructions.into_parts();
            let headers: Vec<Value> = headers
                .iter()
                .map(|header| json!([header.name(), header.value()]))
                .collect();
            let query: Vec<Value> = query.iter().map(|(name, value)| json!([name, value])).collect();
            Ok(json!({ "headers": headers, "query": query, "signature": signature }))
        }
    }
}

fn pairs(list: Option<&Value>) -> Vec<(String, String)> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    let text = |pair: &Value, place: usize| {
        pair.get(place)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    list.map(|pair| (text(pair, 0), text(pair, 1))).collect()
}
