import { constants, deflateRawSync, type InflateRaw } from 'node:zlib';
import { expect, it } from 'vitest';
import { kStatusCode } from '../../../src/endpoint/errors.js';
import { Inflater, SYNC_MAX, SYNC_OUTPUT_MAX } from '../../../src/endpoint/portable/inflater.js';
import { errorOf, text } from '../codec-calls.js';

function flushed(message: Buffer): Buffer {
  return deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

function later(inflater: Inflater, data: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    inflater.later(data, true, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

it('decompresses short messages without context on the spot, and others not', () => {
  const fresh = new Inflater(undefined, 15, false, () => 0);
  const message = text(500);
  expect(fresh.now(flushed(message), true)).toEqual(message);
  expect(fresh.now(Buffer.alloc(SYNC_MAX + 1), true)).toBeNull();
  expect(fresh.now(flushed(Buffer.alloc(SYNC_OUTPUT_MAX + 1)), true)).toBeNull();
  expect(fresh.now(flushed(message), false)).toBeNull();
  expect(new Inflater(undefined, 15, true, () => 0).now(flushed(message), true)).toBeNull();
});

it('leaves it to the thread pool to say what is wrong with a message', () => {
  expect(new Inflater(undefined, 15, false, () => 0).now(Buffer.from([0x06]), true)).toBeNull();
});

it.each([true, false])('stops a bomb soon after the limit (takeover: %s)', async (takeover) => {
  const inflater = new Inflater(undefined, 15, takeover, () => 100_000);
  const failure = errorOf(later(inflater, flushed(Buffer.alloc(100 * 1024 * 1024))));
  const engine = inflater.engine as InflateRaw;
  expect(await failure).toMatchObject({
    name: 'RangeError',
    message: 'Max payload size exceeded',
    [kStatusCode]: 1009
  });
  // 1032:1 is the most that DEFLATE can do.
  expect(engine.bytesWritten * 1032).toBeLessThan(300_000);
  expect(engine.destroyed).toBe(true);
  expect(inflater.engine).toBeNull();
});
