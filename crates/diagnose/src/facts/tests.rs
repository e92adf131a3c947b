//! Who is recognised by what, and what each is told: tables, one line a claim.

use super::*;

fn facts(lines: &[&str], query: &str, http_1_0: bool) -> Facts {
    let lines: Vec<(&str, &[u8])> = lines
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name, value.as_bytes()))
        .collect();
    Facts::of(Traces {
        headers: &lines,
        query: Some(query.as_bytes()),
        form: None,
        http_1_0,
    })
}

fn with_agent(agent: &str) -> Facts {
    facts(
        &[
            "Host: a",
            &format!("User-Agent: {agent}"),
            "Authorization: AWS4-HMAC-SHA256 x",
        ],
        "",
        false,
    )
}

#[test]
fn clients_are_told_apart_by_their_user_agent() {
    for (agent, client) in AGENTS {
        let facts = with_agent(agent);
        assert_eq!(facts.client, client, "{agent}");
    }
}

#[test]
fn every_client_has_an_agent_in_the_table_or_a_trace_of_its_own() {
    let traced = [Client::JsV2Page, Client::Browser, Client::Unknown];
    for client in ALL {
        let named = AGENTS.iter().any(|(_, named)| *named == client);
        assert!(named || traced.contains(&client), "{client:?}");
    }
}

#[test]
fn a_page_is_told_by_what_it_sends() {
    const CHROME: &str = "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0";
    let check = |lines: &[&str], client: Client| {
        let facts = facts(lines, "", false);
        assert_eq!((facts.client, facts.browser), (client, true), "{lines:?}");
    };
    check(&[CHROME, "Accept: */*"], Client::Browser);
    check(&["Origin: https://a.example"], Client::Browser);
    check(
        &[CHROME, "Accept: application/json, text/plain, */*"],
        Client::Axios,
    );
    check(
        &[
            CHROME,
            "x-amz-user-agent: aws-sdk-js/3.700.0 md/browser#Chrome_126",
        ],
        Client::JsV3Page,
    );
    check(
        &[CHROME, "x-amz-user-agent: aws-sdk-js/2.1692.0 callback"],
        Client::JsV2Page,
    );
}

#[test]
fn fetch_of_node_is_no_page_though_it_sends_what_browsers_send() {
    for (agent, page) in [("node", false), ("undici", false), ("Mozilla/5.0 (X11)", true)] {
        let facts = facts(
            &[&format!("User-Agent: {agent}"), "Sec-Fetch-Mode: cors"],
            "",
            false,
        );
        assert_eq!((facts.browser, facts.page), (true, page), "{agent}");
        assert_eq!(facts.client == Client::Browser, page, "{agent}");
    }
}

#[test]
fn who_has_no_name_is_told_by_what_it_signs() {
    let check = |lines: &[&str], client: Client| {
        assert_eq!(facts(lines, "", false).signer, client, "{lines:?}");
    };
    let sdk = "amz-sdk-invocation-id: 1";
    check(
        &[
            "Authorization: AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host;x-amz-date, Signature=0",
            sdk,
        ],
        Client::Boto3,
    );
    check(
        &[
            "Authorization: AWS4-HMAC-SHA256 Credential=a, SignedHeaders=accept-encoding;amz-sdk-invocation-id;host, Signature=0",
            sdk,
        ],
        Client::GoV2,
    );
    check(
        &[
            "Authorization: AWS4-HMAC-SHA256 Credential=a, SignedHeaders=amz-sdk-invocation-id;host, Signature=0",
            sdk,
        ],
        Client::Unknown,
    );
    let plain = "Accept-Encoding: identity";
    let tight = "Authorization: AWS4-HMAC-SHA256 Credential=a,SignedHeaders=host;x-amz-date,Signature=0";
    check(&[plain, tight], Client::S3cmd);
    check(&[plain, tight, "User-Agent: mine"], Client::Unknown);
    check(
        &[plain, "Authorization: AWS a:b", "x-amz-date: Wed"],
        Client::S3cmd,
    );
    check(&[plain, "x-amz-date: Wed"], Client::Unknown);
}

#[test]
fn code_of_ones_own_signs_where_it_sends() {
    for (agent, signer) in [("node", Client::Fetch), ("Mozilla/5.0 (X11)", Client::Browser)] {
        assert_eq!(with_agent(agent).signer, signer, "{agent}");
        assert_eq!(
            facts(&[&format!("User-Agent: {agent}")], "", false).signer,
            Client::Unknown
        );
    }
}

#[test]
fn curl_signs_only_what_it_writes_in_front_of_its_name() {
    let (agent, signature) = ("User-Agent: curl/8.5.0", "Authorization: AWS4-HMAC-SHA256 x");
    assert_eq!(facts(&[signature, agent], "", false).signer, Client::Curl);
    assert_eq!(facts(&[agent, signature], "", false).signer, Client::Unknown);
}

#[test]
fn a_link_is_signed_by_whoever_writes_its_parameters_so_and_not_by_whoever_opens_it() {
    let check = |query: &str, client: Client| {
        let facts = facts(&["User-Agent: curl/8.5.0"], query, false);
        assert_eq!((facts.client, facts.signer), (Client::Curl, client), "{query}");
    };
    let start = "X-Amz-Algorithm=A&X-Amz-Credential=c&X-Amz-Date=d&X-Amz-Expires=1";
    check(
        "X-Amz-Algorithm=A&X-Amz-Content-Sha256=U&X-Amz-Credential=c&X-Amz-Signature=0&X-Amz-SignedHeaders=host&x-id=GetObject",
        Client::JsV3,
    );
    check(
        &format!("{start}&X-Amz-Signature=0&X-Amz-SignedHeaders=host"),
        Client::JsV2,
    );
    check(
        &format!("X-Amz-Content-Sha256=U&{start}&X-Amz-SignedHeaders=host&X-Amz-Signature=0"),
        Client::Php,
    );
    check(
        &format!("{start}&X-Amz-SignedHeaders=host&x-id=GetObject&X-Amz-Signature=0"),
        Client::GoV2,
    );
    check(
        &format!("{start}&X-Amz-SignedHeaders=host&X-Amz-Security-Token=t&X-Amz-Signature=0"),
        Client::Boto3,
    );
    let login = facts(
        &["Authorization: Bearer x"],
        &format!("{start}&X-Amz-Signature=0&X-Amz-SignedHeaders=host"),
        false,
    );
    assert_eq!(login.signer, Client::JsV2, "a login is no signature");
    // So do boto3, the first SDK for Go and those of MinIO alike.
    check(
        &format!("{start}&X-Amz-SignedHeaders=host&X-Amz-Signature=0"),
        Client::Unknown,
    );
    check("AWSAccessKeyId=a&Signature=s&Expires=1", Client::Boto3);
    check("AWSAccessKeyId=a&Expires=1&Signature=s", Client::Unknown);
    check("list-type=2", Client::Unknown);
}

#[test]
fn a_form_is_signed_by_whoever_writes_its_fields_so() {
    let check = |names: &[&str], client: Client| {
        let form = FormFacts {
            fields: names
                .iter()
                .map(|name| ((*name).to_owned(), Vec::new()))
                .collect(),
            ..FormFacts::default()
        };
        let facts = Facts::of(Traces {
            form: Some(&form),
            ..Traces::default()
        });
        assert_eq!(facts.signer, client, "{names:?}");
    };
    check(
        &[
            "bucket",
            "X-Amz-Algorithm",
            "X-Amz-Credential",
            "X-Amz-Date",
            "key",
            "Policy",
        ],
        Client::JsV3,
    );
    check(
        &[
            "key",
            "bucket",
            "X-Amz-Algorithm",
            "X-Amz-Credential",
            "X-Amz-Date",
            "Policy",
        ],
        Client::JsV2,
    );
    check(
        &[
            "key",
            "x-amz-algorithm",
            "x-amz-credential",
            "x-amz-date",
            "policy",
        ],
        Client::Boto3,
    );
    check(
        &[
            "bucket",
            "key",
            "x-amz-date",
            "x-amz-algorithm",
            "x-amz-credential",
            "policy",
        ],
        Client::MinioJs,
    );
    check(&["key", "policy", "signature"], Client::Unknown);
}

#[test]
fn a_proxy_is_seen_by_a_trace_of_its_own_and_else_presumed() {
    let check = |lines: &[&str], http_1_0: bool, proxy: Proxy, is_seen: bool| {
        let facts = facts(lines, "", http_1_0);
        assert_eq!((facts.proxy, facts.proxy_is_seen), (proxy, is_seen), "{lines:?}");
        // Whatever is seen is also named as the evidence.
        assert!(!is_seen || facts.proxy_evidence.is_some(), "{lines:?}");
    };
    let agent = "User-Agent: curl/8.5.0";
    let of_its_own: &[(&[&str], Proxy)] = &[
        (&["Via: 1.1 abc.cloudfront.net (CloudFront)"], Proxy::CloudFront),
        (&["User-Agent: Amazon CloudFront"], Proxy::CloudFront),
        (&["CF-Ray: 1-FRA"], Proxy::Cloudflare),
        (&["CDN-Loop: cloudflare; loops=1"], Proxy::Cloudflare),
        (&["x-vercel-id: fra1::1"], Proxy::Vercel),
        (&["x-middleware-subrequest: 1"], Proxy::NextJs),
        (&["Via: 1.1 Caddy"], Proxy::Caddy),
        (&["x-envoy-expected-rq-timeout-ms: 1"], Proxy::Envoy),
        (
            &["X-Forwarded-Scheme: https", "X-Scheme: https"],
            Proxy::IngressNginx,
        ),
        (&["X-Forwarded-Server: a", "X-Real-Ip: 1.2.3.4"], Proxy::Traefik),
        (&["X-Forwarded-Server: a", "X-Forwarded-Host: b"], Proxy::Apache),
        (&["X-Amzn-Trace-Id: Root=1", "X-Forwarded-Port: 443"], Proxy::Alb),
    ];
    for (lines, proxy) in of_its_own {
        check(lines, false, *proxy, true);
    }
    check(&["Host: a", "Connection: close"], true, Proxy::Nginx, true);
    let forwarded = [
        "X-Forwarded-For: 1.2.3.4",
        "X-Forwarded-Host: a",
        "X-Forwarded-Proto: http",
    ];
    check(
        &[&["Host: a", agent][..], &forwarded[..]].concat(),
        false,
        Proxy::Caddy,
        false,
    );
    check(
        &[&["Host: a"][..], &forwarded[..], &[agent]].concat(),
        false,
        Proxy::Nginx,
        false,
    );
    check(
        &["Host: a", agent, "X-Forwarded-For: 1.2.3.4"],
        false,
        Proxy::Haproxy,
        false,
    );
    check(
        &["Host: a", agent, "Connection: close"],
        false,
        Proxy::Node,
        false,
    );
    check(
        &[
            "Host: a",
            "Connection: close",
            "Origin: http://localhost:5173",
            agent,
        ],
        false,
        Proxy::Node,
        false,
    );
    check(
        &["Host: a", "Connection: close", agent],
        false,
        Proxy::Nginx,
        false,
    );
    check(&["Host: a", agent], false, Proxy::Nginx, false);
}

#[test]
fn stock_nginx_shows_itself_by_http_1_0_and_connection_close() {
    let lines = ["Host: 127.0.0.1:9000", "Connection: close"];
    let seen = facts(&lines, "", true).proxy_evidence;
    assert!(seen.is_some_and(|evidence| evidence.contains("nginx")));
    assert_eq!(facts(&lines, "", false).proxy_evidence, None);
}

#[test]
fn a_proxy_that_is_only_presumed_is_spoken_of_with_an_if() {
    let seen = facts(&["Host: a", "Connection: close"], "", true);
    assert_eq!(
        seen.keep_host_setting(),
        "In nginx set: proxy_set_header Host $http_host;"
    );
    let presumed = facts(&["Host: a", "X-Real-IP: 1.2.3.4"], "", false);
    assert_eq!(
        presumed.keep_host_setting(),
        "The proxy must pass Host on unchanged. If nginx is in front, set: proxy_set_header Host $http_host;"
    );
}

#[test]
fn each_client_is_told_its_own_setting() {
    use Client::*;
    type Ask = fn(Client) -> &'static str;
    let table: &[(Ask, &[(Client, &str)])] = &[
        (
            Client::region_setting,
            &[
                (JsV3, "region"),
                (AwsCliV2, "aws configure set region"),
                (Rclone, "region"),
                (S3cmd, "bucket_location"),
                (DotNet, "AuthenticationRegion"),
                (Curl, "--aws-sigv4"),
            ],
        ),
        (
            Client::path_style_setting,
            &[
                (JsV3, "forcePathStyle: true"),
                (JsV2Page, "s3ForcePathStyle: true"),
                (Boto3, "'addressing_style': 'path'"),
                (AwsCliV1, "default.s3.addressing_style path"),
                (GoV1, "S3ForcePathStyle"),
                (GoV2, "UsePathStyle"),
                (JavaV1, "withPathStyleAccessEnabled(true)"),
                (JavaV2, "forcePathStyle(true)"),
                (Kotlin, "forcePathStyle = true"),
                (Rust, "force_path_style(true)"),
                (Php, "'use_path_style_endpoint' => true"),
                (DotNet, "ForcePathStyle = true"),
                (Ruby, "force_path_style: true"),
                (Cpp, "useVirtualAddressing = false"),
                (MinioJs, "pathStyle: true"),
                (MinioGo, "BucketLookupPath"),
                (MinioPy, "disable_virtual_style_endpoint()"),
                (MinioJava, "disableVirtualStyleEndpoint()"),
                (Mc, "--path on"),
                (Rclone, "force_path_style = true"),
                (S3cmd, "host_bucket"),
            ],
        ),
        (
            Client::no_default_checksum_setting,
            &[
                (JsV3, "requestChecksumCalculation: \"WHEN_REQUIRED\""),
                (Boto3, "request_checksum_calculation=\"when_required\""),
                (
                    AwsCliV2,
                    "aws configure set request_checksum_calculation when_required",
                ),
                (GoV2, "aws.RequestChecksumCalculationWhenRequired"),
                (JavaV2, "RequestChecksumCalculation.WHEN_REQUIRED"),
                (Kotlin, "RequestHttpChecksumConfig.WHEN_REQUIRED"),
                (Rust, "RequestChecksumCalculation::WhenRequired"),
                (Php, "'request_checksum_calculation' => 'when_required'"),
                (Rclone, "use_data_integrity_protections = false"),
            ],
        ),
        (
            Client::version_4_setting,
            &[
                (JsV2, "signatureVersion: 'v4'"),
                (Boto3, "signature_version='s3v4'"),
                (S3cmd, "signature_v2 = False"),
                (Rclone, "v2_auth = false"),
                (Mc, "--api S3v4"),
                (DotNet, "UseSignatureVersion4"),
            ],
        ),
        (
            Client::clock_setting,
            &[
                (JsV3Page, "systemClockOffset"),
                (JsV2Page, "correctClockSkew: true"),
                (DotNet, "CorrectForClockSkew"),
                (AwsCliV2, "timedatectl"),
            ],
        ),
        (
            Client::where_secret,
            &[
                (JsV3, "secretAccessKey"),
                (Boto3, "aws_secret_access_key"),
                (Curl, "--user"),
                (MinioJs, "secretKey"),
                (Mc, "mc alias set"),
                (Rclone, "rclone.conf"),
                (S3cmd, ".s3cfg"),
            ],
        ),
        (
            Client::where_session_token,
            &[(JsV3, "sessionToken"), (S3cmd, "access_token"), (Php, "'token'")],
        ),
        (
            Client::where_endpoint,
            &[
                (Boto3, "endpoint_url"),
                (GoV2, "BaseEndpoint"),
                (DotNet, "ServiceURL"),
                (S3cmd, "host_base"),
            ],
        ),
        (
            Client::where_http_proxy,
            &[
                (Boto3, "proxies="),
                (JavaV2, "proxyConfiguration(..)"),
                (MinioPy, "ProxyManager"),
                (S3cmd, "proxy_host"),
                (Curl, "-x"),
            ],
        ),
        (
            Client::where_key_pair,
            &[
                (AwsCliV2, "aws configure list"),
                (Mc, "mc alias set"),
                (Rclone, "rclone config show"),
                (S3cmd, "access_key and secret_key"),
                (Php, "'key' and 'secret'"),
            ],
        ),
        (
            Client::renewing_setting,
            &[
                (JsV3, "fromTemporaryCredentials"),
                (Boto3, "RefreshableCredentials"),
                (GoV2, "stscreds.NewAssumeRoleProvider"),
                (MinioJs, "AssumeRoleProvider"),
                (Rclone, "env_auth = true"),
            ],
        ),
        (
            Client::no_express_setting,
            &[
                (JsV3, "disableS3ExpressSessionAuth: true"),
                (Boto3, "s3_disable_express_session_auth=True"),
                (Php, "'disable_express_session_auth' => true"),
                (Rclone, "directory_bucket = false"),
            ],
        ),
        (
            Client::hmac_bytes_call,
            &[
                (Php, "true as its last argument"),
                (Requests, "digest()"),
                (Browser, "createHmac"),
                (OkHttp, "doFinal"),
                (Postman, "CryptoJS"),
            ],
        ),
        (
            Client::where_content_type,
            &[
                (Browser, "fetch"),
                (Axios, "axios"),
                (Requests, "headers="),
                (OkHttp, "MediaType"),
            ],
        ),
    ];
    for (ask, lines) in table {
        for (client, setting) in *lines {
            let told = ask(*client);
            assert!(told.contains(setting), "{client:?}: {told}");
        }
    }
}

#[test]
fn nobody_is_told_the_setting_of_another_client() {
    for (name, ask) in ASKED {
        for client in ALL {
            let told = ask(client);
            for (word, owners) in OWN_WORDS {
                let allowed = owners.contains(&client) || !client.signs();
                assert!(allowed || !told.contains(word), "{name} of {client:?}: {told}");
            }
        }
    }
}

#[test]
fn what_a_client_is_told_is_plain_and_short() {
    for (name, ask) in ASKED {
        for client in ALL {
            let told = ask(client);
            assert!(
                told.bytes().all(|byte| (0x20..0x7f).contains(&byte)),
                "{name} of {client:?}: {told}"
            );
            assert!(
                told.len() <= SETTING_CHARACTERS_MAX && !told.ends_with('.')
                    || *name == "unsigned_accept_encoding",
                "{name} of {client:?} has {} characters: {told}",
                told.len()
            );
        }
    }
}

#[test]
fn what_a_proxy_is_told_is_plain_and_short_and_its_own() {
    let own: &[(&str, &[Proxy])] = &[
        ("proxy_pass", &[Proxy::Nginx]),
        ("proxy_set_header", &[Proxy::Nginx]),
        ("header_up", &[Proxy::Caddy]),
        ("StripPrefix", &[Proxy::Traefik]),
        ("ProxyP", &[Proxy::Apache]),
        ("prefix_rewrite", &[Proxy::Envoy]),
        ("http-request", &[Proxy::Haproxy]),
        ("annotation", &[Proxy::IngressNginx]),
        ("origin request policy", &[Proxy::CloudFront]),
        ("changeOrigin", &[Proxy::Node]),
        ("routing.http", &[Proxy::Alb]),
    ];
    for proxy in PROXIES {
        for is_seen in [true, false] {
            let facts = Facts {
                proxy,
                proxy_is_seen: is_seen,
                ..with_agent("curl/8.5.0")
            };
            for told in [
                facts.keep_host_setting(),
                facts.keep_path_setting(),
                facts.keep_slashes_setting(),
                facts.leave_header_setting(),
                facts.let_uploads_through_setting(),
                facts.at_the_proxy(proxy.keep_dots_setting()),
                facts.at_the_proxy(proxy.keep_last_slash_setting()),
                facts.at_the_proxy(proxy.keep_head_setting()),
                facts.at_the_proxy(proxy.keep_method_setting()),
                facts.at_the_proxy(proxy.keep_query_setting()),
                facts.at_the_proxy(proxy.keep_capitals_setting()),
                facts.at_the_proxy(proxy.keep_object_setting()),
                facts.at_the_proxy(proxy.keep_authorization_setting()),
                proxy.accept_encoding_cure().unwrap_or_default().to_owned(),
                proxy.no_signing_setting().to_owned(),
            ] {
                assert!(told.is_ascii() && told.len() <= PROXY_CHARACTERS_MAX, "{told}");
                for (word, owners) in own {
                    assert!(
                        owners.contains(&proxy) || !told.contains(word),
                        "{proxy:?}: {told}"
                    );
                }
            }
        }
    }
}

/// What leaves room for the words about what happened.
const SETTING_CHARACTERS_MAX: usize = 125;
const PROXY_CHARACTERS_MAX: usize = 175;

type Ask = fn(Client) -> &'static str;

/// Everything a client can be asked.
const ASKED: &[(&str, Ask)] = &[
    ("region_setting", Client::region_setting),
    ("where_endpoint", Client::where_endpoint),
    ("where_secret", Client::where_secret),
    ("where_session_token", Client::where_session_token),
    ("where_headers", Client::where_headers),
    ("where_content_type", Client::where_content_type),
    ("where_method", Client::where_method),
    ("where_type_is_signed", Client::where_type_is_signed),
    ("where_fields", Client::where_fields),
    ("version_4_setting", Client::version_4_setting),
    ("no_version_4a_setting", Client::no_version_4a_setting),
    ("path_style_setting", Client::path_style_setting),
    ("host_style_setting", Client::host_style_setting),
    ("no_default_checksum_setting", Client::no_default_checksum_setting),
    ("clock_setting", Client::clock_setting),
    ("utc_setting", Client::utc_setting),
    ("queue_setting", Client::queue_setting),
    ("service_setting", Client::service_setting),
    ("encode_once_setting", Client::encode_once_setting),
    ("finished_link_setting", Client::finished_link_setting),
    ("bare_request_setting", Client::bare_request_setting),
    ("file_last_setting", Client::file_last_setting),
    ("type_field_setting", Client::type_field_setting),
    ("lifetime_setting", Client::lifetime_setting),
    ("stay_header_setting", Client::stay_header_setting),
    ("encoder", Client::encoder),
    ("copy_source_setting", Client::copy_source_setting),
    ("unsigned_accept_encoding", Client::unsigned_accept_encoding),
    ("keep_dots_setting", Client::keep_dots_setting),
    ("file_as_body_setting", Client::file_as_body_setting),
    ("no_charset_setting", Client::no_charset_setting),
    ("unsigned_expect_setting", Client::unsigned_expect_setting),
    ("sign_setting", Client::sign_setting),
    ("no_chunks_setting", Client::no_chunks_setting),
    ("content_sha256_setting", Client::content_sha256_setting),
    (
        "unsigned_sdk_headers_setting",
        Client::unsigned_sdk_headers_setting,
    ),
    ("own_boundary_setting", Client::own_boundary_setting),
    ("one_field_setting", Client::one_field_setting),
    ("where_http_proxy", Client::where_http_proxy),
    ("where_object_key", Client::where_object_key),
    ("link_call", Client::link_call),
    ("where_key_pair", Client::where_key_pair),
    ("renewing_setting", Client::renewing_setting),
    ("no_express_setting", Client::no_express_setting),
    ("where_expected_owner", Client::where_expected_owner),
    ("hmac_bytes_call", Client::hmac_bytes_call),
    ("hmac_arguments_call", Client::hmac_arguments_call),
    ("sha256_hex_call", Client::sha256_hex_call),
    ("join_lines_call", Client::join_lines_call),
    ("lower_case_call", Client::lower_case_call),
    ("utf8_call", Client::utf8_call),
    ("date_call", Client::date_call),
    ("path_call", Client::path_call),
];

/// Words that belong to one client, or to those that share them.
const OWN_WORDS: &[(&str, &[Client])] = {
    use Client::*;
    &[
        ("new S3Client({", &[JsV3, JsV3Page]),
        ("getSignedUrl", &[JsV3, JsV3Page, JsV2, JsV2Page]),
        ("AWS.S3(", &[JsV2, JsV2Page]),
        ("boto3", &[Boto3]),
        ("botocore", &[Boto3]),
        ("aws configure", &[AwsCliV1, AwsCliV2]),
        ("aws.Config", &[GoV1, GoV2]),
        ("s3.Options", &[GoV2]),
        ("EndpointConfiguration(", &[JavaV1]),
        ("S3Client.builder()", &[JavaV2]),
        ("S3Client { ", &[Kotlin]),
        ("config builder", &[Rust]),
        ("::new", &[Rust]),
        ("new S3Client([", &[Php]),
        ("AmazonS3Config", &[DotNet]),
        ("Aws::S3::Client", &[Ruby]),
        ("S3ClientConfiguration", &[Cpp]),
        ("--aws-sigv4", &[Curl]),
        ("--path-as-is", &[Curl]),
        ("Minio.Client", &[MinioJs]),
        ("minio.", &[MinioGo]),
        ("restic", &[MinioGo]),
        ("Minio(", &[MinioPy]),
        ("MinioClient", &[MinioJava]),
        ("mc alias", &[Mc]),
        ("rclone", &[Rclone]),
        (".s3cfg", &[S3cmd]),
        ("s5cmd", &[S5cmd]),
        ("Postman", &[Postman]),
        ("axios", &[]),
        ("OkHttp", &[]),
        ("requests:", &[]),
    ]
};

pub(super) const PROXIES: [Proxy; 13] = [
    Proxy::CloudFront,
    Proxy::Cloudflare,
    Proxy::Alb,
    Proxy::Vercel,
    Proxy::NextJs,
    Proxy::Node,
    Proxy::Traefik,
    Proxy::Apache,
    Proxy::Envoy,
    Proxy::Haproxy,
    Proxy::IngressNginx,
    Proxy::Caddy,
    Proxy::Nginx,
];

pub(super) const ALL: [Client; 33] = [
    Client::JsV3,
    Client::JsV3Page,
    Client::JsV2,
    Client::JsV2Page,
    Client::Boto3,
    Client::AwsCliV1,
    Client::AwsCliV2,
    Client::GoV1,
    Client::GoV2,
    Client::JavaV1,
    Client::JavaV2,
    Client::Kotlin,
    Client::Rust,
    Client::Php,
    Client::DotNet,
    Client::Ruby,
    Client::Cpp,
    Client::Curl,
    Client::MinioJs,
    Client::MinioGo,
    Client::MinioPy,
    Client::MinioJava,
    Client::Mc,
    Client::Rclone,
    Client::S3cmd,
    Client::S5cmd,
    Client::Postman,
    Client::Browser,
    Client::Axios,
    Client::Fetch,
    Client::OkHttp,
    Client::Requests,
    Client::Unknown,
];

/// How clients call themselves.
const AGENTS: [(&str, Client); 34] = [
    (
        "aws-sdk-js/3.1168.0 ua/2.1 os/linux#6.1.0 lang/js md/nodejs#20.20.2",
        Client::JsV3,
    ),
    (
        "aws-sdk-js/3.1168.0 ua/2.1 os/macOS lang/js md/browser#Safari_17",
        Client::JsV3Page,
    ),
    ("aws-sdk-nodejs/2.1693.0 linux/v20.20.2 promise", Client::JsV2),
    (
        "Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux#6.1.0 lang/python#3.11.7",
        Client::Boto3,
    ),
    ("Botocore/1.31.0 Python/3.11", Client::Boto3),
    ("aws-cli/1.46.3 md/Botocore#1.43.62 ua/2.1", Client::AwsCliV1),
    (
        "aws-cli/2.9.19 Python/3.11.2 Linux/6.1.0 source/x86_64.debian.12",
        Client::AwsCliV2,
    ),
    (
        "aws-sdk-go/1.44.256 (go1.20; linux; amd64) S3Manager",
        Client::GoV1,
    ),
    (
        "aws-sdk-go-v2/1.30.0 os/linux lang/go#1.22.1 api/s3#1.58.0",
        Client::GoV2,
    ),
    (
        "aws-sdk-java/1.12.261 Linux/5.10 OpenJDK_64-Bit_Server_VM",
        Client::JavaV1,
    ),
    (
        "aws-sdk-java/2.25.0 Linux/6.1 vendor/Eclipse_Adoptium io/sync http/Apache",
        Client::JavaV2,
    ),
    (
        "aws-sdk-kotlin/1.3.81 ua/2.1 api/s3#1.3.81 os/linux lang/kotlin#2.0",
        Client::Kotlin,
    ),
    ("aws-sdk-rust/1.3.3 os/linux lang/rust/1.79.0", Client::Rust),
    (
        "aws-sdk-php/3.300.0 ua/2.0 OS/Linux lang/php#8.2.0 GuzzleHttp/7",
        Client::Php,
    ),
    (
        "aws-sdk-dotnet-coreclr/3.7.305.28 ua/2.0 os/windows#10 lang/.NET_Core#8.0.2",
        Client::DotNet,
    ),
    (
        "aws-sdk-ruby3/3.171.0 ruby/3.2.2 x86_64-linux aws-sdk-s3/1.120.0",
        Client::Ruby,
    ),
    ("aws-sdk-cpp/1.11.300 ua/2.0 md/aws-crt os/Linux/6.1", Client::Cpp),
    ("curl/8.5.0", Client::Curl),
    ("MinIO (linux; x64) minio-js/8.0.7", Client::MinioJs),
    ("MinIO (linux; amd64) minio-go/v7.0.80", Client::MinioGo),
    ("MinIO (Linux; x86_64) minio-py/7.2.20", Client::MinioPy),
    ("MinIO (Linux; amd64) minio-java/8.5.9", Client::MinioJava),
    (
        "MinIO (linux; amd64) minio-go/v7.0.90 mc/RELEASE.2025-04-16T18-13-26Z",
        Client::Mc,
    ),
    ("rclone/v1.68.1", Client::Rclone),
    ("s3cmd/2.4.0", Client::S3cmd),
    ("s5cmd/v2.2.2", Client::S5cmd),
    ("PostmanRuntime/7.39.0", Client::Postman),
    ("axios/1.7.2", Client::Axios),
    ("node", Client::Fetch),
    ("undici", Client::Fetch),
    ("okhttp/4.12.0", Client::OkHttp),
    ("python-requests/2.32.3", Client::Requests),
    ("Mozilla/5.0 (X11; Linux x86_64)", Client::Browser),
    ("something", Client::Unknown),
];
