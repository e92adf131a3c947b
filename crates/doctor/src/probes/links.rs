//! Presigned links to read and to write, as a browser would use them.

use crate::draft::Auth;
use crate::session::Session;

use super::{Odd, Probe};

pub(super) fn probes(session: &Session<'_>) -> Vec<Probe> {
    let link = Auth::Link { age: 0, expires: 300 };
    let read = session.object("GET", "plain.html").auth(link);
    let named = session
        .object("GET", "plain.html")
        .query("response-content-disposition=attachment%3B%20filename%3D%22a.html%22")
        .auth(link);
    let write = session.put("by-link", "by a link").auth(link);
    let typed = session
        .put("by-link-typed", "by a link")
        .header("content-type", "text/plain")
        .auth(link);
    let back = session.object("GET", "by-link");
    vec![
        Probe::new("GET by a link", read),
        Probe::new("GET by a link with a name to save under", named).expecting(|reply| {
            let came = reply.header("content-disposition").unwrap_or_default();
            (came != "attachment; filename=\"a.html\"").then(|| {
                Odd::warning(format!(
                    "response-content-disposition was answered with `{came}`."
                ))
            })
        }),
        Probe::new("PUT by a link", write).then(Probe::new("GET what came by a link", back).expecting(
            |reply| {
                (reply.body != "by a link")
                    .then(|| Odd::failed("Another body came back than was sent by a link."))
            },
        )),
        Probe::new("PUT by a link that names a content type", typed).or_else("HDR-CT-CHANGED"),
    ]
}
