use rustix::io::Errno;

use ferrows_reactor::Polled;

use crate::peer::{KINDS, Kind, pair};
use crate::world::{ENDED, World, broken, text};

#[test]
fn nothing_of_a_paused_connection_is_delivered_until_it_is_resumed() {
    for kind in KINDS {
        let mut world = World::new();
        let (id, peer) = world.connect(kind);
        world.reactor.pause(id);
        peer.say("one");
        peer.say("two");
        assert_eq!(world.settle(), []);
        peer.say("three");
        assert_eq!(world.settle(), []);
        world.reactor.resume(id);
        assert_eq!(
            world.hear_from(id, 3),
            [text("one"), text("two"), text("three")]
        );
    }
}

#[test]
fn a_pause_in_which_nothing_comes_costs_no_system_call() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Tcp);
    let before = world.reactor.stats();
    world.reactor.pause(id);
    world.reactor.resume(id);
    assert_eq!(world.reactor.stats(), before);
    peer.say("still there");
    assert_eq!(world.hear_from(id, 1), [text("still there")]);
}

#[test]
fn a_paused_connection_sends() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Tcp);
    world.shrink(id);
    peer.shrink();
    world.reactor.pause(id);
    peer.say("waits");
    let sent = world.fill(id, 50_000);
    let mut received = Vec::new();
    while received.len() < sent.len() {
        received.extend(peer.receive_all());
        world.settle();
    }
    assert_eq!(received, sent);
    assert_eq!(world.reactor.backlog_len(id), 0);
    world.reactor.resume(id);
    assert_eq!(world.hear_from(id, 1), [text("waits")]);
}

#[test]
fn the_end_is_reported_at_once_when_nothing_is_unread() {
    for kind in KINDS {
        let mut world = World::new();
        let (id, peer) = world.connect(kind);
        world.reactor.pause(id);
        peer.half_close();
        assert_eq!(world.hear_from(id, 1), [ENDED]);
        assert_eq!(world.settle(), []);
        world.reactor.resume(id);
        assert_eq!(world.settle(), []);
    }
}

#[test]
fn the_end_is_reported_after_what_is_unread() {
    for kind in KINDS {
        let mut world = World::new();
        let (id, peer) = world.connect(kind);
        world.reactor.pause(id);
        peer.say("last words");
        // On a Unix socket this is a hang-up, of which epoll tells without being asked.
        drop(peer);
        assert_eq!(world.settle(), []);
        world.reactor.resume(id);
        assert_eq!(world.hear_from(id, 2), [text("last words"), ENDED]);
        assert_eq!(world.settle(), []);
    }
}

#[test]
fn a_reset_is_reported_at_once() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Tcp);
    world.reactor.pause(id);
    peer.reset();
    assert_eq!(world.hear_from(id, 1), [broken(Errno::CONNRESET)]);
    assert_eq!(world.settle(), []);
}

#[test]
fn a_reset_is_reported_with_what_came_before_it() {
    for told_to_wait_first in [false, true] {
        let mut world = World::new();
        let (id, peer) = world.connect(Kind::Tcp);
        world.reactor.pause(id);
        peer.say("last words");
        if told_to_wait_first {
            assert_eq!(world.settle(), []);
        }
        peer.reset();
        assert_eq!(
            world.hear_from(id, 2),
            [text("last words"), broken(Errno::CONNRESET)]
        );
        assert_eq!(world.settle(), []);
    }
}

#[test]
fn a_failed_write_is_reported_with_what_came_before_it() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Unix);
    world.reactor.pause(id);
    peer.say("last words");
    drop(peer);
    assert_eq!(world.settle(), []);
    assert_eq!(world.reactor.send(id, b"too late").written, 0);
    assert_eq!(
        world.hear_from(id, 2),
        [text("last words"), broken(Errno::PIPE)]
    );
}

#[test]
fn what_was_fed_waits_as_well() {
    let mut world = World::new();
    let (socket, peer) = pair(Kind::Tcp);
    let id = world.add(socket);
    world.reactor.pause(id);
    world.reactor.feed(
        id,
        &crate::peer::frame(ferrows_protocol::Opcode::Text, b"head"),
    );
    peer.half_close();
    assert_eq!(world.settle(), []);
    world.reactor.resume(id);
    assert_eq!(world.hear_from(id, 2), [text("head"), ENDED]);
}

#[test]
fn a_connection_is_paused_from_one_batch_to_the_next() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Tcp);
    for i in 0..10 {
        peer.say(&format!("{i}"));
    }
    for i in 0..10 {
        world.memory.room = 1;
        while world.memory.told.is_empty() {
            let _ = world.wake_up();
        }
        assert_eq!(
            world.memory.told.drain(..).next().unwrap().1,
            text(&format!("{i}"))
        );
        world.reactor.pause(id);
        world.memory.room = 1;
        while world.poll() == Polled::More {}
        assert_eq!(world.settle(), []);
        world.reactor.resume(id);
    }
}
