import { constants, createDeflateRaw, type ZlibOptions } from 'node:zlib';
import { expect, it } from 'vitest';
import { ZlibPool } from '../../../src/endpoint/portable/zlib-pool.js';
import { ZlibStream } from '../../../src/endpoint/portable/zlib-stream.js';
import { text } from '../codec-calls.js';

function newPool(): ZlibPool {
  return new ZlibPool(
    (options, windowBits) =>
      new ZlibStream(createDeflateRaw({ ...options, windowBits, flush: constants.Z_SYNC_FLUSH }))
  );
}

function deflate(stream: ZlibStream, data: Buffer): Promise<Buffer> {
  return new Promise((resolve) => stream.process(data, null, 0, (_, result) => resolve(result)));
}

it('lends a stream again once it was given back', () => {
  const pool = newPool();
  const stream = pool.take(undefined, 15);
  expect(pool.take(undefined, 15)).not.toBe(stream);
  pool.give(undefined, 15, stream);
  expect(pool.take(undefined, 15)).toBe(stream);
});

it('lends a stream only for the options and the window it was made for', () => {
  const pool = newPool();
  const [one, other]: ZlibOptions[] = [{ level: 1 }, { level: 1 }];
  const stream = pool.take(one, 15);
  pool.give(one, 15, stream);
  expect(pool.take(one, 14)).not.toBe(stream);
  expect(pool.take(other, 15)).not.toBe(stream);
  expect(pool.take(undefined, 15)).not.toBe(stream);
  expect(pool.take(one, 15)).toBe(stream);
});

it('lends streams that remember nothing', async () => {
  const pool = newPool();
  const data = text(2000);
  const stream = pool.take(undefined, 15);
  const first = await deflate(stream, data);
  pool.give(undefined, 15, stream);
  expect(await deflate(pool.take(undefined, 15), data)).toEqual(first);
});

it('keeps a handful of idle streams and closes the others', () => {
  const pool = newPool();
  const streams = Array.from({ length: 20 }, () => pool.take(undefined, 15));
  for (const stream of streams) pool.give(undefined, 15, stream);
  expect(streams.filter((stream) => !stream.isClosed)).toHaveLength(8);
});
