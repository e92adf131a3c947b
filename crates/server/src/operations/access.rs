//! GetBucketAcl and GetObjectAcl: the owner may do everything, and that cannot be changed.
//!
//! Not here: refusing to change it, which `protocol` does.

use countersign_protocol::encode::owner_acl;

use super::{Answer, Call, xml};

pub(super) async fn of_bucket(call: &Call<'_>) -> Answer {
    call.store.bucket(call.bucket()).await.map_err(call.fail())?;
    Ok(xml(owner_acl(call.owner())))
}

pub(super) async fn of_object(call: &Call<'_>) -> Answer {
    call.store
        .object_info(call.bucket(), call.object_key(), None)
        .await
        .map_err(call.fail())?;
    Ok(xml(owner_acl(call.owner())))
}
