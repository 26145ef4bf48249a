import { expect, it } from 'vitest';
import { isValidStatusCode } from '../../src/endpoint/status-code.js';

const ranges = [
  [0, 999, false],
  [1000, 1003, true],
  [1004, 1006, false],
  [1007, 1014, true],
  [1015, 2999, false],
  [3000, 4999, true],
  [5000, 65535, false]
] as const;

it.each(ranges)('of %d to %d all are valid: %s — RFC 6455 §7.4', (from, to, valid) => {
  const wrong: number[] = [];
  for (let code = from; code <= to; code++) {
    if (isValidStatusCode(code) !== valid) wrong.push(code);
  }
  expect(wrong).toEqual([]);
});

it('refuses what is no number of a code', () => {
  for (const code of [-1, -1000, NaN, Infinity, -Infinity]) {
    expect(isValidStatusCode(code)).toBe(false);
  }
});
