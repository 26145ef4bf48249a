import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { Deflater, SYNC_MAX } from '../../../src/endpoint/portable/deflater.js';
import { text } from '../codec-calls.js';

const tail = Buffer.from([0x00, 0x00, 0xff, 0xff]);

function inflate(data: Buffer, windowBits = 15): Buffer {
  return inflateRawSync(Buffer.concat([data, tail]), {
    finishFlush: constants.Z_SYNC_FLUSH,
    windowBits
  });
}

function later(deflater: Deflater, data: Buffer, fin = true): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    deflater.later(data, fin, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

it('compresses short messages without context on the spot, and others not', () => {
  const fresh = new Deflater(undefined, 15, false);
  expect(fresh.now(text(SYNC_MAX), true)).toBeInstanceOf(Buffer);
  expect(fresh.now(text(SYNC_MAX + 1), true)).toBeNull();
  expect(fresh.now(text(10), false)).toBeNull();
  expect(new Deflater(undefined, 15, true).now(text(10), true)).toBeNull();
});

it.each([8, 9, 10, 12, 15])(
  'stays within a window of 2^%i bytes — RFC 7692 §7.1.2',
  async (bits) => {
    const deflater = new Deflater(undefined, bits, false);
    for (const length of [1, 250, 251, 600, SYNC_MAX]) {
      const data = Buffer.concat([text(length >> 1), text(length >> 1)]);
      expect(inflate(deflater.now(data, true)!, bits)).toEqual(data);
      expect(inflate(await later(deflater, data), bits)).toEqual(data);
    }
  }
);

it('loses nothing by the smaller window it takes for a short message', () => {
  const data = Buffer.concat([text(1000), text(48)]);
  const repeated = Buffer.concat([data, data.subarray(0, 1000)]);
  const small = new Deflater(undefined, 15, false).now(repeated, true)!;
  const full = deflateRawSync(repeated, { finishFlush: constants.Z_SYNC_FLUSH, windowBits: 15 });
  expect(small.length).toBe(full.length - tail.length);
});

it('writes an empty stored block for an empty message, each time anew — RFC 7692 §7.2.3.6', () => {
  const deflater = new Deflater(undefined, 15, true);
  const [one, two] = [deflater.now('', true)!, deflater.now(Buffer.alloc(0), true)!];
  expect([...one]).toEqual([0]);
  // The caller masks what it gets in place.
  expect(one).not.toBe(two);
  expect([...deflater.now('', false)!]).toEqual([0, 0, 0, 0xff, 0xff]);
});

it('begins without context after a message that ended with an empty fragment — RFC 7692 §7.1.1', async () => {
  const deflater = new Deflater(undefined, 15, false);
  const data = text(3000);
  const first = await later(deflater, data, false);
  expect([...deflater.now('', true)!]).toEqual([0]);
  expect(deflater.engine).toBeNull();
  expect(inflate(await later(deflater, data))).toEqual(data);
  expect(inflate(Buffer.concat([first, Buffer.from([0])]))).toEqual(data);
});
