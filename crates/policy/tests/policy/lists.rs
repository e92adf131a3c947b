//! Access control lists together with policies: whose it is, decides; a list lets in and never keeps out.

use countersign_policy::{
    AccessLists, Attached, Context, Decision, Document, Grant, Grantee, ListEntry, ListOf, Owner, Permission,
    Policies, PolicyType, PublicAccessBlock, Reason, Requester, evaluate,
};

use crate::support::{
    OWNER, STRANGER, account, allow_all, attached_bucket, bucket, deny_all, federated_of, reading, root_of,
    service, session_of, user_of,
};

/// What a decision comes down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Root,
    Statement,
    List,
    Writer,
    Denied,
    Lacking(PolicyType),
    NotGranted,
}

fn came(decision: &Decision) -> Came {
    match decision {
        Decision::Allowed(Grant::Root) => Came::Root,
        Decision::Allowed(Grant::Statement(_)) => Came::Statement,
        Decision::Allowed(Grant::List(_)) => Came::List,
        Decision::Allowed(Grant::Writer) => Came::Writer,
        Decision::Denied(denial) => match &denial.reason {
            Reason::ExplicitDeny(_) | Reason::PublicAccessRestricted => Came::Denied,
            Reason::NoAllow(policy_type) => Came::Lacking(*policy_type),
            Reason::NoGrant => Came::NotGranted,
        },
    }
}

fn asking(requester: Requester, action: &str) -> Context {
    Context::new(requester, action, "arn:aws:s3:::photos/a.jpg", OWNER)
}

/// One question: what the requester's own policy says, what the bucket's, and the lists.
struct Case<'a> {
    own: Option<&'a Document>,
    bucket: Option<&'a Document>,
    lists: AccessLists<'a>,
    block: PublicAccessBlock,
}

impl<'a> Case<'a> {
    fn of(lists: AccessLists<'a>) -> Case<'a> {
        Case {
            own: None,
            bucket: None,
            lists,
            block: PublicAccessBlock::default(),
        }
    }

    fn decide(&self, context: &Context) -> Decision {
        let own = self.own.map(|document| Attached {
            name: "own",
            document,
        });
        let policies = Policies {
            identity: own.as_slice(),
            resource: attached_bucket(self.bucket),
            lists: self.lists,
            access_block: self.block,
            ..Policies::default()
        };
        evaluate(context, &policies)
    }

    #[track_caller]
    fn check(&self, requester: Requester, expected: Came) {
        let decision = self.decide(&asking(requester.clone(), "s3:GetObject"));
        assert_eq!(came(&decision), expected, "{requester:?}: {decision:?}");
    }
}

fn to_all(permission: Permission) -> ListEntry<'static> {
    ListEntry {
        grantee: Grantee::AllUsers,
        permission,
    }
}

#[test]
fn a_list_lets_in_whom_it_names() {
    let (own, stranger) = (account(OWNER).canonical_id, account(STRANGER).canonical_id);
    let check = |grantee: Grantee<'_>, expected: [Came; 5]| {
        let entries = [ListEntry {
            grantee,
            permission: Permission::Read,
        }];
        let all = allow_all();
        let lists = AccessLists {
            object: &entries,
            ..AccessLists::default()
        };
        let case = Case::of(lists);
        let with_own = Case {
            own: Some(&all),
            ..Case::of(lists)
        };
        let [nobody, root, user, own_user, allowed] = expected;
        case.check(Requester::Anonymous, nobody);
        case.check(root_of(STRANGER), root);
        case.check(user_of(STRANGER), user);
        case.check(user_of(OWNER), own_user);
        with_own.check(user_of(STRANGER), allowed);
        case.check(root_of(OWNER), Came::Root);
    };
    let (lacks_own, lacks) = (
        Came::Lacking(PolicyType::Identity),
        Came::Lacking(PolicyType::Resource),
    );
    check(
        Grantee::AllUsers,
        [Came::List, Came::List, lacks_own, Came::List, Came::List],
    );
    check(
        Grantee::AuthenticatedUsers,
        [lacks, Came::List, lacks_own, Came::List, Came::List],
    );
    check(
        Grantee::Account(&stranger),
        [lacks, Came::List, lacks_own, lacks_own, Came::List],
    );
    check(
        Grantee::Account(&own),
        [lacks, lacks, lacks_own, lacks_own, lacks],
    );
    check(Grantee::OtherGroup, [lacks, lacks, lacks_own, lacks_own, lacks]);
}

#[test]
fn a_permission_stands_for_the_actions_of_the_table() {
    let actions = [
        "s3:ListBucket",
        "s3:PutObject",
        "s3:GetBucketAcl",
        "s3:PutBucketAcl",
        "s3:GetObject",
        "s3:GetObjectAcl",
        "s3:PutObjectAcl",
        "s3:DeleteBucket",
    ];
    let check = |list: ListOf, permission: Permission, expected: &str| {
        let entries = [to_all(permission)];
        let lists = match list {
            ListOf::Bucket => AccessLists {
                bucket: &entries,
                ..AccessLists::default()
            },
            ListOf::Object => AccessLists {
                object: &entries,
                ..AccessLists::default()
            },
        };
        let allowed = actions.map(|action| {
            let context = asking(Requester::Anonymous, action);
            u8::from(Case::of(lists).decide(&context).is_allowed()).to_string()
        });
        assert_eq!(allowed.concat(), expected, "{list:?} {permission:?}");
    };
    check(ListOf::Bucket, Permission::Read, "10000000");
    check(ListOf::Bucket, Permission::Write, "01000000");
    check(ListOf::Bucket, Permission::ReadAcp, "00100000");
    check(ListOf::Bucket, Permission::WriteAcp, "00010000");
    check(ListOf::Bucket, Permission::FullControl, "11110000");
    check(ListOf::Object, Permission::Read, "00001000");
    check(ListOf::Object, Permission::Write, "00000000");
    check(ListOf::Object, Permission::ReadAcp, "00000100");
    check(ListOf::Object, Permission::WriteAcp, "00000010");
    check(ListOf::Object, Permission::FullControl, "00001110");
}

#[test]
fn a_denial_wins_over_a_list_and_a_statement_comes_before_it() {
    let entries = [to_all(Permission::FullControl)];
    let lists = AccessLists {
        object: &entries,
        ..AccessLists::default()
    };
    let (denying, allowing) = (reading("Deny", r#""*""#), reading("Allow", r#""*""#));
    for owner in [Owner::Bucket, Owner::Account(STRANGER)] {
        let lists = AccessLists { owner, ..lists };
        let denied = Case {
            bucket: Some(&denying),
            ..Case::of(lists)
        };
        denied.check(Requester::Anonymous, Came::Denied);
        denied.check(root_of(STRANGER), Came::Denied);
    }
    let by_itself = deny_all();
    let denied = Case {
        own: Some(&by_itself),
        ..Case::of(lists)
    };
    denied.check(user_of(STRANGER), Came::Denied);
    denied.check(user_of(OWNER), Came::Denied);
    let allowed = Case {
        bucket: Some(&allowing),
        ..Case::of(lists)
    };
    allowed.check(Requester::Anonymous, Came::Statement);
}

#[test]
fn what_another_account_owns_no_policy_of_the_bucket_gives_away() {
    let (allowing, all) = (
        bucket(
            r#"{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::photos", "arn:aws:s3:::photos/*"]}"#,
        ),
        allow_all(),
    );
    let foreign = AccessLists {
        owner: Owner::Account(STRANGER),
        ..AccessLists::default()
    };
    let case = Case {
        bucket: Some(&allowing),
        ..Case::of(foreign)
    };
    for requester in [Requester::Anonymous, root_of(OWNER), service()] {
        case.check(requester, Came::NotGranted);
    }
    case.check(root_of(STRANGER), Came::Root);
    let lacks_own = Came::Lacking(PolicyType::Identity);
    for requester in [
        user_of(OWNER),
        session_of(OWNER),
        user_of(STRANGER),
        federated_of(STRANGER),
    ] {
        case.check(requester, lacks_own);
    }
    let with_own = Case {
        own: Some(&all),
        bucket: Some(&allowing),
        ..Case::of(foreign)
    };
    with_own.check(user_of(STRANGER), Came::Statement);
    with_own.check(user_of(OWNER), Came::NotGranted);
    // The reason is told to the account whose object it is.
    let told = |requester| {
        let decision = case.decide(&asking(requester, "s3:GetObject"));
        decision.denial().map(countersign_policy::Denial::told)
    };
    assert_eq!(told(root_of(OWNER)).as_deref(), Some("Access Denied"));
    let theirs = told(user_of(STRANGER)).unwrap_or_default();
    assert!(theirs.contains("no identity-based policy"), "{theirs}");
}

#[test]
fn what_is_about_to_be_written_is_its_writers() {
    let writing = AccessLists {
        owner: Owner::Requester,
        ..AccessLists::default()
    };
    let case = Case::of(writing);
    case.check(Requester::Anonymous, Came::Writer);
    case.check(root_of(STRANGER), Came::Root);
    case.check(user_of(STRANGER), Came::Lacking(PolicyType::Identity));
    let denying = reading("Deny", r#""*""#);
    let denied = Case {
        bucket: Some(&denying),
        ..Case::of(writing)
    };
    denied.check(Requester::Anonymous, Came::Denied);
}

#[test]
fn a_block_has_public_entries_count_for_nothing_and_others_count() {
    let stranger = account(STRANGER).canonical_id;
    let entries = [
        to_all(Permission::Read),
        ListEntry {
            grantee: Grantee::Account(&stranger),
            permission: Permission::Read,
        },
    ];
    let lists = AccessLists {
        object: &entries,
        ..AccessLists::default()
    };
    let ignoring = Case {
        block: PublicAccessBlock {
            ignore_public_acls: true,
            ..PublicAccessBlock::default()
        },
        ..Case::of(lists)
    };
    ignoring.check(Requester::Anonymous, Came::Lacking(PolicyType::Resource));
    ignoring.check(root_of(STRANGER), Came::List);
    Case::of(lists).check(Requester::Anonymous, Came::List);
    let context = asking(root_of(OWNER), "s3:PutObjectAcl");
    let refusing = PublicAccessBlock {
        block_public_acls: true,
        ..PublicAccessBlock::default()
    };
    let refused = refusing.refuses_list(&entries, &context);
    assert!(refused.is_some_and(|text| text.contains("BlockPublicAcls")));
    assert_eq!(refusing.refuses_list(&entries[1..], &context), None);
    assert_eq!(
        PublicAccessBlock::default().refuses_list(&entries, &context),
        None
    );
}
