//! The claim of a browser form: it stands in the fields before `file`, and what is signed is the POST policy.

use crate::claim::{Claim, Form, Scope};
use crate::header_claim::{ALGORITHM, ECDSA_ALGORITHM};
use crate::payload::Payload;
use crate::refusal::Refusal;
use crate::timestamp::parse_timestamp;

/// Reads who a form claims to come from: `None` if it is not signed at all.
///
/// `fields` are the fields before `file`, in order, names in any case, values as sent. Of a field given twice the
/// first counts here; the policy has to hold for each, see [`crate::PolicyDocument::evaluate`].
pub fn form_claim(fields: &[(String, Vec<u8>)]) -> Result<Option<Claim>, Refusal> {
    let field = |name: &str| {
        let (_, value) = fields.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name))?;
        Some(String::from_utf8_lossy(value).into_owned())
    };
    let has_v4 = ["x-amz-algorithm", "x-amz-credential", "x-amz-signature"]
        .into_iter()
        .any(|name| field(name).is_some());
    let access_key_id = field("AWSAccessKeyId");
    if !has_v4 && (access_key_id.is_some() || field("signature").is_some()) {
        return Err(Refusal::SigV2 {
            form: Form::Policy,
            access_key_id,
        });
    }
    if !has_v4 && field("policy").is_none() {
        return Ok(None);
    }

    let required = |name: &'static str| field(name).ok_or(Refusal::FormFieldMissing { name });
    let algorithm = required("X-Amz-Algorithm")?;
    if algorithm == ECDSA_ALGORITHM {
        return Err(Refusal::SigV4a { form: Form::Policy });
    }
    let credential = required("X-Amz-Credential")?;
    let timestamp = required("X-Amz-Date")?;
    let signature = required("X-Amz-Signature")?;
    let policy = required("policy")?;
    if algorithm != ALGORITHM {
        return Err(Refusal::FormAlgorithmUnsupported { got: algorithm });
    }
    let (access_key_id, scope) = Scope::parse_credential(Form::Policy, &credential)?;
    let Some(time) = parse_timestamp(&timestamp) else {
        return Err(Refusal::DateInvalid {
            form: Form::Policy,
            got: Some(timestamp),
        });
    };
    Ok(Some(Claim {
        form: Form::Policy,
        access_key_id,
        scope,
        signed_headers: Vec::new(),
        signature,
        timestamp: timestamp.into(),
        time,
        expires: None,
        session_token: field("x-amz-security-token"),
        payload: Payload::Unsigned,
        policy: Some(policy),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 5] = [
        ("x-amz-algorithm", ALGORITHM),
        ("X-Amz-Credential", "AKID/20130524/us-east-1/s3/aws4_request"),
        ("X-Amz-Date", "20130524T000000Z"),
        ("x-amz-signature", "abc"),
        ("POLICY", "e30="),
    ];

    fn check(without: &str, with: &[(&str, &str)]) -> Result<Option<Claim>, Refusal> {
        let kept = GOOD
            .iter()
            .filter(|(name, _)| !name.eq_ignore_ascii_case(without));
        let fields: Vec<(String, Vec<u8>)> = kept
            .chain(with)
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect();
        form_claim(&fields)
    }

    fn only(fields: &[(&str, &str)]) -> Result<Option<Claim>, Refusal> {
        let fields: Vec<(String, Vec<u8>)> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect();
        form_claim(&fields)
    }

    #[test]
    fn a_complete_form_is_read() {
        let claim = check("", &[("X-Amz-Security-Token", "tok")])
            .expect("well formed")
            .expect("signed");
        assert_eq!((claim.form, claim.access_key_id.as_str()), (Form::Policy, "AKID"));
        assert_eq!(claim.policy.as_deref(), Some("e30="));
        assert_eq!(claim.session_token.as_deref(), Some("tok"));
    }

    #[test]
    fn a_form_without_signature_fields_is_anonymous() {
        assert_eq!(only(&[("key", "a"), ("acl", "private")]), Ok(None));
    }

    #[test]
    fn each_missing_field_is_named() {
        for name in [
            "X-Amz-Algorithm",
            "X-Amz-Credential",
            "X-Amz-Date",
            "X-Amz-Signature",
            "policy",
        ] {
            assert_eq!(check(name, &[]), Err(Refusal::FormFieldMissing { name }));
        }
        assert_eq!(
            only(&[("policy", "e30=")]),
            Err(Refusal::FormFieldMissing {
                name: "X-Amz-Algorithm"
            })
        );
    }

    #[test]
    fn other_versions_are_recognised() {
        let v2 = |id: Option<&str>| {
            Err(Refusal::SigV2 {
                form: Form::Policy,
                access_key_id: id.map(Into::into),
            })
        };
        assert_eq!(
            only(&[("AWSAccessKeyId", "A"), ("policy", "e30="), ("signature", "s")]),
            v2(Some("A"))
        );
        assert_eq!(only(&[("Signature", "s")]), v2(None));
        let both = check("", &[("AWSAccessKeyId", "A"), ("signature", "s")]).map(|claim| claim.is_some());
        assert_eq!(both, Ok(true), "version four counts where both stand");
        let v4a = check("x-amz-algorithm", &[("x-amz-algorithm", ECDSA_ALGORITHM)]);
        assert_eq!(v4a, Err(Refusal::SigV4a { form: Form::Policy }));
        let odd = check("x-amz-algorithm", &[("x-amz-algorithm", "x")]);
        assert_eq!(odd, Err(Refusal::FormAlgorithmUnsupported { got: "x".into() }));
    }

    #[test]
    fn date_and_credential_are_checked() {
        let bad_date = check("x-amz-date", &[("x-amz-date", "today")]);
        assert_eq!(
            bad_date,
            Err(Refusal::DateInvalid {
                form: Form::Policy,
                got: Some("today".into())
            })
        );
        let bad_credential = check("x-amz-credential", &[("x-amz-credential", "a")]);
        assert_eq!(
            bad_credential,
            Err(Refusal::CredentialMalformed {
                form: Form::Policy,
                got: "a".into()
            })
        );
    }
}
