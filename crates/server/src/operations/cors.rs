//! PutBucketCors, GetBucketCors, DeleteBucketCors, and the preflight that their rules answer.
//!
//! A preflight is the one operation that nobody may ask for: a browser sends it without a signature, ahead of a page's
//! request.

use countersign_protocol::encode::cors_configuration;
use countersign_protocol::operation::{CorsDocument, Preflight, PutBucketCors};
use countersign_protocol::{ErrorCode, ParseError};
use countersign_store::Error;
use countersign_types::CorsMethod;
use http::{HeaderMap, StatusCode};

use super::{Answer, Call, empty, parse_failed, xml};
use crate::body::Upload;
use crate::refusal::{Names, PreflightFault, Refusal, RefusedPreflight};

pub(super) async fn put(call: &Call<'_>, request: &PutBucketCors, body: &mut Upload) -> Answer {
    let document = call.document(&request.integrity, body).await?;
    let document = CorsDocument::parse(&document).map_err(parse_failed)?;
    call.store
        .put_cors_rules(call.bucket(), &document.rules)
        .await
        .map_err(call.fail())?;
    Ok(empty(StatusCode::OK, HeaderMap::new()))
}

pub(super) async fn get(call: &Call<'_>) -> Answer {
    let rules = call.store.cors_rules(call.bucket()).await.map_err(call.fail())?;
    match rules {
        Some(rules) => Ok(xml(cors_configuration(&rules))),
        None => Err(Refusal::NoCorsRules(Box::new(Names {
            bucket: Some(call.bucket().to_string()),
            ..Names::default()
        }))),
    }
}

pub(super) async fn delete(call: &Call<'_>) -> Answer {
    call.store
        .delete_cors_rules(call.bucket())
        .await
        .map_err(call.fail())?;
    Ok(empty(StatusCode::NO_CONTENT, HeaderMap::new()))
}

pub(super) async fn preflight(call: &Call<'_>, request: &Preflight) -> Answer {
    let asked = &request.asked;
    let refuse = |fault| {
        Refusal::Preflight(Box::new(RefusedPreflight {
            fault,
            method: asked.method.clone().unwrap_or_else(|| "OPTIONS".to_owned()),
            is_about_object: request.is_about_object,
        }))
    };
    let Some(bucket) = &call.authorized.named().bucket else {
        return Err(refuse(PreflightFault::NoBucket));
    };
    let rules = match call.store.cors_rules(bucket).await {
        Ok(Some(rules)) => rules,
        Ok(None) => return Err(refuse(PreflightFault::NoRules)),
        Err(Error::NoSuchBucket) => return Err(refuse(PreflightFault::NoBucket)),
        Err(error) => return Err(call.fail()(error)),
    };
    // As at AWS, what the preflight leaves out matters only where there are rules to hold it against.
    let method = asked.method.as_deref().unwrap_or("null");
    if CorsMethod::parse(method).is_none() {
        let message = format!("Invalid Access-Control-Request-Method: {method}");
        return Err(parse_failed(ParseError::with_message(
            ErrorCode::BadRequest,
            message,
        )));
    }
    match asked.evaluate(&rules) {
        Ok(allowed) => Ok(empty(StatusCode::OK, allowed.encode())),
        Err(denied) => Err(refuse(PreflightFault::Denied(denied, rules))),
    }
}
