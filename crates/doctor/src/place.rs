//! Where the server is, as a client is told it, and how buckets and keys are addressed there.
//!
//! Unlike the server's own public names this may have a path: clients sign it, and whether the server ever sees it is one of the
//! things to find out. Not here: sending.

use countersign_sigv4::encode_uri;

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whether over TLS.
    pub is_https: bool,
    /// The name or address; that of version 6 in brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What stands before the bucket: empty, or `/` and more, without a slash at its end.
    pub base_path: String,
}

/// How a bucket is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// In the path.
    Path,
    /// As the first label of the host.
    VirtualHost,
}

impl Place {
    /// Reads `http://host[:port][/path]`.
    pub fn parse(text: &str) -> Result<Place, String> {
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| format!("`{text}` does not begin with http:// or https://"))?;
        let is_https = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(format!("`{scheme}` is not http or https")),
        };
        if rest.contains(['?', '#']) {
            return Err(format!("`{text}` must not have a query"));
        }
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        if authority.contains('@') {
            return Err("the endpoint must not carry a user name".to_owned());
        }
        let parsed: http::uri::Authority = authority
            .parse()
            .map_err(|_| format!("`{authority}` is not host or host:port"))?;
        if parsed.host().is_empty() {
            return Err(format!("`{text}` names no host"));
        }
        let after = authority.get(parsed.host().len()..).unwrap_or_default();
        let port = match (after.strip_prefix(':'), parsed.port_u16()) {
            (Some(text), None) => return Err(format!("`{text}` is no port")),
            (_, Some(port)) => port,
            (None, None) if is_https => HTTPS_PORT,
            (None, None) => HTTP_PORT,
        };
        Ok(Place {
            is_https,
            host: parsed.host().to_ascii_lowercase(),
            port,
            base_path: path.trim_end_matches('/').to_owned(),
        })
    }

    /// `Host` as clients send it: a port that the scheme implies is left out.
    pub fn authority(&self) -> String {
        self.with_port(&self.host)
    }

    /// The endpoint as text.
    pub fn url(&self) -> String {
        format!("{}://{}{}", self.scheme(), self.authority(), self.base_path)
    }

    pub(crate) fn scheme(&self) -> &'static str {
        if self.is_https { "https" } else { "http" }
    }

    /// Whether the host is an address, in front of which no bucket can stand.
    pub(crate) fn is_address(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host.parse::<std::net::IpAddr>().is_ok()
    }

    /// The name to connect to for a bucket.
    pub(crate) fn name_for(&self, bucket: &str, style: Style) -> String {
        match style {
            Style::Path => self.host.clone(),
            Style::VirtualHost => format!("{bucket}.{}", self.host),
        }
    }

    /// `Host` for a bucket.
    pub(crate) fn host_for(&self, bucket: &str, style: Style) -> String {
        self.with_port(&self.name_for(bucket, style))
    }

    /// The path of a bucket, with a slash at its end.
    pub(crate) fn bucket_path(&self, bucket: &str, style: Style) -> String {
        match style {
            Style::Path => format!("{}/{bucket}/", self.base_path),
            Style::VirtualHost => format!("{}/", self.base_path),
        }
    }

    /// The path of an object, its key encoded as it is signed.
    pub(crate) fn object_path(&self, bucket: &str, style: Style, object_key: &str) -> String {
        let encoded = encode_uri(object_key.as_bytes(), true);
        format!("{}{encoded}", self.bucket_path(bucket, style))
    }

    fn with_port(&self, name: &str) -> String {
        let usual = if self.is_https { HTTPS_PORT } else { HTTP_PORT };
        match self.port {
            port if port == usual => name.to_owned(),
            port => format!("{name}:{port}"),
        }
    }
}

const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_may_have_a_port_and_a_path() {
        for (text, authority, base_path, url) in [
            ("http://H:9000", "h:9000", "", "http://h:9000"),
            ("https://h:443/", "h", "", "https://h"),
            ("http://h:80/s3/", "h", "/s3", "http://h/s3"),
            ("http://[::1]:9000", "[::1]:9000", "", "http://[::1]:9000"),
            ("https://h:80", "h:80", "", "https://h:80"),
        ] {
            let place = Place::parse(text).unwrap_or_else(|why| unreachable!("{why}"));
            assert_eq!(place.authority(), authority, "{text}");
            assert_eq!(place.base_path, base_path, "{text}");
            assert_eq!(place.url(), url, "{text}");
        }
        for text in [
            "h:9000",
            "ftp://h",
            "http://",
            "http://h:x",
            "http://u:p@h",
            "http://h/?q",
            "http://:9000",
        ] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_bucket_stands_in_the_path_or_before_the_host() {
        let place = Place::parse("https://s3.example:9000/x").expect("an endpoint");
        assert_eq!(place.object_path("b", Style::Path, "a b/é"), "/x/b/a%20b/%C3%A9");
        assert_eq!(place.object_path("b", Style::VirtualHost, "k"), "/x/k");
        assert_eq!(place.host_for("b", Style::VirtualHost), "b.s3.example:9000");
        assert!(!place.is_address());
        assert!(Place::parse("http://[::1]").expect("an endpoint").is_address());
    }
}
