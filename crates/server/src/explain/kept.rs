//! What of a diagnosis goes on record: everything for the operator, and beside it what the caller was told, where that is less.
//!
//! Not here: taking out what must not be kept (the record's mask does that), and who reads what (`admin`).
//!
//! It keeps true: nobody but the operator reads on record what the answer to the request withheld.

use countersign_diagnose::{Diagnosis, Level, Report};
use serde_json::{Value, json};

use super::find::Found;
use super::page;
use crate::record::{NO_CAUSE, TEXTS, Told};

/// For a caller that is answered at this level. `takes_texts` is asked, with the cause, whether there is room for the texts of both sides.
pub(super) fn told(
    found: &Found,
    operator: &Report,
    level: Option<Level>,
    takes_texts: impl FnOnce(&str) -> bool,
) -> Told {
    let document = |report: &Report| {
        let mut document = report.json();
        if let Some(Value::Object(tried)) = document.get_mut("tried") {
            tried.insert("remembered".to_owned(), Value::Bool(found.is_remembered));
        }
        document
    };
    let mut diagnosis = document(operator);
    // Whoever is told nothing, for the sake of AWS's very bytes, may still ask what its own request holds.
    let level = level.unwrap_or(Level::Basic);
    let for_caller = document(&found.diagnosis.at(level));
    let causes = operator.told();
    let texts = found.diagnosis.texts(Level::Full);
    // What only the operator may know is withheld at every level, and the texts of both sides below the fullest.
    let is_less = (level != Level::Full && texts.is_some()) || for_caller != diagnosis;
    let for_caller = is_less.then_some(for_caller);
    if let Some(texts) = texts {
        let cause = causes.first().copied().unwrap_or(NO_CAUSE);
        let texts = match takes_texts(cause) {
            true => serde_json::to_value(texts).unwrap_or_default(),
            false => json!({ "leftOut": "the same was refused too often in this minute" }),
        };
        if let Value::Object(fields) = &mut diagnosis {
            fields.insert(TEXTS.to_owned(), texts);
        }
    }
    Told {
        causes: causes.into_iter().map(str::to_owned).collect(),
        diagnosis,
        for_caller,
    }
}

impl Told {
    /// The same, with why a browser withholds the answer from its page.
    pub(super) fn with_page(mut self, page: Option<&Diagnosis>, level: Option<Level>) -> Told {
        let Some(page) = page else { return self };
        let level = level.unwrap_or(Level::Basic);
        if level != Level::Full && self.for_caller.is_none() {
            self.for_caller = Some(self.diagnosis.clone());
        }
        for (document, level) in [
            (Some(&mut self.diagnosis), Level::Full),
            (self.for_caller.as_mut(), level),
        ] {
            if let Some(Value::Object(fields)) = document {
                fields.insert("page".to_owned(), page::cause(page, level));
            }
        }
        self
    }
}
