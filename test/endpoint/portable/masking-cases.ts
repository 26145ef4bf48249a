import type { Masking } from '../../../src/endpoint/contract.js';
import { Random } from '../../contract/random.js';
import { xor } from '../../contract/wire.js';

export function keyBytes(key: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(key | 0);
  return bytes;
}

const KEYS = [0, 1, -1, 0x80000000, 0x7fffffff, 0x01020304, 0xf1e2d3c4];
/** All short lengths, and around those at which an implementation may change its ways. */
const LENGTHS = [...Array.from({ length: 140 }, (_, i) => i), 255, 256, 1021, 1024, 4099, 65_537];

/**
 * Compares with the plain loop on all of those lengths and on offsets of every alignment, and looks
 * for bytes written outside. Returns the cases that differ.
 */
export function maskingCases(masking: Masking, method: 'mask' | 'unmask'): string[] {
  const random = new Random(53);
  const wrong: string[] = [];
  for (const length of LENGTHS) {
    const data = random.bytes(length);
    for (let offset = 0; offset < 8; offset++) {
      const key = KEYS[(length + offset) % KEYS.length];
      const expected = Buffer.alloc(offset + length + 8, 0xaa);
      xor(data, keyBytes(key)).copy(expected, offset);

      const actual = Buffer.alloc(expected.length, 0xaa);
      const source = Buffer.from(data);
      if (method === 'mask') {
        masking.mask(source, key, actual, offset);
        if (!source.equals(data)) wrong.push(`source of ${length} bytes`);
      } else {
        data.copy(actual, offset);
        masking.unmask(actual.subarray(offset, offset + length), key);
      }
      if (!actual.equals(expected)) wrong.push(`${length} bytes at ${offset}, key ${key}`);
    }
  }
  return wrong;
}
