import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Outbox } from '../../../src/transport/reactor/outbox.js';
import {
  callWhenTaken,
  failPending,
  give,
  measure,
  settle,
  whenWritten,
  type Progress
} from '../../../src/transport/reactor/progress.js';

/** A connection whose kernel takes `room` bytes at once. */
function connection(room: number) {
  let written = 0;
  const native = {
    send: (_id: number, a: Buffer, b?: Buffer) => {
      const length = Math.min(a.length + (b?.length ?? 0), room);
      room -= length;
      written += length;
      return length;
    },
    written: () => written
  };
  const progress: Progress = {
    id: 7,
    reactor: { native, outbox: new Outbox() } as never,
    outboxed: 0,
    willCall: false,
    total: 0,
    acked: 0,
    blocked: false,
    pending: null,
    finalCallback: null,
    flushed: () => {},
    refused: () => measure(progress),
    settle: () => settle(progress)
  };
  /** The kernel takes more. */
  const take = (length: number) => {
    written += length;
    measure(progress);
    settle(progress);
  };
  return { progress, take };
}

describe('the progress of a connection', () => {
  it('says whether the kernel has taken everything', () => {
    const { progress } = connection(10);
    expect(give(progress, Buffer.alloc(4), Buffer.alloc(6))).toBe(true);
    expect(progress).toMatchObject({ total: 10, blocked: false });
    expect(give(progress, Buffer.alloc(1))).toBe(false);
    expect(progress).toMatchObject({ total: 11, acked: 10, blocked: true });
  });

  it('calls back in order, when the kernel has the bytes of each', async () => {
    const { progress, take } = connection(10);
    const called: unknown[] = [];
    for (const length of [5, 10, 5]) {
      give(progress, Buffer.alloc(length));
      callWhenTaken(progress, (error) => called.push(error ?? length));
    }
    settle(progress);
    await turn();
    expect(called).toEqual([5]);
    take(4);
    await turn();
    expect(called).toEqual([5]);
    take(1);
    await turn();
    expect(called).toEqual([5, 10]);
    take(5);
    await turn();
    expect(called).toEqual([5, 10, 5]);
    expect(progress.blocked).toBe(false);
  });

  it('does not count what is in the outbox as taken', async () => {
    const { progress } = connection(10);
    const called: string[] = [];
    progress.total = progress.outboxed = 3;
    callWhenTaken(progress, () => called.push('outboxed'));
    settle(progress);
    await turn();
    expect(called).toEqual([]);
    progress.outboxed = 0;
    settle(progress);
    await turn();
    expect(called).toEqual(['outboxed']);
  });

  it('runs what comes last when everything is written', () => {
    const { progress, take } = connection(10);
    let runs = 0;
    whenWritten(progress, () => runs++);
    expect(runs).toBe(1);
    give(progress, Buffer.alloc(12));
    whenWritten(progress, () => runs++);
    take(1);
    expect(runs).toBe(1);
    take(1);
    expect(runs).toBe(2);
    settle(progress);
    expect(runs).toBe(2);
  });

  it('tells everybody who waits of its end, once', async () => {
    const { progress } = connection(0);
    const called: unknown[] = [];
    give(progress, Buffer.alloc(1));
    callWhenTaken(progress, (error) => called.push(error));
    whenWritten(progress, () => called.push('last'));
    const cause = new Error('the cause');
    failPending(progress, cause);
    failPending(progress, cause);
    await turn();
    expect(called).toEqual(['last', cause]);
    callWhenTaken(progress, (error) => called.push((error as NodeJS.ErrnoException).code));
    failPending(progress, null);
    await turn();
    expect(called[2]).toBe('ERR_STREAM_DESTROYED');
  });
});
