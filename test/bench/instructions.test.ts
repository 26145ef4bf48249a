import { describe, expect, it } from 'vitest';
import { compare } from '../../bench/instructions.mjs';

describe('a comparison of instruction counts', () => {
  it('accepts what is equal within three per cent', () => {
    expect(compare({ a: 1000, b: 1000, c: 1000 }, { a: 1000, b: 1029, c: 971 }).failed).toBe(0);
  });

  it.each([
    ['a regression', { a: 1040 }, /\+4\.0 % MORE$/],
    ['an improvement, which has to be recorded', { a: 950 }, /−5\.0 % FEWER$/],
    ['a workload that has gone', {}, /GONE$/]
  ])('refuses %s', (_, measured, verdict) => {
    const { lines, failed } = compare({ a: 1000 }, measured);
    expect(failed).toBe(1);
    expect(lines).toEqual([expect.stringMatching(verdict)]);
  });

  it('refuses a workload that is not recorded', () => {
    const { lines, failed } = compare({}, { a: 1 });
    expect(failed).toBe(1);
    expect(lines).toEqual([expect.stringMatching(/NOT RECORDED$/)]);
  });
});
