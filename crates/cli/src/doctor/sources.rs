//! Every place where a key may come from, in the order in which this program asks them, with what it holds.
//!
//! SPEC: <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>. What says where to get a key instead of
//! holding one is named and not followed. Not here: what is odd about a key.

use std::path::Path;

use countersign_doctor::{Held, Key, Source};
use countersign_sigv4::{Secret, parse_timestamp};

use crate::aws_profile::{InFile, Profile, in_files};
use crate::root_credentials;

/// All that are there.
pub(crate) fn all(
    profile: Option<&str>,
    data_dir: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Vec<Source> {
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    let mut sources = Vec::new();
    if let Some(name) = profile {
        sources.extend(of_profile(name, "--profile", environment));
    }
    sources.extend(of_variables(environment));
    if let (Some(_), Some(_)) = (variable("AWS_WEB_IDENTITY_TOKEN_FILE"), variable("AWS_ROLE_ARN")) {
        sources.push(elsewhere(
            "AWS_WEB_IDENTITY_TOKEN_FILE in the environment",
            "a role, by the token of an identity provider",
        ));
    }
    let named = variable("AWS_PROFILE").filter(|name| Some(name.as_str()) != profile);
    if let Some(name) = &named {
        sources.extend(of_profile(name, "AWS_PROFILE", environment));
    }
    sources.extend(of_root(data_dir, environment));
    if profile != Some("default") && named.as_deref() != Some("default") {
        sources.extend(of_profile("default", "by default", environment));
    }
    for name in [
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ] {
        if variable(name).is_some() {
            sources.push(elsewhere(
                &format!("{name} in the environment"),
                "the role of the container",
            ));
        }
    }
    if variable("AWS_EC2_METADATA_SERVICE_ENDPOINT").is_some() {
        sources.push(elsewhere(
            "AWS_EC2_METADATA_SERVICE_ENDPOINT in the environment",
            "the role of the machine",
        ));
    }
    sources
}

fn of_variables(environment: &dyn Fn(&str) -> Option<String>) -> Option<Source> {
    // What is set and empty counts as not set, as for AWS's tools.
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    let (id, secret) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"));
    let held = held(
        (id, "AWS_ACCESS_KEY_ID"),
        (secret, "AWS_SECRET_ACCESS_KEY"),
        variable("AWS_SESSION_TOKEN"),
        variable("AWS_CREDENTIAL_EXPIRATION").as_deref(),
    )?;
    Some(Source {
        name: "the environment (AWS_ACCESS_KEY_ID)".to_owned(),
        held,
    })
}

fn of_profile(name: &str, how: &str, environment: &dyn Fn(&str) -> Option<String>) -> Vec<Source> {
    let mut sources = Vec::new();
    for file in in_files(name, environment) {
        match file {
            Ok(file) => sources.extend(of_file(name, how, &file)),
            Err(why) => sources.push(Source {
                name: format!("profile {name} ({how})"),
                held: Held::Fault(why),
            }),
        }
    }
    sources
}

fn of_file(name: &str, how: &str, file: &InFile) -> Vec<Source> {
    let place = format!("profile {name} ({how}) in {}", file.path.display());
    let mut sources = Vec::new();
    if file.is_foreign {
        sources.push(Source {
            name: file.path.display().to_string(),
            held: Held::Fault("it has line ends of Windows or a byte order mark, which some tools take for part of a secret".to_owned()),
        });
    }
    let Some(profile) = &file.profile else {
        return sources;
    };
    let setting = |name: &str| profile.setting(name).map(str::to_owned);
    let key = held(
        (setting("aws_access_key_id"), "aws_access_key_id"),
        (setting("aws_secret_access_key"), "aws_secret_access_key"),
        setting("aws_session_token").or_else(|| setting("aws_security_token")),
        ["aws_expiration", "x_security_token_expires", "expiration"]
            .iter()
            .find_map(|name| profile.setting(name)),
    );
    let role = points_elsewhere(profile).map(|how| elsewhere(&place, how));
    sources.extend(role);
    sources.extend(key.map(|held| Source { name: place, held }));
    sources
}

/// How a profile gets its key, if it does not hold it.
fn points_elsewhere(profile: &Profile) -> Option<&'static str> {
    let ways = [
        ("role_arn", "a role to assume"),
        (
            "web_identity_token_file",
            "a role, by the token of an identity provider",
        ),
        ("sso_session", "single sign-on"),
        ("sso_start_url", "single sign-on"),
        ("credential_process", "a program"),
        ("login_session", "a login"),
    ];
    let found = ways.iter().find(|(name, _)| profile.setting(name).is_some());
    found.map(|(_, how)| *how)
}

fn of_root(data_dir: &Path, environment: &dyn Fn(&str) -> Option<String>) -> Option<Source> {
    let name = format!("the root key of the server at {}", data_dir.display());
    let held = match root_credentials::existing(data_dir, environment) {
        Ok(None) => return None,
        Ok(Some(root)) => Held::Key {
            key: Key {
                access_key_id: root.access_key.access_key_id,
                secret: root.access_key.secret,
                session_token: None,
            },
            ends: None,
        },
        Err(error) => Held::Fault(error.to_string()),
    };
    Some(Source { name, held })
}

/// A key, half a key, or nothing.
fn held(
    (id, id_name): (Option<String>, &str),
    (secret, secret_name): (Option<String>, &str),
    session_token: Option<String>,
    ends: Option<&str>,
) -> Option<Held> {
    match (id, secret) {
        (None, None) => None,
        (Some(_), None) => Some(Held::Half(secret_name.to_owned())),
        (None, Some(_)) => Some(Held::Half(id_name.to_owned())),
        (Some(access_key_id), Some(secret)) => Some(Held::Key {
            key: Key {
                access_key_id,
                secret: Secret::new(secret),
                session_token,
            },
            ends: ends.and_then(moment),
        }),
    }
}

fn elsewhere(name: &str, how: &str) -> Source {
    Source {
        name: name.to_owned(),
        held: Held::Elsewhere(how.to_owned()),
    }
}

/// `2026-01-01T00:00:00Z`, with a fraction or `+00:00` as some tools write it.
fn moment(text: &str) -> Option<i64> {
    let text = text.trim().replace(['-', ':'], "").replace("+0000", "Z");
    let (seconds, _) = text.split_once(['.', 'Z'])?;
    parse_timestamp(&format!("{seconds}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::fs;

    #[test]
    fn all_sources_are_there_in_the_order_in_which_they_are_asked() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = |name: &str| dir.path().join(name).display().to_string();
        fs::write(
            path("credentials"),
            "[default]\r\naws_access_key_id = d\r\naws_secret_access_key = s\r\n[work]\naws_access_key_id = w\n",
        )
        .expect("written");
        fs::write(
            path("config"),
            "[profile work]\nrole_arn = arn\nsource_profile = default\n",
        )
        .expect("written");
        fs::write(
            path("root-credentials"),
            "[default]\naws_access_key_id = of-root\naws_secret_access_key = secret-enough\n",
        )
        .expect("written");
        let environment = |name: &str| match name {
            "AWS_SHARED_CREDENTIALS_FILE" => Some(path("credentials")),
            "AWS_CONFIG_FILE" => Some(path("config")),
            "AWS_ACCESS_KEY_ID" => Some("e".to_owned()),
            "AWS_SECRET_ACCESS_KEY" => Some("s".to_owned()),
            "AWS_PROFILE" => Some("work".to_owned()),
            "AWS_WEB_IDENTITY_TOKEN_FILE" | "AWS_ROLE_ARN" => Some("x".to_owned()),
            _ => None,
        };
        let told: Vec<String> = all(None, dir.path(), &environment)
            .iter()
            .map(|source| match &source.held {
                Held::Key { key, .. } => key.access_key_id.clone(),
                Held::Half(missing) => format!("without {missing}"),
                Held::Elsewhere(how) => how.clone(),
                Held::Fault(_) => "fault".to_owned(),
            })
            .collect();
        assert_eq!(
            told,
            [
                "e",
                "a role, by the token of an identity provider",
                "fault",
                "without aws_secret_access_key",
                "a role to assume",
                "of-root",
                "fault",
                "d",
            ]
        );
        let named = all(Some("default"), dir.path(), &environment);
        assert!(
            named
                .iter()
                .any(|source| source.name.contains("default (--profile)"))
        );
    }

    #[test]
    fn the_end_of_a_key_is_read_as_tools_write_it() {
        for (text, expected) in [
            ("2025-01-01T00:00:00Z", Some(1_735_689_600)),
            ("2025-01-01T00:00:00+00:00", Some(1_735_689_600)),
            ("2025-01-01T00:00:00.123Z", Some(1_735_689_600)),
            ("soon", None),
        ] {
            assert_eq!(moment(text), expected, "{text}");
        }
    }
}
