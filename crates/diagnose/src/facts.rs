//! What the request says about its way here: which client made it, which proxy carried it.
//!
//! Not here: proof. Facts only set weights, pick the wording of a cure, and rank what could not be proven.

/// The program that made the request, as far as it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    JsV2,
    JsV3,
    Boto3,
    AwsCli,
    S3cmd,
    Curl,
    GoV2,
    Minio,
    Java,
    Rclone,
    Browser,
    Axios,
    Unknown,
}

/// The software in front of the server, as far as it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    CloudFront,
    Cloudflare,
    Traefik,
    Apache,
    Envoy,
    Caddy,
    /// Nothing says otherwise, and its defaults are the usual reason.
    Nginx,
}

/// Everything read from headers and transport, once per request.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) client: Client,
    pub(crate) proxy: Proxy,
    /// The strongest sign of a proxy, in words; `None` if there is none.
    pub(crate) proxy_evidence: Option<&'static str>,
    /// It was sent as a browser sends: by a page, or by the `fetch` of Node, which obeys the same specification.
    pub(crate) browser: bool,
    /// A page in a browser sent it.
    pub(crate) page: bool,
}

impl Facts {
    pub(crate) fn of(headers: &[(&str, &[u8])], http_1_0: bool) -> Facts {
        let text = |name: &str| {
            let found = headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
            found.map(|(_, value)| String::from_utf8_lossy(value).to_lowercase())
        };
        let has = |name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        let agent = text("user-agent").unwrap_or_default();
        let browser = has("origin") || has("sec-fetch-mode") || agent.starts_with("mozilla/");
        // Node's fetch sends Sec-Fetch-Mode, too.
        let page = browser && !matches!(agent.as_str(), "node" | "undici");
        Facts {
            client: client(&agent, &text("x-amz-user-agent").unwrap_or_default(), page),
            proxy: proxy(headers, &text("via").unwrap_or_default()),
            proxy_evidence: proxy_evidence(&has, text("connection").as_deref(), http_1_0),
            browser,
            page,
        }
    }
}

fn client(agent: &str, amz_agent: &str, page: bool) -> Client {
    const MARKS: [(&str, Client); 14] = [
        ("aws-sdk-js/3", Client::JsV3),
        ("aws-sdk-js/2", Client::JsV2),
        ("aws-sdk-nodejs/2", Client::JsV2),
        ("aws-cli/", Client::AwsCli),
        ("boto", Client::Boto3),
        ("s3cmd", Client::S3cmd),
        ("curl/", Client::Curl),
        ("aws-sdk-go-v2", Client::GoV2),
        ("minio", Client::Minio),
        ("rclone", Client::Rclone),
        ("aws-sdk-java", Client::Java),
        ("axios", Client::Axios),
        ("mozilla/", Client::Browser),
        ("okhttp", Client::Java),
    ];
    let found = MARKS
        .iter()
        .find(|(mark, _)| agent.contains(mark) || amz_agent.contains(mark));
    match found {
        Some((_, client)) => *client,
        None if page => Client::Browser,
        None => Client::Unknown,
    }
}

fn proxy(headers: &[(&str, &[u8])], via: &str) -> Proxy {
    let has = |name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    if via.contains("cloudfront") {
        Proxy::CloudFront
    } else if has("cf-ray") {
        Proxy::Cloudflare
    } else if via.contains("caddy") {
        Proxy::Caddy
    } else if headers
        .iter()
        .any(|(n, _)| n.to_ascii_lowercase().starts_with("x-envoy-"))
    {
        Proxy::Envoy
    } else if has("x-forwarded-server") && (has("x-real-ip") || has("x-forwarded-port")) {
        Proxy::Traefik
    } else if has("x-forwarded-server") || via.contains("apache") {
        Proxy::Apache
    } else {
        Proxy::Nginx
    }
}

fn proxy_evidence(
    has: &dyn Fn(&str) -> bool,
    connection: Option<&str>,
    http_1_0: bool,
) -> Option<&'static str> {
    const HEADERS: [(&str, &str); 14] = [
        ("x-forwarded-host", "an X-Forwarded-Host header"),
        ("forwarded", "a Forwarded header"),
        ("x-original-host", "an X-Original-Host header"),
        ("via", "a Via header"),
        ("x-forwarded-for", "an X-Forwarded-For header"),
        ("x-forwarded-proto", "an X-Forwarded-Proto header"),
        ("x-forwarded-port", "an X-Forwarded-Port header"),
        ("x-real-ip", "an X-Real-IP header"),
        ("cf-ray", "a CF-Ray header"),
        ("cdn-loop", "a CDN-Loop header"),
        ("x-forwarded-server", "an X-Forwarded-Server header"),
        ("x-forwarded-prefix", "an X-Forwarded-Prefix header"),
        ("x-original-uri", "an X-Original-URI header"),
        ("x-envoy-original-path", "an X-Envoy-Original-Path header"),
    ];
    if let Some((_, words)) = HEADERS.iter().find(|(name, _)| has(name)) {
        return Some(words);
    }
    match (http_1_0, connection) {
        (true, Some("close")) => Some("HTTP/1.0 and Connection: close, as from nginx"),
        (true, _) => Some("HTTP/1.0"),
        _ => None,
    }
}

impl Facts {
    /// Where a difference came about, as far as can be said.
    pub(crate) fn where_changed(&self) -> &'static str {
        if self.proxy_evidence.is_some() {
            "on the way"
        } else {
            "after signing"
        }
    }
}

impl Client {
    /// How the region is set in this client; `{}` stands for nothing, the value follows.
    pub(crate) fn region_setting(self) -> &'static str {
        match self {
            Client::JsV3 => "In new S3Client({...}) set region to ",
            Client::JsV2 => "In new AWS.S3({...}) set region to ",
            Client::Boto3 => "Pass region_name to boto3.client: ",
            Client::AwsCli => "Set AWS_REGION or pass --region: ",
            Client::S3cmd => "In .s3cfg set bucket_location to ",
            Client::Rclone => "In rclone.conf set region to ",
            Client::Curl => "In --aws-sigv4 aws:amz:REGION:s3 set REGION to ",
            _ => "Set the client's region to ",
        }
    }

    /// How signature version 4 is switched on in this client.
    pub(crate) fn version_4_setting(self) -> &'static str {
        match self {
            Client::JsV2 | Client::Browser => "In JavaScript: new AWS.S3({signatureVersion: 'v4'})",
            Client::Boto3 => "In boto3: Config(signature_version='s3v4')",
            Client::AwsCli => "Run: aws configure set default.s3.signature_version s3v4",
            Client::S3cmd => "In .s3cfg: signature_v2 = False",
            Client::Rclone => "In rclone.conf: v2_auth = false",
            _ => {
                "Switch it to signature version 4 (JavaScript v2: signatureVersion: 'v4'; boto3: signature_version='s3v4')"
            }
        }
    }
}

impl Proxy {
    /// The setting that hands the Host header through unchanged.
    pub(crate) fn keep_host_setting(self) -> &'static str {
        match self {
            Proxy::CloudFront => "In CloudFront: use an origin request policy that forwards the Host header.",
            Proxy::Cloudflare => "At Cloudflare: remove the Host header override of the origin rule.",
            Proxy::Traefik => "In Traefik set: passHostHeader = true.",
            Proxy::Apache => "In Apache set: ProxyPreserveHost On.",
            Proxy::Envoy => "In Envoy: remove host_rewrite_literal from the route.",
            Proxy::Caddy => "In Caddy: remove header_up Host from reverse_proxy.",
            Proxy::Nginx => "In nginx set: proxy_set_header Host $http_host;",
        }
    }
}

impl Proxy {
    /// The setting that leaves a request header alone, without its full stop.
    pub(crate) fn leave_header_setting(self) -> &'static str {
        match self {
            Proxy::CloudFront => "In CloudFront let the origin request policy forward it as it is",
            Proxy::Cloudflare => "At Cloudflare remove the transform rule that changes it",
            Proxy::Traefik => "In Traefik take it out of customRequestHeaders",
            Proxy::Apache => "In Apache remove RequestHeader for it",
            Proxy::Envoy => "In Envoy take it out of request_headers_to_add and request_headers_to_remove",
            Proxy::Caddy => "In Caddy remove header_up for it",
            Proxy::Nginx => {
                "Let the proxy leave it alone (nginx: no proxy_set_header for it; HAProxy: no set-header, del-header)"
            }
        }
    }

    /// What to do about a path prefix, which no proxy can remove without breaking the signature.
    pub(crate) fn keep_path_setting(self) -> &'static str {
        match self {
            Proxy::CloudFront => {
                "S3 signs the path: give it a host name of its own, and no origin path in CloudFront."
            }
            Proxy::Cloudflare => {
                "S3 signs the path: give it a host name of its own, and no URL rewrite at Cloudflare."
            }
            Proxy::Traefik => {
                "S3 signs the path: give it a host name of its own, without StripPrefix in Traefik."
            }
            Proxy::Apache => "S3 signs the path: give it a host name of its own, with ProxyPass / in Apache.",
            Proxy::Envoy => {
                "S3 signs the path: give it a host name of its own, without prefix_rewrite in Envoy."
            }
            Proxy::Caddy => {
                "S3 signs the path: give it a host name of its own, without handle_path or strip_prefix in Caddy."
            }
            Proxy::Nginx => {
                "S3 signs the path: give it a host name of its own (nginx: no path after proxy_pass; HAProxy: no replace-path)."
            }
        }
    }

    /// The setting that keeps doubled slashes.
    pub(crate) fn keep_slashes_setting(self) -> &'static str {
        match self {
            Proxy::CloudFront => "In CloudFront: remove the function that cleans the path.",
            Proxy::Cloudflare => "At Cloudflare: turn off Normalize URLs to origin.",
            Proxy::Traefik => {
                "Traefik cleans paths: avoid // in keys, or set sanitizePath = false on the entry point."
            }
            Proxy::Apache => "In Apache set: MergeSlashes Off, and nocanon in ProxyPass.",
            Proxy::Envoy => "In Envoy set: merge_slashes: false.",
            Proxy::Caddy => "In Caddy: pass the path on unchanged, without handle_path, uri or rewrite.",
            Proxy::Nginx => {
                "Keep // in the path (nginx: merge_slashes off; and proxy_pass without a path; HAProxy: no normalize-uri)."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stock_nginx_shows_itself_by_http_1_0_and_connection_close() {
        let headers: [(&str, &[u8]); 2] = [("Host", b"127.0.0.1:9000"), ("Connection", b"close")];
        assert!(
            Facts::of(&headers, true)
                .proxy_evidence
                .is_some_and(|e| e.contains("nginx"))
        );
        assert_eq!(Facts::of(&headers, false).proxy_evidence, None);
    }

    #[test]
    fn fetch_of_node_is_no_page_though_it_sends_what_browsers_send() {
        for (agent, page) in [("node", false), ("undici", false), ("Mozilla/5.0 (X11)", true)] {
            let headers: [(&str, &[u8]); 2] = [("User-Agent", agent.as_bytes()), ("Sec-Fetch-Mode", b"cors")];
            let facts = Facts::of(&headers, false);
            assert_eq!((facts.browser, facts.page), (true, page), "{agent}");
            assert_eq!(facts.client == Client::Browser, page, "{agent}");
        }
    }

    #[test]
    fn clients_are_told_apart_by_their_user_agent() {
        for (agent, client) in [
            ("aws-sdk-js/3.700.0 os/linux", Client::JsV3),
            ("aws-sdk-nodejs/2.1692.0 linux/v20", Client::JsV2),
            ("aws-cli/2.23.0 md/awscrt", Client::AwsCli),
            ("Boto3/1.36.0 md/Botocore#1.36.0", Client::Boto3),
            ("curl/8.5.0", Client::Curl),
            ("MinIO (linux; amd64) minio-go/v7.0.80", Client::Minio),
            ("Mozilla/5.0 (X11; Linux x86_64)", Client::Browser),
            ("something", Client::Unknown),
        ] {
            assert_eq!(
                Facts::of(&[("user-agent", agent.as_bytes())], false).client,
                client,
                "{agent}"
            );
        }
    }
}
