use ferrows_protocol::{MAX_REASON_LEN, close_payload, is_valid_close_code};

#[test]
fn the_valid_status_codes_are_those_of_ws() {
    let valid = (0..=u16::MAX).filter(|&code| is_valid_close_code(code));
    let expected = [1000..=1003, 1007..=1014, 3000..=4999];
    assert!(valid.eq(expected.into_iter().flatten()));
}

#[test]
fn a_close_payload_is_the_code_and_the_reason() {
    let (memory, len) = close_payload(1001, b"bye");
    assert_eq!(&memory[..len], b"\x03\xe9bye");
}

#[test]
fn a_reason_that_does_not_fit_is_cut() {
    let (memory, len) = close_payload(1000, &[b'r'; 200]);
    assert_eq!(len, memory.len());
    assert_eq!(memory[2..], [b'r'; MAX_REASON_LEN]);
}
