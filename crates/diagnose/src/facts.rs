//! What the request says about its way here: which client signed it, which one sent it, which proxy carried it.
//!
//! Not here: proof. Facts only set weights, pick the wording of a cure, and rank what could not be proven.

mod client;
mod proxy;

pub(crate) use client::Client;
pub(crate) use proxy::Proxy;

use countersign_sigv4::query_pairs;

use crate::case::{Case, FormFacts};

/// Everything read from headers and transport, once per request.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// Who sent it.
    pub(crate) client: Client,
    /// Who signed it: the sender itself, or whoever made the link or the form that it sends.
    pub(crate) signer: Client,
    /// What is in front of the server, or usually is.
    pub(crate) proxy: Proxy,
    /// Whether that proxy left a trace that it alone leaves; otherwise it is merely usual.
    pub(crate) proxy_is_seen: bool,
    /// The strongest sign of a proxy, in words; `None` if there is none.
    pub(crate) proxy_evidence: Option<&'static str>,
    /// It was sent as a browser sends: by a page, or by the `fetch` of Node, which obeys the same specification.
    pub(crate) browser: bool,
    /// A page in a browser sent it.
    pub(crate) page: bool,
}

/// What is looked at for it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traces<'a> {
    pub(crate) headers: &'a [(&'a str, &'a [u8])],
    pub(crate) query: Option<&'a [u8]>,
    pub(crate) form: Option<&'a FormFacts>,
    pub(crate) http_1_0: bool,
}

impl Facts {
    pub(crate) fn of(traces: Traces<'_>) -> Facts {
        let agent = traces.text("user-agent").unwrap_or_default();
        let browser = traces.has("origin") || traces.has("sec-fetch-mode") || agent.starts_with("mozilla/");
        // Node's fetch sends Sec-Fetch-Mode, too.
        let page = browser && !matches!(agent.as_str(), "node" | "undici");
        let client = client::sender(&traces, &agent, page);
        let recognised = proxy::recognise(&traces, page);
        Facts {
            client,
            signer: client::signer(&traces, client),
            proxy: recognised.proxy,
            proxy_is_seen: recognised.is_seen,
            proxy_evidence: recognised.evidence,
            browser,
            page,
        }
    }

    /// Where a difference came about, as far as can be said.
    pub(crate) fn where_changed(&self) -> &'static str {
        if self.proxy_evidence.is_some() {
            "on the way"
        } else {
            "after signing"
        }
    }

    /// What to do at the proxy, said as surely as the proxy is known: `In nginx set: ..`, or `If nginx is in front, set: ..`.
    pub(crate) fn at_the_proxy(&self, what: &str) -> String {
        let name = self.proxy.name();
        if self.proxy_is_seen {
            format!("{} {name} {what}", self.proxy.preposition())
        } else {
            format!("If {name} is in front, {what}")
        }
    }

    /// The setting that hands the Host header through unchanged.
    pub(crate) fn keep_host_setting(&self) -> String {
        let setting = self.at_the_proxy(self.proxy.keep_host_setting());
        if self.proxy_is_seen {
            setting
        } else {
            format!("The proxy must pass Host on unchanged. {setting}")
        }
    }

    /// What to do about a path prefix, which no proxy can remove without breaking the signature.
    pub(crate) fn keep_path_setting(&self) -> String {
        let setting = self.at_the_proxy(self.proxy.keep_path_setting());
        format!("S3 signs the path: give it a host name of its own. {setting}")
    }

    /// The setting that keeps doubled slashes.
    pub(crate) fn keep_slashes_setting(&self) -> String {
        self.at_the_proxy(self.proxy.keep_slashes_setting())
    }

    /// The setting that leaves a request header alone, without its full stop.
    pub(crate) fn leave_header_setting(&self) -> String {
        self.at_the_proxy(self.proxy.leave_header_setting())
    }

    /// What lets an upload through that takes long or is large.
    pub(crate) fn let_uploads_through_setting(&self) -> String {
        self.at_the_proxy(self.proxy.let_uploads_through_setting())
    }
}

impl<'a> Traces<'a> {
    pub(crate) fn of(case: &Case<'a>) -> Traces<'a> {
        Traces {
            headers: case.request.headers,
            query: case.request.query,
            form: case.form,
            http_1_0: case.transport.http_1_0,
        }
    }

    /// The first value of a header in lower case.
    fn text(&self, name: &str) -> Option<String> {
        let at = self.position(name)?;
        let (_, value) = self.headers.get(at)?;
        Some(String::from_utf8_lossy(value).to_lowercase())
    }

    fn has(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    fn has_one_of_prefix(&self, prefix: &str) -> bool {
        self.headers
            .iter()
            .any(|(name, _)| name.to_ascii_lowercase().starts_with(prefix))
    }

    /// Where a header stands among all.
    fn position(&self, name: &str) -> Option<usize> {
        self.headers
            .iter()
            .position(|(n, _)| n.eq_ignore_ascii_case(name))
    }

    /// Whether one header stands before another; not if either is missing.
    fn stands_before(&self, name: &str, other: &str) -> bool {
        matches!((self.position(name), self.position(other)), (Some(one), Some(two)) if one < two)
    }

    /// The names of the query's parameters, in lower case, in their order.
    fn parameters(&self) -> Vec<String> {
        query_pairs(self.query.unwrap_or_default())
            .map(|(name, _)| String::from_utf8_lossy(name).to_lowercase())
            .collect()
    }
}

#[cfg(test)]
mod captured;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod tests;
