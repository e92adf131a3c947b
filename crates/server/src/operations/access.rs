//! GetBucketAcl and GetObjectAcl: the owner may do everything, and that cannot be changed.
//!
//! Not here: refusing to change it, which `protocol` does.

use countersign_protocol::encode::owner_acl;

use super::{Answer, Call, xml};

pub(super) async fn get(call: &Call<'_>) -> Answer {
    call.check_is_there().await?;
    Ok(xml(owner_acl(call.owner())))
}
