//! PostObject: an upload from a browser form. What a PUT has in headers stands in fields here.
//!
//! Not here: taking the form apart (`form`), its signature, and whether its policy allows the fields.
//!
//! It keeps true: a field that would change the meaning and is not understood is refused; any other that S3 does not know
//! is passed over, once the policy allowed it.

use countersign_types::{ObjectKey, ObjectMetadata};
use http::Uri;

use crate::form::Form;
use crate::head::{Head, View, header_text};
use crate::operation::acl::{AclTarget, RequestedAcl};
use crate::operation::content::parse_metadata;
use crate::operation::integrity::Integrity;
use crate::parse_error::ParseError;
use crate::subresource;

/// `POST /bucket` with a form
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostObject {
    /// What is kept with the object.
    pub metadata: ObjectMetadata,
    /// What the file is held against.
    pub integrity: Integrity,
    /// The list of access that the object is to have.
    pub acl: Option<RequestedAcl>,
    /// What is answered when it is written.
    pub success: FormSuccess,
}

/// How a form wants its success to be answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FormSuccess {
    /// 204, the usual answer.
    #[default]
    NoContent,
    /// 200 without a body.
    Ok,
    /// 201 with a document.
    Created,
    /// 303 to this address.
    Redirect(String),
}

impl PostObject {
    /// Reads the fields of a form, the name of the file filled in.
    pub(crate) fn parse(fields: &[(String, Vec<u8>)]) -> Result<PostObject, ParseError> {
        check_repeated(fields)?;
        let mut headers: Vec<(&str, &[u8])> = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            if let Some(header) = header_of(name)? {
                headers.push((header, value));
            }
        }
        let head = Head {
            method: "POST",
            path: b"/",
            query: None,
            headers: &headers,
            host_bucket: None,
        };
        let view = View::new(&head);
        subresource::check_headers(&view)?;
        Ok(PostObject {
            acl: RequestedAcl::parse(&view, AclTarget::Object)?,
            metadata: parse_metadata(&view)?,
            integrity: Integrity::parse(&view)?,
            success: FormSuccess::parse(fields),
        })
    }
}

/// What is said of a form whose object key is empty.
pub const FORM_KEY_EMPTY: &str = "User key must have a length greater than 0.";

/// Reads the object key of a form.
pub(crate) fn parse_form_key(fields: &[(String, Vec<u8>)]) -> Result<ObjectKey, ParseError> {
    match Form::first(fields, "key") {
        None => Err(ParseError::form_field_missing("key")),
        Some([]) => Err(ParseError::argument(FORM_KEY_EMPTY, "key", "")),
        Some(key) => crate::operation::parse_object_key(key),
    }
}

impl FormSuccess {
    fn parse(fields: &[(String, Vec<u8>)]) -> FormSuccess {
        let field = |name| Form::first(fields, name).map(|value| header_text(value).trim().to_owned());
        let redirect = field("success_action_redirect").or_else(|| field("redirect"));
        if let Some(address) = redirect.filter(|address| is_address(address)) {
            return FormSuccess::Redirect(address);
        }
        match field("success_action_status").as_deref() {
            Some("200") => FormSuccess::Ok,
            Some("201") => FormSuccess::Created,
            _ => FormSuccess::NoContent,
        }
    }
}

/// Which header a field stands for; `None` for those that mean nothing to the object.
fn header_of(field: &str) -> Result<Option<&str>, ParseError> {
    const KEPT: [&str; 7] = [
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-md5",
        "content-type",
        "expires",
    ];
    /// The claim, which is verified by now.
    const CLAIM: [&str; 5] = [
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-signature",
    ];
    /// They speak about a request whose body is the object, or they would make another operation of it.
    const REFUSED: [&str; 9] = [
        "if-match",
        "if-none-match",
        "tagging",
        "x-amz-content-sha256",
        "x-amz-copy-source",
        "x-amz-decoded-content-length",
        "x-amz-expected-bucket-owner",
        "x-amz-tagging",
        "x-amz-trailer",
    ];
    let is_one_of = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(field));
    if field.eq_ignore_ascii_case("acl") {
        Ok(Some("x-amz-acl"))
    } else if is_one_of(&REFUSED) {
        Err(ParseError::header_not_implemented(&field.to_ascii_lowercase()))
    } else if is_one_of(&CLAIM) {
        Ok(None)
    } else {
        let is_amz = field
            .get(..6)
            .is_some_and(|start| start.eq_ignore_ascii_case("x-amz-"));
        Ok((is_amz || is_one_of(&KEPT)).then_some(field))
    }
}

/// Of a field that says one thing there can be only one. User metadata is joined as headers are.
fn check_repeated(fields: &[(String, Vec<u8>)]) -> Result<(), ParseError> {
    for (at, (name, value)) in fields.iter().enumerate() {
        let lower = name.to_ascii_lowercase();
        let may_repeat = lower.starts_with("x-amz-meta-") || lower.starts_with("x-ignore-");
        let before = fields.iter().take(at);
        if !may_repeat
            && before
                .into_iter()
                .any(|(other, _)| other.eq_ignore_ascii_case(name))
        {
            return Err(ParseError::form_field_repeated(name, &header_text(value)));
        }
    }
    Ok(())
}

/// Whether a browser can be sent there. AWS takes anything else for an absent field.
fn is_address(text: &str) -> bool {
    let is_plain = text.bytes().all(|b| b.is_ascii_graphic());
    is_plain
        && text.parse::<Uri>().is_ok_and(|uri| {
            let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
            is_web && uri.host().is_some_and(|host| !host.is_empty())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::CannedAcl;
    use crate::testing::{form, told};

    fn parse(fields: &[(&str, &str)]) -> PostObject {
        PostObject::parse(&form(fields).fields).unwrap_or_else(|error| unreachable!("{error}"))
    }

    fn check_refusal(fields: &[(&str, &str)], expected: &str) {
        let refused = PostObject::parse(&form(fields).fields).err();
        assert_eq!(
            refused.map(|error| told(&error)).as_deref(),
            Some(expected),
            "{fields:?}"
        );
    }

    #[test]
    fn fields_say_what_headers_say_at_a_put() {
        let found = parse(&[
            ("Key", "k"),
            ("ACL", "private"),
            ("content-TYPE", "text/plain"),
            ("Cache-Control", "no-cache"),
            ("Content-Disposition", "inline"),
            ("Content-Encoding", "gzip"),
            ("Expires", "whenever"),
            ("x-amz-storage-class", "STANDARD_IA"),
            ("X-Amz-Meta-A", "1"),
            ("x-amz-meta-a", "2"),
            ("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="),
            ("x-amz-checksum-crc32", "AAAAAA=="),
            ("x-amz-signature", "s"),
            ("content-length", "5"),
            ("submit", "Go"),
        ]);
        assert_eq!(found.acl, Some(RequestedAcl::Canned(CannedAcl::Private)));
        let metadata = ObjectMetadata {
            content_type: Some("text/plain".to_owned()),
            cache_control: Some("no-cache".to_owned()),
            content_disposition: Some("inline".to_owned()),
            content_encoding: Some("gzip".to_owned()),
            expires: Some("whenever".to_owned()),
            storage_class: Some("STANDARD_IA".to_owned()),
            user: vec![("a".to_owned(), "1,2".to_owned())],
            ..ObjectMetadata::default()
        };
        assert_eq!(found.metadata, metadata);
        assert!(found.integrity.content_md5.is_some() && found.integrity.checksum.is_some());
        assert_eq!(found.integrity.length, None, "no field says how long the file is");
    }

    #[test]
    fn a_field_that_would_change_the_meaning_is_refused_by_name() {
        for name in [
            "tagging",
            "Tagging",
            "x-amz-tagging",
            "x-amz-server-side-encryption",
            "x-amz-object-lock-mode",
            "x-amz-copy-source",
            "x-amz-decoded-content-length",
            "If-None-Match",
        ] {
            let expected = format!(
                "NotImplemented: A header you provided implies functionality that is not implemented [Header={}]",
                name.to_lowercase()
            );
            check_refusal(&[(name, "x")], &expected);
        }
    }

    #[test]
    fn a_field_that_no_header_could_answer_is_refused() {
        for name in [
            "Content-Type",
            "Content-Disposition",
            "Content-Encoding",
            "Content-Language",
            "Cache-Control",
            "Expires",
            "x-amz-meta-a",
        ] {
            for value in ["text/plain\r\nX-Other: 1", "a\nb", "a\0b"] {
                let expected = format!(
                    "InvalidArgument: Header value cannot be represented using ISO-8859-1. [ArgumentName={}, ArgumentValue={value}]",
                    name.to_lowercase()
                );
                check_refusal(&[(name, value)], &expected);
            }
        }
    }

    #[test]
    fn a_field_that_says_one_thing_stands_once() {
        check_refusal(
            &[("key", "a"), ("Key", "b")],
            "InvalidArgument: POST requires at most one field named 'Key' per request. [ArgumentName=Key, ArgumentValue=b]",
        );
        assert_eq!(
            parse(&[("x-ignore-a", "1"), ("x-ignore-a", "2")]),
            PostObject::default()
        );
    }

    #[test]
    fn success_is_answered_as_the_form_wants() {
        let check = |fields: &[(&str, &str)], expected: FormSuccess| {
            assert_eq!(parse(fields).success, expected, "{fields:?}");
        };
        let status = |status| ("success_action_status", status);
        let redirect = |address| ("success_action_redirect", address);
        let to = |address: &str| FormSuccess::Redirect(address.to_owned());
        check(&[], FormSuccess::NoContent);
        check(&[status("200")], FormSuccess::Ok);
        check(&[status("201")], FormSuccess::Created);
        for odd in ["204", "404", "", "2xx"] {
            check(&[status(odd)], FormSuccess::NoContent);
        }
        check(
            &[redirect("http://a.example/done?x=1"), status("201")],
            to("http://a.example/done?x=1"),
        );
        check(&[("redirect", "https://a.example")], to("https://a.example"));
        check(
            &[("redirect", "https://b.example"), redirect("https://a.example")],
            to("https://a.example"),
        );
        for odd in [
            "",
            "done.html",
            "/done",
            "ftp://a.example/",
            "javascript:alert(1)",
            "http://",
            "http://a b/",
            "http://a/\r\nX: y",
        ] {
            check(&[redirect(odd), status("201")], FormSuccess::Created);
        }
    }

    #[test]
    fn a_key_is_any_text_but_none() {
        let key = |fields: &[(&str, &str)]| {
            let parsed = parse_form_key(&form(fields).fields);
            parsed
                .map(|key| key.as_str().to_owned())
                .map_err(|error| told(&error))
        };
        assert_eq!(key(&[("KEY", "a/../b+%2F")]).as_deref(), Ok("a/../b+%2F"));
        assert_eq!(
            key(&[]),
            Err("InvalidArgument: Bucket POST must contain a field named 'key'.  If it is specified, please check the \
                 order of the fields. [ArgumentName=key, ArgumentValue=]"
                .to_owned())
        );
        assert_eq!(
            key(&[("key", "")]),
            Err("InvalidArgument: User key must have a length greater than 0. [ArgumentName=key, ArgumentValue=]".to_owned())
        );
    }
}
