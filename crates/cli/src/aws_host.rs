//! The names under which AWS serves S3, and the regions in them.
//!
//! SPEC: <https://docs.aws.amazon.com/general/latest/gr/s3.html>. Not here: asking anybody.

/// The region in a host `[bucket.]s3.REGION.amazonaws.com`, dual-stack and FIPS names too; `None` if it is none of AWS's or names no
/// region.
pub(crate) fn region(authority: &str) -> Option<&str> {
    let host = authority.split(':').next()?;
    let labels = host
        .strip_suffix(".amazonaws.com")
        .or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    let labels: Vec<&str> = labels.split('.').collect();
    let service = labels
        .iter()
        .rposition(|label| matches!(*label, "s3" | "s3-fips" | "dualstack") || label.starts_with("s3-"))?;
    match labels.get(service + 1) {
        Some(region) => Some(region),
        // As in `s3-eu-west-1.amazonaws.com`.
        None => labels
            .get(service)?
            .strip_prefix("s3-")
            .filter(|name| *name != "fips" && *name != "accelerate"),
    }
}

/// Whether this is one of AWS's names.
pub(crate) fn is_one(authority: &str) -> bool {
    let host = authority.split(':').next().unwrap_or_default();
    let is_below = |domain: &str| host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    is_below("amazonaws.com") || is_below("amazonaws.com.cn")
}

/// The host of S3 in a region.
pub(crate) fn of_region(region: &str) -> String {
    let domain = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    format!("s3.{region}.{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_read_from_a_name_of_awss() {
        for (host, expected) in [
            ("s3.eu-central-1.amazonaws.com", Some("eu-central-1")),
            ("my.bucket.s3.us-west-2.amazonaws.com:443", Some("us-west-2")),
            ("s3-eu-west-1.amazonaws.com", Some("eu-west-1")),
            ("b.s3-eu-west-1.amazonaws.com", Some("eu-west-1")),
            ("s3.dualstack.us-east-2.amazonaws.com", Some("us-east-2")),
            ("s3-fips.us-gov-west-1.amazonaws.com", Some("us-gov-west-1")),
            ("s3.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("s3.amazonaws.com", None),
            ("b.s3-accelerate.amazonaws.com", None),
            ("s3.eu-central-1.wasabisys.com", None),
            ("127.0.0.1:9000", None),
        ] {
            assert_eq!(region(host), expected, "{host}");
        }
        for (host, expected) in [
            ("s3.amazonaws.com", true),
            ("b.s3.eu-central-1.amazonaws.com:443", true),
            ("s3.cn-north-1.amazonaws.com.cn", true),
            ("notamazonaws.com", false),
            ("amazonaws.com.example", false),
        ] {
            assert_eq!(is_one(host), expected, "{host}");
        }
        assert_eq!(region(&of_region("eu-central-1")), Some("eu-central-1"));
        assert_eq!(region(&of_region("cn-north-1")), Some("cn-north-1"));
    }
}
