//! A form comes apart in the same way however it is cut, holds little, and never grows.
//!
//! The first byte of the input says how the body is cut; the rest is the body, with the boundary `XX`.

use bytes::Bytes;
use countersign_protocol::form::{
    FORM_HEAD_BYTES_MAX, FormDecoder, FormEvent, FormFault, PART_HEAD_BYTES_MAX,
};
use countersign_protocol::{Form, Head, parse_form};
use countersign_sigv4::form_claim;

pub(crate) fn run(input: &[u8]) {
    let [cut, body @ ..] = input else { return };
    let whole = decode([body].into_iter());
    let pieces = decode(body.chunks(usize::from(*cut).max(1)));
    assert_eq!(
        whole.end, pieces.end,
        "the end of a form depends on how it was cut"
    );
    if whole.end.is_ok() {
        assert_eq!(whole, pieces, "what a form says depends on how it was cut");
    }
    let held: usize = whole
        .form
        .fields
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    assert!(held + whole.data.len() <= body.len(), "a form grew by decoding");
    assert!(
        held <= FORM_HEAD_BYTES_MAX,
        "the head of a form is over its limit"
    );
    let _claim = form_claim(&whole.form.fields);
    let _named = parse_form(
        &Head {
            method: "POST",
            path: b"/bucket",
            query: None,
            headers: &[],
            host_bucket: None,
        },
        &whole.form,
    );
}

#[derive(Debug, PartialEq)]
struct Decoded {
    form: Form,
    data: Vec<u8>,
    late: Vec<String>,
    end: Result<(), FormFault>,
}

fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Decoded {
    let mut decoder = FormDecoder::new("multipart/form-data; boundary=XX").expect("a boundary");
    let mut decoded = Decoded {
        form: Form::default(),
        data: Vec::new(),
        late: Vec::new(),
        end: Ok(()),
    };
    for piece in pieces {
        let mut input = Bytes::copy_from_slice(piece);
        loop {
            match decoder.decode(&mut input) {
                Ok(None) => break,
                Ok(Some(FormEvent::Field { name, value })) => decoded.form.fields.push((name, value)),
                Ok(Some(FormEvent::File {
                    file_name,
                    content_type,
                })) => {
                    decoded.form.file_name = file_name;
                    decoded.form.file_type = content_type;
                }
                Ok(Some(FormEvent::Data(bytes))) => decoded.data.extend_from_slice(&bytes),
                Ok(Some(FormEvent::Late { name })) => decoded.late.push(name),
                Ok(Some(FormEvent::End)) => {}
                Err(fault) => {
                    decoded.end = Err(fault);
                    return decoded;
                }
            }
            assert!(
                decoder.held_bytes() <= FORM_HEAD_BYTES_MAX + PART_HEAD_BYTES_MAX,
                "the decoder holds too much"
            );
        }
    }
    decoded.end = decoder.finish();
    decoded
}
