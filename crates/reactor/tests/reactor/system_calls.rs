use ferrows_protocol::Opcode;
use ferrows_reactor::{Polled, Row};

use crate::peer::{KINDS, Kind, frame, wait_readable};
use crate::world::{Told, World};

#[test]
fn an_echo_costs_one_read_and_one_write_for_each_connection_and_wake_up() {
    for kind in KINDS {
        for in_flight in [1, 16] {
            let mut world = World::new();
            let peers: Vec<_> = (0..50).map(|_| world.connect(kind)).collect();
            let message = frame(Opcode::Binary, b"twenty bytes, really");
            for _ in 0..20 {
                for (_, peer) in &peers {
                    peer.send(&message.repeat(in_flight));
                }
                for (id, _) in &peers {
                    wait_readable(&world.sockets[id]);
                }
                let before = world.reactor.stats();
                assert_eq!(world.wake_up(), Polled::Done);
                let told = std::mem::take(&mut world.memory.told);
                assert_eq!(told.len(), 50 * in_flight);
                let mut rows = Vec::new();
                let mut slab = Vec::new();
                for (id, told) in told {
                    let Told::Message(bytes) = told else {
                        panic!("{told:?}");
                    };
                    rows.push(Row {
                        connection: id.bits(),
                        offset: slab.len() as u32,
                        len: bytes.len() as u32,
                    });
                    slab.extend(bytes);
                }
                assert_eq!(world.reactor.flush(&rows, &slab).incomplete, []);
                let after = world.reactor.stats();
                assert_eq!(after.waits - before.waits, 1);
                assert_eq!(after.reads - before.reads, 50);
                assert_eq!(after.writes - before.writes, 50);
                assert_eq!(after.changes, 50);
                assert_eq!(after.wakes, 0);
                for (_, peer) in &peers {
                    peer.expect(20 * in_flight);
                }
            }
        }
    }
}

#[test]
fn a_large_message_costs_no_read_that_finds_nothing() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Unix);
    for reads in [2, 4] {
        let bytes = frame(Opcode::Binary, &[7; 100_000]);
        let (first, rest) = bytes.split_at(30_000);
        peer.send(first);
        assert_eq!(world.wake_up(), Polled::Done);
        peer.send(rest);
        assert_eq!(world.hear_from(id, 1), [Told::Message(vec![7; 100_000])]);
        assert_eq!(world.reactor.stats().reads, reads);
    }
}

#[test]
fn a_connection_costs_two_changes_in_all() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Tcp);
    peer.say("hello");
    world.hear(1);
    world.remove(id);
    let stats = world.reactor.stats();
    assert_eq!((stats.changes, stats.reads), (2, 1));
}

#[test]
fn a_connection_that_ends_leaves_epoll_once() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Tcp);
    drop(peer);
    world.hear(1);
    world.remove(id);
    assert_eq!(world.reactor.stats().changes, 2);
}

#[test]
fn a_flooded_paused_connection_costs_one_look_and_one_change() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Unix);
    world.reactor.pause(id);
    for _ in 0..100 {
        peer.say("unheard");
        world.settle();
    }
    let stats = world.reactor.stats();
    assert_eq!((stats.changes, stats.reads, stats.waits), (2, 1, 1));
}
