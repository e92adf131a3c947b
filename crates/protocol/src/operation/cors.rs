//! The CORS rules of a bucket as a document, and the preflight that a browser asks about them.
//!
//! Not here: which rule decides ([`crate::cors`]).

use countersign_types::{CorsMethod, CorsRule};

use crate::cors::CrossOrigin;
use crate::document::Element;
use crate::error_code::ErrorCode;
use crate::head::View;
use crate::operation::integrity::Integrity;
use crate::parse_error::ParseError;

/// `PUT /bucket?cors`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutBucketCors {
    /// What the document is held against; it holds an MD5 or a checksum.
    pub integrity: Integrity,
}

/// The document of [`PutBucketCors`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorsDocument {
    /// 1 to 100 rules, in the document's order.
    pub rules: Vec<CorsRule>,
}

/// `OPTIONS` on anything: whether a page may send the request that it has in mind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preflight {
    /// The page, and the request in its mind.
    pub asked: CrossOrigin,
    /// Whether the path names an object. It is not looked up, and may be none that could exist.
    pub is_about_object: bool,
}

impl PutBucketCors {
    pub(crate) fn parse(view: &View<'_>) -> Result<PutBucketCors, ParseError> {
        Ok(PutBucketCors {
            integrity: Integrity::parse_required(view)?,
        })
    }
}

impl CorsDocument {
    /// Largest document in bytes, as at AWS.
    pub const BYTES_MAX: usize = 64 * 1024;
    /// Most rules in one document, as at AWS.
    pub const RULES_MAX: usize = 100;
    /// Longest id of a rule in characters, as at AWS.
    pub const ID_CHARACTERS_MAX: usize = 255;

    /// Reads the document. Fails with `MalformedXML`, also for no rule and for a rule without origin or method, and with
    /// `InvalidRequest` for what a rule cannot say.
    pub fn parse(bytes: &[u8]) -> Result<CorsDocument, ParseError> {
        let root = Element::parse(bytes, Self::BYTES_MAX)?.named("CORSConfiguration")?;
        let mut rules = Vec::new();
        for child in root.into_children()? {
            rules.push(parse_rule(child.named("CORSRule")?)?);
        }
        match rules.len() {
            0 => Err(ParseError::malformed_xml()),
            count if count > Self::RULES_MAX => Err(ParseError::request(format!(
                "The number of CORS rules should not exceed allowed limit of {} rules.",
                Self::RULES_MAX
            ))),
            _ => Ok(CorsDocument { rules }),
        }
    }
}

impl Preflight {
    pub(crate) fn parse(view: &View<'_>, is_about_object: bool) -> Result<Preflight, ParseError> {
        let Some(asked) = CrossOrigin::of_preflight(view.head()) else {
            let message = "Insufficient information. Origin request header needed.";
            return Err(ParseError::with_message(ErrorCode::BadRequest, message));
        };
        Ok(Preflight {
            asked,
            is_about_object,
        })
    }
}

fn parse_rule(element: Element) -> Result<CorsRule, ParseError> {
    let mut rule = CorsRule::default();
    for child in element.into_children()? {
        match child.name.as_str() {
            "ID" if rule.id.is_none() => rule.id = Some(child.into_text()?),
            "AllowedMethod" => rule.allowed_methods.push(parse_method(&child.into_text()?)?),
            "AllowedOrigin" => rule.allowed_origins.push(child.into_text()?),
            "AllowedHeader" => rule.allowed_headers.push(child.into_text()?),
            "ExposeHeader" => rule.expose_headers.push(child.into_text()?),
            "MaxAgeSeconds" if rule.max_age_seconds.is_none() => {
                rule.max_age_seconds = Some(parse_max_age(&child.into_text()?)?);
            }
            _ => return Err(ParseError::malformed_xml()),
        }
    }
    if rule.allowed_methods.is_empty() || rule.allowed_origins.is_empty() {
        return Err(ParseError::malformed_xml());
    }
    check(&rule)?;
    Ok(rule)
}

fn parse_method(text: &str) -> Result<CorsMethod, ParseError> {
    CorsMethod::parse(text).ok_or_else(|| {
        ParseError::request(format!(
            "Found unsupported HTTP method in CORS config. Unsupported method is {text}"
        ))
    })
}

/// Seconds fill an `xsd:integer` that browsers read as 31 bits.
fn parse_max_age(text: &str) -> Result<u32, ParseError> {
    let seconds: Option<i32> = text.trim().parse().ok();
    seconds
        .and_then(|seconds| u32::try_from(seconds).ok())
        .ok_or_else(ParseError::malformed_xml)
}

fn check(rule: &CorsRule) -> Result<(), ParseError> {
    for (name, patterns) in [
        ("AllowedOrigin", &rule.allowed_origins),
        ("AllowedHeader", &rule.allowed_headers),
    ] {
        if let Some(pattern) = patterns.iter().find(|pattern| pattern.matches('*').count() > 1) {
            return Err(ParseError::request(format!(
                "{name} \"{pattern}\" can not have more than one wildcard."
            )));
        }
    }
    if let Some(name) = rule.expose_headers.iter().find(|name| name.contains('*')) {
        return Err(ParseError::request(format!(
            "ExposeHeader \"{name}\" contains wildcard. We currently do not support wildcard for ExposeHeader."
        )));
    }
    // It goes into a header of every answer.
    let is_name = |name: &str| http::HeaderName::try_from(name).is_ok();
    if let Some(name) = rule.expose_headers.iter().find(|name| !is_name(name)) {
        return Err(ParseError::request(format!(
            "ExposeHeader \"{name}\" contains invalid character."
        )));
    }
    let id = rule.id.as_deref().unwrap_or_default();
    if id.chars().count() > CorsDocument::ID_CHARACTERS_MAX {
        return Err(ParseError::request(format!(
            "The ID of a CORS rule must not be longer than {} characters.",
            CorsDocument::ID_CHARACTERS_MAX
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;
    use crate::testing::{operation, refusal, told};

    const MINIMAL: &str = "<AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>";

    fn parse(rules: &str) -> Result<CorsDocument, ParseError> {
        CorsDocument::parse(format!("<CORSConfiguration>{rules}</CORSConfiguration>").as_bytes())
    }

    fn check_refusal(rule: &str, expected: &str) {
        let found = parse(&format!("<CORSRule>{rule}</CORSRule>"));
        assert_eq!(found.as_ref().map_err(told), Err(expected.to_owned()), "{rule}");
    }

    fn malformed() -> String {
        format!("MalformedXML: {} []", ErrorCode::MalformedXML.message())
    }

    #[test]
    fn rules_are_read_in_their_order() {
        let document = "<CORSConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><CORSRule><ID>up</ID>\
                        <AllowedMethod>PUT</AllowedMethod><AllowedMethod>HEAD</AllowedMethod>\
                        <AllowedOrigin>https://*.example.com</AllowedOrigin><AllowedOrigin/>\
                        <AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>\
                        <MaxAgeSeconds>3000</MaxAgeSeconds></CORSRule><CORSRule>\
                        <AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>";
        let first = CorsRule {
            id: Some("up".to_owned()),
            allowed_methods: vec![CorsMethod::Put, CorsMethod::Head],
            allowed_origins: vec!["https://*.example.com".to_owned(), String::new()],
            allowed_headers: vec!["x-amz-*".to_owned()],
            expose_headers: vec!["ETag".to_owned()],
            max_age_seconds: Some(3000),
        };
        let second = CorsRule {
            allowed_methods: vec![CorsMethod::Get],
            allowed_origins: vec!["*".to_owned()],
            ..CorsRule::default()
        };
        let found = CorsDocument::parse(document.as_bytes()).expect("a document");
        assert_eq!(found.rules, [first, second]);
    }

    #[test]
    fn a_document_has_1_to_100_rules() {
        let rules = |count: usize| parse(&format!("<CORSRule>{MINIMAL}</CORSRule>").repeat(count));
        assert_eq!(rules(0).as_ref().map_err(told), Err(malformed()));
        assert_eq!(
            rules(100).expect("a hundred").rules.len(),
            CorsDocument::RULES_MAX
        );
        assert_eq!(
            rules(101).as_ref().map_err(told),
            Err(
                "InvalidRequest: The number of CORS rules should not exceed allowed limit of 100 rules. []"
                    .to_owned()
            )
        );
        let long = "x".repeat(CorsDocument::BYTES_MAX);
        let error = parse(&format!("<CORSRule><ID>{long}</ID>{MINIMAL}</CORSRule>")).expect_err("too long");
        assert_eq!(error.code, ErrorCode::MaxMessageLengthExceeded);
    }

    #[test]
    fn a_rule_needs_an_origin_and_a_method_and_nothing_that_is_unknown() {
        for rule in [
            "",
            "<AllowedOrigin>*</AllowedOrigin>",
            "<AllowedMethod>GET</AllowedMethod>",
            &format!("{MINIMAL}<Other/>"),
            &format!("{MINIMAL}x"),
            &format!("{MINIMAL}<ID>a</ID><ID>b</ID>"),
            &format!("{MINIMAL}<MaxAgeSeconds>1</MaxAgeSeconds><MaxAgeSeconds>1</MaxAgeSeconds>"),
            &format!("{MINIMAL}<MaxAgeSeconds/>"),
            &format!("{MINIMAL}<MaxAgeSeconds>-1</MaxAgeSeconds>"),
            &format!("{MINIMAL}<MaxAgeSeconds>2147483648</MaxAgeSeconds>"),
            &format!("{MINIMAL}<MaxAgeSeconds>soon</MaxAgeSeconds>"),
        ] {
            check_refusal(rule, &malformed());
        }
        assert!(parse("<Other/>").is_err() && CorsDocument::parse(b"<Other/>").is_err());
    }

    #[test]
    fn what_a_rule_cannot_say_is_refused_in_words() {
        for method in ["OPTIONS", "PATCH", "get", "*", ""] {
            check_refusal(
                &format!("<AllowedOrigin>*</AllowedOrigin><AllowedMethod>{method}</AllowedMethod>"),
                &format!(
                    "InvalidRequest: Found unsupported HTTP method in CORS config. Unsupported method is {method} []"
                ),
            );
        }
        let check_with = |more: &str, expected: &str| check_refusal(&format!("{MINIMAL}{more}"), expected);
        check_with(
            "<AllowedOrigin>*example*.com</AllowedOrigin>",
            "InvalidRequest: AllowedOrigin \"*example*.com\" can not have more than one wildcard. []",
        );
        check_with(
            "<AllowedHeader>x-*-*</AllowedHeader>",
            "InvalidRequest: AllowedHeader \"x-*-*\" can not have more than one wildcard. []",
        );
        check_with(
            "<ExposeHeader>x-amz-*</ExposeHeader>",
            "InvalidRequest: ExposeHeader \"x-amz-*\" contains wildcard. We currently do not support wildcard for \
             ExposeHeader. []",
        );
        check_with(
            "<ExposeHeader>a b</ExposeHeader>",
            "InvalidRequest: ExposeHeader \"a b\" contains invalid character. []",
        );
        let id = |length: usize| format!("<ID>{}</ID>", "ä".repeat(length));
        assert!(parse(&format!("<CORSRule>{MINIMAL}{}</CORSRule>", id(255))).is_ok());
        check_with(
            &id(256),
            "InvalidRequest: The ID of a CORS rule must not be longer than 255 characters. []",
        );
    }

    #[test]
    fn rules_are_put_with_a_checksum_only() {
        assert_eq!(
            refusal("PUT /abc?cors", &[]),
            "InvalidRequest: Missing required header for this request: Content-MD5 []"
        );
        for header in [
            ("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg=="),
            ("x-amz-checksum-crc32", "AAAAAA=="),
        ] {
            assert_eq!(operation("PUT /abc?cors", &[header]).name(), "PutBucketCors");
        }
    }

    #[test]
    fn a_preflight_is_one_whatever_stands_beside_it() {
        let origin = ("Origin", "https://a.example");
        let check = |line: &str, is_about_object: bool| match operation(line, &[origin]) {
            Operation::Preflight(preflight) => {
                assert_eq!(preflight.is_about_object, is_about_object, "{line}");
                assert_eq!(preflight.asked.origin, "https://a.example");
            }
            other => unreachable!("{line} became {}", other.name()),
        };
        check("OPTIONS /", false);
        check("OPTIONS /abc", false);
        check("OPTIONS /abc/k", true);
        check(
            "OPTIONS /abc/k?acl&X-Amz-Signature=x&newfeature&x-amz-tagging=a&versionId=x",
            true,
        );
        check(&format!("OPTIONS /abc/{}", "k".repeat(2000)), true);
        check("OPTIONS /abc/%ff", true);
        assert_eq!(
            refusal("OPTIONS /abc/k", &[]),
            "BadRequest: Insufficient information. Origin request header needed. []"
        );
    }
}
