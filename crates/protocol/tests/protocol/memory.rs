//! What a connection holds between reads.

use ferrows_protocol::{Event, Flow, Incoming, Options, Role};

use crate::transcript::Recorder;

fn client() -> Incoming {
    Incoming::new(Options {
        role: Role::Client,
        ..Options::default()
    })
}

fn held_after(chunks: &[&[u8]]) -> usize {
    let mut incoming = client();
    for chunk in chunks {
        let mut sink = Recorder::default();
        let _ = incoming.decode(&mut chunk.to_vec(), &mut sink);
    }
    incoming.held()
}

#[test]
fn an_idle_endpoint_is_small() {
    assert!(size_of::<Incoming>() <= 128, "{}", size_of::<Incoming>());
    assert_eq!(client().held(), 0);
}

#[test]
fn nothing_is_held_between_messages() {
    assert_eq!(held_after(&[b"\x81\x02ab", b"\x81\x02a", b"b"]), 0);
    assert_eq!(held_after(&[b"\x01\x02ab", b"\x80\x02a", b"b"]), 0);
    assert_eq!(held_after(&[b"\x89\x02a", b"b"]), 0);
    assert_eq!(held_after(&[b"\x81"]), 0);
}

#[test]
fn nothing_is_held_after_a_close_frame_or_an_error() {
    assert_eq!(held_after(&[b"\x01\x02ab\x88\x00"]), 0);
    assert_eq!(held_after(&[b"\x01\x02ab\x83\x00"]), 0);
    assert_eq!(held_after(&[b"\x01\x02ab\x89\x02a", b"b\xff\x00"]), 0);
}

#[test]
fn a_header_allocates_nothing_it_claims() {
    // 4 GiB.
    let header = b"\x82\x7f\x00\x00\x00\x01\x00\x00\x00\x00";
    assert_eq!(held_after(&[header]), 0);
    assert_eq!(held_after(&[header, &[0; 100]]), 1024);
    assert!(held_after(&[header, &[0; 4000]]) <= 4 * 4000);
}

#[test]
fn a_short_message_gets_no_more_memory_than_it_needs() {
    let mut incoming = client();
    let mut capacity = 0;
    let mut sink = |event: Event<'_>| {
        if let Event::Data(data) = event {
            capacity = data.payload.into_vec().capacity();
        }
        Flow::Continue
    };
    incoming
        .decode(&mut b"\x81\x05Hel".to_vec(), &mut sink)
        .unwrap();
    incoming.decode(&mut b"lo".to_vec(), &mut sink).unwrap();
    assert_eq!(capacity, 5);
}

#[test]
fn many_small_fragments_are_copied_a_bounded_number_of_times() {
    let mut incoming = client();
    let mut sink = Recorder::default();
    incoming
        .decode(&mut b"\x02\x00".to_vec(), &mut sink)
        .unwrap();
    let mut capacities = Vec::new();
    for _ in 0..if cfg!(miri) { 200 } else { 5000 } {
        incoming
            .decode(&mut b"\x00\x04abcd".to_vec(), &mut sink)
            .unwrap();
        capacities.push(incoming.held());
    }
    capacities.dedup();
    assert!(capacities.len() <= 8, "{capacities:?}");
}
