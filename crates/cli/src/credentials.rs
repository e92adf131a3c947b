//! With which key a tool signs: the one a person named, or the one that is at hand.
//!
//! Never from the command line, where everybody on the machine can read it. Not here: what is signed.

use std::path::Path;

use countersign_sigv4::Secret;

use crate::aws_profile::{self, Profile};
use crate::exit::{Failure, Kind};
use crate::root_credentials;

/// A key to sign with, and what its profile says beside it.
pub(crate) struct Credentials {
    /// The access key id.
    pub(crate) access_key_id: String,
    /// Its secret.
    pub(crate) secret: Secret,
    /// The session token of temporary credentials.
    pub(crate) session_token: Option<String>,
    /// The profile that was named or found; empty if none was.
    pub(crate) profile: Profile,
}

/// Finds a key: of the profile that is named; of AWS's variables; of the profile that `AWS_PROFILE` names; the root key of the
/// server whose data directory this is; of the default profile. The first that is there.
pub(crate) fn find(
    profile: Option<&str>,
    data_dir: Option<&Path>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Credentials, Failure> {
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    if let Some(name) = profile {
        return of_profile(name, environment);
    }
    if let (Some(id), Some(secret)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        return Ok(Credentials {
            access_key_id: id,
            secret: Secret::new(secret),
            session_token: variable("AWS_SESSION_TOKEN"),
            profile: Profile::default(),
        });
    }
    if let Some(name) = variable("AWS_PROFILE") {
        return of_profile(&name, environment);
    }
    if let Some(data_dir) = data_dir {
        let root = root_credentials::existing(data_dir, environment)
            .map_err(|error| Failure::new(Kind::Usage, error.to_string()))?;
        if let Some(root) = root {
            return Ok(Credentials {
                access_key_id: root.access_key.access_key_id,
                secret: root.access_key.secret,
                session_token: None,
                profile: Profile::default(),
            });
        }
    }
    match aws_profile::find("default", environment).map_err(usage)? {
        Some(profile) if profile.setting("aws_access_key_id").is_some() => of(profile, "default"),
        Some(_) | None => Err(usage(
            "no access key: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a --profile, or name the server's --data-dir",
        )),
    }
}

/// As [`find`] without a data directory, for who can do without a key: only a profile that somebody named must be there.
pub(crate) fn find_any(
    profile: Option<&str>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Credentials>, Failure> {
    match (find(profile, None, environment), profile) {
        (Ok(found), _) => Ok(Some(found)),
        (Err(_), None) => Ok(None),
        (Err(failure), Some(_)) => Err(failure),
    }
}

fn of_profile(name: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Credentials, Failure> {
    let profile = aws_profile::find(name, environment).map_err(usage)?;
    let profile = profile.ok_or_else(|| usage(format!("there is no profile `{name}`")))?;
    of(profile, name)
}

fn of(profile: Profile, name: &str) -> Result<Credentials, Failure> {
    let missing = |setting: &str| {
        let why =
            format!("the profile `{name}` holds no `{setting}`; other ways to get a key are not followed");
        usage(why)
    };
    let setting = |setting: &str| profile.setting(setting).map(str::to_owned);
    let id = setting("aws_access_key_id").ok_or_else(|| missing("aws_access_key_id"))?;
    let secret = setting("aws_secret_access_key").ok_or_else(|| missing("aws_secret_access_key"))?;
    Ok(Credentials {
        access_key_id: id,
        secret: Secret::new(secret),
        session_token: setting("aws_session_token"),
        profile,
    })
}

fn usage(why: impl Into<String>) -> Failure {
    Failure::new(Kind::Usage, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::fs;

    #[test]
    fn what_a_person_named_comes_first() {
        let dir = tempfile::tempdir().expect("a directory");
        let credentials = dir.path().join("credentials");
        let text = "[default]\naws_access_key_id = of-default\naws_secret_access_key = s\n\
                    [work]\naws_access_key_id = of-work\naws_secret_access_key = s\naws_session_token = t\n\
                    [half]\naws_access_key_id = of-half\n";
        fs::write(&credentials, text).expect("written");
        let root = "[default]\naws_access_key_id = of-root\naws_secret_access_key = secret-enough\n";
        fs::write(dir.path().join("root-credentials"), root).expect("written");
        let keys = [
            ("AWS_ACCESS_KEY_ID", "of-variables"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
        ];
        let named = [("AWS_PROFILE", "work")];
        let check = |profile, data_dir, variables: &[(&str, &str)], expected: &str| {
            let environment = |name: &str| match name {
                "AWS_SHARED_CREDENTIALS_FILE" => Some(credentials.display().to_string()),
                "AWS_CONFIG_FILE" => Some(dir.path().join("none").display().to_string()),
                _ => variables
                    .iter()
                    .find(|(n, _)| *n == name)
                    .map(|(_, value)| (*value).to_owned()),
            };
            let found = find(profile, data_dir, &environment);
            let told = found.map_or_else(|failure| failure.message, |found| found.access_key_id);
            assert!(told.contains(expected), "{profile:?} {variables:?}: {told}");
        };
        let place = Some(dir.path());
        check(Some("work"), place, &keys, "of-work");
        check(None, place, &[&keys[..], &named].concat(), "of-variables");
        check(None, place, &named, "of-work");
        check(None, place, &keys[..1], "of-root");
        check(None, place, &[], "of-root");
        check(None, None, &[], "of-default");
        check(Some("nobody"), place, &keys, "no profile `nobody`");
        check(Some("half"), place, &keys, "no `aws_secret_access_key`");
        fs::remove_file(&credentials).expect("removed");
        check(None, None, &[], "no access key");
    }
}
