import { expect, it } from 'vitest';
import { randomKey } from '../../src/endpoint/masking-key.js';

it('gives a 32-bit integer', () => {
  for (let i = 0; i < 100; i++) {
    const key = randomKey();
    expect(key | 0).toBe(key);
  }
});

it('does not repeat itself when its pool has been used up — RFC 6455 §10.3', () => {
  const drawn = 3 * 2048;
  const keys = new Set(Array.from({ length: drawn }, randomKey));
  // Chance makes 0.004 pairs.
  expect(keys.size).toBeGreaterThan(drawn - 3);
});

it('uses all 32 bits', () => {
  let ones = 0;
  let zeros = 0;
  for (let i = 0; i < 200; i++) {
    const key = randomKey();
    ones |= key;
    zeros |= ~key;
  }
  expect([ones, zeros]).toEqual([-1, -1]);
});
