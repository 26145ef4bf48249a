import { describe, expect, it } from 'vitest';
import { disagreement, median, ratio } from '../../bench/statistics.mjs';

describe('median', () => {
  it('is the middle of an odd number of figures, in any order', () => {
    expect(median([5, 1, 4])).toBe(4);
    expect(median([7])).toBe(7);
  });

  it('is the mean of the middle two of an even number', () => {
    expect(median([10, 1, 3, 5])).toBe(4);
  });

  it('leaves the figures as they are', () => {
    const figures = [3, 1, 2];
    median(figures);
    expect(figures).toEqual([3, 1, 2]);
  });
});

describe('ratio', () => {
  it('compares within a round, so that a slow round cancels out', () => {
    expect(ratio([1, 10, 2], [2, 20, 4])).toEqual({ median: 0.5, low: 0.5, high: 0.5 });
  });

  it('tells the range of the rounds', () => {
    expect(ratio([1, 2, 6], [2, 2, 2])).toEqual({ median: 1, low: 0.5, high: 3 });
  });

  it('leaves out rounds that one of the two lacks', () => {
    expect(ratio([1, undefined, 3], [1, 1, undefined])).toEqual({ median: 1, low: 1, high: 1 });
  });

  it('is nothing without a common round', () => {
    expect(ratio([undefined, 1], [1, undefined])).toBeUndefined();
    expect(ratio([], [])).toBeUndefined();
  });
});

describe('disagreement', () => {
  it('is the same whichever run was first', () => {
    expect(disagreement(0.5, 0.6)).toBeCloseTo(0.2);
    expect(disagreement(0.6, 0.5)).toBeCloseTo(0.2);
    expect(disagreement(2, 2)).toBe(0);
  });
});
