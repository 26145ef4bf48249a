use ferrows_reactor::{ConnectionId, Limits, Row};

use crate::peer::{KINDS, Kind, Peer};
use crate::world::{World, pattern};

/// A slab and a table, filled as an event loop does it.
#[derive(Default)]
struct Outbox {
    rows: Vec<Row>,
    slab: Vec<u8>,
}

impl Outbox {
    fn push(&mut self, id: ConnectionId, bytes: &[u8]) {
        let offset = self.slab.len();
        self.slab.extend(bytes);
        self.point(id, offset, bytes.len());
    }

    fn point(&mut self, id: ConnectionId, offset: usize, len: usize) {
        self.rows.push(Row {
            connection: id.bits(),
            offset: offset as u32,
            len: len as u32,
        });
    }

    fn flush(&self, world: &mut World) -> Vec<ConnectionId> {
        world
            .reactor
            .flush(&self.rows, &self.slab)
            .incomplete
            .to_vec()
    }
}

fn connect(world: &mut World, kind: Kind, count: usize) -> Vec<(ConnectionId, Peer)> {
    (0..count).map(|_| world.connect(kind)).collect()
}

#[test]
fn every_connection_gets_its_rows_in_order_with_one_system_call() {
    for kind in KINDS {
        // Short rows are copied together, long ones are not.
        for len in [1, 30, 5000] {
            let mut world = World::new();
            let peers = connect(&mut world, kind, 10);
            let mut outbox = Outbox::default();
            let mut expected = vec![Vec::new(); peers.len()];
            for i in 0..73 {
                let to = i * i % peers.len();
                let bytes = pattern(i * 1000, len);
                outbox.push(peers[to].0, &bytes);
                expected[to].extend(bytes);
            }
            assert_eq!(outbox.flush(&mut world), []);
            let used = expected.iter().filter(|bytes| !bytes.is_empty()).count();
            assert_eq!(world.reactor.stats().writes, used as u64);
            for ((id, peer), expected) in peers.iter().zip(expected) {
                assert_eq!(world.reactor.written_total(*id), expected.len() as u64);
                assert_eq!(peer.expect(expected.len()), expected);
                assert!(peer.receive(1).is_err());
            }
        }
    }
}

#[test]
fn one_place_of_the_slab_serves_many_connections() {
    let mut world = World::new();
    let peers = connect(&mut world, Kind::Tcp, 50);
    let mut outbox = Outbox::default();
    for message in 0..10 {
        let offset = outbox.slab.len();
        outbox.slab.extend(pattern(message * 128, 128));
        for (id, _) in &peers {
            outbox.point(*id, offset, 128);
        }
    }
    assert_eq!(outbox.flush(&mut world), []);
    assert_eq!(world.reactor.stats().writes, 50);
    for (_, peer) in &peers {
        assert_eq!(peer.expect(1280), pattern(0, 1280));
    }
}

#[test]
fn the_same_bytes_may_be_sent_again_and_backwards() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Unix);
    let mut outbox = Outbox::default();
    outbox.slab.extend(b"abcdef");
    for (offset, len) in [(0, 6), (0, 6), (3, 3), (0, 3), (2, 0), (2, 1)] {
        outbox.point(id, offset, len);
    }
    assert_eq!(outbox.flush(&mut world), []);
    assert_eq!(peer.receive_all(), b"abcdefabcdefdefabcc");
    assert_eq!(world.reactor.stats().writes, 1);
}

#[test]
fn connections_of_which_something_is_left_are_named() {
    for len in [1000, 100_000] {
        let mut world = World::new();
        let (slow, to_slow) = world.connect(Kind::Tcp);
        let (fast, to_fast) = world.connect(Kind::Tcp);
        let (gone, to_gone) = world.connect(Kind::Unix);
        let (removed, _to_removed) = world.connect(Kind::Unix);
        world.shrink(slow);
        drop(to_gone);
        world.settle();
        world.remove(removed);
        let mut expected = Vec::new();
        let mut slow_is_named = false;
        for _ in 0..1000 {
            if slow_is_named {
                break;
            }
            let mut outbox = Outbox::default();
            // With gaps, so that there are several runs.
            for _ in 0..3 {
                for id in [slow, removed, fast, gone] {
                    let bytes = pattern(expected.len(), len);
                    outbox.push(id, &bytes);
                }
                expected.extend(pattern(expected.len(), len));
            }
            let incomplete = outbox.flush(&mut world);
            assert!(incomplete.contains(&gone) && !incomplete.contains(&removed));
            slow_is_named = incomplete.contains(&slow);
            let is_left = world.reactor.backlog_len(slow) > 0;
            assert_eq!(is_left, slow_is_named);
            let mut received = Vec::new();
            while received.len() < 3 * len {
                received.extend(to_fast.receive_all());
                world.settle();
            }
            let start = expected.len() - 3 * len;
            assert_eq!(received, expected[start..]);
        }
        assert!(slow_is_named);
        let mut outbox = Outbox::default();
        outbox.push(slow, b"behind the backlog");
        expected.extend(b"behind the backlog");
        // Reading on has made room in the meantime, perhaps for everything.
        let is_left = world.reactor.backlog_len(slow) > 0;
        assert_eq!(outbox.flush(&mut world) == [slow], is_left);
        let mut received = Vec::new();
        while received.len() < expected.len() {
            received.extend(to_slow.receive_all());
            world.settle();
        }
        assert!(received == expected);
    }
}

#[test]
fn sends_and_flushes_keep_their_order() {
    let mut world = World::with(Limits::default(), 1024);
    let (id, peer) = world.connect(Kind::Tcp);
    world.shrink(id);
    let mut expected = Vec::new();
    for round in 0..200 {
        let bytes = pattern(expected.len(), 1 + round * 37 % 3000);
        if round % 2 == 0 {
            world.reactor.send(id, &bytes);
        } else {
            let mut outbox = Outbox::default();
            outbox.push(id, &bytes);
            outbox.flush(&mut world);
        }
        expected.extend(bytes);
        if round % 50 == 49 {
            world.settle();
        }
    }
    let mut received = Vec::new();
    while received.len() < expected.len() {
        received.extend(peer.receive_all());
        world.settle();
    }
    assert!(received == expected);
}

#[test]
fn an_empty_table_does_nothing() {
    let mut world = World::new();
    let (id, _peer) = world.connect(Kind::Unix);
    assert_eq!(Outbox::default().flush(&mut world), []);
    let mut outbox = Outbox::default();
    outbox.push(id, b"");
    assert_eq!(outbox.flush(&mut world), []);
    assert_eq!(world.reactor.stats().writes, 0);
}

#[test]
fn rows_are_three_words() {
    let words = [7, 0, 10, 8, 10, 20, 9];
    let row = |connection, offset, len| Row {
        connection,
        offset,
        len,
    };
    assert_eq!(Row::from_words(&words), [row(7, 0, 10), row(8, 10, 20)]);
    assert_eq!(Row::from_words(&[]), []);
}
