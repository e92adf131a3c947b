//! Access control lists as requests name them: by a name that stands for one, grant by grant in headers, or in a document.
//!
//! SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>.
//!
//! Not here: whether the bucket takes lists, whether there are such accounts, and what a name stands for where it lies.

use countersign_types::{AclPermission, Grant, Grantee, Group};

use crate::document::Element;
use crate::error_code::ErrorCode;
use crate::head::View;
use crate::operation::integrity::Integrity;
use crate::parse_error::ParseError;

/// A list that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CannedAcl {
    /// The owner may do everything, and nobody else anything.
    Private,
    /// And everybody may read.
    PublicRead,
    /// And everybody may read and write.
    PublicReadWrite,
    /// And everybody who signs may read.
    AuthenticatedRead,
    /// And Amazon EC2 may read.
    AwsExecRead,
    /// And the owner of the bucket may read. Of an object.
    BucketOwnerRead,
    /// And the owner of the bucket may do everything. Of an object.
    BucketOwnerFullControl,
    /// And what delivers access logs may write. Of a bucket.
    LogDeliveryWrite,
}

/// A list as the headers of a request ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedAcl {
    /// `x-amz-acl`
    Canned(CannedAcl),
    /// `x-amz-grant-*`: these grants and no others, in the order of [`GRANT_HEADERS`].
    Grants(Vec<Grant>),
}

/// `PUT /bucket?acl` and `PUT /bucket/key?acl`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutAcl {
    /// The list that the headers ask for. Then there is no document.
    pub requested: Option<RequestedAcl>,
    /// What the document is held against.
    pub integrity: Integrity,
}

/// The document of [`PutAcl`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclDocument {
    /// The canonical id of the owner.
    pub owner: String,
    /// Who is granted what.
    pub grants: Vec<Grant>,
}

/// What a list is of. Some names are of one of them only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AclTarget {
    Bucket,
    Object,
}

/// Headers that grant something, and what. They are condition keys, too.
pub const GRANT_HEADERS: [(&str, AclPermission); 5] = [
    ("x-amz-grant-read", AclPermission::Read),
    ("x-amz-grant-write", AclPermission::Write),
    ("x-amz-grant-read-acp", AclPermission::ReadAcp),
    ("x-amz-grant-write-acp", AclPermission::WriteAcp),
    ("x-amz-grant-full-control", AclPermission::FullControl),
];

impl CannedAcl {
    /// All of them.
    pub const ALL: [CannedAcl; 8] = [
        CannedAcl::Private,
        CannedAcl::PublicRead,
        CannedAcl::PublicReadWrite,
        CannedAcl::AuthenticatedRead,
        CannedAcl::AwsExecRead,
        CannedAcl::BucketOwnerRead,
        CannedAcl::BucketOwnerFullControl,
        CannedAcl::LogDeliveryWrite,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            CannedAcl::Private => "private",
            CannedAcl::PublicRead => "public-read",
            CannedAcl::PublicReadWrite => "public-read-write",
            CannedAcl::AuthenticatedRead => "authenticated-read",
            CannedAcl::AwsExecRead => "aws-exec-read",
            CannedAcl::BucketOwnerRead => "bucket-owner-read",
            CannedAcl::BucketOwnerFullControl => "bucket-owner-full-control",
            CannedAcl::LogDeliveryWrite => "log-delivery-write",
        }
    }
}

impl RequestedAcl {
    /// Reads what the headers ask for. Both ways at once are refused.
    pub(crate) fn parse(view: &View<'_>, target: AclTarget) -> Result<Option<RequestedAcl>, ParseError> {
        let grants = granted(view)?;
        match view.filled_header(CANNED_HEADER).as_deref() {
            None => Ok(grants.map(RequestedAcl::Grants)),
            Some(_) if grants.is_some() => Err(ParseError::request(
                "Specifying both Canned ACLs and Header Grants is not allowed",
            )),
            Some(name) => {
                let canned = CannedAcl::ALL.into_iter().find(|canned| canned.name() == name);
                let canned = canned
                    .filter(|canned| *canned != CannedAcl::LogDeliveryWrite || target == AclTarget::Bucket);
                let unknown = || ParseError::argument("Invalid x-amz-acl value", CANNED_HEADER, name);
                Ok(Some(RequestedAcl::Canned(canned.ok_or_else(unknown)?)))
            }
        }
    }
}

/// The grants in the headers; `None` if there is no such header.
fn granted(view: &View<'_>) -> Result<Option<Vec<Grant>>, ParseError> {
    let mut grants: Option<Vec<Grant>> = None;
    for (header, permission) in GRANT_HEADERS {
        let Some(text) = view.filled_header(header) else {
            continue;
        };
        let grants = grants.get_or_insert_default();
        for one in text.split(',') {
            let grantee = grantee_of(one.trim(), header, &text)?;
            grants.push(Grant { grantee, permission });
        }
        if grants.len() > Grant::MAX {
            return Err(too_many());
        }
    }
    Ok(grants)
}

/// Reads `id="..."` and its like; the quotes may be left out.
fn grantee_of(text: &str, header: &str, whole: &str) -> Result<Grantee, ParseError> {
    let malformed = || ParseError::argument("Argument format not recognized", header, whole);
    let (kind, value) = text.split_once('=').ok_or_else(malformed)?;
    let value = value.trim();
    let value = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').ok_or_else(malformed)?,
        None => value,
    };
    match kind.trim() {
        "id" if !value.is_empty() => Ok(Grantee::Account(value.to_owned())),
        "uri" => group(value),
        "emailAddress" => Err(mail_address()),
        _ => Err(malformed()),
    }
}

fn group(uri: &str) -> Result<Grantee, ParseError> {
    let found = Group::parse(uri).map(Grantee::Group);
    found.ok_or_else(|| ParseError::argument("Invalid group uri", "uri", uri))
}

/// SPEC: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html>: since October 2025 whoever names a grantee by a mail
/// address is answered 405.
fn mail_address() -> ParseError {
    ParseError::new(ErrorCode::MethodNotAllowed)
}

fn too_many() -> ParseError {
    ParseError::new(ErrorCode::MalformedACLError)
}

impl PutAcl {
    pub(crate) fn parse(view: &View<'_>, target: AclTarget) -> Result<PutAcl, ParseError> {
        Ok(PutAcl {
            requested: RequestedAcl::parse(view, target)?,
            integrity: Integrity::parse(view)?,
        })
    }
}

impl AclDocument {
    /// Largest document in bytes.
    pub const BYTES_MAX: usize = 64 * 1024;
    /// Most grants in one document.
    pub const GRANTS_MAX: usize = Grant::MAX;

    /// Reads the document. Fails with `MissingSecurityHeader` where there is none, and with `MalformedACLError`.
    pub fn parse(bytes: &[u8]) -> Result<AclDocument, ParseError> {
        if bytes.trim_ascii().is_empty() {
            return Err(ParseError::new(ErrorCode::MissingSecurityHeader));
        }
        AclDocument::read(bytes).map_err(|error| match error.code {
            ErrorCode::MalformedXML => ParseError::new(ErrorCode::MalformedACLError),
            _ => error,
        })
    }

    fn read(bytes: &[u8]) -> Result<AclDocument, ParseError> {
        let root = Element::parse(bytes, Self::BYTES_MAX)?.named("AccessControlPolicy")?;
        let (mut owner, mut grants) = (None, None);
        for child in root.into_children()? {
            match child.name.as_str() {
                "Owner" if owner.is_none() => owner = Some(parse_owner(child)?),
                "AccessControlList" if grants.is_none() => {
                    let listed = child.into_children()?.into_iter().map(parse_grant);
                    grants = Some(listed.collect::<Result<Vec<_>, _>>()?);
                }
                _ => return Err(ParseError::malformed_xml()),
            }
        }
        match (owner, grants) {
            (Some(_), Some(grants)) if grants.len() > Grant::MAX => Err(too_many()),
            (Some(owner), Some(grants)) => Ok(AclDocument { owner, grants }),
            _ => Err(ParseError::malformed_xml()),
        }
    }
}

fn parse_owner(element: Element) -> Result<String, ParseError> {
    let mut id = None;
    for child in element.into_children()? {
        match child.name.as_str() {
            "ID" if id.is_none() => id = Some(child.into_text()?),
            "DisplayName" => drop(child.into_text()?),
            _ => return Err(ParseError::malformed_xml()),
        }
    }
    id.ok_or_else(ParseError::malformed_xml)
}

fn parse_grant(element: Element) -> Result<Grant, ParseError> {
    let (mut grantee, mut permission) = (None, None);
    for child in element.named("Grant")?.into_children()? {
        match child.name.as_str() {
            "Grantee" if grantee.is_none() => grantee = Some(parse_grantee(child)?),
            "Permission" if permission.is_none() => {
                permission = Some(AclPermission::parse(child.into_text()?.trim()));
            }
            _ => return Err(ParseError::malformed_xml()),
        }
    }
    match (grantee, permission.flatten()) {
        (Some(grantee), Some(permission)) => Ok(Grant { grantee, permission }),
        _ => Err(ParseError::malformed_xml()),
    }
}

/// One of an id, a group and a mail address; its attribute says the same once more.
fn parse_grantee(element: Element) -> Result<Grantee, ParseError> {
    let mut found = None;
    for child in element.into_children()? {
        let name = child.name.clone();
        let text = child.into_text()?;
        let grantee = match name.as_str() {
            "DisplayName" => continue,
            "ID" => Grantee::Account(text.trim().to_owned()),
            "URI" => group(text.trim())?,
            "EmailAddress" => return Err(mail_address()),
            _ => return Err(ParseError::malformed_xml()),
        };
        if found.replace(grantee).is_some() {
            return Err(ParseError::malformed_xml());
        }
    }
    found.ok_or_else(ParseError::malformed_xml)
}

const CANNED_HEADER: &str = "x-amz-acl";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;
    use crate::testing::{operation, refusal, told};

    fn requested(line: &str, headers: &[(&str, &str)]) -> Option<RequestedAcl> {
        match operation(line, headers) {
            Operation::PutObjectAcl(put) | Operation::PutBucketAcl(put) => put.requested,
            Operation::PutObject(put) => put.acl,
            Operation::CreateBucket(create) => create.acl,
            Operation::CopyObject(copy) => copy.acl,
            Operation::CreateMultipartUpload(create) => create.acl,
            other => unreachable!("{}", other.name()),
        }
    }

    #[test]
    fn a_list_has_a_name_wherever_one_can_be_asked_for() {
        for line in [
            "PUT /abc/k?acl",
            "PUT /abc?acl",
            "PUT /abc/k",
            "PUT /abc",
            "POST /abc/k?uploads",
        ] {
            assert_eq!(requested(line, &[]), None, "{line}");
            for canned in CannedAcl::ALL {
                let is_of_objects = line.contains("/k");
                if canned == CannedAcl::LogDeliveryWrite && is_of_objects {
                    continue;
                }
                let found = requested(line, &[("x-amz-acl", canned.name())]);
                assert_eq!(found, Some(RequestedAcl::Canned(canned)), "{line}");
            }
        }
        let copy = [("x-amz-copy-source", "abc/l"), ("x-amz-acl", "public-read")];
        assert_eq!(
            requested("PUT /abc/k", &copy),
            Some(RequestedAcl::Canned(CannedAcl::PublicRead))
        );
        let unknown = |name: &str| {
            format!("InvalidArgument: Invalid x-amz-acl value [ArgumentName=x-amz-acl, ArgumentValue={name}]")
        };
        for (line, name) in [
            ("PUT /abc?acl", "open"),
            ("PUT /abc/k", "Private"),
            ("PUT /abc/k?acl", "log-delivery-write"),
        ] {
            assert_eq!(refusal(line, &[("x-amz-acl", name)]), unknown(name), "{line}");
        }
    }

    #[test]
    fn grants_stand_in_headers_one_for_each_permission() {
        let everybody = format!("uri=\"{}\"", Group::AllUsers.uri());
        let found = requested(
            "PUT /abc/k?acl",
            &[
                ("x-amz-grant-read", &format!("id=\"c1\", {everybody}")),
                ("X-Amz-Grant-Full-Control", "id=c2"),
                ("x-amz-grant-write-acp", " id = c1 "),
            ],
        );
        let expected = vec![
            Grant::to_account("c1", AclPermission::Read),
            Grant::to_group(Group::AllUsers, AclPermission::Read),
            Grant::to_account("c1", AclPermission::WriteAcp),
            Grant::to_account("c2", AclPermission::FullControl),
        ];
        assert_eq!(found, Some(RequestedAcl::Grants(expected)));
        let check = |text: &str, expected: &str| {
            let found = refusal("PUT /abc?acl", &[("x-amz-grant-read", text)]);
            assert!(found.starts_with(expected), "{text}: {found}");
        };
        for text in ["c1", "id=", "id=\"c1", "name=c1", "id=c1,"] {
            let malformed = "InvalidArgument: Argument format not recognized [ArgumentName=x-amz-grant-read";
            check(text, malformed);
        }
        check(
            "uri=AllUsers",
            "InvalidArgument: Invalid group uri [ArgumentName=uri, ArgumentValue=AllUsers]",
        );
        check("emailAddress=\"a@example.com\"", "MethodNotAllowed");
        let many = vec!["id=c1"; Grant::MAX + 1].join(",");
        check(&many, "MalformedACLError");
        let both = [("x-amz-acl", "private"), ("x-amz-grant-read", "id=c1")];
        assert_eq!(
            refusal("PUT /abc/k", &both),
            "InvalidRequest: Specifying both Canned ACLs and Header Grants is not allowed []"
        );
    }

    fn document(owner: &str, grants: &[(&str, &str)]) -> String {
        let grants: String = grants
            .iter()
            .map(|(grantee, permission)| {
                format!(
                    "<Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"x\">{grantee}\
                     </Grantee><Permission>{permission}</Permission></Grant>"
                )
            })
            .collect();
        format!(
            "<AccessControlPolicy><Owner><ID>{owner}</ID><DisplayName>root</DisplayName></Owner><AccessControlList>\
             {grants}</AccessControlList></AccessControlPolicy>"
        )
    }

    #[test]
    fn a_document_names_owner_and_grants() {
        let everybody = format!("<URI>{}</URI>", Group::AuthenticatedUsers.uri());
        let text = document(
            "o1",
            &[
                ("<ID>c1</ID><DisplayName>ann</DisplayName>", "WRITE"),
                (&everybody, "READ_ACP"),
            ],
        );
        let found = AclDocument::parse(text.as_bytes()).expect("a list");
        assert_eq!(found.owner, "o1");
        let expected = [
            Grant::to_account("c1", AclPermission::Write),
            Grant::to_group(Group::AuthenticatedUsers, AclPermission::ReadAcp),
        ];
        assert_eq!(found.grants, expected);
        let most = document("o1", &[("<ID>c1</ID>", "READ"); Grant::MAX]);
        let found = AclDocument::parse(most.as_bytes()).expect("as many as there may be");
        assert_eq!(found.grants.len(), Grant::MAX);
        assert!(AclDocument::parse(document("o1", &[]).as_bytes()).is_ok());
    }

    #[test]
    fn a_document_that_is_no_list_of_access_is_malformed() {
        let own = "<ID>o1</ID>";
        let many = document("o1", &[(own, "READ"); Grant::MAX + 1]);
        let everybody = format!("{own}<URI>{}</URI>", Group::AllUsers.uri());
        for text in [
            "x",
            "<Other/>",
            "<AccessControlPolicy/>",
            "<AccessControlPolicy><AccessControlList/></AccessControlPolicy>",
            &document("o1", &[(own, "EVERYTHING")]),
            &document("o1", &[("<Name>o1</Name>", "READ")]),
            &document("o1", &[("<DisplayName>o1</DisplayName>", "READ")]),
            &document("o1", &[(&everybody, "READ")]),
            &many,
        ] {
            let error = AclDocument::parse(text.as_bytes()).expect_err("no list");
            assert_eq!(error.code, ErrorCode::MalformedACLError, "{text}");
        }
        let check = |grantee: &str, expected: ErrorCode| {
            let text = document("o1", &[(grantee, "READ")]);
            let error = AclDocument::parse(text.as_bytes()).expect_err("no grantee");
            assert_eq!(error.code, expected, "{grantee}");
        };
        check(
            "<EmailAddress>a@example.com</EmailAddress>",
            ErrorCode::MethodNotAllowed,
        );
        check("<URI>AllUsers</URI>", ErrorCode::InvalidArgument);
        let error = AclDocument::parse(b"\n").expect_err("nothing");
        assert_eq!(
            told(&error),
            "MissingSecurityHeader: Your request was missing a required header []"
        );
    }
}
