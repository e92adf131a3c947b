//! Which places of a request carry a credential: the values that stand there are kept and told nowhere.
//!
//! Not here: taking values out of texts; whoever keeps or tells a text does that, and asks here.

/// Headers whose values are credentials, in lower case.
const HEADERS: [&str; 7] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "x-amz-copy-source-server-side-encryption-customer-key",
    "x-amz-s3session-token",
    "x-amz-security-token",
    "x-amz-server-side-encryption-customer-key",
];
/// How the names of parameters and fields end whose values are credentials or signatures, in lower case.
const PARAMETERS: [&str; 9] = [
    "signature",
    "security-token",
    "s3session-token",
    "secretaccesskey",
    "secret_access_key",
    "secretkey",
    "secret_key",
    "webidentitytoken",
    "password",
];

/// Whether the value of a header of this name is a credential.
pub fn is_secret_header(name: &str) -> bool {
    HEADERS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a parameter or field of this name carries a signature, a token or a secret. A name that only ends like one does, too: of
/// a link that was mangled on the way, more may stand in front of it.
pub fn is_secret_parameter(name: &str) -> bool {
    let ends_with = |ending: &&str| {
        let at = name.len().checked_sub(ending.len());
        let end = at.and_then(|at| name.as_bytes().get(at..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(ending.as_bytes()))
    };
    PARAMETERS.iter().any(ends_with)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_case_and_parameters_by_their_end() {
        for name in ["X-Amz-Security-Token", "cookie"] {
            assert!(is_secret_header(name), "{name}");
        }
        assert!(!is_secret_header("x-amz-date"));
        for name in [
            "X-Amz-Signature",
            "amp;X-Amz-Security-Token",
            "SecretAccessKey",
            "WebIdentityToken",
        ] {
            assert!(is_secret_parameter(name), "{name}");
        }
        for name in ["continuation-token", "X-Amz-SignedHeaders", ""] {
            assert!(!is_secret_parameter(name), "{name}");
        }
    }
}
