//! Browser forms: `multipart/form-data` taken apart while it streams by.
//!
//! Bytes go in as they arrive, fields and pieces of the file come out in their order. Not here: what the fields mean
//! (`operation::post_object`), and whether the form may do what it asks for.
//!
//! It keeps true: before the file begins no more than [`FORM_HEAD_BYTES_MAX`] bytes are held, after that no more than one
//! part's head; how a body is cut into pieces changes nothing; and what is not well-formed is refused, never guessed at.

mod part;

use bytes::Bytes;
use memchr::memmem;

use part::{PartHead, parse_boundary};

/// What came of some bytes of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormEvent {
    /// A field before the file, whole.
    Field {
        /// Its name as sent.
        name: String,
        /// Its value as sent.
        value: Vec<u8>,
    },
    /// The file begins.
    File {
        /// The name that the client gives it.
        file_name: Option<Vec<u8>>,
        /// The `Content-Type` of its part.
        content_type: Option<String>,
    },
    /// Bytes of the file.
    Data(Bytes),
    /// A field after the file; its value is passed over.
    Late {
        /// Its name as sent.
        name: String,
    },
    /// The last boundary. What follows belongs to nothing.
    End,
}

/// What a form says before its file begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// The fields before the file in their order, names and values as sent.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The name that the client gives the file.
    pub file_name: Option<Vec<u8>>,
    /// The `Content-Type` of the file's part. It says nothing about the object: that is what the field of this name is for.
    pub file_type: Option<String>,
}

impl Form {
    /// The value of the first field of this name, in any case.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        Form::first(&self.fields, name)
    }

    /// The fields with the name of the file in place of each `${filename}`. SPEC:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html>: all fields know it; of a path only what follows
    /// the last slash or backslash counts; without a name it is empty. The policy and what signs it stay as they were signed.
    pub fn filled_in(&self) -> Vec<(String, Vec<u8>)> {
        let name = self.bare_file_name();
        let fill = |(field, value): &(String, Vec<u8>)| {
            let value = if is_signed_text(field) {
                value.clone()
            } else {
                replace(value, FILE_NAME, name)
            };
            (field.clone(), value)
        };
        self.fields.iter().map(fill).collect()
    }

    /// Whether the fields are within [`FORM_HEAD_BYTES_MAX`] with the name of the file filled in, too: a small form could
    /// make values of megabytes by it.
    pub fn check_filled_in(&self) -> Result<(), FormFault> {
        let name = self.bare_file_name();
        let filled = |(field, value): &(String, Vec<u8>)| {
            let names = match is_signed_text(field) {
                true => 0,
                false => memmem::find_iter(value, FILE_NAME).count(),
            };
            field.len() + value.len() + names * name.len() - names * FILE_NAME.len()
        };
        if self.fields.iter().map(filled).sum::<usize>() > FORM_HEAD_BYTES_MAX {
            return Err(FormFault::HeadTooLarge);
        }
        Ok(())
    }

    /// The fields filled in, or as they were sent where that is more than a form may say: a refusal of it costs no more than the form.
    pub fn within_bounds(&self) -> Vec<(String, Vec<u8>)> {
        match self.check_filled_in() {
            Ok(()) => self.filled_in(),
            Err(_) => self.fields.clone(),
        }
    }

    /// What counts of the name of the file.
    fn bare_file_name(&self) -> &[u8] {
        let path = self.file_name.as_deref().unwrap_or_default();
        path.rsplit(|b| b"/\\".contains(b)).next().unwrap_or_default()
    }

    pub(crate) fn first<'a>(fields: &'a [(String, Vec<u8>)], name: &str) -> Option<&'a [u8]> {
        let (_, value) = fields
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

/// What is wrong with a form as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormFault {
    /// It is not well-formed.
    Malformed {
        /// What was wrong, for people.
        reason: &'static str,
    },
    /// Too much stands before the file.
    HeadTooLarge,
    /// There is no file in it.
    FileMissing,
    /// There is more than one file in it.
    FileRepeated,
}

/// Takes a form apart.
#[derive(Debug)]
pub struct FormDecoder {
    /// Line break, two hyphens, boundary.
    delimiter: Vec<u8>,
    /// Bytes that may be the beginning of a delimiter, or the head of a part that is not all here.
    held: Bytes,
    state: State,
    /// Bytes before the file; once it is over, bytes after it.
    passed: usize,
    parts: usize,
    has_file: bool,
}

#[derive(Debug)]
enum State {
    /// Before the first boundary.
    Preamble,
    /// Right behind a boundary.
    Boundary,
    /// In the value of a field before the file.
    Value {
        name: String,
        value: Vec<u8>,
    },
    File,
    /// In the value of a field after the file.
    Late,
    /// Behind the last boundary.
    Closed,
}

impl FormDecoder {
    /// A decoder for a body of this `Content-Type`.
    pub fn new(content_type: &str) -> Result<FormDecoder, FormFault> {
        let boundary = parse_boundary(content_type)?;
        Ok(FormDecoder {
            delimiter: [b"\r\n--", boundary.as_bytes()].concat(),
            // The first boundary may be the first line; the line break before it is not sent then.
            held: Bytes::from_static(b"\r\n"),
            state: State::Preamble,
            passed: 0,
            parts: 0,
            has_file: false,
        })
    }

    /// Takes what can be told from `input`; `None` asks for more.
    pub fn decode(&mut self, input: &mut Bytes) -> Result<Option<FormEvent>, FormFault> {
        while !input.is_empty() {
            if let Some(event) = self.step(input)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// Says that nothing more comes. A form that broke off is no form.
    pub fn finish(&self) -> Result<(), FormFault> {
        match self.state {
            State::Closed if self.has_file => Ok(()),
            State::Closed => Err(FormFault::FileMissing),
            _ => Err(malformed(BROKEN_OFF)),
        }
    }

    /// How many bytes are kept for later.
    pub fn held_bytes(&self) -> usize {
        let value = match &self.state {
            State::Value { name, value } => name.len() + value.len(),
            _ => 0,
        };
        self.held.len() + value
    }

    fn step(&mut self, input: &mut Bytes) -> Result<Option<FormEvent>, FormFault> {
        match &self.state {
            State::Boundary => return self.begin_part(input),
            State::Closed => {
                let rest = std::mem::take(input);
                self.pass(rest.len())?;
                return Ok(None);
            }
            _ => {}
        }
        let (data, is_over) = self.until_delimiter(input);
        if !matches!(self.state, State::File) {
            self.pass(data.len())?;
        }
        if let State::Value { value, .. } = &mut self.state {
            value.extend_from_slice(&data);
        }
        if !is_over {
            let is_data = matches!(self.state, State::File) && !data.is_empty();
            return Ok(is_data.then_some(FormEvent::Data(data)));
        }
        let event = match std::mem::replace(&mut self.state, State::Boundary) {
            State::Value { name, value } => Some(FormEvent::Field { name, value }),
            State::File => {
                self.passed = 0;
                (!data.is_empty()).then_some(FormEvent::Data(data))
            }
            _ => None,
        };
        self.pass(self.delimiter.len())?;
        Ok(event)
    }

    /// Everything up to the next delimiter, and whether that was found. What may be its beginning is held back.
    fn until_delimiter(&mut self, input: &mut Bytes) -> (Bytes, bool) {
        let mut data = self.join(input);
        if let Some(at) = memmem::find(&data, &self.delimiter) {
            *input = data.split_off(at).slice(self.delimiter.len()..);
            return (data, true);
        }
        let longest = data.len().min(self.delimiter.len() - 1);
        let held = (1..=longest)
            .rev()
            .find(|length| data.ends_with(self.delimiter.get(..*length).unwrap_or_default()));
        let held = data.split_off(data.len() - held.unwrap_or_default());
        // A copy, so that a few bytes do not keep the whole piece alive.
        self.held = Bytes::copy_from_slice(&held);
        (data, false)
    }

    /// Reads the head of the part behind a boundary, or that it was the last one.
    fn begin_part(&mut self, input: &mut Bytes) -> Result<Option<FormEvent>, FormFault> {
        let mut head = self.join(input);
        if head.starts_with(b"--") {
            *input = head.split_off(2);
            self.state = State::Closed;
            return Ok(Some(FormEvent::End));
        }
        let Some(end) = memmem::find(&head, PART_HEAD_END) else {
            if head.len() >= PART_HEAD_BYTES_MAX + PART_HEAD_END.len() {
                return Err(malformed("the head of a part is too long"));
            }
            self.held = head;
            return Ok(None);
        };
        *input = head.split_off(end).slice(PART_HEAD_END.len()..);
        if head.len() > PART_HEAD_BYTES_MAX {
            return Err(malformed("the head of a part is too long"));
        }
        self.pass(head.len() + PART_HEAD_END.len())?;
        self.parts += 1;
        if self.parts > PARTS_MAX {
            return Err(malformed("it has too many parts"));
        }
        let part = PartHead::parse(&head)?;
        let is_file = part.name.eq_ignore_ascii_case(FILE);
        match (is_file, self.has_file) {
            (true, true) => Err(FormFault::FileRepeated),
            (true, false) => {
                self.has_file = true;
                self.state = State::File;
                Ok(Some(FormEvent::File {
                    file_name: part.file_name,
                    content_type: part.content_type,
                }))
            }
            (false, true) => {
                self.state = State::Late;
                Ok(Some(FormEvent::Late { name: part.name }))
            }
            (false, false) => {
                self.state = State::Value {
                    name: part.name,
                    value: Vec::new(),
                };
                Ok(None)
            }
        }
    }

    /// Counts bytes that are not the file's.
    fn pass(&mut self, bytes: usize) -> Result<(), FormFault> {
        self.passed = self.passed.saturating_add(bytes);
        if !self.has_file && self.passed > FORM_HEAD_BYTES_MAX + UNSENT_BYTES {
            return Err(FormFault::HeadTooLarge);
        }
        if self.has_file && self.passed > FORM_TAIL_BYTES_MAX {
            return Err(malformed("too much follows the file"));
        }
        Ok(())
    }

    fn join(&mut self, input: &mut Bytes) -> Bytes {
        let (held, input) = (std::mem::take(&mut self.held), std::mem::take(input));
        if held.is_empty() {
            input
        } else {
            [held, input].concat().into()
        }
    }
}

/// The policy and what signs it are taken as they were signed.
fn is_signed_text(field: &str) -> bool {
    ["policy", "x-amz-signature"]
        .iter()
        .any(|signed| field.eq_ignore_ascii_case(signed))
}

fn replace(text: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memmem::find(rest, what) {
        let (before, after) = rest.split_at(at);
        out.extend_from_slice(before);
        out.extend_from_slice(with);
        rest = after.get(what.len()..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

fn malformed(reason: &'static str) -> FormFault {
    FormFault::Malformed { reason }
}

/// What is wrong with a form that broke off.
pub const BROKEN_OFF: &str = "it ends without its last boundary";
/// The empty line behind the head of a part.
const PART_HEAD_END: &[u8] = b"\r\n\r\n";
/// The field that holds the file.
const FILE: &str = "file";
/// What stands for the name of the file in a field.
const FILE_NAME: &[u8] = b"${filename}";
/// The line break that the decoder puts before the first boundary.
const UNSENT_BYTES: usize = 2;
/// Most bytes before the file, with boundaries and heads of parts. SPEC:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html>: the form data is limited to 20 KB, which AWS's
/// error gives as 20,480 bytes.
pub const FORM_HEAD_BYTES_MAX: usize = 20 * 1024;
/// Most bytes after the file. They mean nothing, so nobody has a reason to send many.
pub const FORM_TAIL_BYTES_MAX: usize = 1024 * 1024;
/// Most bytes of one part's head: a name, the name of a file, a type.
pub const PART_HEAD_BYTES_MAX: usize = 4 * 1024;
/// Most parts of a form. Each field is held against each condition of the policy.
pub const PARTS_MAX: usize = 256;

#[cfg(test)]
mod tests;
