import { constants, inflateRawSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { NativeDeflater, SYNC_MAX } from '../../../src/endpoint/native/deflater.js';
import { text, turn } from '../codec-calls.js';
import { addonReason, newNativeEngine, withoutAddon } from '../engines.js';

const tail = Buffer.from([0x00, 0x00, 0xff, 0xff]);

function inflate(...blocks: unknown[]): Buffer {
  return inflateRawSync(Buffer.concat([...(blocks as Buffer[]), tail]), {
    finishFlush: constants.Z_SYNC_FLUSH
  });
}

function later(deflater: NativeDeflater, data: Buffer, fin = true): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    deflater.later(data, fin, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

describe.skipIf(withoutAddon)(`the native compressing side (${addonReason})`, () => {
  const engine = withoutAddon ? null! : newNativeEngine();
  const create = (takeover: boolean, windowBits = 15, idle = 60_000, other = engine) =>
    other.createDeflater({ zlib: undefined, windowBits, takeover }, idle) as NativeDeflater;

  it('compresses on the spot what is short, and leaves the rest to the thread pool', async () => {
    for (const takeover of [true, false]) {
      const deflater = create(takeover);
      const long = text(SYNC_MAX + 1);
      const short = text(SYNC_MAX);
      expect(deflater.now(long, true)).toBeNull();
      expect(inflate(deflater.now(short, true))).toEqual(short);
      expect(inflate(await later(create(takeover), long))).toEqual(long);
    }
  });

  it('takes text as UTF-8, up to the longest there is of such a text', () => {
    for (const message of ['', 'a', 'grüße 👋', '€'.repeat(SYNC_MAX), '\ud800']) {
      expect(inflate(create(true).now(message, true)).toString()).toBe(
        Buffer.from(message).toString()
      );
    }
  });

  it('goes from the one to the other and back with its context', async () => {
    const deflater = create(true);
    const first = text(3000);
    const blocks = [deflater.now(first, true), tail, await later(deflater, first), tail];
    const last = deflater.now(first, true) as Buffer;
    expect(inflate(...blocks, last)).toEqual(Buffer.concat([first, first, first]));
    expect(last.length).toBeLessThan(100);
  });

  it('keeps within a window of 2^8, which zlib does not have — RFC 7692 §7.1.2', () => {
    const deflater = create(true, 8);
    const message = Buffer.concat([text(300), text(300)]);
    const blocks = [deflater.now(message, true), tail, deflater.now(message, true)] as Buffer[];
    const inflated = inflateRawSync(Buffer.concat([...blocks, tail]), {
      finishFlush: constants.Z_SYNC_FLUSH,
      windowBits: 8
    });
    expect(inflated).toEqual(Buffer.concat([message, message]));
  });

  it('gives up its compressor when it has been idle, and goes on without its context', async () => {
    const own = newNativeEngine();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const deflater = create(true, 15, 1, own);
      const message = text(500);
      const first = deflater.now(message, true) as Buffer;
      expect(own.statistics.contexts).toBe(1);
      // The addon has a clock of its own.
      for (const end = Date.now() + 5; Date.now() < end;);
      vi.advanceTimersByTime(200);
      expect(own.statistics).toMatchObject({ contexts: 0, shortCompressors: 0 });
      expect(vi.getTimerCount()).toBe(0);
      const second = deflater.now(message, true) as Buffer;
      expect(second).toEqual(first);
      expect(inflate(first, tail, second)).toEqual(Buffer.concat([message, message]));
      expect(vi.getTimerCount()).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it('makes one timer for all connections', () => {
    const own = newNativeEngine();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      for (let i = 0; i < 20; i++) create(true, 15, 5000, own).now('busy', true);
      expect(vi.getTimerCount()).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it('compresses a text that is sent to many once, where there is no context', () => {
    const message = text(2000).toString();
    const [one, other] = [create(false), create(false)];
    const block = one.now(message, true);
    expect(other.now(message, true)).toBe(block);
    // Not for other parameters, in a fragment, or with context.
    expect(create(false, 9).now(message, true)).not.toBe(block);
    expect(create(true).now(message, true)).not.toBe(block);
    other.now('part', false);
    expect(other.now(message, true)).not.toBe(block);
    const again = one.now(message, true);
    expect(other.now(message, true)).toBe(again);
  });

  it('makes blocks apart that every connection can send, if its own context is dropped', () => {
    const [one, other] = [create(true), create(true)];
    const before = text(800);
    const shared = text(600);
    const sent = [one, other].map((deflater) => [deflater.now(before, true), tail]);
    const block = one.apart(shared);
    one.dropContext();
    other.dropContext();
    for (const [i, deflater] of [one, other].entries()) {
      const after = deflater.now(before, true);
      expect(inflate(...sent[i], block, tail, after)).toEqual(
        Buffer.concat([before, shared, before])
      );
    }
  });

  it('could not go on with its own context after a block from elsewhere', () => {
    const [one, other] = [create(true), create(true)];
    const before = text(800);
    const sent = [other.now(before, true), tail];
    const block = one.apart(text(600));
    // Not dropped: its distances are too short by what the peer has seen in between.
    const after = other.now(before, true);
    expect(inflate(...sent, block, tail, after).subarray(1400)).not.toEqual(before);
  });

  it('drops a job when it is closed, in any state, and can be used again', async () => {
    for (const takeover of [true, false]) {
      const deflater = create(takeover);
      const callback = vi.fn();
      const long = text(200_000);
      deflater.later(long, true, callback);
      deflater.close();
      deflater.close();
      expect(inflate(deflater.now('again', true)).toString()).toBe('again');
      for (let i = 0; i < 3; i++) await later(create(takeover), long);
      expect(callback).not.toHaveBeenCalled();
    }
    expect(engine.statistics.jobs).toBe(0);
  });

  it('shows itself as the engine while it may have a context', async () => {
    const fresh = create(false);
    fresh.now('whole', true);
    expect(fresh.engine).toBeNull();
    fresh.now('part', false);
    expect(fresh.engine).toBe(fresh);
    const kept = create(true);
    expect(kept.engine).toBe(kept);
    kept.close();
    expect(kept.engine).toBeNull();
    await turn();
  });
});
