import type { Masking } from '../contract.js';

/** Below this length a byte loop is faster than setting up a word view. */
const WORDS_MIN = 64;

/** Masking in TypeScript, 32-bit words at a time. */
export const words: Masking = {
  name: 'typescript',
  unmask(buffer, key) {
    xor(buffer, key, 0, buffer.length);
  },
  mask(source, key, output, offset) {
    const { length } = source;
    if (length < WORDS_MIN) {
      for (let i = 0; i < length; i++) {
        output[offset + i] = source[i] ^ (key >>> ((i & 3) << 3));
      }
      return;
    }
    output.set(source, offset);
    xor(output, key, offset, length);
  }
};

/** XORs a short run of bytes in place; the first byte meets the first byte of the key. */
export function xorBytes(buffer: Uint8Array, key: number, start: number, length: number): void {
  const k0 = key & 0xff;
  const k1 = (key >>> 8) & 0xff;
  const k2 = (key >>> 16) & 0xff;
  const k3 = key >>> 24;
  const end = start + length;
  let i = start;
  for (; i + 3 < end; i += 4) {
    buffer[i] ^= k0;
    buffer[i + 1] ^= k1;
    buffer[i + 2] ^= k2;
    buffer[i + 3] ^= k3;
  }
  if (i < end) buffer[i] ^= k0;
  if (i + 1 < end) buffer[i + 1] ^= k1;
  if (i + 2 < end) buffer[i + 2] ^= k2;
}

/** The key as it applies `bytes` further on. */
export function rotate(key: number, bytes: number): number {
  const bits = (bytes & 3) << 3;
  return bits === 0 ? key : (key >>> bits) | (key << (32 - bits));
}

/** `Int32Array` reads in the byte order of the machine; the key is little-endian. */
const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function xor(buffer: Uint8Array, key: number, start: number, length: number): void {
  if (length < WORDS_MIN || !littleEndian) {
    xorBytes(buffer, key, start, length);
    return;
  }
  const lead = -(buffer.byteOffset + start) & 3;
  xorBytes(buffer, key, start, lead);
  const wordKey = rotate(key, lead);
  const count = (length - lead) >> 2;
  const view = new Int32Array(buffer.buffer, buffer.byteOffset + start + lead, count);
  for (let i = 0; i < count; i++) view[i] ^= wordKey;
  const done = lead + count * 4;
  xorBytes(buffer, wordKey, start + done, length - done);
}
