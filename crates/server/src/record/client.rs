//! Which client a request came from, as far as groups need it: the family of the program and the address.
//!
//! The family is what the program calls itself, so it is told as that and trusted with nothing. Known programs are looked for
//! anywhere in the user agent, since SDKs and wrappers name themselves beside each other; any other goes by the first name.

use std::net::IpAddr;

/// `family@address`, for example `boto3@192.0.2.7`.
pub(crate) fn client(user_agent: Option<&str>, address: IpAddr) -> String {
    format!(
        "{}@{}",
        family(user_agent.unwrap_or_default()),
        address.to_canonical()
    )
}

/// Whether a client is the one that somebody asks for: by the whole name, by the family, or by the address.
pub(crate) fn is_client(client: &str, asked: &str) -> bool {
    let parts = client.rsplit_once('@');
    client == asked || parts.is_some_and(|(family, address)| family == asked || address == asked)
}

/// The family of a user agent.
fn family(user_agent: &str) -> String {
    let lower = user_agent.to_ascii_lowercase();
    let known = FAMILIES.iter().find(|(mark, _)| {
        lower.match_indices(mark).any(|(at, _)| {
            lower
                .get(..at)
                .is_some_and(|before| !before.ends_with(is_part_of_a_name))
        })
    });
    if let Some((_, family)) = known {
        return (*family).to_owned();
    }
    let first = lower.split(['/', ' ', '(']).next().unwrap_or_default();
    let name: String = first
        .chars()
        .filter(|c| is_part_of_a_name(*c))
        .take(FAMILY_CHARACTERS_MAX)
        .collect();
    if name.is_empty() {
        "unknown".to_owned()
    } else {
        name
    }
}

fn is_part_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// How user agents of known programs say so, in lower case; the first that fits counts, wrappers before what they wrap.
const FAMILIES: [(&str, &str); 30] = [
    ("aws-cli/", "aws-cli"),
    ("boto3/", "boto3"),
    ("botocore/", "botocore"),
    ("rclone/", "rclone"),
    ("s3cmd/", "s3cmd"),
    ("s3fs/", "s3fs"),
    ("restic/", "restic"),
    ("minio-js/", "minio-js"),
    ("minio-py/", "minio-py"),
    ("minio-go/", "minio-go"),
    ("minio-java/", "minio-java"),
    ("opendal/", "opendal"),
    ("object_store/", "object_store"),
    ("aws-sdk-js/2.", "aws-sdk-js-v2"),
    ("aws-sdk-nodejs/2.", "aws-sdk-js-v2"),
    ("aws-sdk-js/", "aws-sdk-js-v3"),
    ("aws-sdk-rust/", "aws-sdk-rust"),
    ("aws-sdk-go-v2/", "aws-sdk-go-v2"),
    ("aws-sdk-go/", "aws-sdk-go"),
    ("aws-sdk-java/", "aws-sdk-java"),
    ("aws-sdk-cpp/", "aws-sdk-cpp"),
    ("aws-sdk-php/", "aws-sdk-php"),
    ("aws-sdk-ruby3/", "aws-sdk-ruby"),
    ("aws-sdk-dotnet", "aws-sdk-dotnet"),
    ("aws-sdk-net", "aws-sdk-dotnet"),
    ("curl/", "curl"),
    ("wget/", "wget"),
    ("postmanruntime/", "postman"),
    ("python-requests/", "python-requests"),
    ("mozilla/", "browser"),
];
/// Most characters of a name that is not in the table.
const FAMILY_CHARACTERS_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_its_program_and_its_address() {
        let check =
            |user_agent: &str, expected: &str| assert_eq!(family(user_agent), expected, "{user_agent}");
        check(
            "Boto3/1.43.66 md/Botocore#1.43.66 ua/2.1 os/linux#6.1 lang/python#3.11 Botocore/1.43.66",
            "boto3",
        );
        check("aws-cli/2.9.19 Python/3.11.2 Linux/6.1 source/x86_64", "aws-cli");
        check(
            "aws-sdk-js/3.1000.0 ua/2.1 os/linux lang/js md/nodejs#20 api/s3",
            "aws-sdk-js-v3",
        );
        check("aws-sdk-nodejs/2.1692.0 linux/v20 promise", "aws-sdk-js-v2");
        check("MinIO (linux; x64) minio-js/8.0.6", "minio-js");
        check("rclone/v1.60.1-DEV", "rclone");
        check("aws-sdk-go-v2/1.41.0 os/linux lang/go#1.25", "aws-sdk-go-v2");
        check("curl/7.88.1", "curl");
        check(
            "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36",
            "browser",
        );
        check("my-Uploader/1.0", "my-uploader");
        check("notcurl/1.0", "notcurl");
        check("\"><script>", "script");
        check("", "unknown");
        check("(compatible)", "unknown");
        assert_eq!(family(&"x".repeat(100)).len(), FAMILY_CHARACTERS_MAX);
        let address = IpAddr::from([192, 0, 2, 7]);
        assert_eq!(client(Some("curl/7.88.1"), address), "curl@192.0.2.7");
        assert_eq!(
            client(None, "::ffff:192.0.2.7".parse().expect("an address")),
            "unknown@192.0.2.7"
        );
    }

    #[test]
    fn a_client_is_asked_for_by_any_of_its_names() {
        for asked in ["curl@192.0.2.7", "curl", "192.0.2.7"] {
            assert!(is_client("curl@192.0.2.7", asked), "{asked}");
        }
        for asked in ["", "cur", "curl@192.0.2.8", "192.0.2.70", "@"] {
            assert!(!is_client("curl@192.0.2.7", asked), "{asked}");
        }
    }
}
