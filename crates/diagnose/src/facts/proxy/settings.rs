//! What to set in a proxy so that it leaves a signed request alone, each to follow `In nginx `.
//!
//! One table a concern, total over the proxies. Directives were looked up in each proxy's documentation; where a proxy cannot
//! do it, the words say what can be done instead.

use super::Proxy;

impl Proxy {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Proxy::CloudFront => "CloudFront",
            Proxy::Cloudflare => "Cloudflare",
            Proxy::Alb => "the AWS load balancer",
            Proxy::Vercel => "Vercel",
            Proxy::NextJs => "Next.js",
            Proxy::Node => "a Node proxy (webpack, Vite, http-proxy-middleware)",
            Proxy::Traefik => "Traefik",
            Proxy::Apache => "Apache",
            Proxy::Envoy => "Envoy",
            Proxy::Haproxy => "HAProxy",
            Proxy::IngressNginx => "ingress-nginx",
            Proxy::Caddy => "Caddy",
            Proxy::Nginx => "nginx",
        }
    }

    /// What stands in front of the name.
    pub(crate) fn preposition(self) -> &'static str {
        match self {
            Proxy::Cloudflare | Proxy::Alb => "At",
            Proxy::CloudFront
            | Proxy::Vercel
            | Proxy::NextJs
            | Proxy::Node
            | Proxy::Traefik
            | Proxy::Apache
            | Proxy::Envoy
            | Proxy::Haproxy
            | Proxy::IngressNginx
            | Proxy::Caddy
            | Proxy::Nginx => "In",
        }
    }

    /// Hands the Host header through unchanged.
    pub(in crate::facts) fn keep_host_setting(self) -> &'static str {
        match self {
            Proxy::CloudFront => "use an origin request policy that forwards the Host header (AllViewer).",
            Proxy::Cloudflare => "remove the Host header override of the origin rule.",
            Proxy::Alb => "set routing.http.preserve_host_header.enabled to true.",
            Proxy::Vercel | Proxy::NextJs => {
                "rewrites send their destination as Host: let clients use the store's own address."
            }
            Proxy::Node => "set changeOrigin: false.",
            Proxy::Traefik => "set: passHostHeader = true.",
            Proxy::Apache => "set: ProxyPreserveHost On.",
            Proxy::Envoy => "remove host_rewrite_literal and auto_host_rewrite from the route.",
            Proxy::Haproxy => "remove http-request set-header Host.",
            Proxy::IngressNginx => "remove the annotation nginx.ingress.kubernetes.io/upstream-vhost.",
            Proxy::Caddy => "remove header_up Host from reverse_proxy.",
            Proxy::Nginx => "set: proxy_set_header Host $http_host;",
        }
    }

    /// Hands the path through with its prefix.
    pub(in crate::facts) fn keep_path_setting(self) -> &'static str {
        match self {
            Proxy::CloudFront => "leave the origin path empty.",
            Proxy::Cloudflare => "remove the URL rewrite rule.",
            Proxy::Alb => "remove the URL rewrite from the rule.",
            Proxy::Vercel | Proxy::NextJs => "let source and destination of the rewrite have the same path.",
            Proxy::Node => "remove pathRewrite and rewrite.",
            Proxy::Traefik => "remove the StripPrefix middleware.",
            Proxy::Apache => "write ProxyPass / without a path on either side.",
            Proxy::Envoy => "remove prefix_rewrite and regex_rewrite from the route.",
            Proxy::Haproxy => "remove http-request replace-path and set-path.",
            Proxy::IngressNginx => "remove the annotation rewrite-target.",
            Proxy::Caddy => "use handle instead of handle_path, without strip_prefix.",
            Proxy::Nginx => "write no path after proxy_pass.",
        }
    }

    /// Keeps doubled slashes.
    pub(in crate::facts) fn keep_slashes_setting(self) -> &'static str {
        match self {
            Proxy::CloudFront => "remove the function that cleans the path.",
            Proxy::Cloudflare => "turn off Normalize URLs to origin.",
            Proxy::Alb => "remove the URL rewrite from the rule.",
            Proxy::Vercel | Proxy::NextJs => "avoid // in keys, or let clients use the store's own address.",
            Proxy::Node => "remove pathRewrite and rewrite.",
            Proxy::Traefik => "avoid // in keys, or set sanitizePath = false on the entry point.",
            Proxy::Apache => "set: MergeSlashes Off, and nocanon in ProxyPass.",
            Proxy::Envoy => "set: merge_slashes: false.",
            Proxy::Haproxy => "remove http-request normalize-uri path-merge-slashes.",
            Proxy::IngressNginx => "set merge_slashes off; in a server-snippet.",
            Proxy::Caddy => "pass the path on unchanged, without handle_path, uri or rewrite.",
            Proxy::Nginx => "set: merge_slashes off; and write no path after proxy_pass.",
        }
    }

    /// Keeps dot segments.
    pub(crate) fn keep_dots_setting(self) -> &'static str {
        match self {
            Proxy::CloudFront => "remove the function that cleans the path.",
            Proxy::Cloudflare => "turn off Normalize URLs to origin.",
            Proxy::Alb | Proxy::Vercel | Proxy::NextJs | Proxy::Node => {
                "pass the path on unchanged, or keep ./ out of keys."
            }
            Proxy::Traefik => "keep ./ out of keys, or set sanitizePath = false on the entry point.",
            Proxy::Apache => "keep ./ out of keys; it always removes them.",
            Proxy::Envoy => "set: normalize_path: false.",
            Proxy::Haproxy => "remove http-request normalize-uri path-strip-dot and path-strip-dotdot.",
            Proxy::IngressNginx => "remove the annotation rewrite-target.",
            Proxy::Caddy => "pass the path on unchanged, without handle_path, uri or rewrite.",
            Proxy::Nginx => "write no path after proxy_pass, or keep ./ out of keys.",
        }
    }

    /// Keeps the slash at the end, or its absence.
    pub(crate) fn keep_last_slash_setting(self) -> &'static str {
        match self {
            Proxy::CloudFront => "remove the function that changes the path.",
            Proxy::Cloudflare | Proxy::Alb => "remove the URL rewrite from the rule.",
            Proxy::Vercel | Proxy::NextJs => "set skipTrailingSlashRedirect: true, without trailingSlash.",
            Proxy::Node => "remove pathRewrite and rewrite.",
            Proxy::Traefik => "remove what rewrites the path (ReplacePath, StripPrefix).",
            Proxy::Apache => "let both paths of ProxyPass end in a slash, or neither.",
            Proxy::Envoy => "let prefix and prefix_rewrite both end in a slash, or neither.",
            Proxy::Haproxy => "remove http-request replace-path and set-path.",
            Proxy::IngressNginx => "remove the annotation rewrite-target.",
            Proxy::Caddy => "pass the path on unchanged, without handle_path, uri or rewrite.",
            Proxy::Nginx => "write no path after proxy_pass, and remove rewrite.",
        }
    }

    /// Leaves a request header alone; without a full stop.
    pub(in crate::facts) fn leave_header_setting(self) -> &'static str {
        match self {
            Proxy::CloudFront => "let the origin request policy forward it as it is",
            Proxy::Cloudflare => "remove the transform rule that changes it",
            Proxy::Alb => "set routing.http.drop_invalid_header_fields.enabled to false",
            Proxy::Vercel | Proxy::NextJs => "remove the middleware that changes it",
            Proxy::Node => "remove it from headers and from the handler of proxyReq",
            Proxy::Traefik => "take it out of customRequestHeaders",
            Proxy::Apache => "remove RequestHeader for it",
            Proxy::Envoy => "take it out of request_headers_to_add and request_headers_to_remove",
            Proxy::Haproxy => "remove http-request set-header, add-header and del-header for it",
            Proxy::IngressNginx => "take it out of proxy-set-headers and configuration-snippet",
            Proxy::Caddy => "remove header_up for it",
            Proxy::Nginx => "remove proxy_set_header for it",
        }
    }

    /// Lets Accept-Encoding alone, where a proxy rewrites it of its own accord: the whole cure.
    pub(crate) fn accept_encoding_cure(self) -> Option<&'static str> {
        match self {
            Proxy::Cloudflare => Some(
                "Cloudflare rewrites Accept-Encoding: do not sign it, or set the record to DNS only (grey cloud).",
            ),
            Proxy::CloudFront => Some(
                "CloudFront rewrites Accept-Encoding: do not sign it, or use a cache policy without gzip and Brotli.",
            ),
            Proxy::Alb
            | Proxy::Vercel
            | Proxy::NextJs
            | Proxy::Node
            | Proxy::Traefik
            | Proxy::Apache
            | Proxy::Envoy
            | Proxy::Haproxy
            | Proxy::IngressNginx
            | Proxy::Caddy
            | Proxy::Nginx => None,
        }
    }

    /// Passes HEAD on as HEAD.
    pub(crate) fn keep_head_setting(self) -> &'static str {
        match self {
            Proxy::Nginx => {
                "set: proxy_cache_convert_head off; and put $request_method into proxy_cache_key."
            }
            Proxy::IngressNginx => "set proxy_cache_convert_head off; in a configuration-snippet.",
            Proxy::CloudFront => "use the cache policy CachingDisabled.",
            Proxy::Cloudflare => "let a cache rule bypass the cache.",
            Proxy::Caddy
            | Proxy::Alb
            | Proxy::Vercel
            | Proxy::NextJs
            | Proxy::Node
            | Proxy::Traefik
            | Proxy::Apache
            | Proxy::Envoy
            | Proxy::Haproxy => "let the cache pass HEAD on.",
        }
    }

    /// Passes the method on.
    pub(crate) fn keep_method_setting(self) -> &'static str {
        match self {
            Proxy::Nginx => "remove proxy_method",
            Proxy::IngressNginx => "remove proxy_method from the configuration-snippet",
            Proxy::Haproxy => "remove http-request set-method",
            Proxy::Caddy => "remove method from reverse_proxy",
            Proxy::CloudFront => "allow all methods in the behaviour",
            Proxy::Node => "remove method from the options",
            Proxy::Cloudflare
            | Proxy::Alb
            | Proxy::Vercel
            | Proxy::NextJs
            | Proxy::Traefik
            | Proxy::Apache
            | Proxy::Envoy => "pass the method on",
        }
    }

    /// Hands the query through with all of its parameters.
    pub(crate) fn keep_query_setting(self) -> &'static str {
        match self {
            Proxy::CloudFront => "use an origin request policy with all query strings (AllViewer).",
            Proxy::Cloudflare => "let the URL rewrite rule preserve the query.",
            Proxy::Alb => "remove the URL rewrite from the rule.",
            Proxy::Vercel | Proxy::NextJs => {
                "rewrite to a changed request.nextUrl.clone(), which keeps the query, not to a new URL."
            }
            Proxy::Node => "forward req.url and not req.path, and remove pathRewrite.",
            Proxy::Traefik => "remove the middleware that changes the query.",
            Proxy::Apache => "remove QSD and a ? at the end of RewriteRule, or set QSA.",
            Proxy::Envoy => "keep the query where Lua or ext_proc sets :path.",
            Proxy::Haproxy => "remove http-request set-query, set-uri and replace-uri.",
            Proxy::IngressNginx => "end the annotation rewrite-target without a ?.",
            Proxy::Caddy => "remove uri query, and a ? at the end of rewrite.",
            Proxy::Nginx => {
                "write $is_args$args behind a path that proxy_pass names, and no ? at the end of rewrite."
            }
        }
    }

    /// Leaves capitals in the path and the query as they are.
    pub(crate) fn keep_capitals_setting(self) -> &'static str {
        match self {
            Proxy::CloudFront => "remove toLowerCase from the function.",
            Proxy::Cloudflare => "remove lower() from the URL rewrite rule.",
            Proxy::Alb => "remove the URL rewrite from the rule.",
            Proxy::Vercel | Proxy::NextJs => "remove toLowerCase from the middleware.",
            Proxy::Node => "remove toLowerCase from pathRewrite and from what runs before it.",
            Proxy::Traefik => "remove the middleware that rewrites the URL.",
            Proxy::Apache => "remove the RewriteMap int:tolower.",
            Proxy::Envoy => "remove the Lua that changes :path.",
            Proxy::Haproxy => "remove the converter lower from http-request set-path, set-query and set-uri.",
            Proxy::IngressNginx => "remove the lower-casing from the configuration-snippet.",
            Proxy::Caddy => "remove uri and rewrite.",
            Proxy::Nginx => "remove what lower-cases the URI (Perl, njs, Lua).",
        }
    }

    /// Puts no document in the place of a folder, and no other object in the place of one.
    pub(crate) fn keep_object_setting(self) -> &'static str {
        match self {
            Proxy::CloudFront => {
                "leave the default root object empty, and remove the function that adds index.html."
            }
            Proxy::Cloudflare | Proxy::Alb => "remove the URL rewrite from the rule.",
            Proxy::Vercel | Proxy::NextJs => "let source and destination of the rewrite have the same path.",
            Proxy::Node => "remove pathRewrite and rewrite.",
            Proxy::Traefik => "remove ReplacePath and ReplacePathRegex.",
            Proxy::Apache => "set: DirectoryIndex disabled, and remove RewriteRule.",
            Proxy::Envoy => "remove prefix_rewrite and regex_rewrite from the route.",
            Proxy::Haproxy => "remove http-request replace-path and set-path.",
            Proxy::IngressNginx => "remove the annotations rewrite-target and app-root.",
            Proxy::Caddy => "remove try_files, rewrite and uri.",
            Proxy::Nginx => "remove index, try_files and rewrite.",
        }
    }

    /// Hands Authorization through; without a full stop.
    pub(crate) fn keep_authorization_setting(self) -> &'static str {
        match self {
            Proxy::CloudFront => {
                "put Authorization into the cache policy, or use an origin request policy with all headers"
            }
            Proxy::Cloudflare => "remove the transform rule that removes it",
            Proxy::Alb => "pass it on, with no rule that changes it",
            Proxy::Vercel | Proxy::NextJs => "remove the middleware that changes it",
            Proxy::Node => "remove auth, and what removes it in the handler of proxyReq",
            Proxy::Traefik => "set removeHeader = false in basicAuth, or use no basicAuth",
            Proxy::Apache => "remove RequestHeader unset Authorization",
            Proxy::Envoy => "take it out of request_headers_to_remove, and set forward: true in jwt_authn",
            Proxy::Haproxy => "remove http-request del-header Authorization",
            Proxy::IngressNginx => "take it out of proxy-set-headers and configuration-snippet",
            Proxy::Caddy => "remove header_up -Authorization",
            Proxy::Nginx => "remove proxy_set_header Authorization",
        }
    }

    /// Lets an upload through that takes long or is large.
    pub(in crate::facts) fn let_uploads_through_setting(self) -> &'static str {
        match self {
            Proxy::CloudFront => "upload in smaller parts, or let clients use the store's own address.",
            Proxy::Cloudflare => "upload in parts of less than 100 MB, the limit of its smaller plans.",
            Proxy::Alb => "raise idle_timeout.timeout_seconds.",
            Proxy::Vercel | Proxy::NextJs => "let clients upload to the store's own address.",
            Proxy::Node => "raise timeout and proxyTimeout.",
            Proxy::Traefik => "raise respondingTimeouts.readTimeout of the entry point.",
            Proxy::Apache => "raise RequestReadTimeout body= and LimitRequestBody.",
            Proxy::Envoy => "raise the timeout of the route and stream_idle_timeout.",
            Proxy::Haproxy => "raise timeout client and timeout server.",
            Proxy::IngressNginx => "raise the annotations proxy-body-size and proxy-send-timeout.",
            Proxy::Caddy => "raise max_size of request_body and read_body of timeouts.",
            Proxy::Nginx => "raise client_max_body_size, client_body_timeout and proxy_send_timeout.",
        }
    }

    /// Keeps it from signing what is signed already; without a full stop.
    pub(crate) fn no_signing_setting(self) -> &'static str {
        match self {
            Proxy::CloudFront => "Turn origin access control off in CloudFront",
            Proxy::Cloudflare
            | Proxy::Alb
            | Proxy::Vercel
            | Proxy::NextJs
            | Proxy::Node
            | Proxy::Traefik
            | Proxy::Apache
            | Proxy::Envoy
            | Proxy::Haproxy
            | Proxy::IngressNginx
            | Proxy::Caddy
            | Proxy::Nginx => "Turn signing off at the proxy or CDN",
        }
    }
}
