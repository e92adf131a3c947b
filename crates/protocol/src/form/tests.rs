//! A form comes apart into its parts however it is cut, and nothing unsound comes out of one.

use super::*;

const TYPE: &str = "multipart/form-data; boundary=XX";

/// What came out, pieces of the file joined, and how it ended.
fn decode(body: &[u8], piece: usize) -> (Vec<FormEvent>, Result<(), FormFault>) {
    let mut decoder = FormDecoder::new(TYPE).expect("a boundary");
    let mut events: Vec<FormEvent> = Vec::new();
    for piece in body.chunks(piece) {
        let mut input = Bytes::copy_from_slice(piece);
        loop {
            match decoder.decode(&mut input) {
                Err(fault) => return (events, Err(fault)),
                Ok(None) => break,
                Ok(Some(FormEvent::Data(more))) => match events.last_mut() {
                    Some(FormEvent::Data(data)) => *data = [data.clone(), more].concat().into(),
                    _ => events.push(FormEvent::Data(more)),
                },
                Ok(Some(event)) => events.push(event),
            }
        }
    }
    (events, decoder.finish())
}

fn part(name: &str, value: &str) -> String {
    format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

fn file(data: &str) -> String {
    format!(
        "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n\
         {data}\r\n"
    )
}

fn field(name: &str, value: &str) -> FormEvent {
    FormEvent::Field {
        name: name.to_owned(),
        value: value.into(),
    }
}

fn begin() -> FormEvent {
    FormEvent::File {
        file_name: Some(b"a.txt".to_vec()),
        content_type: Some("text/plain".to_owned()),
    }
}

fn data(data: &str) -> FormEvent {
    FormEvent::Data(Bytes::copy_from_slice(data.as_bytes()))
}

fn late(name: &str) -> FormEvent {
    FormEvent::Late {
        name: name.to_owned(),
    }
}

fn check(body: &str, expected: &[FormEvent], end: Result<(), FormFault>) {
    for piece in [1, 2, 3, 7, 64, usize::MAX] {
        let (events, ended) = decode(body.as_bytes(), piece);
        assert_eq!(
            (events.as_slice(), ended),
            (expected, end),
            "in pieces of {piece}: {body}"
        );
    }
}

#[test]
fn fields_and_file_come_in_their_order_however_they_are_cut() {
    let content = "line\r\n--X\r\n\r\n--\r\n-";
    check(
        &format!(
            "{}{}{}{}--XX--\r\n",
            part("key", "k"),
            part("empty", ""),
            file(content),
            part("submit", "Go")
        ),
        &[
            field("key", "k"),
            field("empty", ""),
            begin(),
            data(content),
            late("submit"),
            FormEvent::End,
        ],
        Ok(()),
    );
}

#[test]
fn text_around_the_parts_belongs_to_nothing() {
    check(
        &format!("preamble\r\n{}--XX--epilogue", file("x")),
        &[begin(), data("x"), FormEvent::End],
        Ok(()),
    );
}

#[test]
fn an_empty_file_is_a_file() {
    check(&format!("{}--XX--", file("")), &[begin(), FormEvent::End], Ok(()));
}

#[test]
fn a_form_has_exactly_one_file() {
    check(
        &format!("{}--XX--", part("key", "k")),
        &[field("key", "k"), FormEvent::End],
        Err(FormFault::FileMissing),
    );
    check(
        &format!("{}{}--XX--", file("x"), part("FILE", "y")),
        &[begin(), data("x")],
        Err(FormFault::FileRepeated),
    );
}

#[test]
fn a_form_that_breaks_off_is_no_form() {
    let broken = Err(malformed("it ends without its last boundary"));
    check("", &[], broken);
    check("--XX", &[], broken);
    check("--XX\r\nContent-Disposition: form-data; name=\"a\"", &[], broken);
    check(
        "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv",
        &[],
        broken,
    );
    check(&file("x"), &[begin(), data("x")], broken);
    check(&format!("{}--XX", file("x")), &[begin(), data("x")], broken);
    check(&format!("{}--XX-", file("x")), &[begin(), data("x")], broken);
    check("no boundary at all", &[], broken);
}

#[test]
fn a_boundary_with_more_behind_it_is_not_guessed_at() {
    let fault = Err(malformed("a boundary is followed by other text"));
    let body = file("x").replace("x\r\n", "x\r\n--XXY\r\n\r\n");
    check(&body, &[begin(), data("x")], fault);
}

#[test]
fn what_stands_before_the_file_is_bounded() {
    let spent = part("key", "").len() + file("").len() - 2;
    let body = |length: usize| format!("{}{}--XX--", part("key", &"k".repeat(length)), file("x"));
    let longest = FORM_HEAD_BYTES_MAX - spent;
    check(
        &body(longest),
        &[
            field("key", &"k".repeat(longest)),
            begin(),
            data("x"),
            FormEvent::End,
        ],
        Ok(()),
    );
    for piece in [1, usize::MAX] {
        let (_, end) = decode(body(longest + 1).as_bytes(), piece);
        assert_eq!(end, Err(FormFault::HeadTooLarge));
        let (_, end) = decode(" ".repeat(2 * FORM_HEAD_BYTES_MAX).as_bytes(), piece);
        assert_eq!(end, Err(FormFault::HeadTooLarge));
    }
}

#[test]
fn what_follows_the_file_is_bounded() {
    let body = |length: usize| format!("{}--XX--{}", file("x"), " ".repeat(length));
    let spent = "\r\n--XX".len();
    assert_eq!(
        decode(body(FORM_TAIL_BYTES_MAX - spent).as_bytes(), 4096).1,
        Ok(())
    );
    let fault = Err(malformed("too much follows the file"));
    assert_eq!(
        decode(body(FORM_TAIL_BYTES_MAX - spent + 1).as_bytes(), 4096).1,
        fault
    );
    let field = format!(
        "{}{}--XX--",
        file("x"),
        part("a", &" ".repeat(FORM_TAIL_BYTES_MAX))
    );
    assert_eq!(decode(field.as_bytes(), 4096).1, fault);
}

#[test]
fn parts_and_their_heads_are_bounded() {
    let parts = |n: usize| format!("{}{}--XX--", file("x"), part("a", "").repeat(n));
    assert_eq!(decode(parts(PARTS_MAX - 1).as_bytes(), 4096).1, Ok(()));
    assert_eq!(
        decode(parts(PARTS_MAX).as_bytes(), 4096).1,
        Err(malformed("it has too many parts"))
    );
    let long = "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"".len();
    let named = |n: usize| {
        let name = "f".repeat(n);
        format!(
            "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\nx\r\n--XX--"
        )
    };
    for piece in [1, usize::MAX] {
        assert_eq!(
            decode(named(PART_HEAD_BYTES_MAX - long).as_bytes(), piece).1,
            Ok(())
        );
        assert_eq!(
            decode(named(PART_HEAD_BYTES_MAX - long + 1).as_bytes(), piece).1,
            Err(malformed("the head of a part is too long"))
        );
    }
}

#[test]
fn little_is_held_while_a_file_streams_by() {
    let mut decoder = FormDecoder::new(TYPE).expect("a boundary");
    let mut input = Bytes::from(file(&"\r\n--X".repeat(100_000)));
    while let Some(event) = decoder.decode(&mut input).expect("well-formed so far") {
        assert!(matches!(event, FormEvent::File { .. } | FormEvent::Data(_)));
        assert!(decoder.held_bytes() <= decoder.delimiter.len());
    }
}

#[test]
fn the_name_of_the_file_stands_for_itself_in_every_field() {
    let check = |file_name: Option<&str>, value: &str, expected: &str| {
        let form = Form {
            fields: vec![
                ("key".to_owned(), value.into()),
                ("Policy".to_owned(), value.into()),
            ],
            file_name: file_name.map(Into::into),
            file_type: None,
        };
        let filled = form.filled_in();
        assert_eq!(
            Form::first(&filled, "KEY"),
            Some(expected.as_bytes()),
            "{file_name:?} {value}"
        );
        assert_eq!(Form::first(&filled, "policy"), Some(value.as_bytes()));
    };
    check(Some("cat.jpg"), "u/${filename}", "u/cat.jpg");
    check(Some("cat.jpg"), "${filename}-${filename}${", "cat.jpg-cat.jpg${");
    check(Some("C:\\dir\\cat.jpg"), "${filename}", "cat.jpg");
    check(Some("/photos/mine/cat.jpg"), "${filename}", "cat.jpg");
    check(Some("${filename}"), "a${filename}", "a${filename}");
    check(Some(""), "a${filename}", "a");
    check(None, "a${filename}", "a");
    check(Some("cat.jpg"), "$filename", "$filename");
}

#[test]
fn fields_are_bounded_with_the_name_of_the_file_filled_in() {
    let form = |name: &str, times, file_name: usize| Form {
        fields: vec![(name.to_owned(), FILE_NAME.repeat(times))],
        file_name: Some([b"dir/".to_vec(), vec![b'n'; file_name]].concat()),
        file_type: None,
    };
    let longest = (FORM_HEAD_BYTES_MAX - "abcd".len()) / 4;
    assert_eq!(form("abcd", longest, 4).check_filled_in(), Ok(()));
    assert_eq!(
        form("abcd", longest + 1, 4).check_filled_in(),
        Err(FormFault::HeadTooLarge)
    );
    assert_eq!(form("policy", 1000, 4000).check_filled_in(), Ok(()));
    assert_eq!(form("abcd", 1000, 0).check_filled_in(), Ok(()));
}

#[test]
fn a_form_that_would_grow_beyond_its_bounds_is_told_of_as_it_was_sent() {
    let form = |names: usize, name: usize| Form {
        fields: vec![("abcd".to_owned(), FILE_NAME.repeat(names))],
        file_name: Some(vec![b'n'; name]),
        file_type: None,
    };
    let bytes = |form: &Form| {
        form.within_bounds()
            .iter()
            .map(|(_, value)| value.len())
            .sum::<usize>()
    };
    let small = form(2, 100);
    assert_eq!(small.within_bounds(), small.filled_in());
    let growing = form(1_000, 4_000);
    assert_eq!(growing.within_bounds(), growing.fields);
    assert!(bytes(&growing) <= FORM_HEAD_BYTES_MAX);
}
