//! GetObject and HeadObject: conditions, ranges, parts, and the bytes as the client takes them.
//!
//! A link that is good for one use is used up when the first bytes are read and none is sent yet: what fails before
//! leaves it as it was, and what breaks off later does not bring it back.

use countersign_protocol::encode::ObjectHeaders;
use countersign_protocol::operation::GetObject;
use countersign_protocol::range::ByteRange;
use countersign_protocol::{ErrorCode, ParseError};
use countersign_store::{ObjectInfo, ObjectReader, OneTimeLink, Read, evaluate_read_condition};
use countersign_types::Checksum;
use futures_util::{StreamExt, stream};
use http::{Response, StatusCode};

use super::{Answer, Call, empty, parse_failed, shown_checksum};
use crate::refusal::Refusal;
use crate::respond::{BrokenBody, Outgoing};

pub(super) async fn get(call: &Call<'_>, request: &GetObject) -> Answer {
    let link = call.one_time_link();
    if let Some(link) = &link {
        // First of all, so that a used link tells nothing about the object any more.
        let checked = call
            .store
            .check_link(call.bucket(), call.object_key(), link)
            .await;
        checked.map_err(call.fail())?;
    }
    let object = call
        .store
        .object(call.bucket(), call.object_key(), request.part)
        .await
        .map_err(call.fail())?;
    call.check_unchanged(&object.info().access)?;
    let (response, chosen) = head_of(request, object.info())?;
    let Some(chosen) = chosen else {
        // All there is of an empty object.
        if response.status().is_success() {
            use_up(call, link.as_ref()).await?;
        }
        return Ok(response);
    };
    let mut reader = object.read(chosen.offset, chosen.length);
    // Read before the status goes out: storage that fails at once is an error in words, not a connection that breaks off.
    let first = reader.next().await.transpose().map_err(call.fail())?;
    use_up(call, link.as_ref()).await?;
    if reader.remaining() == 0 {
        return Ok(response.map(|_| Outgoing::bytes(first.unwrap_or_default())));
    }
    let pieces = Box::pin(stream::iter(first.map(Ok)).chain(pieces(reader)));
    Ok(response.map(|_| Outgoing::Streamed {
        left: chosen.length,
        pieces,
    }))
}

async fn use_up(call: &Call<'_>, link: Option<&OneTimeLink>) -> Result<(), Refusal> {
    let Some(link) = link else { return Ok(()) };
    let used = call.store.use_link(call.bucket(), call.object_key(), link).await;
    used.map_err(call.fail())
}

pub(super) async fn head(call: &Call<'_>, request: &GetObject) -> Answer {
    let info = call
        .store
        .object_info(call.bucket(), call.object_key(), request.part)
        .await
        .map_err(call.fail())?;
    call.check_unchanged(&info.access)?;
    head_of(request, &info).map(|(response, _)| response)
}

/// The head of the answer, and the bytes that follow it (none if the client has them already).
fn head_of(
    request: &GetObject,
    info: &ObjectInfo,
) -> Result<(Response<Outgoing>, Option<ByteRange>), Refusal> {
    if request.range.is_some() && request.part.is_some() {
        return Err(parse_failed(ParseError::with_message(
            ErrorCode::InvalidRequest,
            "Cannot specify both Range header and partNumber query parameter",
        )));
    }
    let part = info.part.as_ref();
    let mut headers = ObjectHeaders {
        etag: info.etag,
        last_modified: info.last_modified,
        size: info.size,
        range: None,
        metadata: &info.metadata,
        checksum: None,
        parts_count: info.parts.filter(|_| part.is_some()),
        overrides: Some(&request.overrides).filter(|overrides| !overrides.is_empty()),
    };
    match evaluate_read_condition(&request.condition, &info.etag, info.last_modified) {
        Read::Proceed => {}
        Read::NotModified(_) => {
            return Ok((
                empty(StatusCode::NOT_MODIFIED, headers.encode_not_modified()),
                None,
            ));
        }
        Read::PreconditionFailed(precondition) => {
            let error = countersign_store::Error::PreconditionFailed(precondition);
            return Err(Refusal::Store(error, Box::default()));
        }
    }
    let if_range = request
        .range_condition
        .as_ref()
        .is_none_or(|c| c.holds(&info.etag, info.last_modified));
    let ranged = match (&request.range, part) {
        (Some(range), _) if if_range => Some(range.resolve(info.size).map_err(parse_failed)?),
        // An object that was written whole is its own first part, and AWS answers 206 for it too.
        (_, Some(part)) if part.size > 0 => Some(ByteRange {
            offset: part.offset,
            length: part.size,
        }),
        _ => None,
    };
    headers.range = ranged;
    let part_checksum = part.and_then(|part| part.checksum.as_ref());
    if request.wants_checksum {
        headers.checksum = checksum(info, ranged, part_checksum);
    }
    let status = if ranged.is_some() {
        StatusCode::PARTIAL_CONTENT
    } else {
        StatusCode::OK
    };
    let chosen = ranged.unwrap_or(ByteRange {
        offset: 0,
        length: info.size,
    });
    Ok((
        empty(status, headers.encode()),
        Some(chosen).filter(|chosen| chosen.length > 0),
    ))
}

/// The object's checksum is shown with the object, a part's with the part; with any other range AWS shows none, because
/// SDKs would hold it against the bytes of the range.
fn checksum<'a>(
    info: &'a ObjectInfo,
    ranged: Option<ByteRange>,
    part_checksum: Option<&'a Checksum>,
) -> Option<countersign_protocol::encode::ObjectChecksum<'a>> {
    let is_whole = ranged.is_none_or(|range| range.offset == 0 && range.length == info.size);
    if info.part.is_some() && info.parts.is_some() {
        return shown_checksum(part_checksum, info.checksum_type, None);
    }
    if !is_whole {
        return None;
    }
    shown_checksum(info.checksum.as_ref(), info.checksum_type, info.parts)
}

fn pieces(reader: ObjectReader) -> crate::respond::Pieces {
    Box::pin(stream::unfold(reader, |mut reader| async move {
        let piece = reader.next().await?;
        Some((piece.map_err(|error| BrokenBody(error.to_string())), reader))
    }))
}
