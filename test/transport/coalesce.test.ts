import { beforeEach, describe, expect, it, vi } from 'vitest';
import { captureUncaught } from '../contract/uncaught.js';

type Coalesce = typeof import('../../src/transport/coalesce.js');

let coalesce: Coalesce;
let log: string[];

/** A connection whose flush is noted. */
const connection = (name: string, then: () => void = () => {}) => ({
  flush() {
    log.push(name);
    then();
  }
});

beforeEach(async () => {
  // The queue belongs to the module.
  vi.resetModules();
  coalesce = await import('../../src/transport/coalesce.js');
  log = [];
});

describe('outside of a batch', () => {
  it('flushes at the end of the tick', async () => {
    coalesce.enqueue(connection('a'));
    coalesce.enqueue(connection('b'));
    expect(log).toEqual([]);
    await Promise.resolve();
    expect(log).toEqual(['a', 'b']);
  });

  it('flushes before timers, immediates and what the next tick does', async () => {
    const order: string[] = [];
    const done = new Promise<void>((resolve) => {
      setImmediate(() => {
        order.push('immediate');
        resolve();
      });
    });
    process.nextTick(() => order.push('tick'));
    coalesce.enqueue({ flush: () => order.push('flush') });
    await done;
    expect(order[0]).toBe('flush');
  });

  it('flushes what is queued in a later tick then', async () => {
    coalesce.enqueue(connection('a'));
    await Promise.resolve();
    coalesce.enqueue(connection('b'));
    await Promise.resolve();
    expect(log).toEqual(['a', 'b']);
  });
});

describe('in a batch', () => {
  it('flushes when the batch ends', () => {
    coalesce.beginBatch();
    coalesce.enqueue(connection('a'));
    expect(log).toEqual([]);
    coalesce.endBatch();
    expect(log).toEqual(['a']);
  });

  it('flushes when the outermost batch ends', () => {
    coalesce.beginBatch();
    coalesce.beginBatch();
    coalesce.enqueue(connection('a'));
    coalesce.endBatch();
    expect(log).toEqual([]);
    coalesce.endBatch();
    expect(log).toEqual(['a']);
  });

  it('flushes what had been queued before it too, once', async () => {
    coalesce.enqueue(connection('a'));
    coalesce.beginBatch();
    coalesce.enqueue(connection('b'));
    coalesce.endBatch();
    expect(log).toEqual(['a', 'b']);
    await Promise.resolve();
    expect(log).toEqual(['a', 'b']);
  });
});

describe('a flush', () => {
  it('serves connections that are queued by it', async () => {
    coalesce.enqueue(connection('a', () => coalesce.enqueue(connection('b'))));
    await Promise.resolve();
    expect(log).toEqual(['a', 'b']);
  });

  it('serves connections that are queued in batches within it', () => {
    coalesce.beginBatch();
    coalesce.enqueue(
      connection('a', () => {
        coalesce.beginBatch();
        coalesce.enqueue(connection('c'));
        coalesce.endBatch();
      })
    );
    coalesce.enqueue(connection('b'));
    coalesce.endBatch();
    expect(log).toEqual(['a', 'b', 'c']);
  });

  it('serves the others when one connection throws, and does not hide that', async () => {
    const uncaught = captureUncaught();
    coalesce.beginBatch();
    coalesce.enqueue(
      connection('a', () => {
        throw new Error('write failed');
      })
    );
    coalesce.enqueue(connection('b'));
    expect(() => coalesce.endBatch()).not.toThrow();
    expect(log).toEqual(['a', 'b']);
    await new Promise(setImmediate);
    expect(uncaught.messages()).toEqual(['write failed']);
  });
});

describe('the exit of the process', () => {
  it('flushes what is queued, and from then on everything at once', () => {
    // The last one added: this module is loaded anew for each test.
    const listener = process.listeners('exit').at(-1)!;
    process.removeListener('exit', listener);
    coalesce.enqueue(connection('a'));
    expect(coalesce.exiting).toBe(false);
    listener(0);
    expect(log).toEqual(['a']);
    expect(coalesce.exiting).toBe(true);
  });

  it('is listened to once, however much is sent', async () => {
    const before = process.listenerCount('exit');
    for (let i = 0; i < 20; i++) {
      coalesce.enqueue(connection('a'));
      await Promise.resolve();
    }
    expect(process.listenerCount('exit')).toBe(before);
  });
});
