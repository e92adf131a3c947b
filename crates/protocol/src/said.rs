//! What a request says beside the operation that it names: headers and parameters, for whoever decides by them.
//!
//! They are read as operations read them: a link may carry headers in its query. Not here: what they mean.

use std::borrow::Cow;

use crate::form::Form;
use crate::head::{Head, View, header_text};

/// Headers and parameters by their names.
#[derive(Clone, Debug)]
pub struct Said<'a> {
    view: View<'a>,
    /// Of a form: its fields say what headers say elsewhere, and its headers say nothing about the object.
    fields: Option<Vec<(String, Vec<u8>)>>,
}

impl<'a> Said<'a> {
    /// What this head says, with the form that came with it.
    pub fn of(head: &'a Head<'a>, form: Option<&Form>) -> Said<'a> {
        Said {
            view: View::new(head),
            fields: form.map(Form::filled_in),
        }
    }

    /// What a header says about the object, if it says anything. In a form the field `acl` stands for `x-amz-acl`.
    pub fn about_object(&self, name: &str) -> Option<Cow<'_, str>> {
        let Some(fields) = &self.fields else {
            return self.view.filled_header(name);
        };
        let short = name.strip_prefix("x-amz-").filter(|short| *short == "acl");
        let value = Form::first(fields, name).or_else(|| Form::first(fields, short?));
        value.map(header_text).filter(|value| !value.is_empty())
    }

    /// A parameter in the query; of several the first.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.view.parameter(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::form;

    #[test]
    fn what_is_said_is_found_where_operations_look_for_it() {
        let headers: [(&str, &[u8]); 2] = [("X-Amz-Acl", b"private"), ("user-agent", b"curl")];
        let head = Head {
            method: "PUT",
            path: b"/abc/k",
            query: Some(b"prefix=a%2Fb&prefix=c&X-Amz-Storage-Class=STANDARD_IA&empty="),
            headers: &headers,
            host_bucket: None,
        };
        let said = Said::of(&head, None);
        assert_eq!(said.about_object("x-amz-acl").as_deref(), Some("private"));
        assert_eq!(
            said.about_object("x-amz-storage-class").as_deref(),
            Some("STANDARD_IA")
        );
        assert_eq!(said.about_object("x-amz-website-redirect-location"), None);
        assert_eq!(said.about_object("User-Agent").as_deref(), Some("curl"));
        assert_eq!(said.parameter("prefix"), Some("a/b"));
        assert_eq!(said.parameter("empty"), Some(""));
        assert_eq!(said.parameter("Prefix"), None);
    }

    #[test]
    fn a_form_says_it_in_its_fields_and_nowhere_else() {
        let headers: [(&str, &[u8]); 1] = [("x-amz-storage-class", b"STANDARD_IA")];
        let head = Head {
            method: "POST",
            path: b"/abc",
            query: None,
            headers: &headers,
            host_bucket: None,
        };
        let form = form(&[("key", "k"), ("ACL", "private"), ("x-amz-meta-a", "")]);
        let said = Said::of(&head, Some(&form));
        assert_eq!(said.about_object("x-amz-acl").as_deref(), Some("private"));
        assert_eq!(said.about_object("x-amz-storage-class"), None);
        assert_eq!(said.about_object("x-amz-meta-a"), None);
    }
}
