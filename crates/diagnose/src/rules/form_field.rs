//! Which field a form lacks, and whether it came too late. What POL-ORDER and POL-MISSING share.
//!
//! Not here: why a field is needed; the refusal says that it is.

use countersign_sigv4::Refusal;

use crate::case::Fault;
use crate::scene::Scene;

/// Where a field is that was not found before the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// After the file.
    Late,
    /// Perhaps after the file: nothing stands before it, and nobody looked behind it.
    PerhapsLate,
    /// Nowhere.
    Nowhere,
}

/// The field that a form was refused for.
pub(super) fn missing(scene: &Scene<'_>) -> Option<(&'static str, Place)> {
    let name = match scene.case.fault {
        Fault::FileMissing => return Some(("file", Place::Nowhere)),
        Fault::Refused(Refusal::FormFieldMissing { name }) => *name,
        _ => return None,
    };
    let form = scene.case.form?;
    let is_late = form.late.iter().any(|late| late.eq_ignore_ascii_case(name));
    let place = match () {
        () if is_late => Place::Late,
        () if form.has_file && form.fields.is_empty() && form.late.is_empty() => Place::PerhapsLate,
        () => Place::Nowhere,
    };
    Some((name, place))
}
