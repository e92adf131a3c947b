//! Access control lists, where a bucket has them: whose an object is, whom a list lets in, and what policies and blocks say to it.

use crate::calls::{allow, element, iam, key, user};
use crate::form::Form;
use crate::http::{Answer, Ask, Connection, Key};
use crate::members::{by, copy, tenant};
use crate::running::Running;

const EVERYBODY: &str = "http://acs.amazonaws.com/groups/global/AllUsers";

/// A server with a bucket that has lists, and the key of another account.
struct House {
    server: Running,
    tenant_id: String,
    tenant: Key,
}

fn house(ownership: &str) -> House {
    let server = Running::start();
    let made = Ask::new("PUT", "/bucket").header("x-amz-object-ownership", ownership);
    assert_eq!(server.ask(made).status, 200);
    let (tenant_id, tenant) = tenant(&server);
    House {
        server,
        tenant_id,
        tenant,
    }
}

impl House {
    fn own(&self, ask: Ask) -> Answer {
        self.server.ask(ask)
    }

    fn theirs(&self, ask: Ask) -> Answer {
        by(&self.server, &self.tenant, ask)
    }

    fn nobodys(&self, ask: Ask) -> Answer {
        self.server.send(&ask.to(&self.server.host()))
    }

    #[track_caller]
    fn done(&self, ask: Ask) {
        let answer = self.own(ask);
        assert!(answer.status < 300, "{}", answer.text());
    }

    /// Puts as the owner of the bucket, with this list.
    #[track_caller]
    fn put(&self, target: &str, acl: &str) {
        self.done(Ask::new("PUT", target).header("x-amz-acl", acl).body("own"));
    }

    fn canonical_id(&self, key: &Key) -> String {
        // Every account has a bucket of its own whose list names it.
        let target = if key.access_key_id == Key::root().access_key_id {
            "/ids-of-root"
        } else {
            "/ids-of-tenant"
        };
        by(&self.server, key, Ask::new("PUT", target));
        element(
            &by(&self.server, key, Ask::new("GET", &format!("{target}?acl"))),
            "ID",
        )
    }

    fn own_id(&self) -> String {
        self.canonical_id(&Key::root())
    }

    fn their_id(&self) -> String {
        self.canonical_id(&self.tenant)
    }

    fn owner_of(&self, target: &str, key: &Key) -> String {
        element(
            &by(&self.server, key, Ask::new("GET", &format!("{target}?acl"))),
            "ID",
        )
    }

    #[track_caller]
    fn put_policy(&self, statement: &str) {
        let document = format!(r#"{{"Version": "2012-10-17", "Statement": {{{statement}}}}}"#);
        self.done(Ask::new("PUT", "/bucket?policy").body(document));
    }

    #[track_caller]
    fn block(&self, setting: &str) {
        let document = format!(
            "<PublicAccessBlockConfiguration><{setting}>true</{setting}></PublicAccessBlockConfiguration>"
        );
        self.done(Ask::new("PUT", "/bucket?publicAccessBlock").body(document));
    }
}

fn get(target: &str) -> Ask {
    Ask::new("GET", target)
}

fn put(target: &str) -> Ask {
    Ask::new("PUT", target).body("theirs")
}

fn ownership(name: &str) -> Ask {
    let document = format!(
        "<OwnershipControls><Rule><ObjectOwnership>{name}</ObjectOwnership></Rule></OwnershipControls>"
    );
    Ask::new("PUT", "/bucket?ownershipControls").body(document)
}

/// Who is granted what by a list, in its order.
fn grants(answer: &Answer) -> Vec<String> {
    let text = answer.text();
    let between = |text: &str, from: &str, to: &str| {
        let rest = text.split_once(from).map(|(_, rest)| rest.to_owned());
        rest.and_then(|rest| rest.split_once(to).map(|(found, _)| found.to_owned()))
    };
    let listed = text.split("<Grant>").skip(1);
    listed
        .map(|grant| {
            let group = between(grant, "<URI>", "</URI>")
                .map(|uri| uri.rsplit('/').next().unwrap_or_default().to_owned());
            let who = group
                .or_else(|| between(grant, "<ID>", "</ID>"))
                .unwrap_or_default();
            let what = between(grant, "<Permission>", "</Permission>").unwrap_or_default();
            format!("{who} {what}")
        })
        .collect()
}

#[test]
fn what_everybody_may_read_nobody_may_read_and_its_neighbour_nobody() {
    let house = house("ObjectWriter");
    house.put("/bucket/open", "public-read");
    house.put("/bucket/signed", "authenticated-read");
    house.put("/bucket/closed", "private");
    house.done(Ask::new("PUT", "/bucket/plain").body("own"));
    let readable = |target: &str, expected: [u16; 2]| {
        let found = [
            house.nobodys(get(target)).status,
            house.theirs(get(target)).status,
        ];
        assert_eq!(found, expected, "{target}");
    };
    readable("/bucket/open", [200, 200]);
    readable("/bucket/signed", [403, 200]);
    readable("/bucket/closed", [403, 403]);
    readable("/bucket/plain", [403, 403]);
    readable("/bucket/none", [403, 403]);
    readable("/bucket", [403, 403]);
    // The list can be changed without the object.
    for (acl, expected) in [("public-read", 200), ("private", 403)] {
        house.done(Ask::new("PUT", "/bucket/plain?acl").header("x-amz-acl", acl));
        assert_eq!(house.nobodys(get("/bucket/plain")).status, expected);
        assert_eq!(house.own(get("/bucket/plain")).text(), "own");
    }
    // That an object is missing is told to whom the list of the bucket lets see it.
    house.done(Ask::new("PUT", "/bucket?acl").header("x-amz-acl", "public-read"));
    house.nobodys(get("/bucket/none")).is(404, "NoSuchKey");
    house.nobodys(get("/bucket/closed")).is(403, "AccessDenied");
    house.nobodys(put("/bucket/none")).is(403, "AccessDenied");
    house.done(Ask::new("PUT", "/bucket?acl").header("x-amz-acl", "private"));
    // It goes with the object that it was given to.
    house.done(Ask::new("PUT", "/bucket/open").body("new"));
    readable("/bucket/open", [403, 403]);
}

#[test]
fn each_permission_on_a_bucket_lets_in_to_what_it_stands_for() {
    let house = house("ObjectWriter");
    house.put("/bucket/k", "private");
    let id = house.their_id();
    let tried = || {
        [
            house.theirs(get("/bucket")),
            house.theirs(get("/bucket?acl")),
            house.theirs(put("/bucket/new")),
            house.theirs(
                Ask::new("PUT", "/bucket?acl").header("x-amz-grant-full-control", &format!("id={id}")),
            ),
        ]
        .map(|answer| answer.status)
    };
    assert_eq!(tried(), [403; 4]);
    for (header, expected) in [
        ("x-amz-grant-read", [200, 403, 403, 403]),
        ("x-amz-grant-read-acp", [403, 200, 403, 403]),
        ("x-amz-grant-write", [403, 403, 200, 403]),
        ("x-amz-grant-write-acp", [403, 403, 403, 200]),
        ("x-amz-grant-full-control", [200; 4]),
    ] {
        house.done(Ask::new("PUT", "/bucket?acl").header(header, &format!("id=\"{id}\"")));
        assert_eq!(tried(), expected, "{header}");
    }
    // None of them is about the bytes of an object, or about anything else.
    for target in ["/bucket/k", "/bucket/k?acl", "/bucket?policy", "/bucket?cors"] {
        house.theirs(get(target)).is(403, "AccessDenied");
    }
}

#[test]
fn each_permission_on_an_object_lets_in_to_what_it_stands_for() {
    let house = house("ObjectWriter");
    let id = house.their_id();
    house.put("/bucket/k", "private");
    let own = house.own_id();
    for (header, expected) in [
        ("x-amz-grant-read", [200, 403, 403]),
        ("x-amz-grant-read-acp", [403, 200, 403]),
        ("x-amz-grant-write", [403, 403, 403]),
        ("x-amz-grant-write-acp", [403, 403, 200]),
        ("x-amz-grant-full-control", [200; 3]),
    ] {
        house.done(Ask::new("PUT", "/bucket/k?acl").header(header, &format!("id={id}")));
        let again = Ask::new("PUT", "/bucket/k?acl").header(header, &format!("id={id}"));
        let found = [
            house.theirs(get("/bucket/k")),
            house.theirs(get("/bucket/k?acl&versionId=null")),
            house.theirs(again),
        ]
        .map(|answer| answer.status);
        assert_eq!(found, expected, "{header}");
        // Whose the object is, nobody else changes.
        assert_eq!(element(&house.own(get("/bucket/k?acl")), "ID"), own);
        house
            .theirs(Ask::new("DELETE", "/bucket/k"))
            .is(403, "AccessDenied");
        house.theirs(put("/bucket/k")).is(403, "AccessDenied");
    }
}

#[test]
fn whom_a_list_lets_write_changes_nothing_that_another_account_owns() {
    let house = house("ObjectWriter");
    house.done(Ask::new("PUT", "/bucket?acl").header("x-amz-acl", "public-read-write"));
    house.put("/bucket/own", "private");
    let denied = |answer: Answer| answer.is(403, "AccessDenied");
    for who in [House::theirs, House::nobodys] {
        denied(who(&house, put("/bucket/own")));
        denied(who(&house, Ask::new("DELETE", "/bucket/own")));
    }
    assert_eq!(house.own(get("/bucket/own")).text(), "own");
    // What is new is theirs, to replace and to remove.
    for _ in 0..2 {
        assert_eq!(house.theirs(put("/bucket/theirs")).status, 200);
        assert_eq!(house.nobodys(put("/bucket/nobodys")).status, 200);
    }
    denied(house.nobodys(put("/bucket/theirs")));
    denied(house.theirs(put("/bucket/nobodys")));
    let many = "<Delete><Object><Key>own</Key></Object><Object><Key>theirs</Key></Object><Object><Key>none</Key></Object></Delete>";
    let deleted = house.theirs(
        Ask::new("POST", "/bucket?delete")
            .header("content-md5", "XfD7ysr4K973vPjZpRcfqg==")
            .body(many),
    );
    let text = deleted.text();
    assert!(
        text.contains("<Error><Key>own</Key><Code>AccessDenied</Code>"),
        "{text}"
    );
    for key in ["theirs", "none"] {
        assert!(
            text.contains(&format!("<Deleted><Key>{key}</Key></Deleted>")),
            "{text}"
        );
    }
    // The owner of the bucket removes whatever is in it.
    assert_eq!(house.own(Ask::new("DELETE", "/bucket/nobodys")).status, 204);
}

#[test]
fn ownership_says_whose_an_object_is() {
    for (name, plain_is_theirs, given_is_theirs) in [
        ("ObjectWriter", true, true),
        ("BucketOwnerPreferred", true, false),
        ("BucketOwnerEnforced", false, false),
    ] {
        let house = house(name);
        house.put_policy(&format!(
            r#""Effect": "Allow", "Principal": {{"AWS": "{}"}}, "Action": ["s3:PutObject", "s3:PutObjectAcl", "s3:GetObjectAcl"],
               "Resource": "arn:aws:s3:::bucket/*""#,
            house.tenant_id
        ));
        let (own, their) = (house.own_id(), house.their_id());
        let check = |target: &str, is_theirs: bool| {
            let reader = if is_theirs { &house.tenant } else { &Key::root() };
            let expected = if is_theirs { &their } else { &own };
            assert_eq!(house.owner_of(target, reader), *expected, "{name} {target}");
        };
        assert_eq!(house.theirs(put("/bucket/plain")).status, 200);
        check("/bucket/plain", plain_is_theirs);
        let given = put("/bucket/given").header("x-amz-acl", "bucket-owner-full-control");
        assert_eq!(house.theirs(given).status, 200);
        check("/bucket/given", given_is_theirs);
        let private = house.theirs(put("/bucket/private").header("x-amz-acl", "private"));
        match name {
            "BucketOwnerEnforced" => private.is(400, "AccessControlListNotSupported"),
            _ => check("/bucket/private", true),
        }
        // What is copied belongs to who copies, and has a list of its own.
        let source = put("/bucket/copied")
            .header("x-amz-copy-source", "bucket/given")
            .body("");
        house.put_policy(&format!(
            r#""Effect": "Allow", "Principal": {{"AWS": "{}"}}, "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/*""#,
            house.tenant_id
        ));
        let copied = house.theirs(source);
        assert_eq!(copied.status, 200, "{name}: {}", copied.text());
        check("/bucket/copied", plain_is_theirs);
        // A listing names each owner.
        let listed = house.own(get("/bucket?list-type=2&fetch-owner=true&prefix=plain"));
        assert_eq!(
            element(&listed, "ID"),
            if plain_is_theirs {
                their.clone()
            } else {
                own.clone()
            }
        );
    }
}

#[test]
fn an_object_of_another_account_is_its_own_to_give_access_to() {
    let house = house("ObjectWriter");
    house.done(
        Ask::new("PUT", "/bucket?acl").header("x-amz-grant-write", &format!("id={}", house.their_id())),
    );
    assert_eq!(house.theirs(put("/bucket/theirs")).status, 200);
    // The bucket's owner sees it, and neither reads it nor lets anybody in.
    assert!(house.own(get("/bucket")).text().contains("<Key>theirs</Key>"));
    house.own(get("/bucket/theirs")).is(403, "AccessDenied");
    house.own(get("/bucket/theirs?acl")).is(403, "AccessDenied");
    house
        .own(Ask::new("PUT", "/bucket/theirs?acl").header("x-amz-acl", "public-read"))
        .is(403, "AccessDenied");
    house.put_policy(
        r#""Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*""#,
    );
    let denied = house.nobodys(get("/bucket/theirs"));
    denied.is(403, "AccessDenied");
    let record = house
        .server
        .ask_admin(&format!("/api/v1/refusals/{}", denied.request_id()));
    assert!(
        record.text().contains(r#""reason":"not-granted""#),
        "{}",
        record.text()
    );
    house.own(get("/bucket/theirs")).is(403, "AccessDenied");
    assert_eq!(house.theirs(get("/bucket/theirs")).text(), "theirs");
    // Its owner gives access; the bucket's owner can still deny it.
    let open = Ask::new("PUT", "/bucket/theirs?acl").header("x-amz-acl", "public-read");
    assert_eq!(house.theirs(open).status, 200);
    assert_eq!(house.own(get("/bucket/theirs")).text(), "theirs");
    assert_eq!(house.nobodys(get("/bucket/theirs")).text(), "theirs");
    house.put_policy(
        r#""Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*""#,
    );
    for who in [House::own, House::theirs, House::nobodys] {
        who(&house, get("/bucket/theirs")).is(403, "AccessDenied");
    }
    // A bucket whose owner owns everything gives it to the owner, for as long as it is one.
    house.done(Ask::new("DELETE", "/bucket?policy"));
    house.done(Ask::new("PUT", "/bucket?acl").header("x-amz-acl", "private"));
    house.done(ownership("BucketOwnerEnforced"));
    assert_eq!(house.own(get("/bucket/theirs")).text(), "theirs");
    assert_eq!(house.owner_of("/bucket/theirs", &Key::root()), house.own_id());
    house.theirs(get("/bucket/theirs")).is(403, "AccessDenied");
    house.nobodys(get("/bucket/theirs")).is(403, "AccessDenied");
    house.done(ownership("ObjectWriter"));
    assert_eq!(house.theirs(get("/bucket/theirs")).text(), "theirs");
    house
        .theirs(Ask::new("DELETE", "/bucket/theirs"))
        .is(403, "AccessDenied");
    assert_eq!(house.own(Ask::new("DELETE", "/bucket/theirs")).status, 204);
}

#[test]
fn a_grant_to_an_account_is_for_the_account_to_hand_on() {
    let house = house("ObjectWriter");
    let id = house.their_id();
    house.put("/bucket/k", "private");
    house.done(Ask::new("PUT", "/bucket/k?acl").header("x-amz-grant-read", &format!("id={id}")));
    assert_eq!(
        iam(&house.server, copy(&house.tenant), "CreateUser&UserName=eve").status,
        200
    );
    let eve = key(&iam(
        &house.server,
        copy(&house.tenant),
        "CreateAccessKey&UserName=eve",
    ));
    by(&house.server, &eve, get("/bucket/k")).is(403, "AccessDenied");
    let document = crate::calls::encoded(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#,
    );
    let form = format!("PutUserPolicy&UserName=eve&PolicyName=p&PolicyDocument={document}");
    assert_eq!(iam(&house.server, copy(&house.tenant), &form).status, 200);
    assert_eq!(by(&house.server, &eve, get("/bucket/k")).text(), "own");
    // Within the account that owns it, a grant to everybody is one to its users too, a grant to the account is none.
    let ada = user(&house.server, "ada");
    by(&house.server, &ada, get("/bucket/k")).is(403, "AccessDenied");
    house.done(Ask::new("PUT", "/bucket/k?acl").header("x-amz-acl", "authenticated-read"));
    assert_eq!(by(&house.server, &ada, get("/bucket/k")).text(), "own");
    allow(&house.server, "ada", "s3:PutObject", "*");
    let with_list = Ask::new("PUT", "/bucket/of-ada").header("x-amz-acl", "public-read");
    by(&house.server, &ada, with_list.clone()).is(403, "AccessDenied");
    allow(&house.server, "ada", "s3:PutObject*", "*");
    assert_eq!(by(&house.server, &ada, with_list).status, 200);
}

#[test]
fn a_block_refuses_public_lists_or_has_them_count_for_nothing() {
    let house = house("ObjectWriter");
    house.put("/bucket/before", "public-read");
    house.done(Ask::new("PUT", "/bucket?acl").header("x-amz-acl", "public-read"));
    house.block("BlockPublicAcls");
    let uri = format!("uri={EVERYBODY}");
    for (name, value) in [
        ("x-amz-acl", "public-read"),
        ("x-amz-acl", "public-read-write"),
        ("x-amz-acl", "authenticated-read"),
        ("x-amz-grant-read-acp", &uri),
    ] {
        for target in ["/bucket/k", "/bucket/before?acl", "/bucket?acl"] {
            let refused = house.own(Ask::new("PUT", target).header(name, value));
            refused.is(403, "AccessDenied");
            let message = refused.element("Message").unwrap_or_default();
            assert!(message.contains("BlockPublicAcls"), "{message}");
        }
    }
    house.put("/bucket/k", "private");
    house.put("/bucket/k", "aws-exec-read");
    // What was given before is as it was, until it is ignored.
    assert_eq!(house.nobodys(get("/bucket/before")).status, 200);
    house.block("IgnorePublicAcls");
    house.nobodys(get("/bucket/before")).is(403, "AccessDenied");
    house.theirs(get("/bucket")).is(403, "AccessDenied");
    house.put("/bucket/after", "public-read");
    for target in ["/bucket/before?acl", "/bucket?acl", "/bucket/after?acl"] {
        assert_eq!(
            grants(&house.own(get(target))),
            [format!("{} FULL_CONTROL", house.own_id())]
        );
    }
    house.done(Ask::new("DELETE", "/bucket?publicAccessBlock"));
    assert_eq!(house.nobodys(get("/bucket/after")).status, 200);
}

#[test]
fn a_list_reads_back_as_it_was_put_and_a_wrong_one_is_refused() {
    let house = house("ObjectWriter");
    house.put("/bucket/k", "private");
    let (own, their) = (house.own_id(), house.their_id());
    let document = |owner: &str, grants: &[(&str, &str)]| {
        let one = |(grantee, permission): &(&str, &str)| {
            format!("<Grant><Grantee>{grantee}</Grantee><Permission>{permission}</Permission></Grant>")
        };
        let grants: String = grants.iter().map(one).collect();
        format!(
            "<AccessControlPolicy><Owner><ID>{owner}</ID></Owner><AccessControlList>{grants}</AccessControlList>\
             </AccessControlPolicy>"
        )
    };
    let to_them = format!("<ID>{their}</ID>");
    let to_all = format!("<URI>{EVERYBODY}</URI>");
    for target in ["/bucket?acl", "/bucket/k?acl"] {
        assert_eq!(grants(&house.own(get(target))), [format!("{own} FULL_CONTROL")]);
        let text = document(
            &own,
            &[(&to_them, "READ_ACP"), (&to_all, "READ"), (&to_them, "WRITE")],
        );
        house.done(Ask::new("PUT", target).body(text));
        let shown = house.own(get(target));
        let expected = [
            format!("{their} READ_ACP"),
            "AllUsers READ".to_owned(),
            format!("{their} WRITE"),
        ];
        assert_eq!(grants(&shown), expected);
        assert!(
            shown.text().contains("<DisplayName>tenant</DisplayName>"),
            "{}",
            shown.text()
        );
        // Shown as a document, it can be put back.
        house.done(Ask::new("PUT", target).body(shown.text()));
        // Even the owner's own entry can be taken away; the owner goes on owning it.
        house.done(Ask::new("PUT", target).body(document(&own, &[])));
        assert_eq!(grants(&house.own(get(target))), [""; 0]);
        let wrong = |ask: Ask, status: u16, code: &str| house.own(ask).is(status, code);
        let body = |text: String| Ask::new("PUT", target).body(text);
        wrong(body(document(&their, &[(&to_them, "READ")])), 403, "AccessDenied");
        wrong(
            body(document(&own, &[("<ID>nobody</ID>", "READ")])),
            400,
            "InvalidArgument",
        );
        wrong(
            body(document(
                &own,
                &[("<EmailAddress>a@example.com</EmailAddress>", "READ")],
            )),
            405,
            "MethodNotAllowed",
        );
        wrong(
            body(document(&own, &[(&to_them, "EVERYTHING")])),
            400,
            "MalformedACLError",
        );
        wrong(
            body(document(&own, &[(to_them.as_str(), "READ"); 101])),
            400,
            "MalformedACLError",
        );
        let headed = |name: &str, value: &str| Ask::new("PUT", target).header(name, value);
        wrong(headed("x-amz-grant-read", "id=nobody"), 400, "InvalidArgument");
        wrong(headed("x-amz-acl", "open"), 400, "InvalidArgument");
        wrong(
            headed("x-amz-acl", "private").body(document(&own, &[])),
            400,
            "UnexpectedContent",
        );
        wrong(
            headed("x-amz-acl", "private").header("x-amz-grant-read", &format!("id={their}")),
            400,
            "InvalidRequest",
        );
        wrong(Ask::new("PUT", target), 400, "MissingSecurityHeader");
        assert_eq!(grants(&house.own(get(target))), [""; 0]);
    }
    for target in ["/bucket/none?acl", "/bucket/none?acl&versionId=null"] {
        house.own(get(target)).is(404, "NoSuchKey");
        house
            .own(Ask::new("PUT", target).header("x-amz-acl", "private"))
            .is(404, "NoSuchKey");
    }
}

#[test]
fn a_bucket_that_lets_others_in_by_its_list_goes_on_having_lists() {
    let house = house("ObjectWriter");
    house.put("/bucket/k", "public-read");
    house.done(Ask::new("PUT", "/bucket?acl").header("x-amz-acl", "public-read"));
    house
        .own(ownership("BucketOwnerEnforced"))
        .is(400, "InvalidBucketAclWithObjectOwnership");
    house.done(ownership("BucketOwnerPreferred"));
    house.done(Ask::new("PUT", "/bucket?acl").header("x-amz-acl", "private"));
    house.done(ownership("BucketOwnerEnforced"));
    house.nobodys(get("/bucket/k")).is(403, "AccessDenied");
    assert_eq!(
        grants(&house.own(get("/bucket/k?acl"))),
        [format!("{} FULL_CONTROL", house.own_id())]
    );
    house
        .own(Ask::new("PUT", "/bucket/l").header("x-amz-acl", "public-read"))
        .is(400, "AccessControlListNotSupported");
    // Without controls, whoever writes owns, and what was given before counts again.
    house.done(Ask::new("DELETE", "/bucket?ownershipControls"));
    assert_eq!(house.nobodys(get("/bucket/k")).status, 200);
    // A bucket says so from the start, or has no lists.
    let create = |name: &str, ownership: Option<&str>, acl: &str| {
        let ask = Ask::new("PUT", name).header("x-amz-acl", acl);
        house.own(match ownership {
            Some(ownership) => ask.header("x-amz-object-ownership", ownership),
            None => ask,
        })
    };
    create("/first", None, "public-read").is(400, "InvalidBucketAclWithObjectOwnership");
    assert_eq!(create("/first", None, "private").status, 200);
    assert_eq!(create("/second", Some("ObjectWriter"), "public-read").status, 200);
    assert_eq!(house.nobodys(get("/second")).status, 200);
    // Made again, it has the list of that request.
    assert_eq!(house.own(Ask::new("PUT", "/second")).status, 200);
    house.nobodys(get("/second")).is(403, "AccessDenied");
}

#[test]
fn an_upload_in_parts_keeps_whose_it_is_and_its_list() {
    let house = house("ObjectWriter");
    house.done(Ask::new("PUT", "/bucket?acl").header("x-amz-acl", "public-read-write"));
    let begun = house.theirs(Ask::new("POST", "/bucket/k?uploads").header("x-amz-acl", "public-read"));
    let id = element(&begun, "UploadId");
    let part = |ask: Ask| ask.body("a part");
    let target = format!("/bucket/k?partNumber=1&uploadId={id}");
    let stored = house.theirs(part(Ask::new("PUT", &target)));
    assert_eq!(stored.status, 200, "{}", stored.text());
    let tag = stored.header("etag").unwrap_or_default().to_owned();
    let listed = house.own(get("/bucket?uploads"));
    assert!(
        listed
            .text()
            .contains(&format!("<Initiator><ID>{}</ID>", house.their_id())),
        "{}",
        listed.text()
    );
    assert!(
        listed
            .text()
            .contains(&format!("<Owner><ID>{}</ID>", house.their_id())),
        "{}",
        listed.text()
    );
    // Everybody may write here, but to nobody else's upload.
    let upload = format!("/bucket/k?uploadId={id}");
    for ask in [
        part(Ask::new("PUT", &target)),
        get(&upload),
        Ask::new("DELETE", &upload),
        Ask::new("POST", &upload).body("<CompleteMultipartUpload/>"),
    ] {
        house.nobodys(ask).is(403, "AccessDenied");
    }
    let document = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part></CompleteMultipartUpload>"
    );
    let completed = house.theirs(Ask::new("POST", &upload).body(document));
    assert_eq!(completed.status, 200, "{}", completed.text());
    assert_eq!(house.nobodys(get("/bucket/k")).text(), "a part");
    let expected = [
        format!("{} FULL_CONTROL", house.their_id()),
        "AllUsers READ".to_owned(),
    ];
    assert_eq!(grants(&house.theirs(get("/bucket/k?acl"))), expected);
    // Its list changes and its parts stay.
    let close = Ask::new("PUT", "/bucket/k?acl").header("x-amz-acl", "private");
    assert_eq!(house.theirs(close).status, 200);
    house.nobodys(get("/bucket/k")).is(403, "AccessDenied");
    assert_eq!(house.theirs(get("/bucket/k")).text(), "a part");
}

#[test]
fn a_form_gives_its_object_a_list() {
    let house = house("ObjectWriter");
    let fields = [("key", "k"), ("acl", "public-read")];
    let form = Form::new(&fields, "meow").sign(&Key::root());
    let posted = house.server.send(&form.to("/bucket").to(&house.server.host()));
    assert_eq!(posted.status, 204, "{}", posted.text());
    assert_eq!(house.nobodys(get("/bucket/k")).text(), "meow");
}

#[test]
fn what_a_request_says_of_a_list_can_be_asked_for_by_a_condition() {
    let house = house("BucketOwnerPreferred");
    let allowing = |condition: &str| {
        house.put_policy(&format!(
            r#""Effect": "Allow", "Principal": {{"AWS": "{}"}}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*",
               "Condition": {{"StringEquals": {{{condition}}}}}"#,
            house.tenant_id
        ));
    };
    let given = || put("/bucket/k").header("x-amz-acl", "bucket-owner-full-control");
    allowing(r#""s3:x-amz-acl": "bucket-owner-full-control""#);
    house.theirs(put("/bucket/k")).is(403, "AccessDenied");
    assert_eq!(house.theirs(given()).status, 200);
    let id = format!("id={}", house.own_id());
    allowing(&format!(r#""s3:x-amz-grant-full-control": "{id}""#));
    house.theirs(given()).is(403, "AccessDenied");
    let granted = put("/bucket/l").header("x-amz-grant-full-control", &id);
    assert_eq!(house.theirs(granted).status, 200);
    // Whoever writes owns it still, and it says only what was said.
    assert_eq!(
        grants(&house.own(get("/bucket/l?acl"))),
        [format!("{} FULL_CONTROL", house.own_id())]
    );
}

#[test]
fn a_block_of_the_account_is_one_of_each_of_its_buckets() {
    let house = house("ObjectWriter");
    house.put("/bucket/open", "public-read");
    let of_account = |method: &str, id: &str| {
        Ask::new(method, "/v20180820/configuration/publicAccessBlock").header("x-amz-account-id", id)
    };
    let own = "000000000001";
    house
        .own(of_account("GET", own))
        .is(404, "NoSuchPublicAccessBlockConfiguration");
    let put = |setting: &str| {
        let document = format!(
            "<PublicAccessBlockConfiguration xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\">\
             <{setting}>true</{setting}></PublicAccessBlockConfiguration>"
        );
        house.own(of_account("PUT", own).body(document))
    };
    // Which account it is about, nobody else says.
    for method in ["GET", "DELETE"] {
        house.theirs(of_account(method, own)).is(403, "AccessDenied");
        house.nobodys(of_account(method, own)).is(403, "AccessDenied");
    }
    assert_eq!(put("IgnorePublicAcls").status, 201);
    assert_eq!(
        house
            .own(of_account("GET", own))
            .element("IgnorePublicAcls")
            .as_deref(),
        Some("true")
    );
    house.nobodys(get("/bucket/open")).is(403, "AccessDenied");
    // The bucket's own says nothing against it, and adds to it.
    house.block("BlockPublicAcls");
    house.nobodys(get("/bucket/open")).is(403, "AccessDenied");
    house
        .own(Ask::new("PUT", "/bucket/k").header("x-amz-acl", "public-read"))
        .is(403, "AccessDenied");
    house.done(Ask::new("DELETE", "/bucket?publicAccessBlock"));
    assert_eq!(put("BlockPublicAcls").status, 201);
    assert_eq!(house.nobodys(get("/bucket/open")).status, 200);
    let create = Ask::new("PUT", "/other")
        .header("x-amz-object-ownership", "ObjectWriter")
        .header("x-amz-acl", "public-read");
    house
        .own(create.clone())
        .is(400, "InvalidBucketAclWithBlockPublicAccessError");
    // Policies are kept out and refused as well, also in a bucket without lists.
    house.done(ownership("BucketOwnerEnforced"));
    let everybody = r#""Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*""#;
    house.put_policy(everybody);
    assert_eq!(house.nobodys(get("/bucket/open")).status, 200);
    assert_eq!(put("RestrictPublicBuckets").status, 201);
    house.nobodys(get("/bucket/open")).is(403, "AccessDenied");
    assert_eq!(put("BlockPublicPolicy").status, 201);
    let document = format!(r#"{{"Version": "2012-10-17", "Statement": {{{everybody}}}}}"#);
    house
        .own(Ask::new("PUT", "/bucket?policy").body(document))
        .is(403, "AccessDenied");
    assert_eq!(house.own(of_account("DELETE", own)).status, 204);
    assert_eq!(house.own(create).status, 200);
}

#[test]
fn an_object_that_is_replaced_while_it_is_asked_for_is_never_read_by_the_list_of_the_one_before() {
    let house = house("ObjectWriter");
    let mut statuses = Vec::new();
    // Whenever in the course of the request it happens.
    for number in 1..=6 {
        house.put("/bucket/k", "public-read");
        let address = house.server.s3;
        let replace = Ask::new("PUT", "/bucket/k").body("secret");
        let replace = replace.to(&house.server.host()).sign(&Key::root());
        house.server.counts.before_read(number, move || {
            // The worker that waits here must not hold up what it waits for.
            let replaced = tokio::task::block_in_place(|| Connection::open(address).ask(&replace).status);
            assert_eq!(replaced, 200);
        });
        let answer = house.nobodys(get("/bucket/k"));
        assert!(!answer.text().contains("secret"), "{number}: {}", answer.text());
        statuses.push(answer.status);
    }
    // It is asked for again, and then decided anew.
    assert!(statuses.contains(&503), "{statuses:?}");
}

#[test]
fn without_lists_a_read_looks_at_nothing_more() {
    let reads = |house: &House| {
        let before = house.server.counts.so_far().0;
        assert_eq!(house.server.status_of("/bucket/k"), 200);
        house.server.counts.so_far().0 - before
    };
    let (without, with) = (house("BucketOwnerEnforced"), house("ObjectWriter"));
    for house in [&without, &with] {
        house.done(Ask::new("PUT", "/bucket/k").body("own"));
    }
    // With lists, the object's list and what is set for the account are read as well.
    assert_eq!((reads(&without), reads(&with)), (3, 5));
}
