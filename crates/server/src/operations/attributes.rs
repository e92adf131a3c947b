//! GetObjectAttributes: what is known about an object, without its bytes.

use countersign_protocol::encode::{
    AttributePart, AttributeParts, ObjectAttributesAnswer, object_attributes,
};
use countersign_protocol::operation::GetObjectAttributes;
use countersign_store::PartView;
use http::{HeaderValue, header};

use super::{Answer, Call, shown_checksum, xml};

pub(super) async fn get(call: &Call<'_>, request: &GetObjectAttributes) -> Answer {
    let (info, parts) = call
        .store
        .object_parts(call.bucket(), call.object_key())
        .await
        .map_err(call.fail())?;
    call.check_unchanged(&info.access)?;
    let (listed, is_truncated) = page(request, &parts);
    let mut response = xml(object_attributes(&ObjectAttributesAnswer {
        request,
        etag: info.etag,
        checksum: shown_checksum(info.checksum.as_ref(), info.checksum_type, info.parts),
        size: info.size,
        storage_class: info.metadata.storage_class.as_deref(),
        parts: info.parts.map(|_| AttributeParts {
            count: parts.len(),
            listed: &listed,
            is_truncated,
        }),
    }));
    if let Ok(modified) = HeaderValue::try_from(info.last_modified.http_date()) {
        response.headers_mut().insert(header::LAST_MODIFIED, modified);
    }
    Ok(response)
}

/// The parts that were asked for, and whether there are more.
fn page<'a>(request: &GetObjectAttributes, parts: &'a [PartView]) -> (Vec<AttributePart<'a>>, bool) {
    let max = usize::try_from(request.max_parts).unwrap_or(usize::MAX);
    let mut after = parts
        .iter()
        .filter(|part| request.parts_after.is_none_or(|marker| part.number > marker));
    let listed = after.by_ref().take(max).filter_map(|part| {
        Some(AttributePart {
            part: part.number,
            size: part.size,
            checksum: part.checksum.as_ref()?,
        })
    });
    let listed: Vec<AttributePart<'a>> = listed.collect();
    let is_truncated = after.next().is_some();
    (listed, is_truncated)
}
