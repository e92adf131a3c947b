//! Who is measured: an address with a key, and, where they are known, the process behind it and its directory.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use countersign_sigv4::Secret;

use crate::Fault;
use crate::sign::Credentials;
use crate::watch::{Device, Watched};

/// One store that takes signed requests.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) name: String,
    pub(crate) peer: SocketAddr,
    pub(crate) credentials: Credentials,
    /// Its processor time and memory are told if this is known.
    pub(crate) process: Option<Watched>,
    /// What it writes is told if this is known.
    pub(crate) device: Option<Device>,
    pub(crate) version: String,
    /// Whether an acknowledged write is on the device.
    pub(crate) syncs: Option<bool>,
    /// It answers every request with this many bytes and stores nothing: a limit and no store.
    pub(crate) answers: Option<u64>,
}

impl Endpoint {
    /// An endpoint at a plain HTTP URL.
    pub(crate) fn new(name: &str, url: &str, access_key_id: &str, secret: &str) -> Result<Endpoint, Fault> {
        let uri: http::Uri = url
            .parse()
            .map_err(|_| Fault::new(format!("`{url}` is no URL")))?;
        let (Some("http"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(Fault::new(format!(
                "`{url}`: an endpoint is `http://HOST[:PORT]`; TLS is not spoken"
            )));
        };
        let port = authority.port_u16().unwrap_or(80);
        let peer = (authority.host().trim_matches(['[', ']']), port)
            .to_socket_addrs()
            .map_err(|error| Fault::new(format!("`{url}`: {error}")))?
            .next()
            .ok_or_else(|| Fault::new(format!("`{url}` has no address")))?;
        Ok(Endpoint {
            name: name.to_owned(),
            peer,
            credentials: Credentials {
                access_key_id: access_key_id.to_owned(),
                secret: Secret::new(secret),
                region: "us-east-1".to_owned(),
                host: authority.as_str().to_owned(),
            },
            process: None,
            device: None,
            version: String::new(),
            syncs: None,
            answers: None,
        })
    }

    /// `name=url,access key id,secret[,pid=N][,dir=PATH][,region=NAME]`
    pub(crate) fn parse(text: &str) -> Result<Endpoint, Fault> {
        let wrong =
            || Fault::new("an endpoint is `name=url,access key id,secret[,pid=N][,dir=PATH][,region=NAME]`");
        let (name, rest) = text.split_once('=').ok_or_else(wrong)?;
        let mut parts = rest.split(',');
        let (Some(url), Some(id), Some(secret)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong());
        };
        let mut endpoint = Endpoint::new(name, url, id, secret)?;
        for part in parts {
            match part.split_once('=') {
                Some(("pid", pid)) => endpoint.process = Some(Watched(pid.parse().map_err(|_| wrong())?)),
                Some(("dir", dir)) => endpoint.device = Device::of(&PathBuf::from(dir)),
                Some(("region", region)) => region.clone_into(&mut endpoint.credentials.region),
                _ => return Err(wrong()),
            }
        }
        Ok(endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_read_from_one_word() {
        let endpoint = Endpoint::parse("a=http://127.0.0.1:9000,id,se=cret,pid=7,region=garage")
            .expect("it is well formed");
        assert_eq!((endpoint.name.as_str(), endpoint.peer.port()), ("a", 9000));
        assert_eq!(endpoint.credentials.secret.expose(), b"se=cret");
        assert_eq!(endpoint.credentials.region, "garage");
        assert_eq!(endpoint.process.map(|process| process.0), Some(7));
        let v6 = Endpoint::parse("a=http://[::1],id,secret").expect("it is well formed");
        assert_eq!(v6.peer.to_string(), "[::1]:80");
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for text in [
            "",
            "a",
            "a=http://127.0.0.1",
            "a=https://127.0.0.1,i,s",
            "a=ftp,i,s",
            "a=http://127.0.0.1,i,s,pid=x",
        ] {
            assert!(Endpoint::parse(text).is_err(), "{text}");
        }
    }
}
