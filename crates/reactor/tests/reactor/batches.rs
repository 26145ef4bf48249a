use std::io::IoSlice;

use ferrows_protocol::{Opcode, Options};
use ferrows_reactor::{Limits, Polled, Row};

use crate::peer::{KINDS, Kind, frame, pair};
use crate::world::{ENDED, Told, World, text};

#[test]
fn a_full_sink_stops_the_poll_and_nothing_is_lost() {
    for room in [1, 2, 3, 7] {
        let mut world = World::new();
        let mut peers = Vec::new();
        for i in 0..5 {
            let (id, peer) = world.connect(KINDS[i % 2]);
            for j in 0..5 {
                peer.say(&format!("{j}"));
            }
            peer.send(&frame(Opcode::Ping, b"!"));
            peer.half_close();
            peers.push((id, peer));
        }
        let expected: Vec<Told> = (0..5)
            .map(|j| text(&format!("{j}")))
            .chain([Told::Ping(b"!".to_vec()), ENDED])
            .collect();
        let mut told = Vec::new();
        while told.len() < 5 * 7 {
            world.memory.room = room;
            let before = told.len();
            let polled = world.wake_up();
            told.append(&mut world.memory.told);
            assert_eq!(polled == Polled::More, told.len() - before == room);
        }
        for (id, _) in &peers {
            let of_one: Vec<_> = told.iter().filter(|(from, _)| from == id).collect();
            assert_eq!(of_one.len(), expected.len());
            for (told, expected) in of_one.iter().zip(&expected) {
                assert_eq!(told.1, *expected);
            }
        }
    }
}

#[test]
fn a_full_sink_costs_no_further_system_calls() {
    let mut world = World::new();
    let mut peers = Vec::new();
    for _ in 0..10 {
        let (_, peer) = world.connect(Kind::Unix);
        for _ in 0..10 {
            peer.say("x");
        }
        peers.push(peer);
    }
    let mut polled = Polled::More;
    while polled == Polled::More {
        world.memory.room = 1;
        polled = world.poll();
    }
    assert_eq!(world.memory.told.len(), 100);
    assert_eq!(world.reactor.stats().waits, 1);
    assert_eq!(world.reactor.stats().reads, 10);
}

/// Connections of which each has two messages to deliver, in a poll that was stopped by the first
/// message of the first connection: the order in which they come, and that first connection last.
fn stopped_after_the_first() -> (
    World,
    Vec<(ferrows_reactor::ConnectionId, crate::peer::Peer)>,
) {
    let mut world = World::new();
    let mut peers: Vec<_> = (0..3).map(|_| world.connect(Kind::Tcp)).collect();
    for (_, peer) in &peers {
        peer.send(&[frame(Opcode::Text, b"one"), frame(Opcode::Text, b"two")].concat());
        // The order of the events is the order in which they became ready.
    }
    world.memory.room = 1;
    assert_eq!(world.wake_up(), Polled::More);
    let told = std::mem::take(&mut world.memory.told);
    let first = peers.iter().position(|(id, _)| *id == told[0].0).unwrap();
    peers.swap(0, first);
    world.memory.room = usize::MAX;
    (world, peers)
}

#[test]
fn the_connection_that_was_stopped_can_be_removed() {
    let (mut world, peers) = stopped_after_the_first();
    world.remove(peers[0].0);
    let told = world.hear(4);
    assert_eq!(told.len(), 4);
    assert!(told.iter().all(|(id, _)| *id != peers[0].0));
}

#[test]
fn a_connection_whose_turn_is_to_come_can_be_removed() {
    let (mut world, peers) = stopped_after_the_first();
    world.remove(peers[1].0);
    world.remove(peers[2].0);
    assert_eq!(world.hear(1), [(peers[0].0, text("two"))]);
    assert_eq!(world.settle(), []);
}

#[test]
fn a_new_connection_in_a_removed_ones_place_gets_nothing_of_it() {
    let (mut world, peers) = stopped_after_the_first();
    let mut new = Vec::new();
    for (id, _) in &peers {
        world.remove(*id);
    }
    for (old, _) in &peers {
        let (id, peer) = world.connect(Kind::Tcp);
        // The same place in the table; the descriptor's number is likely the same, too.
        assert!(peers.iter().any(|(old, _)| old.index() == id.index()));
        assert_ne!(id, *old);
        new.push((id, peer));
    }
    assert_eq!(world.poll(), Polled::Done);
    assert_eq!(world.memory.told, []);
    for (id, peer) in &new {
        peer.say("new");
        assert_eq!(world.hear_from(*id, 1), [text("new")]);
    }
}

#[test]
fn a_connection_can_be_paused_before_the_rest_of_its_chunk() {
    let (mut world, peers) = stopped_after_the_first();
    world.reactor.pause(peers[0].0);
    let told = world.hear(4);
    assert!(told.iter().all(|(id, _)| *id != peers[0].0));
    assert_eq!(world.settle(), []);
    world.reactor.resume(peers[0].0);
    assert_eq!(world.hear(1), [(peers[0].0, text("two"))]);
}

#[test]
fn a_connection_can_be_paused_and_resumed_before_the_rest_of_its_chunk() {
    let (mut world, peers) = stopped_after_the_first();
    world.reactor.pause(peers[0].0);
    world.reactor.resume(peers[0].0);
    let told = world.hear(5);
    let of_first: Vec<_> = told.iter().filter(|(id, _)| *id == peers[0].0).collect();
    assert_eq!(of_first, [&(peers[0].0, text("two"))]);
    assert_eq!(world.settle(), []);
}

#[test]
fn a_connection_can_be_added_and_fed_in_a_batch() {
    let (mut world, peers) = stopped_after_the_first();
    let (socket, peer) = pair(Kind::Tcp);
    let id = world.add_with(socket, Options::default());
    world.reactor.feed(id, &frame(Opcode::Text, b"head"));
    peer.say("body");
    let told = world.hear(7);
    let of_new: Vec<_> = told.iter().filter(|(from, _)| *from == id).collect();
    assert_eq!(of_new, [&(id, text("head")), &(id, text("body"))]);
    drop(peers);
}

#[test]
fn everything_can_be_sent_in_a_batch() {
    let (mut world, peers) = stopped_after_the_first();
    let [(a, to_a), (b, to_b), (c, to_c)] = &peers[..] else {
        panic!("three connections");
    };
    world.reactor.send(*a, b"for a");
    world
        .reactor
        .send_vectored(*b, &[IoSlice::new(b"for "), IoSlice::new(b"b")]);
    let rows = [Row {
        connection: c.bits(),
        offset: 0,
        len: 5,
    }];
    world.reactor.flush(&rows, b"for c");
    assert_eq!(to_a.expect(5), b"for a");
    assert_eq!(to_b.expect(5), b"for b");
    assert_eq!(to_c.expect(5), b"for c");
    assert_eq!(world.hear(5).len(), 5);
}

#[test]
fn the_space_may_be_another_one_after_a_stop() {
    let (mut world, _peers) = stopped_after_the_first();
    let mut other = vec![0; 7];
    let mut polled = Polled::More;
    while polled == Polled::More {
        polled = world.reactor.poll(&mut other, &mut world.memory).unwrap();
    }
    let mut told = world.memory.told;
    told.retain(|(_, told)| *told == text("two"));
    assert_eq!(told.len(), 3);
}

#[test]
fn a_batch_that_is_never_worked_off_can_be_dropped() {
    let (world, peers) = stopped_after_the_first();
    drop(world);
    drop(peers);
}

#[test]
fn a_stopped_turn_keeps_its_budget() {
    let limits = Limits {
        budget: 1000,
        ..Limits::default()
    };
    let mut world = World::with(limits, 64 * 1024);
    let (id, peer) = world.connect(Kind::Unix);
    peer.send(&frame(Opcode::Text, &[b'x'; 94]).repeat(50));
    let mut polled = Polled::More;
    while polled == Polled::More {
        world.memory.room = 1;
        polled = world.poll();
    }
    assert_eq!(world.memory.told.len(), 10);
    assert_eq!(world.reactor.read_total(id), 1000);
}
