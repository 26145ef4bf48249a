import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { NativeReactor } from '../../../src/endpoint/native/binding.js';
import { beginBatch, endBatch } from '../../../src/transport/coalesce.js';
import { Outbox, type Sending } from '../../../src/transport/reactor/outbox.js';
import { captureUncaught } from '../../contract/uncaught.js';

/** What was given to the kernel in one call: of whom, and what. */
type Call = [id: number, text: string][];

/** A connection that takes notes. */
class Connection implements Sending {
  outboxed = 0;
  willCall = false;
  readonly log: string[] = [];
  flushed(): void {
    this.outboxed = 0;
  }

  /** Runs within `settle`. */
  onSettle = () => {};

  refused(): void {
    this.log.push(`refused with ${this.outboxed}`);
  }

  settle(): void {
    this.log.push('settle');
    this.onSettle();
  }
}

/** An outbox over a kernel that takes everything, except from the connections named. */
function start() {
  const outbox = new Outbox();
  const calls: Call[] = [];
  const connections = new Map<number, Connection>();
  const slow = new Set<number>();
  const flush = (count: number): number => {
    const call: Call = [];
    let refused = 0;
    for (let i = 0; i < count; i++) {
      const [id, at, length] = outbox.rows.subarray(3 * i, 3 * i + 3);
      call.push([id, outbox.memory.toString('latin1', at, at + length)]);
      if (slow.has(id)) outbox.incomplete[refused++] = id;
    }
    calls.push(call);
    return refused;
  };
  const told: unknown[][] = [];
  const setOutbox = (...memories: unknown[]) => void told.push(memories);
  outbox.connect({ flush, setOutbox } as unknown as NativeReactor, (id) => connections.get(id));

  return {
    outbox,
    calls,
    slow,
    told,
    connection(id: number): Connection {
      const connection = new Connection();
      connections.set(id, connection);
      return connection;
    },
    forget: (id: number) => connections.delete(id),
    write(id: number, text: string): void {
      const at = outbox.reserve(id, text.length);
      outbox.memory.write(text, at, 'latin1');
      const connection = connections.get(id);
      if (connection) connection.outboxed += text.length;
    }
  };
}

describe('the outbox', () => {
  it('gives what all connections have sent in a tick to the kernel with one call', async () => {
    const { calls, write } = start();
    write(7, 'a');
    write(8, 'b');
    write(9, 'c');
    expect(calls).toEqual([]);
    await turn();
    expect(calls).toEqual([
      [
        [7, 'a'],
        [8, 'b'],
        [9, 'c']
      ]
    ]);
  });

  it('joins what a connection sends in a row, and keeps the order otherwise', () => {
    const { calls, outbox, write } = start();
    write(7, 'a');
    write(7, 'bc');
    write(8, 'd');
    write(7, 'e');
    write(7, 'f');
    outbox.send();
    expect(calls).toEqual([
      [
        [7, 'abc'],
        [8, 'd'],
        [7, 'ef']
      ]
    ]);
  });

  it('begins a new row after a flush, although the same connection goes on', () => {
    const { calls, outbox, write } = start();
    write(7, 'a');
    outbox.send();
    write(7, 'b');
    outbox.send();
    expect(calls).toEqual([[[7, 'a']], [[7, 'b']]]);
  });

  it('leaves when the outermost batch ends', () => {
    const { calls, write } = start();
    beginBatch();
    write(7, 'a');
    beginBatch();
    write(8, 'b');
    endBatch();
    expect(calls).toEqual([]);
    endBatch();
    expect(calls).toEqual([
      [
        [7, 'a'],
        [8, 'b']
      ]
    ]);
  });

  it('costs no call when there is nothing in it', async () => {
    const { calls, outbox, write } = start();
    outbox.send();
    outbox.flush();
    write(7, 'a');
    outbox.send();
    // The flush at the end of the tick finds nothing.
    await turn();
    expect(calls).toEqual([[[7, 'a']]]);
  });

  it('grows rather than leave early, and keeps what is in it', () => {
    const { calls, outbox, told, write } = start();
    const half = outbox.memory.length / 2;
    write(7, 'x'.repeat(half));
    write(8, 'y'.repeat(half));
    write(9, 'z');
    expect(calls).toEqual([]);
    expect(outbox.memory.length).toBe(4 * half);
    expect(told).toEqual([[outbox.rows, outbox.memory, outbox.incomplete]]);
    outbox.send();
    expect(calls).toEqual([
      [
        [7, 'x'.repeat(half)],
        [8, 'y'.repeat(half)],
        [9, 'z']
      ]
    ]);
  });

  it('gets more rows as well', () => {
    const { calls, outbox, write } = start();
    const rows = outbox.rows.length / 3;
    for (let i = 0; i < 2 * rows; i++) write(1 + (i % 2), 'x');
    expect(calls).toEqual([]);
    expect(outbox.incomplete.length).toBe(2 * rows);
    outbox.send();
    expect(calls.map((call) => call.length)).toEqual([2 * rows]);
    expect(calls[0].at(-1)).toEqual([2, 'x']);
  });

  it('leaves early when it is as large as it gets, and goes on from the start', () => {
    const { calls, outbox, write } = start();
    const piece = 'x'.repeat(64 * 1024);
    for (let id = 1; calls.length === 0; id++) write(id, piece);
    expect(outbox.memory.length).toBe(4 * 1024 * 1024);
    expect(calls[0].length).toBe(64);
    outbox.send();
    expect(calls[1]).toEqual([[65, piece]]);
  });

  it('leaves early when it has as many rows as it gets', () => {
    const { calls, outbox, write } = start();
    for (let i = 0; calls.length === 0; i++) write(1 + (i % 2), 'x');
    expect(calls[0].length).toBe(32 * 1024);
    outbox.send();
    expect(calls[1]).toEqual([[1, 'x']]);
  });

  it('becomes small again when it has not been full for long', () => {
    const { outbox, write } = start();
    const { length } = outbox.memory;
    write(7, 'x'.repeat(length));
    write(8, 'y');
    outbox.send();
    for (let i = 0; i < 256; i++) {
      expect(outbox.memory.length).toBe(2 * length);
      write(7, 'x');
      outbox.send();
    }
    write(7, 'x');
    outbox.send();
    expect(outbox.memory.length).toBe(length);
  });

  it('tells connections that nothing of them is in it any more, then which were refused', () => {
    const { connection, outbox, slow, write } = start();
    const [fast, blocked] = [connection(7), connection(8)];
    slow.add(8);
    write(7, 'abc');
    write(8, 'abc');
    outbox.send();
    expect(fast.outboxed).toBe(0);
    expect(fast.log).toEqual([]);
    expect(blocked.log).toEqual(['refused with 0']);
  });

  it('does not mind that a connection is gone before the flush', () => {
    const { calls, connection, forget, outbox, slow, write } = start();
    connection(7);
    slow.add(7);
    write(7, 'late');
    forget(7);
    outbox.send();
    expect(calls).toEqual([[[7, 'late']]]);
  });

  it('has connections settle after the flush that they asked for, once each', () => {
    const { connection, outbox, slow, write } = start();
    const [first, second] = [connection(7), connection(8)];
    slow.add(8);
    write(7, 'a');
    outbox.settleLater(first);
    outbox.settleLater(first);
    write(8, 'b');
    outbox.settleLater(second);
    outbox.send();
    expect([first.log, second.log]).toEqual([['settle'], ['refused with 0', 'settle']]);
    write(7, 'c');
    outbox.send();
    expect(first.log).toEqual(['settle']);
  });

  it('keeps what is sent while connections settle for the next flush', () => {
    const { calls, connection, outbox, write } = start();
    const first = connection(7);
    first.onSettle = () => {
      write(7, 'b');
      outbox.settleLater(first);
      first.onSettle = () => {};
    };
    write(7, 'a');
    outbox.settleLater(first);
    outbox.send();
    expect(calls).toEqual([[[7, 'a']]]);
    expect(first.log).toEqual(['settle']);
    outbox.send();
    expect(calls).toEqual([[[7, 'a']], [[7, 'b']]]);
    expect(first.log).toEqual(['settle', 'settle']);
  });
});

describe('callbacks', () => {
  it('are called in a turn of their own, in order, with their error', async () => {
    const { outbox } = start();
    const called: unknown[] = [];
    const failure = new Error('gone');
    outbox.callLater((error) => called.push(['a', error]), null);
    outbox.callLater((error) => called.push(['b', error]), failure);
    expect(called).toEqual([]);
    await turn();
    expect(called).toEqual([
      ['a', null],
      ['b', failure]
    ]);
  });

  it('that ask for others are not followed by them before those that wait', async () => {
    const { outbox } = start();
    const called: string[] = [];
    outbox.callLater(() => {
      called.push('a');
      outbox.callLater(() => called.push('c'), null);
    }, null);
    outbox.callLater(() => called.push('b'), null);
    await turn();
    expect(called).toEqual(['a', 'b', 'c']);
  });

  it('that throw do not keep the rest from being called, nor change the order', async () => {
    const uncaught = captureUncaught();
    const { outbox } = start();
    const called: string[] = [];
    const call = (name: string) => outbox.callLater(() => called.push(name), null);
    outbox.callLater(() => {
      call('c');
      throw new Error('first');
    }, null);
    call('a');
    outbox.callLater(() => {
      throw new Error('second');
    }, null);
    call('b');
    await turn();
    await turn();
    expect(called).toEqual(['a', 'b', 'c']);
    expect(uncaught.messages()).toEqual(['first', 'second']);
  });
});
