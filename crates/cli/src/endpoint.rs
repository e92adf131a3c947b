//! Where S3, IAM and STS are served, with which region and key: the flags of the tools that sign for them.
//!
//! Not here: what is signed or asked.

use std::path::PathBuf;

use countersign_server::PublicUrl;
use countersign_sigv4::{PathRule, Signer};

use crate::aws_host;
use crate::aws_profile::Profile;
use crate::credentials::{self, Credentials};
use crate::exit::{Failure, Kind};

/// Where, and as whom.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where the server is; else AWS_ENDPOINT_URL, what the profile says, or http://127.0.0.1:9000.
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// The region of the server; else AWS_REGION, what the profile says, or us-east-1.
    #[arg(long, env = "COUNTERSIGN_REGION")]
    pub(crate) region: Option<String>,
    /// A profile of AWS's credentials and config files to take the key from.
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The server's data directory, to find the root key in where no other is given.
    #[arg(
        long,
        env = "COUNTERSIGN_DATA_DIR",
        default_value = "countersign-data",
        value_name = "DIR"
    )]
    pub(crate) data_dir: PathBuf,
}

/// A place to sign for, with the key to sign with.
pub(crate) struct Endpoint {
    /// Where it is.
    pub(crate) url: PublicUrl,
    /// Its region.
    pub(crate) region: String,
    /// The key.
    pub(crate) credentials: Credentials,
}

impl Options {
    /// Finds place and key for a service; `service` is its name in AWS's variables, `S3` for example.
    pub(crate) fn find(&self, service: &str) -> Result<Endpoint, Failure> {
        self.find_in(service, &|name| std::env::var(name).ok())
    }

    fn find_in(
        &self,
        service: &str,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Endpoint, Failure> {
        let credentials = credentials::find(self.profile.as_deref(), Some(&self.data_dir), environment)?;
        let url = url(
            self.endpoint_url.as_deref(),
            service,
            environment,
            &credentials.profile,
        );
        let url = PublicUrl::parse(&url).map_err(|why| Failure::new(Kind::Usage, why))?;
        let region = region_at(&url, self.region.as_deref(), environment, &credentials.profile);
        Ok(Endpoint {
            url,
            region,
            credentials,
        })
    }
}

impl Endpoint {
    /// What signs for one of its services, at the second `time`.
    pub(crate) fn signer<'a>(&'a self, service: &'a str, rule: PathRule, time: i64) -> Signer<'a> {
        self.credentials.signer(&self.region, service, rule, time)
    }
}

impl Credentials {
    /// What signs with this key.
    pub(crate) fn signer<'a>(
        &'a self,
        region: &'a str,
        service: &'a str,
        rule: PathRule,
        time: i64,
    ) -> Signer<'a> {
        Signer {
            access_key_id: &self.access_key_id,
            secret: &self.secret,
            session_token: self.session_token.as_deref(),
            region,
            service,
            time,
            rule,
        }
    }
}

/// The URL of a service: the flag, AWS's variables for the service and for all, the profile, what is usual.
pub(crate) fn url(
    flag: Option<&str>,
    service: &str,
    environment: &dyn Fn(&str) -> Option<String>,
    profile: &Profile,
) -> String {
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    let flag = flag.map(str::to_owned);
    flag.or_else(|| variable(&format!("AWS_ENDPOINT_URL_{service}")))
        .or_else(|| variable("AWS_ENDPOINT_URL"))
        .or_else(|| profile.setting("endpoint_url").map(str::to_owned))
        .unwrap_or_else(|| DEFAULT_URL.to_owned())
}

/// The region of this place: the flag, what a name of AWS's says, else as [`region`]. Whoever names a region's endpoint has named the region.
pub(crate) fn region_at(
    url: &PublicUrl,
    flag: Option<&str>,
    environment: &dyn Fn(&str) -> Option<String>,
    profile: &Profile,
) -> String {
    let named = flag.or_else(|| aws_host::region(&url.authority));
    region(named, environment, profile)
}

/// The region: the flag, AWS's variables, the profile, what is usual.
pub(crate) fn region(
    flag: Option<&str>,
    environment: &dyn Fn(&str) -> Option<String>,
    profile: &Profile,
) -> String {
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    let flag = flag.map(str::to_owned);
    flag.or_else(|| variable("AWS_REGION"))
        .or_else(|| variable("AWS_DEFAULT_REGION"))
        .or_else(|| profile.setting("region").map(str::to_owned))
        .unwrap_or_else(|| DEFAULT_REGION.to_owned())
}

/// A URL as it is written.
pub(crate) fn text(url: &PublicUrl) -> String {
    format!("{}://{}", url.scheme(), url.authority)
}

const DEFAULT_URL: &str = "http://127.0.0.1:9000";
const DEFAULT_REGION: &str = "us-east-1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_wins_over_a_variable_and_that_over_what_is_usual() {
        let key = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "s")];
        let check =
            |url: Option<&str>, region: Option<&str>, variables: &[(&str, &str)], expected: (&str, &str)| {
                let options = Options {
                    endpoint_url: url.map(str::to_owned),
                    region: region.map(str::to_owned),
                    profile: None,
                    data_dir: PathBuf::from("/nonexistent"),
                };
                let variables = [&key[..], variables].concat();
                let environment = |name: &str| {
                    let found = variables.iter().find(|(n, _)| *n == name);
                    found.map(|(_, value)| (*value).to_owned())
                };
                let found = options.find_in("IAM", &environment);
                let found = found.unwrap_or_else(|failure| panic!("{failure}"));
                assert_eq!((text(&found.url).as_str(), found.region.as_str()), expected);
            };
        check(None, None, &[], (DEFAULT_URL, DEFAULT_REGION));
        let variables = [
            ("AWS_ENDPOINT_URL", "https://all.example"),
            ("AWS_DEFAULT_REGION", "r1"),
        ];
        check(None, None, &variables, ("https://all.example", "r1"));
        let more = [
            ("AWS_ENDPOINT_URL_IAM", "http://iam.example:1"),
            ("AWS_REGION", "r2"),
        ];
        let variables = [&variables[..], &more].concat();
        check(None, None, &variables, ("http://iam.example:1", "r2"));
        check(
            Some("https://s3.eu-west-3.amazonaws.com"),
            None,
            &variables,
            ("https://s3.eu-west-3.amazonaws.com", "eu-west-3"),
        );
        check(
            Some("http://flag.example"),
            Some("r3"),
            &variables,
            ("http://flag.example", "r3"),
        );
    }
}
