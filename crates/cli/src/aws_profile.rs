//! Profiles as AWS's tools keep them: a key, a region and an endpoint under a name, in the shared credentials file and in the
//! config file.
//!
//! SPEC: <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html>. Not here: profiles that say where
//! credentials come from instead of holding them (single sign-on, roles, programs).

use std::collections::HashMap;
use std::path::PathBuf;
use std::{fs, io};

/// What a profile holds.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Profile {
    settings: HashMap<String, String>,
}

impl Profile {
    /// A setting by its name.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }
}

/// What one file says of a profile.
pub(crate) struct InFile {
    /// The file.
    pub(crate) path: PathBuf,
    /// What it holds under this name, if it has the name.
    pub(crate) profile: Option<Profile>,
    /// Whether its lines end as on Windows, or it begins with a byte order mark.
    pub(crate) is_foreign: bool,
}

/// What each of the files says of a profile, the credentials file first; a file that is not there is left out, one that cannot be
/// read says why.
pub(crate) fn in_files(
    name: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Vec<Result<InFile, String>> {
    let [config, credentials] = paths(environment);
    let of = |path: Option<PathBuf>, is_config: bool| {
        let path = path?;
        let text = match read(Some(path.clone())) {
            Ok(text) if text.is_empty() => return None,
            Ok(text) => text,
            Err(why) => return Some(Err(why)),
        };
        let settings = match is_config {
            true => in_config(&text, name),
            false => section(&text, name),
        };
        let profile = settings.map(|settings| Profile {
            settings: settings.into_iter().collect(),
        });
        Some(Ok(InFile {
            path,
            profile,
            is_foreign: text.contains("\r\n") || text.starts_with('\u{feff}'),
        }))
    };
    [of(credentials, false), of(config, true)]
        .into_iter()
        .flatten()
        .collect()
}

/// Where the config and the credentials file are.
fn paths(environment: &dyn Fn(&str) -> Option<String>) -> [Option<PathBuf>; 2] {
    let given = |variable: &str| environment(variable).filter(|path| !path.is_empty());
    let path = |variable: &str, usual: &str| {
        let at_home = || Some(PathBuf::from(given("HOME")?).join(".aws").join(usual));
        given(variable).map(PathBuf::from).or_else(at_home)
    };
    [
        path("AWS_CONFIG_FILE", "config"),
        path("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    ]
}

fn in_config(text: &str, name: &str) -> Option<Vec<(String, String)>> {
    match name {
        "default" => section(text, "default").or_else(|| section(text, "profile default")),
        other => section(text, &format!("profile {other}")),
    }
}

/// Reads the profile of this name; `None` if neither file has it. Of a setting in both, the credentials file's is taken.
pub(crate) fn find(
    name: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Profile>, String> {
    let [config, credentials] = paths(environment);
    let (config, credentials) = (read(config)?, read(credentials)?);
    let found = [in_config(&config, name), section(&credentials, name)];
    if found.iter().all(Option::is_none) {
        return Ok(None);
    }
    Ok(Some(Profile {
        settings: found.into_iter().flatten().flatten().collect(),
    }))
}

/// A file that is not there holds nothing.
fn read(path: Option<PathBuf>) -> Result<String, String> {
    let Some(path) = path else {
        return Ok(String::new());
    };
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(format!("`{}`: {error}", path.display())),
    }
}

/// The settings of a section; what is indented belongs to the setting above it and is none of ours.
fn section(text: &str, name: &str) -> Option<Vec<(String, String)>> {
    let mut found = None;
    let mut is_inside = false;
    for line in text.lines() {
        if let Some(heading) = line.trim().strip_prefix('[') {
            let heading = heading.split(']').next().unwrap_or_default();
            let words: Vec<&str> = heading.split_whitespace().collect();
            is_inside = words.join(" ").replace('"', "") == name;
            if is_inside {
                found.get_or_insert_with(Vec::new);
            }
            continue;
        }
        let is_setting = is_inside && !line.starts_with([' ', '\t', '#', ';']);
        if let (true, Some((setting, value)), Some(settings)) = (is_setting, line.split_once('='), &mut found)
        {
            settings.push((setting.trim().to_lowercase(), value.trim().to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "\
# a comment
[default]
region = eu-central-1
s3 =
    addressing_style = path
    region = not-mine
[profile work]
region=us-west-2
aws_access_key_id = from-config
endpoint_url = http://10.0.0.1:9000
[ profile  \"quoted\" ]
region = r
";
    const CREDENTIALS: &str = "\
[default]
aws_access_key_id = id
aws_secret_access_key = secret=with=equals
; aws_session_token = off
[work]
aws_access_key_id = from-credentials
AWS_SECRET_ACCESS_KEY = s
";

    #[test]
    fn a_profile_is_what_both_files_say() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = |name: &str| dir.path().join(name).display().to_string();
        fs::write(path("config"), CONFIG).expect("written");
        fs::write(path("credentials"), CREDENTIALS).expect("written");
        let environment = |name: &str| match name {
            "AWS_CONFIG_FILE" => Some(path("config")),
            "AWS_SHARED_CREDENTIALS_FILE" => Some(path("credentials")),
            _ => None,
        };
        for (profile, setting, expected) in [
            ("default", "region", Some("eu-central-1")),
            ("default", "aws_access_key_id", Some("id")),
            ("default", "aws_secret_access_key", Some("secret=with=equals")),
            ("default", "aws_session_token", None),
            ("default", "addressing_style", None),
            ("work", "region", Some("us-west-2")),
            ("work", "aws_access_key_id", Some("from-credentials")),
            ("work", "aws_secret_access_key", Some("s")),
            ("work", "endpoint_url", Some("http://10.0.0.1:9000")),
            ("quoted", "region", Some("r")),
        ] {
            let found = find(profile, &environment).expect("readable").expect("there");
            assert_eq!(found.setting(setting), expected, "{profile} {setting}");
        }
        assert!(find("profile work", &environment).expect("readable").is_none());
        assert!(find("nobody", &environment).expect("readable").is_none());
    }

    #[test]
    fn files_are_looked_for_at_home_and_need_not_be_there() {
        let dir = tempfile::tempdir().expect("a directory");
        let environment = |name: &str| (name == "HOME").then(|| dir.path().display().to_string());
        assert!(find("default", &environment).expect("nothing").is_none());
        fs::create_dir(dir.path().join(".aws")).expect("made");
        fs::write(dir.path().join(".aws/credentials"), CREDENTIALS).expect("written");
        let found = find("default", &environment).expect("readable").expect("there");
        assert_eq!(found.setting("aws_access_key_id"), Some("id"));
        fs::create_dir(dir.path().join(".aws/config")).expect("made");
        let fault = find("default", &environment)
            .err()
            .expect("a directory is no file");
        assert!(fault.contains(".aws/config"), "{fault}");
    }
}
