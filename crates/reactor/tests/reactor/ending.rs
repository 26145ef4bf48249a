use std::io::IoSlice;

use rustix::io::Errno;
use rustix::net::{Shutdown, shutdown};

use ferrows_protocol::Opcode;
use ferrows_reactor::{ConnectionId, Limits, Notice, Sent};

use crate::peer::{KINDS, Kind, Peer, frame};
use crate::world::{ENDED, Told, World, broken, pattern, text};

#[test]
fn the_end_is_reported_once_and_sending_goes_on() {
    for kind in KINDS {
        let mut world = World::new();
        let (id, peer) = world.connect(kind);
        peer.say("last words");
        peer.half_close();
        assert_eq!(world.hear_from(id, 2), [text("last words"), ENDED]);
        assert_eq!(world.settle(), []);
        assert_eq!(world.reactor.send(id, b"answer").written, 6);
        assert_eq!(peer.expect(6), b"answer");
        assert_eq!(world.settle(), []);
    }
}

#[test]
fn a_backlog_is_written_after_the_end() {
    for kind in KINDS {
        let mut world = World::new();
        let (id, peer) = world.connect(kind);
        world.shrink(id);
        let sent = world.fill(id, 300_000);
        peer.half_close();
        // The peer's kernel may take some more of the backlog meanwhile.
        while world.hear_from(id, 1).last() != Some(&ENDED) {}
        let received = drain(&mut world, &peer, sent.len());
        assert_eq!(received, sent);
        assert_eq!(world.reactor.backlog_len(id), 0);
        assert!(!world.is_ready());
    }
}

#[test]
fn a_socket_closed_in_both_directions_is_left_alone() {
    for kind in KINDS {
        let mut world = World::new();
        let (id, peer) = world.connect(kind);
        shutdown(&world.sockets[&id], Shutdown::Write).unwrap();
        peer.half_close();
        assert_eq!(world.hear_from(id, 1), [ENDED]);
        assert_eq!(world.settle(), []);
        world.remove(id);
    }
}

#[test]
fn a_peer_that_is_gone_is_reported_once() {
    for kind in KINDS {
        let mut world = World::new();
        let (id, peer) = world.connect(kind);
        drop(peer);
        assert_eq!(world.hear_from(id, 1), [ENDED]);
        assert_eq!(world.settle(), []);
        // TCP learns from the answer to the first bytes that nobody is there.
        while world.reactor.send(id, b"anybody?").written > 0 {}
        let told = world.hear_from(id, 1);
        let broken_pipe = broken(Errno::PIPE);
        assert!(told == [broken_pipe] || told == [broken(Errno::CONNRESET)]);
        assert_eq!(world.reactor.send(id, b"anybody?"), Sent::default());
        assert_eq!(world.settle(), []);
    }
}

fn drain(world: &mut World, peer: &Peer, len: usize) -> Vec<u8> {
    let mut received = Vec::new();
    while received.len() < len {
        received.extend(peer.receive_all());
        world.settle();
    }
    received
}

/// Resets a connection in the state that `prepare` brings it into, and checks that this is reported
/// once, after everything else, and that nothing is left to do or to send.
fn reset_in(prepare: impl FnOnce(&mut World, ConnectionId, &Peer)) {
    let mut world = World::with(Limits::default(), 64 * 1024);
    let (id, peer) = world.connect(Kind::Tcp);
    prepare(&mut world, id, &peer);
    world.memory.told.clear();
    peer.reset();
    let told = world.hear_from(id, 1);
    let is_reset = |told: &Told| *told == broken(Errno::CONNRESET) || *told == broken(Errno::PIPE);
    let (last, others) = told.split_last().unwrap();
    assert!(is_reset(last), "{last:?}");
    assert!(!others.iter().any(is_reset));
    assert_eq!(world.settle(), []);
    assert_eq!(world.reactor.backlog_len(id), 0);
    assert_eq!(world.reactor.send(id, b"x"), Sent::default());
    assert_eq!(
        world.reactor.send_vectored(id, &[IoSlice::new(b"x")]),
        Sent::default()
    );
    world.reactor.pause(id);
    world.reactor.resume(id);
    world.reactor.feed(id, b"x");
    assert_eq!(world.settle(), []);
    world.remove(id);
    assert_eq!(world.settle(), []);
}

#[test]
fn a_reset_of_a_new_connection() {
    reset_in(|_, _, _| {});
}

#[test]
fn a_reset_between_messages() {
    reset_in(|world, _, peer| {
        peer.say("one");
        world.hear(1);
    });
}

#[test]
fn a_reset_in_the_middle_of_a_frame() {
    reset_in(|world, _, peer| {
        peer.send(&frame(Opcode::Text, b"incomplete")[..9]);
        world.settle();
    });
}

#[test]
fn a_reset_in_the_middle_of_a_large_message() {
    reset_in(|world, _, peer| {
        peer.send(&frame(Opcode::Binary, &[0; 500_000])[..100_000]);
        world.settle();
    });
}

#[test]
fn a_reset_after_a_close_frame() {
    reset_in(|world, _, peer| {
        peer.send(&frame(Opcode::Close, &[]));
        world.hear(1);
    });
}

#[test]
fn a_reset_after_an_error_of_the_protocol() {
    reset_in(|world, _, peer| {
        peer.send(&[0xff, 0xff]);
        world.hear(1);
    });
}

#[test]
fn a_reset_with_a_backlog() {
    reset_in(|world, id, _| {
        world.shrink(id);
        world.fill(id, 200_000);
    });
}

#[test]
fn a_reset_after_the_end_with_a_backlog() {
    reset_in(|world, id, peer| {
        world.shrink(id);
        world.fill(id, 200_000);
        peer.half_close();
        world.hear(1);
    });
}

#[test]
fn a_reset_while_paused() {
    reset_in(|world, id, _| {
        world.reactor.pause(id);
        world.settle();
    });
}

#[test]
fn a_reset_while_paused_with_a_backlog() {
    reset_in(|world, id, _| {
        world.shrink(id);
        world.reactor.pause(id);
        world.fill(id, 200_000);
    });
}

#[test]
fn a_reset_after_the_end_is_found_by_the_next_send() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Tcp);
    peer.half_close();
    assert_eq!(world.hear_from(id, 1), [ENDED]);
    peer.reset();
    assert_eq!(world.settle(), []);
    assert_eq!(world.reactor.send(id, b"x"), Sent::default());
    let told = world.hear_from(id, 1);
    assert!(
        matches!(told[..], [Told::Notice(Notice::Broken(_))]),
        "{told:?}"
    );
}

#[test]
fn sending_after_the_owner_has_shut_the_direction_breaks_the_connection() {
    for kind in KINDS {
        let mut world = World::new();
        let (id, peer) = world.connect(kind);
        shutdown(&world.sockets[&id], Shutdown::Write).unwrap();
        assert_eq!(world.reactor.send(id, b"x"), Sent::default());
        assert_eq!(world.hear_from(id, 1), [broken(Errno::PIPE)]);
        peer.say("unheard");
        assert_eq!(world.settle(), []);
    }
}

#[test]
fn what_came_before_a_reset_is_delivered() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Tcp);
    peer.say("one");
    peer.say("two");
    peer.reset();
    assert_eq!(
        world.hear_from(id, 3),
        [text("one"), text("two"), broken(Errno::CONNRESET)]
    );
}

#[test]
fn what_came_before_a_failed_write_is_delivered_within_the_budget() {
    let limits = Limits {
        budget: 1000,
        ..Limits::default()
    };
    let mut world = World::with(limits, 64 * 1024);
    let (id, peer) = world.connect(Kind::Unix);
    for i in 0..100 {
        peer.say(&format!("{i:0100}"));
    }
    drop(peer);
    assert_eq!(world.reactor.send(id, b"too late"), Sent::default());
    let mut told = Vec::new();
    while told.len() < 101 {
        let before = world.reactor.read_total(id);
        let _ = world.wake_up();
        assert!(world.reactor.read_total(id) - before <= 2000);
        told.append(&mut world.memory.told);
    }
    assert_eq!(told.pop(), Some((id, broken(Errno::PIPE))));
    for (i, (_, told)) in told.iter().enumerate() {
        assert_eq!(*told, text(&format!("{i:0100}")));
    }
    assert_eq!(world.settle(), []);
}

#[test]
fn an_end_inside_a_frame_is_an_end() {
    for kind in KINDS {
        let mut world = World::new();
        let (id, peer) = world.connect(kind);
        peer.send(&frame(Opcode::Binary, &pattern(0, 100_000))[..40_000]);
        world.settle();
        peer.half_close();
        assert_eq!(world.hear_from(id, 1), [ENDED]);
    }
}
