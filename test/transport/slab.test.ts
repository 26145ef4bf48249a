import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Region } from '../../src/transport/slab.js';
import { Random } from '../contract/random.js';

type Slab = typeof import('../../src/transport/slab.js');

let slab: Slab;

beforeEach(async () => {
  vi.resetModules();
  slab = await import('../../src/transport/slab.js');
});

const region = (): Region => ({ memory: Buffer.alloc(0), start: 0, end: 0, limit: 0 });

/** Appends as a transport does. */
function append(target: Region, bytes: Buffer): void {
  if (target.end + bytes.length > target.limit) slab.grow(target, bytes.length);
  bytes.copy(target.memory, target.end);
  target.end += bytes.length;
}

const content = ({ memory, start, end }: Region) => memory.subarray(start, end);

describe('grow', () => {
  it('makes room for at least what is asked for', () => {
    const a = region();
    slab.grow(a, 100);
    expect(a.limit - a.start).toBeGreaterThanOrEqual(100);
    expect(a.end).toBe(a.start);
  });

  it('gives regions of the same memory that do not overlap', () => {
    const [a, b] = [region(), region()];
    slab.grow(a, 100);
    slab.grow(b, 100);
    expect(a.memory).toBe(b.memory);
    expect(b.start).toBeGreaterThanOrEqual(a.limit);
  });

  it('starts regions where masking can work on words', () => {
    for (let i = 1; i < 20; i++) {
      const a = region();
      slab.grow(a, i);
      expect((a.memory.byteOffset + a.start) % 8).toBe(0);
    }
  });

  it('grows the last region in place', () => {
    const a = region();
    append(a, Buffer.alloc(100, 'a'));
    const { memory, start } = a;
    append(a, Buffer.alloc(5000, 'b'));
    expect(a.memory).toBe(memory);
    expect(a.start).toBe(start);
  });

  it('moves a region that is not the last one, with its bytes', () => {
    const [a, b] = [region(), region()];
    append(a, Buffer.from('first'));
    append(b, Buffer.from('second'));
    append(a, Buffer.alloc(500, '.'));
    append(b, Buffer.from('!'));
    expect(content(a).toString()).toBe(`first${'.'.repeat(500)}`);
    expect(content(b).toString()).toBe('second!');
  });

  it('gives a large region memory of its own', () => {
    const [a, b] = [region(), region()];
    slab.grow(a, 50_000);
    slab.grow(b, 100);
    expect(a.memory).not.toBe(b.memory);
  });

  it('begins a new slab when the old one is full', () => {
    const memories = new Set<Buffer>();
    for (let i = 0; i < 20; i++) {
      const a = region();
      slab.grow(a, 10_000);
      memories.add(a.memory);
    }
    expect(memories.size).toBe(4);
  });

  it('never lets regions that grow together overlap', () => {
    const random = new Random(7);
    for (let round = 0; round < 30; round++) {
      const regions = Array.from({ length: 6 }, region);
      const expected = regions.map(() => Buffer.alloc(0));
      const flushed: [Region, Buffer][] = [];
      for (let i = 0; i < 120; i++) {
        const at = random.below(regions.length);
        const bytes = Buffer.alloc(random.pick([1, 7, 8, 130, 4000]), 65 + random.below(26));
        append(regions[at], bytes);
        expected[at] = Buffer.concat([expected[at], bytes]);
        if (random.below(9) === 0) {
          // The bytes are the socket's from now on.
          slab.trim(regions[at]);
          flushed.push([regions[at], expected[at]]);
          regions[at] = region();
          expected[at] = Buffer.alloc(0);
        }
      }
      for (const [at, each] of regions.entries()) flushed.push([each, expected[at]]);
      expect(flushed.every(([each, bytes]) => content(each).equals(bytes))).toBe(true);
    }
  });
});

describe('trim', () => {
  it('gives back what the last region has not used', () => {
    const [a, b] = [region(), region()];
    slab.grow(a, 1000);
    a.end = a.start + 10;
    slab.trim(a);
    slab.grow(b, 8);
    expect(b.start).toBe(a.start + 16);
  });

  it('leaves memory alone that another region follows', () => {
    const [a, b, c] = [region(), region(), region()];
    slab.grow(a, 1000);
    slab.grow(b, 8);
    slab.trim(a);
    slab.grow(c, 8);
    expect(c.start).toBeGreaterThanOrEqual(b.limit);
  });
});
