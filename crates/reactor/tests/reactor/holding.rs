use rustix::io::Errno;

use ferrows_protocol::Opcode;
use ferrows_reactor::Verdict;

use crate::peer::{KINDS, Kind, frame};
use crate::world::{ENDED, Told, World, broken, text};

/// A world whose sink holds connections at messages that begin with `!`.
fn holding() -> World {
    let mut world = World::new();
    world.memory.verdict = Box::new(|_, bytes| {
        if bytes.starts_with(b"!") {
            Verdict::Hold
        } else {
            Verdict::Continue
        }
    });
    world
}

#[test]
fn nothing_follows_until_the_connection_is_released() {
    for kind in KINDS {
        let mut world = holding();
        let (held, peer) = world.connect(kind);
        let (other, to_other) = world.connect(kind);
        for message in ["zero", "!one", "two", "!three"] {
            peer.say(message);
        }
        to_other.say("heard");
        let told = world.hear(3);
        assert!(told.contains(&(held, text("zero"))));
        assert!(told.contains(&(held, text("!one"))));
        assert!(told.contains(&(other, text("heard"))));
        peer.say("four");
        peer.half_close();
        assert_eq!(world.settle(), []);
        world.reactor.release(held);
        assert_eq!(world.hear_from(held, 2), [text("two"), text("!three")]);
        assert_eq!(world.settle(), []);
        world.reactor.release(held);
        assert_eq!(world.hear_from(held, 2), [text("four"), ENDED]);
    }
}

#[test]
fn the_end_and_errors_wait_as_well() {
    let mut world = holding();
    let (id, peer) = world.connect(Kind::Tcp);
    peer.say("!one");
    assert_eq!(world.hear_from(id, 1), [text("!one")]);
    peer.reset();
    assert_eq!(world.settle(), []);
    world.reactor.release(id);
    assert_eq!(world.hear_from(id, 1), [broken(Errno::CONNRESET)]);
}

#[test]
fn a_failed_write_waits_as_well() {
    let mut world = holding();
    let (id, peer) = world.connect(Kind::Unix);
    peer.say("!one");
    peer.say("two");
    assert_eq!(world.hear_from(id, 1), [text("!one")]);
    drop(peer);
    assert_eq!(world.reactor.send(id, b"too late").written, 0);
    assert_eq!(world.settle(), []);
    world.reactor.release(id);
    assert_eq!(world.hear_from(id, 2), [text("two"), broken(Errno::PIPE)]);
}

#[test]
fn a_failed_write_is_reported_after_the_release_when_nothing_else_is() {
    let mut world = holding();
    let (id, peer) = world.connect(Kind::Unix);
    peer.say("!one");
    assert_eq!(world.hear_from(id, 1), [text("!one")]);
    drop(peer);
    assert_eq!(world.reactor.send(id, b"too late").written, 0);
    assert_eq!(world.settle(), []);
    world.reactor.release(id);
    assert_eq!(world.hear_from(id, 1), [broken(Errno::PIPE)]);
}

#[test]
fn being_held_and_being_paused_are_independent() {
    let mut world = holding();
    let (id, peer) = world.connect(Kind::Tcp);
    peer.say("!one");
    peer.say("two");
    assert_eq!(world.hear_from(id, 1), [text("!one")]);
    world.reactor.pause(id);
    world.reactor.release(id);
    assert_eq!(world.settle(), []);
    world.reactor.resume(id);
    assert_eq!(world.hear_from(id, 1), [text("two")]);
    peer.say("!three");
    peer.say("four");
    assert_eq!(world.hear_from(id, 1), [text("!three")]);
    world.reactor.pause(id);
    world.reactor.resume(id);
    assert_eq!(world.settle(), []);
    world.reactor.release(id);
    assert_eq!(world.hear_from(id, 1), [text("four")]);
}

#[test]
fn a_reset_while_held_and_paused_is_reported_after_the_release() {
    let mut world = holding();
    let (id, peer) = world.connect(Kind::Tcp);
    peer.say("!one");
    assert_eq!(world.hear_from(id, 1), [text("!one")]);
    peer.say("two");
    peer.reset();
    world.reactor.pause(id);
    assert_eq!(world.settle(), []);
    world.reactor.release(id);
    assert_eq!(
        world.hear_from(id, 2),
        [text("two"), broken(Errno::CONNRESET)]
    );
}

#[test]
fn a_large_message_holds_as_well() {
    let mut world = holding();
    let (id, peer) = world.connect(Kind::Tcp);
    let mut payload = vec![b'x'; 150_000];
    payload[0] = b'!';
    let bytes = frame(Opcode::Binary, &payload);
    let mut sent = 0;
    while sent < bytes.len() {
        sent += peer.try_send(&bytes[sent..]).unwrap_or(0);
        world.settle_quietly();
    }
    assert_eq!(world.hear_from(id, 1), [Told::Message(payload)]);
    peer.say("next");
    assert_eq!(world.settle(), []);
    world.reactor.release(id);
    assert_eq!(world.hear_from(id, 1), [text("next")]);
}

#[test]
fn a_hold_of_the_last_message_before_a_full_sink_lasts() {
    let mut world = holding();
    let (id, peer) = world.connect(Kind::Unix);
    peer.say("!one");
    peer.say("two");
    world.memory.room = 1;
    let _ = world.wake_up();
    world.memory.room = 100;
    assert_eq!(world.settle(), [(id, text("!one"))]);
    assert_eq!(world.settle(), []);
    world.reactor.release(id);
    assert_eq!(world.hear_from(id, 1), [text("two")]);
}
