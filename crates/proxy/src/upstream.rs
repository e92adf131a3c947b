//! The place where requests go, and what a request's host and path are called there.
//!
//! Not here: connecting. Keeps true: a path goes on byte for byte; only where the upstream has no name that a bucket could stand in
//! front of does a bucket move from the host into the path.

use std::net::IpAddr;

use countersign_server::PublicUrl;

/// A server that speaks S3.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Where it is.
    pub(crate) url: PublicUrl,
    /// The region that it is signed for.
    pub(crate) region: String,
}

/// What a request is called at the upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) host: String,
    pub(crate) path: String,
}

impl Upstream {
    /// A server at this URL, in this region.
    pub fn new(url: PublicUrl, region: &str) -> Upstream {
        Upstream {
            url,
            region: region.to_owned(),
        }
    }

    /// Host and path of a request for `path` that names this bucket in its host, or none.
    pub(crate) fn place(&self, host_bucket: Option<&str>, path: &str) -> Place {
        let authority = &self.url.authority;
        match host_bucket {
            None => Place {
                host: authority.clone(),
                path: path.to_owned(),
            },
            Some(bucket) if self.is_address() => Place {
                host: authority.clone(),
                path: format!("/{bucket}{path}"),
            },
            Some(bucket) => Place {
                host: format!("{bucket}.{authority}"),
                path: path.to_owned(),
            },
        }
    }

    /// Whether it has no name but an address.
    fn is_address(&self) -> bool {
        let authority = self.url.authority.as_str();
        let name = match authority.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => name,
            _ => authority,
        };
        let is_v6 = name.starts_with('[') && name.ends_with(']');
        is_v6 || name.parse::<IpAddr>().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_stays_in_the_host_where_there_is_a_name() {
        for (url, bucket, path, host, expected) in [
            (
                "https://s3.eu-west-1.amazonaws.com",
                Some("b"),
                "/k",
                "b.s3.eu-west-1.amazonaws.com",
                "/k",
            ),
            ("http://localhost:9000", Some("b"), "/k", "b.localhost:9000", "/k"),
            (
                "http://127.0.0.1:9000",
                Some("b"),
                "/a//%2F",
                "127.0.0.1:9000",
                "/b/a//%2F",
            ),
            ("http://[::1]:9000", Some("b"), "/", "[::1]:9000", "/b/"),
            ("http://[::1]", Some("b"), "/", "[::1]", "/b/"),
            ("https://s3.example", None, "/b/k+%20", "s3.example", "/b/k+%20"),
        ] {
            let upstream = Upstream::new(PublicUrl::parse(url).expect("a URL"), "r");
            let expected = Place {
                host: host.to_owned(),
                path: expected.to_owned(),
            };
            assert_eq!(upstream.place(bucket, path), expected, "{url} {bucket:?}");
        }
    }
}
