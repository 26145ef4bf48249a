import { constants, deflateRawSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { kStatusCode } from '../../../src/endpoint/errors.js';
import { NativeInflater, SYNC_MAX } from '../../../src/endpoint/native/inflater.js';
import { errorOf, text } from '../codec-calls.js';
import { addonReason, newNativeEngine, withoutAddon } from '../engines.js';

function flushed(message: Buffer, options = {}): Buffer {
  return deflateRawSync(message, {
    finishFlush: constants.Z_SYNC_FLUSH,
    ...options
  }).subarray(0, -4);
}

function later(inflater: NativeInflater, data: Buffer, fin = true): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    inflater.later(data, fin, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

describe.skipIf(withoutAddon)(`the native decompressing side (${addonReason})`, () => {
  const engine = withoutAddon ? null! : newNativeEngine();
  const create = (takeover: boolean, maxPayload = 0, other = engine) =>
    other.createInflater(
      { zlib: undefined, windowBits: 15, takeover },
      () => maxPayload
    ) as NativeInflater;

  it('decompresses on the spot what is short, and leaves the rest to the thread pool', async () => {
    for (const takeover of [true, false]) {
      const inflater = create(takeover);
      const long = text(300_000);
      const data = flushed(long, { level: 0 });
      expect(data.length).toBeGreaterThan(SYNC_MAX);
      expect(inflater.now(data, true)).toBeNull();
      expect(await later(inflater, data)).toEqual(long);
      for (const length of [0, 1, 4096, 4097, 100_000]) {
        const message = text(length);
        expect(inflater.now(flushed(message), true)).toEqual(message);
      }
    }
  });

  it('goes on elsewhere with what becomes long', async () => {
    for (const takeover of [true, false]) {
      const inflater = create(takeover);
      const long = Buffer.alloc(1_000_000, 'long ');
      for (let i = 0; i < 3; i++) {
        const data = flushed(long);
        expect(inflater.now(data, true)).toBeNull();
        // Asked again, it does not begin again.
        expect(inflater.now(data, true)).toBeNull();
        expect((await later(inflater, data)).equals(long)).toBe(true);
        expect(inflater.now(flushed(Buffer.from('short')), true)).toEqual(Buffer.from('short'));
      }
    }
  });

  it('inflates a bomb no further than the limit, of whatever kind', async () => {
    const bombs = [
      flushed(Buffer.alloc(20_000_000)),
      flushed(Buffer.alloc(200_000), { level: 0 }),
      flushed(Buffer.alloc(20_000_000), { strategy: constants.Z_HUFFMAN_ONLY }),
      flushed(flushed(Buffer.alloc(100_000_000)))
    ];
    for (const takeover of [true, false]) {
      for (const bomb of bombs) {
        const inflater = create(takeover, 50_000);
        const error = inflater.now(bomb, true) ?? (await errorOf(later(inflater, bomb)));
        expect(error).toMatchObject({
          name: 'RangeError',
          code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
          message: 'Max payload size exceeded',
          [kStatusCode]: 1009
        });
      }
    }
    expect(engine.statistics.historyBytes).toBeLessThan(100_000);
  });

  it('keeps no message alive by another that came with it, above 4 KiB', () => {
    const inflater = create(true);
    const short = inflater.now(flushed(text(100)), true) as Buffer;
    const long = inflater.now(flushed(text(5000)), true) as Buffer;
    expect(short.buffer.byteLength).toBeLessThanOrEqual(32 * 1024);
    expect(long.buffer.byteLength).toBe(5000);
  });

  it('never writes over a message it has delivered', () => {
    const inflater = create(false);
    const messages = Array.from({ length: 300 }, (_, i) => text(i * 7));
    const inflated = messages.map((message) => inflater.now(flushed(message), true));
    expect(inflated).toEqual(messages);
  });

  it('drops a job when it is closed, in any state, and can be used again', async () => {
    const long = text(400_000);
    const data = flushed(long);
    const other = newNativeEngine();
    for (const takeover of [true, false]) {
      const inflater = create(takeover, 0, other);
      const callback = vi.fn();
      // Under way; begun and not under way; begun, then under way.
      inflater.later(data, true, callback);
      inflater.close();
      const bomb = flushed(Buffer.alloc(1_000_000));
      expect(inflater.now(bomb, true)).toBeNull();
      inflater.close();
      expect(inflater.now(bomb, true)).toBeNull();
      inflater.later(bomb, true, callback);
      inflater.close();
      inflater.close();
      expect(inflater.now(flushed(Buffer.from('again')), true)).toEqual(Buffer.from('again'));
      for (let i = 0; i < 4; i++) await later(create(takeover, 0, other), data);
      expect(callback).not.toHaveBeenCalled();
    }
    expect(other.statistics.jobs).toBe(0);
  });
});
