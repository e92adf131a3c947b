//! A rule about requests from other origins: which page may do what with a bucket, and what it may read of the answer.
//!
//! Not here: which of several rules decides, and the headers in which a browser asks and is answered.

/// One rule of a bucket's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CorsRule {
    /// What its author calls it.
    pub id: Option<String>,
    /// Methods that a page may use.
    pub allowed_methods: Vec<CorsMethod>,
    /// Origins of pages, each with at most one `*`.
    pub allowed_origins: Vec<String>,
    /// Headers that a page may add, each with at most one `*`.
    pub allowed_headers: Vec<String>,
    /// Headers of the answer that a page may read.
    pub expose_headers: Vec<String>,
    /// How long a browser may remember the answer to its preflight.
    pub max_age_seconds: Option<u32>,
}

/// A method that a rule can allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CorsMethod {
    /// GET
    Get,
    /// PUT
    Put,
    /// POST
    Post,
    /// DELETE
    Delete,
    /// HEAD
    Head,
}

impl CorsRule {
    /// Whether a page of this origin may ask. Origins are compared as they are spelled.
    pub fn allows_origin(&self, origin: &str) -> bool {
        self.allowed_origins
            .iter()
            .any(|pattern| fits(pattern.as_bytes(), origin.as_bytes(), |one, two| one == two))
    }

    /// Whether any page may ask.
    pub fn allows_every_origin(&self) -> bool {
        self.allowed_origins.iter().any(|pattern| pattern == "*")
    }

    /// Whether the method may be used. Methods are compared as they are spelled.
    pub fn allows_method(&self, method: &str) -> bool {
        CorsMethod::parse(method).is_some_and(|method| self.allowed_methods.contains(&method))
    }

    /// Whether a page may add this header, in any case. Anybody may ask for many headers of many rules, so nothing is
    /// copied for it.
    pub fn allows_header(&self, name: &str) -> bool {
        self.allowed_headers
            .iter()
            .any(|pattern| fits(pattern.as_bytes(), name.as_bytes(), <[u8]>::eq_ignore_ascii_case))
    }
}

impl CorsMethod {
    /// All of them.
    pub const ALL: [CorsMethod; 5] = [
        CorsMethod::Get,
        CorsMethod::Put,
        CorsMethod::Post,
        CorsMethod::Delete,
        CorsMethod::Head,
    ];

    /// The name as HTTP writes it.
    pub const fn name(self) -> &'static str {
        match self {
            CorsMethod::Get => "GET",
            CorsMethod::Put => "PUT",
            CorsMethod::Post => "POST",
            CorsMethod::Delete => "DELETE",
            CorsMethod::Head => "HEAD",
        }
    }

    /// Reads a name; case matters, as everywhere in HTTP.
    pub fn parse(name: &str) -> Option<CorsMethod> {
        CorsMethod::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// Whether the text fits a pattern in which the first `*` stands for any characters, or none.
fn fits(pattern: &[u8], text: &[u8], is_same: impl Fn(&[u8], &[u8]) -> bool) -> bool {
    let Some(star) = pattern.iter().position(|byte| *byte == b'*') else {
        return is_same(pattern, text);
    };
    let (before, after) = pattern.split_at(star);
    let after = after.get(1..).unwrap_or_default();
    let Some((start, rest)) = text.split_at_checked(before.len()) else {
        return false;
    };
    let end = rest.len().checked_sub(after.len()).and_then(|at| rest.get(at..));
    is_same(before, start) && end.is_some_and(|end| is_same(after, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_between_what_is_spelled_out() {
        let check = |pattern: &str, text: &str, expected: bool| {
            let rule = CorsRule {
                allowed_origins: vec![pattern.to_owned()],
                ..CorsRule::default()
            };
            assert_eq!(rule.allows_origin(text), expected, "{pattern} {text}");
        };
        check("*", "https://a.example", true);
        check("*", "", true);
        check("https://a.example", "https://a.example", true);
        check("https://a.example", "https://A.example", false);
        check("https://a.example", "https://a.example:8443", false);
        check("https://a.example/", "https://a.example", false);
        check("*suffix", "foo.suffix", true);
        check("*suffix", "suffix", true);
        check("*suffix", "foo.suffix.get", false);
        check("start*end", "startend", true);
        check("start*end", "start12end", true);
        check("start*end", "0start12end", false);
        check("start*tend", "startend", false);
        check("prefix*", "prefix.suffix", true);
        check("prefix*", "bla.prefix", false);
    }

    #[test]
    fn headers_fit_in_any_case_and_methods_as_they_are_spelled() {
        let rule = CorsRule {
            allowed_headers: vec!["X-Amz-*".to_owned(), "content-type".to_owned()],
            allowed_methods: vec![CorsMethod::Get],
            ..CorsRule::default()
        };
        assert!(rule.allows_header("x-amz-meta-a") && rule.allows_header("content-type"));
        assert!(rule.allows_header("Content-Type") && rule.allows_header("X-AMZ-"));
        assert!(!rule.allows_header("content-md5") && !rule.allows_header("x-amz"));
        assert!(rule.allows_method("GET"));
        assert!(!rule.allows_method("get") && !rule.allows_method("PUT") && !rule.allows_method("PATCH"));
        for method in CorsMethod::ALL {
            assert_eq!(CorsMethod::parse(method.name()), Some(method));
        }
    }
}
