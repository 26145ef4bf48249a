use std::io::IoSlice;

use ferrows_reactor::{ConnectionId, Notice, Sent};

use crate::peer::{KINDS, Kind, Peer, wait_for_either};
use crate::world::{Told, World, pattern};

#[test]
fn what_the_kernel_has_room_for_is_written_at_once() {
    for kind in KINDS {
        let mut world = World::new();
        let (id, peer) = world.connect(kind);
        let sent = world.reactor.send(id, b"hello");
        assert_eq!(
            sent,
            Sent {
                written: 5,
                queued: 0
            }
        );
        assert_eq!(peer.expect(5), b"hello");
        assert_eq!(world.reactor.written_total(id), 5);
        assert_eq!(world.reactor.backlog_len(id), 0);
        assert_eq!(world.reactor.stats().changes, 1);
        assert!(!world.is_ready());
    }
}

#[test]
fn what_the_kernel_refuses_waits_and_leaves_in_order() {
    for kind in KINDS {
        let mut world = World::new();
        let (id, peer) = world.connect(kind);
        world.shrink(id);
        let mut all = world.fill(id, 0);
        let [a, b, c] = [all.len(), all.len() + 100_000, all.len() + 100_007];
        let (first, second, third) = (pattern(a, 100_000), pattern(b, 7), pattern(c, 200_000));
        world.reactor.send(id, &first);
        world
            .reactor
            .send_vectored(id, &[IoSlice::new(&second), IoSlice::new(&third)]);
        all.extend([first, second, third].concat());
        read_to_the_end(&mut world, id, &peer, &all);
    }
}

/// Reads everything slowly, and checks what the reactor says about it on the way.
fn read_to_the_end(world: &mut World, id: ConnectionId, peer: &Peer, all: &[u8]) {
    let total = all.len() as u64;
    let mut received = Vec::new();
    let mut was_empty = false;
    while received.len() < all.len() {
        wait_for_either(peer, world.reactor.epoll_fd());
        received.extend(peer.receive(3000).unwrap_or_default());
        let before = world.reactor.written_total(id);
        let mut written = 0;
        for (from, told) in world.settle() {
            assert_eq!(from, id);
            let Told::Notice(Notice::Progress {
                written: more,
                left,
            }) = told
            else {
                panic!("{told:?}");
            };
            assert!(more > 0 && !was_empty);
            written += more as u64;
            was_empty = left == 0;
            assert_eq!(before + written + left as u64, total);
        }
        let backlog = world.reactor.backlog_len(id) as u64;
        assert_eq!(world.reactor.written_total(id), before + written);
        assert_eq!(world.reactor.written_total(id) + backlog, total);
        assert!(received.len() as u64 <= total - backlog);
    }
    assert!(was_empty);
    assert_eq!(received, all);
    assert!(!world.is_ready());
}

#[test]
fn a_slow_reader_keeps_what_it_does_not_read_and_nobody_else_waits() {
    let mut world = World::new();
    let (slow, to_slow) = world.connect(Kind::Tcp);
    let (fast, to_fast) = world.connect(Kind::Tcp);
    world.shrink(slow);
    let mut given = 0;
    for _ in 0..200 {
        let bytes = pattern(given, 5000);
        let sent = world.reactor.send(slow, &bytes);
        assert_eq!(sent.written + sent.queued, 5000);
        given += 5000;
        let total = world.reactor.written_total(slow) as usize;
        assert_eq!(total + world.reactor.backlog_len(slow), given);
        assert_eq!(world.reactor.send(fast, &bytes).written, 5000);
        assert_eq!(to_fast.expect(5000), bytes);
        world.settle();
    }
    assert!(world.reactor.backlog_len(slow) > 0);
    let mut received = Vec::new();
    while received.len() < given {
        received.extend(to_slow.receive_all());
        world.settle();
    }
    assert_eq!(received, pattern(0, given));
    assert_eq!(world.reactor.backlog_len(slow), 0);
}

#[test]
fn slices_are_sent_with_one_system_call() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Tcp);
    let sent = world.reactor.send_vectored(
        id,
        &[
            IoSlice::new(b"head"),
            IoSlice::new(b""),
            IoSlice::new(b"body"),
        ],
    );
    assert_eq!(sent.written, 8);
    assert_eq!(peer.expect(8), b"headbody");
    assert_eq!(world.reactor.stats().writes, 1);
}

#[test]
fn of_slices_only_what_the_kernel_refuses_is_kept() {
    for kind in KINDS {
        for header in [0, 2, 4, 10] {
            let mut world = World::new();
            let (id, peer) = world.connect(kind);
            world.shrink(id);
            let all = pattern(0, 400_000);
            let (head, body) = all.split_at(header);
            let slices = [IoSlice::new(head), IoSlice::new(body)];
            let sent = world.reactor.send_vectored(id, &slices);
            assert!(sent.written > 0 && sent.queued > 0);
            assert_eq!(sent.written + sent.queued, all.len());
            assert_eq!(world.reactor.backlog_len(id), sent.queued);
            read_to_the_end(&mut world, id, &peer, &all);
        }
    }
}

#[test]
fn there_may_be_more_slices_than_one_system_call_takes() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Tcp);
    let all = pattern(0, 3000);
    let slices: Vec<_> = all.chunks(2).map(IoSlice::new).collect();
    let sent = world.reactor.send_vectored(id, &slices);
    assert_eq!(sent.written + sent.queued, all.len());
    let mut received = Vec::new();
    while received.len() < all.len() {
        world.settle();
        received.extend(peer.receive_all());
    }
    assert_eq!(received, all);
}

#[test]
fn nothing_is_sent_to_connections_that_were_removed() {
    let mut world = World::new();
    let (id, peer) = world.connect(Kind::Unix);
    let (socket, _) = (world.sockets.remove(&id).unwrap(), world.reactor.remove(id));
    let new = world.add(socket);
    assert_eq!(world.reactor.send(id, b"stale"), Sent::default());
    assert_eq!(
        world.reactor.send_vectored(id, &[IoSlice::new(b"stale")]),
        Sent::default()
    );
    assert_eq!(world.reactor.backlog_len(id), 0);
    assert_eq!(world.reactor.written_total(id), 0);
    assert_eq!(world.reactor.send(new, b"fresh").written, 5);
    assert_eq!(peer.receive_all(), b"fresh");
}

#[test]
fn nothing_is_nothing() {
    let mut world = World::new();
    let (id, _peer) = world.connect(Kind::Unix);
    assert_eq!(world.reactor.send(id, b""), Sent::default());
    assert_eq!(world.reactor.send_vectored(id, &[]), Sent::default());
    assert_eq!(
        world.reactor.send_vectored(id, &[IoSlice::new(b"")]),
        Sent::default()
    );
    assert_eq!(world.reactor.stats().writes, 0);
}

#[test]
fn a_backlog_takes_no_write_until_epoll_says_so() {
    let mut world = World::new();
    let (id, _peer) = world.connect(Kind::Tcp);
    world.shrink(id);
    world.fill(id, 0);
    let before = world.reactor.stats().writes;
    for _ in 0..100 {
        world.reactor.send(id, b"more");
    }
    assert_eq!(world.reactor.stats().writes, before);
}
