//! The parameters of a call, off the wire: decoded once, counted, and taken one by one.
//!
//! A parameter stands in the body, or in the query of the address, as in a link that somebody signed to show who they are; never
//! in both. Lists are `Name.member.1`, `Name.member.2`; an empty one may be written `Name=`.
//!
//! Absent on purpose: what a value may hold. Only its shape is looked at, in the words of AWS where it is wrong.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use countersign_types::Moment;
use countersign_types::iam::{Fault, FaultCode, PageOf, Tag};

use crate::head::decode;
use crate::query::Service;

/// The parameters of one call. Their values are not shown: one may be a token that speaks for somebody.
pub struct Parameters {
    values: BTreeMap<String, String>,
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl Parameters {
    /// Reads those of the address and of the body. What signs a link is not one of them.
    pub fn read(query: Option<&[u8]>, body: &[u8]) -> Result<Parameters, Fault> {
        let mut parameters = Parameters {
            values: BTreeMap::new(),
        };
        for (name, value) in pairs(query.unwrap_or_default()) {
            let name = text(&name)?;
            if !is_of_signature(&name) {
                parameters.add(name, text(&value)?)?;
            }
        }
        for (name, value) in pairs(body) {
            parameters.add(text(&name)?, text(&value)?)?;
        }
        Ok(parameters)
    }

    fn add(&mut self, name: String, value: String) -> Result<(), Fault> {
        if name.len() > NAME_BYTES_MAX || name.split('.').count() > NAME_PARTS_MAX {
            let start: String = name.chars().take(NAME_CHARACTERS_SHOWN).collect();
            return Err(malformed(format!(
                "The name of the parameter that begins with {start} is too long"
            )));
        }
        if self.values.len() >= PARAMETERS_MAX {
            return Err(malformed(format!(
                "The call has more than {PARAMETERS_MAX} parameters"
            )));
        }
        if self.values.contains_key(&name) {
            return Err(malformed(format!("The parameter {name} is given more than once")));
        }
        self.values.insert(name, value);
        Ok(())
    }

    /// What is called, if that is said.
    pub fn action(&self) -> Option<&str> {
        self.values.get("Action").map(String::as_str)
    }

    pub(crate) fn into_reader(mut self, service: Service) -> Result<Reader, Fault> {
        let action = self.values.remove("Action").filter(|action| !action.is_empty());
        let action = action.ok_or_else(|| {
            let message = "The request is missing an action or a required parameter";
            Fault::new(FaultCode::MissingAction, message)
        })?;
        match self.values.remove("Version") {
            Some(version) if version == service.version() => Ok(Reader {
                action,
                values: self.values,
            }),
            version => {
                let version = version.as_deref().unwrap_or("NO_VERSION_SPECIFIED");
                Err(super::unknown_action(&action, version, &[]))
            }
        }
    }
}

/// Takes parameters out, one by one; what is left in the end was not understood.
pub(crate) struct Reader {
    pub(crate) action: String,
    values: BTreeMap<String, String>,
}

impl Reader {
    pub(crate) fn optional(&mut self, name: &str) -> Option<String> {
        self.values.remove(name)
    }

    pub(crate) fn required(&mut self, name: &str) -> Result<String, Fault> {
        self.optional(name).ok_or_else(|| missing(name))
    }

    pub(crate) fn boolean(&mut self, name: &str) -> Result<bool, Fault> {
        match self.one_of(name, &["true", "false"])?.as_deref() {
            Some("true") => Ok(true),
            Some(_) | None => Ok(false),
        }
    }

    pub(crate) fn number(&mut self, name: &str, range: RangeInclusive<u32>) -> Result<Option<u32>, Fault> {
        let Some(text) = self.optional(name) else {
            return Ok(None);
        };
        let bound = match text.parse::<i64>() {
            Ok(number) => match u32::try_from(number) {
                Ok(number) if range.contains(&number) => return Ok(Some(number)),
                _ if number < i64::from(*range.start()) => {
                    format!("have value greater than or equal to {}", range.start())
                }
                _ => format!("have value less than or equal to {}", range.end()),
            },
            Err(_) => "be a number".to_owned(),
        };
        Err(constraint(name, Some(&text), &bound))
    }

    pub(crate) fn moment(&mut self, name: &str) -> Result<Option<Moment>, Fault> {
        let Some(text) = self.optional(name) else {
            return Ok(None);
        };
        match Moment::parse_iso8601(&text) {
            Some(moment) => Ok(Some(moment)),
            None => Err(constraint(
                name,
                Some(&text),
                "be a time like 2026-11-22T03:25:00Z",
            )),
        }
    }

    /// One of a closed set of words.
    pub(crate) fn one_of(&mut self, name: &str, words: &[&str]) -> Result<Option<String>, Fault> {
        let Some(text) = self.optional(name) else {
            return Ok(None);
        };
        if words.contains(&text.as_str()) {
            return Ok(Some(text));
        }
        let bound = format!("satisfy enum value set: [{}]", words.join(", "));
        Err(constraint(name, Some(&text), &bound))
    }

    /// A list of texts; none if there is no such parameter.
    pub(crate) fn list(&mut self, name: &str) -> Vec<String> {
        self.members(name, |reader, member| reader.optional(member))
    }

    /// A list that has to be there, though it may be empty.
    pub(crate) fn required_list(&mut self, name: &str) -> Result<Vec<String>, Fault> {
        let is_empty_list = self.values.contains_key(name);
        let list = self.list(name);
        match list.is_empty() && !is_empty_list {
            true => Err(missing(name)),
            false => Ok(list),
        }
    }

    /// A list of structures, each read by `read` from the name that its parts begin with, as long as it finds one.
    pub(crate) fn members<T>(
        &mut self,
        name: &str,
        mut read: impl FnMut(&mut Reader, &str) -> Option<T>,
    ) -> Vec<T> {
        if self.values.get(name).is_some_and(String::is_empty) {
            self.values.remove(name);
        }
        let mut list = Vec::new();
        while let Some(item) = read(self, &format!("{name}.member.{}", list.len() + 1)) {
            list.push(item);
        }
        list
    }

    pub(crate) fn tags(&mut self) -> Vec<Tag> {
        self.members("Tags", |reader, member| {
            let key = reader.optional(&format!("{member}.Key"))?;
            let value = reader.optional(&format!("{member}.Value")).unwrap_or_default();
            Some(Tag { key, value })
        })
    }

    pub(crate) fn page(&mut self) -> Result<PageOf, Fault> {
        Ok(PageOf {
            marker: self.optional("Marker"),
            max_items: self.number("MaxItems", 1..=MAX_ITEMS_MAX)?,
        })
    }

    /// Refuses what nobody has asked for.
    pub(crate) fn finish(self) -> Result<(), Fault> {
        match self.values.keys().next() {
            None => Ok(()),
            Some(name) => {
                let message = format!("{name} is not a parameter of {} that is known here", self.action);
                Err(Fault::new(FaultCode::ValidationError, message))
            }
        }
    }
}

/// AWS's words for a value that is not of the shape it should be.
pub(crate) fn constraint(name: &str, value: Option<&str>, bound: &str) -> Fault {
    let name = parameter_in_messages(name);
    let value = match value {
        Some(value) => {
            let shown: String = value.chars().take(VALUE_CHARACTERS_SHOWN).collect();
            format!("Value '{shown}'")
        }
        None => "Value null".to_owned(),
    };
    let message = format!(
        "1 validation error detected: {value} at '{name}' failed to satisfy constraint: Member must {bound}"
    );
    Fault::new(FaultCode::ValidationError, message)
}

fn missing(name: &str) -> Fault {
    constraint(name, None, "not be null")
}

fn malformed(message: String) -> Fault {
    Fault::new(FaultCode::MalformedQueryString, message)
}

/// `UserName` is `userName` there.
fn parameter_in_messages(name: &str) -> String {
    let mut characters = name.chars();
    match characters.next() {
        Some(first) => first.to_ascii_lowercase().to_string() + characters.as_str(),
        None => String::new(),
    }
}

/// Names and values, decoded: a plus is a blank here.
fn pairs(raw: &[u8]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let decoded = |piece: &[u8]| {
        let blanks: Vec<u8> = piece.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
        decode(&blanks).into_owned()
    };
    let pieces = raw.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty());
    pieces.map(move |piece| {
        let mut parts = piece.splitn(2, |byte| *byte == b'=');
        let name = parts.next().unwrap_or_default();
        (decoded(name), decoded(parts.next().unwrap_or_default()))
    })
}

fn text(bytes: &[u8]) -> Result<String, Fault> {
    let text = std::str::from_utf8(bytes);
    text.map(str::to_owned)
        .map_err(|_| malformed("The parameters are not UTF-8".to_owned()))
}

/// The parameters that sign a link.
fn is_of_signature(name: &str) -> bool {
    let start = name.get(..SIGNATURE_PREFIX.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(SIGNATURE_PREFIX))
}

const SIGNATURE_PREFIX: &str = "X-Amz-";

/// Most bytes of the body of a call: a document of the largest size, all of it percent-encoded, and room for more of them to simulate.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Most parameters of a call: a simulation has some hundreds, any other call some dozens.
const PARAMETERS_MAX: usize = 2000;
/// Longest name of a parameter.
const NAME_BYTES_MAX: usize = 256;
/// Most parts of a name: `ContextEntries.member.1.ContextKeyValues.member.1` has six.
const NAME_PARTS_MAX: usize = 6;
/// Most items of a page.
const MAX_ITEMS_MAX: u32 = 1000;
/// How much of a wrong name is shown.
const NAME_CHARACTERS_SHOWN: usize = 40;
/// How much of a wrong value is shown.
const VALUE_CHARACTERS_SHOWN: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(body: &str) -> Result<Reader, Fault> {
        let whole = format!("Action=A&Version=2010-05-08&{body}");
        Parameters::read(None, whole.as_bytes())?.into_reader(Service::Iam)
    }

    fn told(fault: Result<impl Sized, Fault>) -> String {
        match fault {
            Ok(_) => "none".to_owned(),
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn parameters_are_decoded_once() {
        let mut reader = reader("A=a+b%20c%2Bd%252B&B=&C&%44=%C3%A4").expect("parameters");
        assert_eq!(reader.optional("A").as_deref(), Some("a b c+d%2B"));
        assert_eq!(reader.optional("B").as_deref(), Some(""));
        assert_eq!(reader.optional("C").as_deref(), Some(""));
        assert_eq!(reader.optional("D").as_deref(), Some("ä"));
        assert_eq!(reader.optional("D"), None);
        assert!(reader.finish().is_ok());
    }

    #[test]
    fn a_signed_link_holds_the_call_beside_its_signature() {
        let query = b"Action=A&Version=2010-05-08&X-Amz-Signature=0&x-amz-date=1&A=1";
        let read = Parameters::read(Some(query), b"B=2").expect("parameters");
        assert_eq!(read.action(), Some("A"));
        let mut reader = read.into_reader(Service::Iam).expect("a call");
        assert_eq!(reader.required("A").as_deref(), Ok("1"));
        assert_eq!(reader.required("B").as_deref(), Ok("2"));
        assert!(reader.finish().is_ok());
        // In the body such a name is a parameter like any other.
        let read = Parameters::read(None, b"Action=A&Version=2010-05-08&X-Amz-Date=1").expect("parameters");
        assert!(read.into_reader(Service::Iam).expect("a call").finish().is_err());
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let check = |query: Option<&[u8]>, body: &[u8], expected: &str| {
            let message = told(Parameters::read(query, body));
            assert_eq!(message, format!("MalformedQueryString: {expected}"));
        };
        check(None, b"A=1&A=1", "The parameter A is given more than once");
        check(Some(b"A=1"), b"A=1", "The parameter A is given more than once");
        check(None, b"A=%FF", "The parameters are not UTF-8");
        check(None, b"%FF=1", "The parameters are not UTF-8");
    }

    #[test]
    fn limits_are_reached() {
        let check = |body: &str, expected: Option<&str>| {
            let message = told(Parameters::read(None, body.as_bytes()));
            let expected = expected.map_or("none".to_owned(), |text| format!("MalformedQueryString: {text}"));
            assert_eq!(message, expected);
        };
        let many = |count: usize| (0..count).map(|n| format!("P{n}=&")).collect::<String>();
        check(&many(PARAMETERS_MAX), None);
        check(
            &many(PARAMETERS_MAX + 1),
            Some("The call has more than 2000 parameters"),
        );
        let long = "The name of the parameter that begins with ";
        check(&"n".repeat(NAME_BYTES_MAX), None);
        check(
            &"n".repeat(NAME_BYTES_MAX + 1),
            Some(&format!(
                "{long}{} is too long",
                "n".repeat(NAME_CHARACTERS_SHOWN)
            )),
        );
        check("a.b.c.d.e.f=1", None);
        check(
            "a.b.c.d.e.f.g=1",
            Some(&format!("{long}a.b.c.d.e.f.g is too long")),
        );
    }

    #[test]
    fn a_call_names_what_it_calls_and_which_version() {
        let check = |body: &str, expected: &str| {
            let read = Parameters::read(None, body.as_bytes()).expect("parameters");
            assert_eq!(told(read.into_reader(Service::Iam)), expected, "{body}");
        };
        let missing = "MissingAction: The request is missing an action or a required parameter";
        check("Version=2010-05-08", missing);
        check("Action=&Version=2010-05-08", missing);
        check(
            "Action=GetUser",
            "InvalidAction: Could not find operation GetUser for version NO_VERSION_SPECIFIED",
        );
        check(
            "Action=GetUser&Version=2011-06-15",
            "InvalidAction: Could not find operation GetUser for version 2011-06-15",
        );
    }

    #[test]
    fn wrong_shapes_are_told_in_words_of_aws() {
        let mut read = reader("N=0&M=1001&L=x&O=-5&E=Off&T=yesterday&B=TRUE").expect("parameters");
        for (found, expected) in [
            (
                told(read.required("UserName")),
                "null at 'userName' failed to satisfy constraint: Member must not be null",
            ),
            (
                told(read.number("N", 1..=1000)),
                "'0' at 'n' failed to satisfy constraint: Member must have value greater than or equal to 1",
            ),
            (
                told(read.number("M", 1..=1000)),
                "'1001' at 'm' failed to satisfy constraint: Member must have value less than or equal to 1000",
            ),
            (
                told(read.number("L", 1..=1000)),
                "'x' at 'l' failed to satisfy constraint: Member must be a number",
            ),
            (
                told(read.number("O", 1..=1000)),
                "'-5' at 'o' failed to satisfy constraint: Member must have value greater than or equal to 1",
            ),
            (
                told(read.one_of("E", &["Active", "Inactive"])),
                "'Off' at 'e' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]",
            ),
            (
                told(read.moment("T")),
                "'yesterday' at 't' failed to satisfy constraint: Member must be a time like 2026-11-22T03:25:00Z",
            ),
            (
                told(read.boolean("B")),
                "'TRUE' at 'b' failed to satisfy constraint: Member must satisfy enum value set: [true, false]",
            ),
        ] {
            assert_eq!(
                found,
                format!("ValidationError: 1 validation error detected: Value {expected}")
            );
        }
    }

    #[test]
    fn lists_are_read_in_their_order_and_have_no_holes() {
        let whole: String = (1..=12).map(|n| format!("L.member.{n}={n}&")).collect();
        let mut read = reader(&whole).expect("parameters");
        let expected: Vec<String> = (1..=12).map(|n| n.to_string()).collect();
        assert_eq!(read.list("L"), expected);
        assert!(read.finish().is_ok());

        let mut read = reader("L.member.1=a&L.member.3=c").expect("parameters");
        assert_eq!(read.list("L"), ["a"]);
        assert_eq!(
            told(read.finish()),
            "ValidationError: L.member.3 is not a parameter of A that is known here"
        );

        let mut read = reader("L=&M=x").expect("parameters");
        assert_eq!(read.required_list("L"), Ok(Vec::new()));
        assert!(read.required_list("N").is_err());
        assert_eq!(read.list("M"), [""; 0]);
        assert!(read.finish().is_err());
    }

    #[test]
    fn tags_are_pairs_and_a_value_may_be_empty() {
        let tag = |key: &str, value: &str| Tag {
            key: key.to_owned(),
            value: value.to_owned(),
        };
        let body = "Tags.member.1.Key=a&Tags.member.1.Value=1&Tags.member.2.Key=b&Tags.member.3.Key=c&Tags.member.3.Value=";
        let mut read = reader(body).expect("parameters");
        assert_eq!(read.tags(), [tag("a", "1"), tag("b", ""), tag("c", "")]);
        assert!(read.finish().is_ok());
        let mut read = reader("Tags.member.1.Value=1").expect("parameters");
        assert!(read.tags().is_empty());
        assert!(read.finish().is_err());
    }

    #[test]
    fn values_are_not_shown() {
        let read = Parameters::read(None, b"WebIdentityToken=secret").expect("parameters");
        assert_eq!(format!("{read:?}"), "{\"WebIdentityToken\"}");
    }
}
