import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { IncomingOptions } from '../../../src/endpoint/contract.js';
import { OpenFlag, type NativeReactor } from '../../../src/endpoint/native/binding.js';
import { ReactorIncoming } from '../../../src/endpoint/native/reactor-incoming.js';
import { ErrorIndex } from '../../../src/endpoint/errors.js';
import { memoryOf } from '../../../src/endpoint/native/table.js';
import { IncomingRecorder } from '../incoming-recorder.js';
import { Rows } from './rows.js';

const FD = 33;
const ID = 7;

/** A connection in a reactor that only takes notes. */
function start(options: IncomingOptions = {}) {
  const recorder = new IncomingRecorder();
  const rows = new Rows(ID);
  const log: unknown[][] = [];
  const note =
    (name: string, result?: unknown) =>
    (...args: unknown[]) => {
      log.push([name, ...args]);
      return result;
    };
  const native = {
    add: note('add', ID),
    setByFrame: note('setByFrame'),
    setMaxPayload: note('setMaxPayload'),
    takeOwned: (index: number, target: Uint8Array) => rows.takeOwned(index, target),
    takeLent: (index: number) => rows.takeLent(index)
  } as unknown as NativeReactor;
  const incoming = new ReactorIncoming(native, FD, options, recorder);
  return {
    recorder,
    rows,
    log,
    incoming,
    /** Has them delivered, out of a table that is then used for the next ones. */
    receive(received = rows): void {
      const { chunk, end, slab, table } = received;
      incoming.takeRows(table, 0, end, memoryOf(slab), memoryOf(chunk));
      table.fill(-1);
    },
    texts: () => recorder.all('message').map(String)
  };
}

const text = (payload: string) => new Rows(ID).text(payload);

describe('a connection in the reactor', () => {
  it('is added with its descriptor, its flags and its limits', () => {
    const { incoming, log } = start({
      maxPayload: 100,
      maxFragments: 200,
      maxBufferedChunks: 300,
      skipUTF8Validation: true
    });
    const flags = OpenFlag.Client | OpenFlag.SkipUTF8Validation;
    expect(log).toEqual([['add', FD, flags, 100, 200, 300]]);
    expect(incoming.id).toBe(ID);
  });

  it('has no limits where none, or negative ones, are given', () => {
    expect(start({ isServer: true, maxPayload: -1 }).log).toEqual([['add', FD, 0, 0, 0, 0]]);
  });

  it('passes on what is changed, until it is let go of', () => {
    const { incoming, log } = start();
    log.length = 0;
    incoming._maxPayload = 5;
    incoming._binaryType = 'fragments';
    expect(log).toEqual([
      ['setMaxPayload', ID, 5],
      ['setByFrame', ID, true]
    ]);
    incoming.id = 0;
    incoming._maxPayload = 6;
    incoming._binaryType = 'nodebuffer';
    expect(log).toHaveLength(2);
    expect(incoming._maxPayload).toBe(6);
  });

  it('delivers rows at once', () => {
    const { receive, rows, texts } = start();
    rows.text('a').text('b', 'slab').text('c', 'owned').text('d', 'lent');
    receive();
    expect(texts()).toEqual(['a', 'b', 'c', 'd']);
    expect(rows.owned.size).toBe(0);
  });

  it('keeps rows that come while a listener runs for after its own', async () => {
    const { receive, recorder, rows, texts } = start();
    recorder.listener = (_name, index) => {
      if (index === 0) receive(text('c'));
    };
    receive(rows.text('a').text('b'));
    await turn();
    expect(texts()).toEqual(['a', 'b', 'c']);
  });

  it('keeps rows that come before what a listener has left by throwing', async () => {
    const { receive, recorder, rows, texts } = start();
    recorder.listener = (_name, index) => {
      if (index === 0) throw new Error('listener');
    };
    expect(() => receive(rows.text('a').text('b'))).toThrow('listener');
    receive(text('c'));
    expect(texts()).toEqual(['a']);
    await turn();
    expect(texts()).toEqual(['a', 'b', 'c']);
  });

  it('throws away, and frees, what comes after its end', async () => {
    const { receive, recorder, rows } = start();
    receive(new Rows(ID).close(1000, ''));
    receive(rows.text('never', 'owned'));
    await turn();
    expect(recorder.events.map(([name]) => name)).toEqual(['conclude', 'finish']);
    expect(rows.owned.size).toBe(0);
  });

  it('throws away, and frees, what comes after an error', async () => {
    const { receive, recorder, rows } = start();
    receive(new Rows(ID).error(ErrorIndex.InvalidUtf8));
    receive(rows.text('never', 'owned'));
    await turn();
    expect(recorder.events.map(([name]) => name)).toEqual(['error']);
    expect(rows.owned.size).toBe(0);
  });
});

describe('a pause', () => {
  it('keeps rows from the listeners until the turn after it ends', async () => {
    const { incoming, receive, rows, texts } = start();
    expect(incoming.pause()).toBe(true);
    receive(rows.text('a', 'slab').text('b', 'owned'));
    receive(text('c'));
    await turn();
    expect(texts()).toEqual([]);
    expect(incoming.hasStashed).toBe(true);
    expect(incoming.stashedBytes).toBe(3);

    incoming.resume();
    expect(texts()).toEqual([]);
    await turn();
    expect(texts()).toEqual(['a', 'b', 'c']);
    expect(incoming.hasStashed).toBe(false);
    expect(incoming.stashedBytes).toBe(0);
  });

  it('is one, however often it is asked for', () => {
    const { incoming } = start();
    expect([incoming.pause(), incoming.pause()]).toEqual([true, false]);
    incoming.resume();
    expect(incoming.pause()).toBe(true);
  });

  it('that is begun by a listener lets the rest of its batch through, as a stream would', () => {
    const { incoming, receive, recorder, rows, texts } = start();
    recorder.listener = () => void incoming.pause();
    receive(rows.text('a').text('b'));
    receive(text('c'));
    expect(texts()).toEqual(['a', 'b']);
  });

  it('that is begun again before its end has had its turn goes on', async () => {
    const { incoming, receive, texts } = start();
    incoming.pause();
    receive(text('a'));
    incoming.resume();
    incoming.pause();
    await turn();
    expect(texts()).toEqual([]);
    incoming.resume();
    await turn();
    expect(texts()).toEqual(['a']);
  });

  it('that has ended keeps what comes next behind what it kept', async () => {
    const { incoming, receive, texts } = start();
    incoming.pause();
    receive(text('a'));
    incoming.resume();
    receive(text('b'));
    await turn();
    expect(texts()).toEqual(['a', 'b']);
  });

  it('of a connection that is over gives everything when it is asked to', () => {
    const { incoming, receive, texts } = start();
    incoming.pause();
    receive(text('a'));
    incoming.resume();
    incoming.unstash();
    expect(texts()).toEqual(['a']);
  });

  it('counts an error as a byte, so that something is known to be held', () => {
    const { incoming, receive, rows } = start();
    incoming.pause();
    receive(rows.error(ErrorIndex.InvalidUtf8));
    expect(incoming.stashedBytes).toBe(1);
  });

  it('that keeps something behind an error frees it', async () => {
    const { incoming, receive, recorder, rows } = start();
    incoming.pause();
    receive(new Rows(ID).error(ErrorIndex.InvalidUtf8));
    receive(rows.text('never', 'owned'));
    incoming.resume();
    await turn();
    expect(recorder.events.map(([name]) => name)).toEqual(['error']);
    expect(rows.owned.size).toBe(0);
  });
});

describe('an event that is waited for', () => {
  const start1by1 = () => start({ allowSynchronousEvents: false });

  it('lets small rows wait without holding the socket back', async () => {
    const { incoming, receive, rows, texts } = start1by1();
    receive(rows.text('a').text('b'));
    expect(incoming.needsDrain).toBe(false);
    for (let i = 0; i < 4; i++) await turn();
    expect(texts()).toEqual(['a', 'b']);
  });

  it('holds the socket back when 16 KiB wait, and asks for more when they are delivered', async () => {
    const { incoming, receive, recorder } = start1by1();
    const kilobytes = () => new Rows(ID).data(Buffer.alloc(4000));
    for (let i = 0; i < 4; i++) receive(kilobytes());
    expect(incoming.needsDrain).toBe(false);
    receive(kilobytes());
    expect(incoming.needsDrain).toBe(true);
    for (let i = 0; i < 12; i++) await turn();
    expect(recorder.events.map(([name]) => name)).toEqual([
      ...Array<string>(5).fill('message'),
      'drain'
    ]);
    expect(incoming.needsDrain).toBe(false);
  });

  it('does not count what waited before', async () => {
    const { incoming, receive } = start1by1();
    const kilobytes = () => new Rows(ID).data(Buffer.alloc(4000));
    for (let i = 0; i < 6; i++) receive(kilobytes());
    for (let i = 0; i < 12; i++) await turn();
    receive(kilobytes());
    expect(incoming.needsDrain).toBe(false);
  });
});
