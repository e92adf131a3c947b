//! The pages list for each client or proxy what the cure says, in the same words.
//!
//! `COUNTERSIGN_BLESS=1` rewrites the tables. A table begins with its heading and ends with the line after its last row.

use std::fs;
use std::path::Path;

use super::tests::{ALL, PROXIES};
use super::*;

const CLIENTS: &str = "| client | setting |\n|---|---|\n";
const IN_FRONT: &str = "| proxy | setting |\n|---|---|\n";

fn name(client: Client) -> &'static str {
    match client {
        Client::JsV3 => "JavaScript v3",
        Client::JsV3Page => "JavaScript v3 in a page",
        Client::JsV2 => "JavaScript v2",
        Client::JsV2Page => "JavaScript v2 in a page",
        Client::Boto3 => "boto3",
        Client::AwsCliV1 | Client::AwsCliV2 => "AWS CLI",
        Client::GoV1 => "Go v1",
        Client::GoV2 => "Go v2",
        Client::JavaV1 => "Java v1",
        Client::JavaV2 => "Java v2",
        Client::Kotlin => "Kotlin",
        Client::Rust => "Rust",
        Client::Php => "PHP",
        Client::DotNet => ".NET",
        Client::Ruby => "Ruby",
        Client::Cpp => "C++",
        Client::Curl => "curl",
        Client::MinioJs => "minio-js",
        Client::MinioGo => "minio-go",
        Client::MinioPy => "minio-py",
        Client::MinioJava => "minio-java",
        Client::Mc => "mc",
        Client::Rclone => "rclone",
        Client::S3cmd => "s3cmd",
        Client::S5cmd => "s5cmd",
        Client::Postman => "Postman",
        Client::Browser => "fetch in a page",
        Client::Axios => "axios",
        Client::Fetch => "fetch in Node",
        Client::OkHttp => "OkHttp",
        Client::Requests => "requests",
        Client::Unknown => "any other",
    }
}

/// A row for each client that signs and has words of its own; those with the same words share one.
fn of_clients(ask: impl Fn(Client) -> String) -> String {
    let general = |words: &str| {
        let count = ALL.iter().filter(|client| ask(**client) == words).count();
        count > 4
    };
    let mut rows: Vec<(Vec<&str>, String)> = Vec::new();
    for client in ALL.into_iter().filter(|client| client.signs()) {
        let words = ask(client);
        match rows.iter_mut().find(|(_, told)| *told == words) {
            _ if general(&words) => {}
            Some((names, _)) if names.contains(&name(client)) => {}
            Some((names, _)) => names.push(name(client)),
            None => rows.push((vec![name(client)], words)),
        }
    }
    let rows = rows
        .iter()
        .map(|(names, words)| format!("| {} | {words} |\n", names.join(", ")));
    format!("{CLIENTS}{}", rows.collect::<String>())
}

fn of_proxies(ask: impl Fn(Proxy) -> &'static str) -> String {
    let rows = PROXIES
        .iter()
        .map(|proxy| format!("| {} | {} |\n", proxy.name(), ask(*proxy)));
    format!("{IN_FRONT}{}", rows.collect::<String>())
}

#[test]
fn pages_list_what_each_client_and_each_proxy_is_told() {
    let of = |ask: fn(Client) -> &'static str| of_clients(|client| ask(client).to_owned());
    let tables = [
        (
            "SCP-REGION",
            of_clients(|client| format!("{}eu-central-1", client.region_setting())),
        ),
        ("HST-VHOST", of(Client::path_style_setting)),
        ("HST-REPLACED", of(Client::where_endpoint)),
        ("PAY-SDK2025", of(Client::no_default_checksum_setting)),
        ("ALG-V2", of(Client::version_4_setting)),
        ("CLK-SKEW", of(Client::clock_setting)),
        ("CLK-STALE", of(Client::queue_setting)),
        ("SEC-WRONG", of(Client::where_secret)),
        ("TOK-MISSING", of(Client::where_session_token)),
        ("HST-PROXY", of_proxies(Proxy::keep_host_setting)),
        ("HST-PREFIX", of_proxies(Proxy::keep_path_setting)),
        ("URI-MERGE", of_proxies(Proxy::keep_slashes_setting)),
        ("HDR-MISSING", of_proxies(Proxy::leave_header_setting)),
        ("STR-LENGTH", of_proxies(Proxy::let_uploads_through_setting)),
    ];
    let mut old = Vec::new();
    for (id, table) in tables {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("pages/{id}.md"));
        let page = fs::read_to_string(&path).expect("a page");
        let heading = if table.starts_with(CLIENTS) {
            CLIENTS
        } else {
            IN_FRONT
        };
        let (before, rest) = page.split_once(heading).expect("the page has its table");
        let (_, after) = rest.split_once("\n\n").expect("something follows the table");
        let fresh = format!("{before}{table}\n{after}");
        if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
            fs::write(&path, &fresh).expect("writing");
        } else if fresh != page {
            old.push(id);
        }
    }
    assert!(old.is_empty(), "tables of settings are old, bless them: {old:?}");
}
