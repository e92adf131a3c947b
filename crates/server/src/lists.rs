//! Access control lists between those who speak of them: requests, the store, the evaluation.
//!
//! What a name like `public-read` stands for, who owns what is written, and which lists count for a question. Not here: deciding, and
//! the XML.
//!
//! Keeps true: what the owner of the bucket owns names no owner, so that most objects have nothing of all this in their rows.

use countersign_identity::Account;
use countersign_policy::{Grantee as Reached, ListEntry, Owner, Permission};
use countersign_protocol::operation::{CannedAcl, RequestedAcl};
use countersign_types::{AclPermission, Grant, Grantee, Group, ObjectAccess, ObjectOwnership};

use crate::bucket_policies::Ground;
use crate::facts::{Need, Target};

/// How the owner of an object is named that nobody signed for.
pub(crate) const NOBODY: &str = "anonymous";

/// The account of nobody, as AWS shows it.
pub(crate) fn nobody() -> Account {
    Account {
        id: NOBODY.to_owned(),
        canonical_id: NOBODY_CANONICAL_ID.to_owned(),
        display_name: String::new(),
    }
}

/// How an object names its owner: not at all where it is the bucket's.
pub(crate) fn owner_id(account: &Account, ground: &Ground) -> Option<String> {
    (account.id != ground.bucket.owner).then(|| account.id.clone())
}

/// Whether what is written belongs to the owner of the bucket, whoever writes it.
///
/// SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>.
pub(crate) fn is_given_up(ownership: ObjectOwnership, acl: Option<&RequestedAcl>) -> bool {
    match ownership {
        ObjectOwnership::BucketOwnerEnforced => true,
        ObjectOwnership::BucketOwnerPreferred => {
            matches!(acl, Some(RequestedAcl::Canned(CannedAcl::BucketOwnerFullControl)))
        }
        ObjectOwnership::ObjectWriter => false,
    }
}

/// Whether a bucket whose owner owns everything takes this list: it has to say just that.
pub(crate) fn says_what_holds(acl: Option<&RequestedAcl>, bucket_owner: &Account) -> bool {
    match acl {
        None | Some(RequestedAcl::Canned(CannedAcl::BucketOwnerFullControl)) => true,
        Some(RequestedAcl::Grants(grants)) => {
            let full = Grant::to_account(&bucket_owner.canonical_id, AclPermission::FullControl);
            !grants.is_empty() && grants.iter().all(|grant| *grant == full)
        }
        Some(RequestedAcl::Canned(_)) => false,
    }
}

/// What an object is given that is owned by this account; `None`: the list of the owner alone.
pub(crate) fn of_object(
    acl: Option<&RequestedAcl>,
    owner: &Account,
    bucket_owner: &Account,
) -> Option<Vec<Grant>> {
    let is_bucket_owners = owner.id == bucket_owner.id;
    let to_bucket_owner = |permission| {
        let grant = Grant::to_account(&bucket_owner.canonical_id, permission);
        (!is_bucket_owners).then(|| vec![grant])
    };
    match acl? {
        RequestedAcl::Grants(grants) => Some(grants.clone()),
        RequestedAcl::Canned(CannedAcl::BucketOwnerRead) => {
            with_owner(owner, to_bucket_owner(AclPermission::Read))
        }
        RequestedAcl::Canned(CannedAcl::BucketOwnerFullControl) => {
            with_owner(owner, to_bucket_owner(AclPermission::FullControl))
        }
        RequestedAcl::Canned(canned) => with_owner(owner, everywhere(*canned)),
    }
}

/// What a bucket is given. Names that are about objects say nothing about it.
pub(crate) fn of_bucket(acl: Option<&RequestedAcl>, owner: &Account) -> Option<Vec<Grant>> {
    match acl? {
        RequestedAcl::Grants(grants) => Some(grants.clone()),
        RequestedAcl::Canned(CannedAcl::LogDeliveryWrite) => {
            let to_logs = |permission| Grant::to_group(Group::LogDelivery, permission);
            let grants = [AclPermission::Write, AclPermission::ReadAcp].map(to_logs);
            with_owner(owner, Some(grants.to_vec()))
        }
        RequestedAcl::Canned(canned) => with_owner(owner, everywhere(*canned)),
    }
}

/// What a name adds to the owner's own entry wherever it stands; `None`: nothing.
fn everywhere(canned: CannedAcl) -> Option<Vec<Grant>> {
    let to_all = |permission| Grant::to_group(Group::AllUsers, permission);
    match canned {
        CannedAcl::PublicRead => Some(vec![to_all(AclPermission::Read)]),
        CannedAcl::PublicReadWrite => Some(vec![to_all(AclPermission::Read), to_all(AclPermission::Write)]),
        CannedAcl::AuthenticatedRead => Some(vec![Grant::to_group(
            Group::AuthenticatedUsers,
            AclPermission::Read,
        )]),
        CannedAcl::AwsExecRead => Some(vec![Grant::to_account(EC2_CANONICAL_ID, AclPermission::Read)]),
        CannedAcl::Private
        | CannedAcl::BucketOwnerRead
        | CannedAcl::BucketOwnerFullControl
        | CannedAcl::LogDeliveryWrite => None,
    }
}

fn with_owner(owner: &Account, more: Option<Vec<Grant>>) -> Option<Vec<Grant>> {
    let mut grants = more?;
    grants.insert(0, own(owner));
    Some(grants)
}

/// The entry that a list has from the start.
pub(crate) fn own(owner: &Account) -> Grant {
    Grant::to_account(&owner.canonical_id, AclPermission::FullControl)
}

/// Whether a canonical id stands for somebody who has no account here.
pub(crate) fn is_of_aws(canonical_id: &str) -> bool {
    [NOBODY_CANONICAL_ID, EC2_CANONICAL_ID].contains(&canonical_id)
}

/// Whether a bucket's list lets in anybody but its owner.
pub(crate) fn lets_others_in(grants: Option<&[Grant]>, owner: &Account) -> bool {
    let is_others = |grant: &Grant| match &grant.grantee {
        Grantee::Account(id) => *id != owner.canonical_id,
        Grantee::Group(_) => true,
    };
    grants.unwrap_or_default().iter().any(is_others)
}

/// A list as the evaluation sees it. That of the owner alone has no entries: the owner needs none.
pub(crate) fn entries(grants: Option<&[Grant]>) -> Vec<ListEntry<'_>> {
    let grants = grants.unwrap_or_default().iter();
    grants
        .map(|Grant { grantee, permission }| ListEntry {
            grantee: match grantee {
                Grantee::Account(id) => Reached::Account(id),
                Grantee::Group(Group::AllUsers) => Reached::AllUsers,
                Grantee::Group(Group::AuthenticatedUsers) => Reached::AuthenticatedUsers,
                Grantee::Group(Group::LogDelivery) => Reached::OtherGroup,
            },
            permission: granted(*permission),
        })
        .collect()
}

fn granted(permission: AclPermission) -> Permission {
    match permission {
        AclPermission::FullControl => Permission::FullControl,
        AclPermission::Read => Permission::Read,
        AclPermission::ReadAcp => Permission::ReadAcp,
        AclPermission::Write => Permission::Write,
        AclPermission::WriteAcp => Permission::WriteAcp,
    }
}

/// The lists that count for a need, and whose it is, what is needed; none where the bucket has no lists.
pub(crate) fn counting<'g>(
    need: &Need<'_>,
    ground: &'g Ground,
) -> (Vec<ListEntry<'g>>, Vec<ListEntry<'g>>, Owner<'g>) {
    let access = &ground.bucket.access;
    if !access.has_lists() {
        return (Vec::new(), Vec::new(), Owner::Bucket);
    }
    let bucket = entries(access.grants.as_deref());
    match need.target {
        Target::Object(_, object_key) => {
            let object: Option<&ObjectAccess> = ground.object(object_key);
            let grants = object.and_then(|object| object.grants.as_deref());
            let owner = object.and_then(|object| object.owner.as_deref());
            (
                bucket,
                entries(grants),
                owner.map_or(Owner::Bucket, Owner::Account),
            )
        }
        Target::NewObject(..) => (bucket, Vec::new(), Owner::Requester),
        Target::AllBuckets | Target::Bucket(_) | Target::Place(..) | Target::ObjectsOf(_) => {
            (bucket, Vec::new(), Owner::Bucket)
        }
    }
}

/// SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>: whom objects belong to that nobody signed for.
const NOBODY_CANONICAL_ID: &str = "65a011a29cdf8ec533ec3d1ccaae921c";
/// Amazon EC2, which reads bundles of machine images; here it is nobody.
const EC2_CANONICAL_ID: &str = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c";

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: &str) -> Account {
        Account {
            id: id.to_owned(),
            canonical_id: format!("c-{id}"),
            display_name: id.to_owned(),
        }
    }

    fn told(grants: Option<Vec<Grant>>) -> String {
        let Some(grants) = grants else {
            return "-".to_owned();
        };
        let one = |grant: &Grant| {
            let who = match &grant.grantee {
                Grantee::Account(id) => id.as_str(),
                Grantee::Group(group) => group.uri().rsplit('/').next().unwrap_or_default(),
            };
            format!("{who} {}", grant.permission.name())
        };
        grants.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_name_stands_for_a_list() {
        let (ann, bob) = (account("ann"), account("bob"));
        let check = |canned: CannedAcl, of_bucket_expected: &str, own: &str, of_other: &str| {
            let acl = Some(RequestedAcl::Canned(canned));
            assert_eq!(
                told(of_bucket(acl.as_ref(), &ann)),
                of_bucket_expected,
                "{canned:?}"
            );
            assert_eq!(told(of_object(acl.as_ref(), &ann, &ann)), own, "{canned:?}");
            assert_eq!(told(of_object(acl.as_ref(), &bob, &ann)), of_other, "{canned:?}");
        };
        check(CannedAcl::Private, "-", "-", "-");
        let read = "c-ann FULL_CONTROL, AllUsers READ";
        check(
            CannedAcl::PublicRead,
            read,
            read,
            "c-bob FULL_CONTROL, AllUsers READ",
        );
        let write = "c-ann FULL_CONTROL, AllUsers READ, AllUsers WRITE";
        check(
            CannedAcl::PublicReadWrite,
            write,
            write,
            "c-bob FULL_CONTROL, AllUsers READ, AllUsers WRITE",
        );
        let signed = "c-ann FULL_CONTROL, AuthenticatedUsers READ";
        check(
            CannedAcl::AuthenticatedRead,
            signed,
            signed,
            "c-bob FULL_CONTROL, AuthenticatedUsers READ",
        );
        check(
            CannedAcl::BucketOwnerRead,
            "-",
            "-",
            "c-bob FULL_CONTROL, c-ann READ",
        );
        check(
            CannedAcl::BucketOwnerFullControl,
            "-",
            "-",
            "c-bob FULL_CONTROL, c-ann FULL_CONTROL",
        );
        let logs = "c-ann FULL_CONTROL, LogDelivery WRITE, LogDelivery READ_ACP";
        check(CannedAcl::LogDeliveryWrite, logs, "-", "-");
        let exec = format!("c-ann FULL_CONTROL, {EC2_CANONICAL_ID} READ");
        let of_other = format!("c-bob FULL_CONTROL, {EC2_CANONICAL_ID} READ");
        check(CannedAcl::AwsExecRead, &exec, &exec, &of_other);
        assert_eq!(told(of_bucket(None, &ann)), "-");
        let grants = vec![Grant::to_account("c-eve", AclPermission::Read)];
        let acl = Some(RequestedAcl::Grants(grants));
        // Nobody is added to what was said one by one.
        assert_eq!(told(of_object(acl.as_ref(), &ann, &ann)), "c-eve READ");
    }

    #[test]
    fn the_writer_gives_an_object_up_as_ownership_says() {
        let full = RequestedAcl::Canned(CannedAcl::BucketOwnerFullControl);
        let other = RequestedAcl::Canned(CannedAcl::PublicRead);
        let check = |ownership, expected: [bool; 3]| {
            let acls = [None, Some(&full), Some(&other)];
            assert_eq!(
                acls.map(|acl| is_given_up(ownership, acl)),
                expected,
                "{ownership:?}"
            );
        };
        check(ObjectOwnership::BucketOwnerEnforced, [true, true, true]);
        check(ObjectOwnership::BucketOwnerPreferred, [false, true, false]);
        check(ObjectOwnership::ObjectWriter, [false, false, false]);
    }

    #[test]
    fn without_lists_only_that_the_owner_may_do_everything_can_be_said() {
        let ann = account("ann");
        let check = |acl: Option<RequestedAcl>, expected: bool| {
            assert_eq!(says_what_holds(acl.as_ref(), &ann), expected, "{acl:?}");
        };
        check(None, true);
        check(
            Some(RequestedAcl::Canned(CannedAcl::BucketOwnerFullControl)),
            true,
        );
        check(Some(RequestedAcl::Canned(CannedAcl::Private)), false);
        check(Some(RequestedAcl::Grants(vec![own(&ann)])), true);
        check(Some(RequestedAcl::Grants(vec![own(&account("bob"))])), false);
        check(
            Some(RequestedAcl::Grants(vec![Grant::to_account(
                "c-ann",
                AclPermission::Read,
            )])),
            false,
        );
    }

    #[test]
    fn a_list_of_the_owner_alone_lets_nobody_else_in() {
        let ann = account("ann");
        assert!(!lets_others_in(None, &ann));
        assert!(!lets_others_in(Some(&[own(&ann)]), &ann));
        assert!(lets_others_in(Some(&[own(&account("bob"))]), &ann));
        let logs = Grant::to_group(Group::LogDelivery, AclPermission::Write);
        assert!(lets_others_in(Some(&[own(&ann), logs]), &ann));
    }
}
