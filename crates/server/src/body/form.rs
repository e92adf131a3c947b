//! The body of a browser form: its head is read for the claim, then the file is a source like any other body.
//!
//! Not here: the format (`protocol::form`), and whether the form may do what it asks for.
//!
//! It keeps true: the head is read within bytes and time; a file that its policy does not allow ends in a fault, so that
//! no store takes it.

use std::time::Duration;

use bytes::Bytes;
use countersign_diagnose::FormFacts;
use countersign_protocol::Form;
use countersign_protocol::form::{FormDecoder, FormEvent, FormFault};
use countersign_sigv4::PolicyDocument;

use super::{BodyFault, Framing, Upload, receive};

/// A form that is being received.
pub(super) struct FormBody {
    decoder: FormDecoder,
    /// What was read of its head.
    head: Form,
    /// The head is over and the file has begun.
    has_file: bool,
    /// Names of fields that came after the file.
    late: Vec<String>,
    /// Bytes of the file so far.
    size: u64,
    /// What the file is held against.
    policy: Option<PolicyDocument>,
}

impl FormBody {
    /// Reads the head; true once the file begins.
    fn read_head(&mut self, framed: &mut Bytes) -> Result<bool, FormFault> {
        while let Some(event) = self.decoder.decode(framed)? {
            match event {
                FormEvent::Field { name, value } => self.head.fields.push((name, value)),
                FormEvent::File {
                    file_name,
                    content_type,
                } => {
                    self.head.file_name = file_name;
                    self.head.file_type = content_type;
                    self.has_file = true;
                    return Ok(true);
                }
                FormEvent::End | FormEvent::Data(_) | FormEvent::Late { .. } => {
                    return Err(FormFault::FileMissing);
                }
            }
        }
        Ok(false)
    }

    /// The next bytes of the file, as far as they have arrived.
    pub(super) fn data(&mut self, framed: &mut Bytes) -> Result<Option<Bytes>, BodyFault> {
        while let Some(event) = self.decoder.decode(framed).map_err(BodyFault::Form)? {
            match event {
                FormEvent::Data(bytes) => {
                    self.size += bytes.len() as u64;
                    let allowed = self.policy.as_ref().and_then(PolicyDocument::file_bytes_max);
                    if allowed.is_some_and(|max| self.size > max) {
                        self.check_size()?;
                    }
                    return Ok(Some(bytes));
                }
                FormEvent::Late { name } if self.late.len() < LATE_NAMES_MAX => self.late.push(name),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Says that nothing more comes.
    pub(super) fn finish(&self) -> Result<(), BodyFault> {
        self.decoder.finish().map_err(BodyFault::Form)?;
        self.check_size()
    }

    fn check_size(&self) -> Result<(), BodyFault> {
        match &self.policy {
            Some(policy) => policy.check_length(self.size).map_err(BodyFault::Policy),
            None => Ok(()),
        }
    }
}

impl Upload {
    /// Reads a form up to its file. From then on this is the file.
    pub async fn read_form(&mut self, content_type: &str) -> Result<Form, BodyFault> {
        let decoder = FormDecoder::new(content_type).map_err(BodyFault::Form)?;
        self.is_asked_for = true;
        self.framing = Framing::Form(Box::new(FormBody {
            decoder,
            head: Form::default(),
            has_file: false,
            late: Vec::new(),
            size: 0,
            policy: None,
        }));
        let head = tokio::time::timeout(FORM_HEAD_TIME_MAX, self.read_form_head()).await;
        let head = head.unwrap_or(Err(BodyFault::TooSlow));
        self.is_broken = head.is_err();
        head
    }

    async fn read_form_head(&mut self) -> Result<Form, BodyFault> {
        loop {
            let Framing::Form(form) = &mut self.framing else {
                return Err(BodyFault::Incomplete);
            };
            if form.read_head(&mut self.framed).map_err(BodyFault::Form)? {
                form.head.check_filled_in().map_err(BodyFault::Form)?;
                return Ok(form.head.clone());
            }
            match receive(&mut self.incoming).await? {
                Some(bytes) => {
                    if let Some(kept) = &mut self.as_sent {
                        kept.push_back(bytes.clone());
                    }
                    self.framed = bytes;
                }
                None => {
                    self.is_over = true;
                    form.decoder.finish().map_err(BodyFault::Form)?;
                }
            }
        }
    }

    /// From now on the file must be what its policy allows.
    pub fn hold_file_to(&mut self, policy: PolicyDocument) {
        if let Framing::Form(form) = &mut self.framing {
            form.policy = Some(policy);
        }
    }

    /// Whether it is read as a form.
    pub(crate) fn is_form(&self) -> bool {
        matches!(self.framing, Framing::Form(_))
    }

    /// What a diagnosis needs of a form.
    pub fn form_facts(&self) -> Option<FormFacts> {
        let Framing::Form(form) = &self.framing else {
            return None;
        };
        Some(FormFacts {
            fields: form.head.within_bounds(),
            has_file: form.has_file,
            file_type: form.head.file_type.clone(),
            late: form.late.clone(),
        })
    }

    /// Looks which fields follow the file, within bounds. Only for a form that is refused because it lacks a field: the
    /// answer can say then that the field came too late.
    pub async fn look_behind_file(&mut self) {
        if self.is_over || self.is_broken || !matches!(self.framing, Framing::Form(_)) {
            return;
        }
        let look = async {
            let mut left = LOOK_BYTES_MAX;
            while left > 0 {
                match self.piece().await {
                    Ok(Some(bytes)) => left = left.saturating_sub(bytes.len()),
                    Ok(None) => {
                        self.is_over = true;
                        return;
                    }
                    Err(_) => {
                        self.is_broken = true;
                        return;
                    }
                }
            }
        };
        // A client that is slower than this is answered without the look.
        let _ = tokio::time::timeout(LOOK_TIME_MAX, look).await;
    }
}

/// How long the head of a form may take to arrive.
const FORM_HEAD_TIME_MAX: Duration = Duration::from_secs(60);
/// Most names that are kept of fields behind the file.
const LATE_NAMES_MAX: usize = 32;
/// Most bytes of a file that are read to see what follows it.
const LOOK_BYTES_MAX: usize = 1024 * 1024;
/// How long to look at most.
const LOOK_TIME_MAX: Duration = Duration::from_secs(2);
