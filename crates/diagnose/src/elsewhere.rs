//! Causes that no server can see in itself: a redirect that a client followed, a server that breaks the rules. What is on the client's side
//! (`countersign explain`, `doctor`, `proxy`) names them, by the ids, titles and pages here.
//!
//! Not here: finding them. Keeps true: none of these ids is one of a rule.

/// A cause that only the client's side can name.
struct Elsewhere {
    id: &'static str,
    title: &'static str,
    page: &'static str,
}

const CAUSES: [Elsewhere; 4] = [
    Elsewhere {
        id: "RED-301",
        title: "The bucket is at another endpoint",
        page: include_str!("../pages/RED-301.md"),
    },
    Elsewhere {
        id: "RED-307",
        title: "The endpoint of a new bucket redirects to its region",
        page: include_str!("../pages/RED-307.md"),
    },
    Elsewhere {
        id: "SRV-CANON",
        title: "The server makes its canonical request otherwise than the rules say",
        page: include_str!("../pages/SRV-CANON.md"),
    },
    Elsewhere {
        id: "SRV-ACCEPTS",
        title: "The server accepts what it must refuse",
        page: include_str!("../pages/SRV-ACCEPTS.md"),
    },
];

fn cause(id: &str) -> Option<&'static Elsewhere> {
    CAUSES.iter().find(|cause| cause.id.eq_ignore_ascii_case(id))
}

pub(crate) fn page(id: &str) -> Option<&'static str> {
    cause(id).map(|cause| cause.page)
}

pub(crate) fn title(id: &str) -> Option<&'static str> {
    cause(id).map(|cause| cause.title)
}

/// Ids of the causes that only the client's side can name.
pub fn client_ids() -> impl Iterator<Item = &'static str> {
    CAUSES.iter().map(|cause| cause.id)
}
