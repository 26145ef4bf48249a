import { describe, expect, it } from 'vitest';
import { rotate, words, xorBytes } from '../../../src/endpoint/portable/words.js';
import { Random } from '../../contract/random.js';
import { xor } from '../../contract/wire.js';
import { keyBytes, maskingCases } from './masking-cases.js';

describe('words', () => {
  it('unmasks every length at every alignment as the plain loop does — RFC 6455 §5.3', () => {
    expect(maskingCases(words, 'unmask')).toEqual([]);
  });

  it('masks every length at every alignment as the plain loop does — RFC 6455 §5.3', () => {
    expect(maskingCases(words, 'mask')).toEqual([]);
  });
});

describe('xorBytes', () => {
  it('touches the given run only', () => {
    for (let start = 0; start < 5; start++) {
      for (let length = 0; length < 9; length++) {
        const buffer = Buffer.alloc(16);
        xorBytes(buffer, 0x04030201, start, length);
        const run = Buffer.from([1, 2, 3, 4, 1, 2, 3, 4, 1].slice(0, length));
        expect(buffer).toEqual(
          Buffer.concat([Buffer.alloc(start), run, Buffer.alloc(16 - start - length)])
        );
      }
    }
  });
});

describe('rotate', () => {
  it('is the key as it applies further on', () => {
    const random = new Random(5);
    for (let i = 0; i < 200; i++) {
      const data = random.bytes(40);
      const key = Math.floor(random.next() * 2 ** 32) | 0;
      const at = random.below(30);
      const rest = xor(data, keyBytes(key)).subarray(at);
      expect(xor(data.subarray(at), keyBytes(rotate(key, at))).equals(rest)).toBe(true);
    }
  });
});
