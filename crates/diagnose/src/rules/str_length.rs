//! STR-LENGTH: the body is shorter or longer than announced, or its length is not announced.
//!
//! Not here: a body whose framing was left in (`pay_chunked_raw`), and a stream where there can be none (`str_mode`).

use countersign_sigv4::ChunkError;

use super::framing::{is_raw, is_streamed};
use super::prelude::*;
use super::str_mode::has_a_body;
use crate::case::BodyFault;

pub(crate) static RULE: Rule = Rule {
    check: Some(check),
    ..Rule::new(
        "STR-LENGTH",
        "The body has another length than announced",
        include_str!("../../pages/STR-LENGTH.md"),
    )
};

const CUT_OFF: &str = "Something cut the upload off";
const COUNT_AGAIN: &str = "Announce the length of the very bytes that are sent, without any framing.";

fn check(scene: &Scene<'_>) -> Option<Finding> {
    if is_raw(scene) {
        return None;
    }
    let (what, cure) = match scene.body_fault()? {
        BodyFault::Length {
            announced,
            arrived: Some(arrived),
        } if arrived > announced => (
            format!("{announced} bytes of data were announced, and more arrived"),
            COUNT_AGAIN,
        ),
        BodyFault::Length {
            announced,
            arrived: Some(arrived),
        } => (
            format!("{announced} bytes of data were announced, {arrived} arrived"),
            if is_streamed(scene) { COUNT_AGAIN } else { CUT_OFF },
        ),
        BodyFault::Length { announced, .. } => (
            format!("The body ended before the {announced} bytes that Content-Length announces"),
            CUT_OFF,
        ),
        BodyFault::LengthMissing if !is_streamed(scene) => (
            "The request does not say how long its body is".to_owned(),
            "Send Content-Length; Transfer-Encoding: chunked alone tells no length.",
        ),
        BodyFault::LengthMissing if has_a_body(scene) => (
            "The request does not say how many bytes of data its chunks hold".to_owned(),
            "Send x-amz-decoded-content-length with the length of the data, and sign it.",
        ),
        BodyFault::Chunk(error) => of_chunks(error)?,
        _ => return None,
    };
    let cure = match (cure, scene.facts.proxy_evidence) {
        (CUT_OFF, Some(_)) => format!("{CUT_OFF}. {}", scene.facts.let_uploads_through_setting()),
        (CUT_OFF, None) => {
            format!("{CUT_OFF}: look at time-outs and size limits of the client and of proxies on the way.")
        }
        (cure, _) => cure.to_owned(),
    };
    Some(Finding::new(
        Slot::Body,
        Proof::Exact,
        900,
        Words::of(what),
        Words::of(cure),
    ))
}

fn of_chunks(error: &ChunkError) -> Option<(String, &'static str)> {
    Some(match error {
        ChunkError::LengthDiffers { declared, counted } => {
            let at_least = if counted > declared { "at least " } else { "" };
            (
                format!(
                    "x-amz-decoded-content-length says {declared} bytes, the chunks hold {at_least}{counted}"
                ),
                "Put the length of the data, without chunk headers, into x-amz-decoded-content-length.",
            )
        }
        ChunkError::Truncated { decoded } => (
            format!("The stream ended after {decoded} bytes of data, without its end"),
            CUT_OFF,
        ),
        ChunkError::ContinuesAfterEnd => (
            "Bytes follow the end of the stream".to_owned(),
            "End the body behind the closing chunk and its trailer; Content-Length counts the framed bytes.",
        ),
        _ => return None,
    })
}
