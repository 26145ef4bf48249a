import { describe, expect, it } from 'vitest';
import { Fragments } from '../../src/endpoint/fragments.js';

function fragmentsOf(...pieces: [text: string, apart: boolean][]): Fragments {
  const fragments = new Fragments();
  for (const [text, apart] of pieces) fragments.push(Buffer.from(text), apart);
  return fragments;
}

describe('the fragments of a message', () => {
  it('are joined as they come', () => {
    const fragments = fragmentsOf(['ab', false], ['', false], ['c', false]);
    expect(fragments.length).toBe(3);
    expect(fragments.list).toBe(null);
    expect(String(fragments.take())).toBe('abc');
  });

  it('or stay apart, without the empty ones', () => {
    const fragments = fragmentsOf(['ab', true], ['', true], ['c', true]);
    expect(fragments.length).toBe(3);
    expect(fragments.list!.map(String)).toEqual(['ab', 'c']);
  });

  it('and go on as the first one has begun, whatever is wanted later', () => {
    const apart = fragmentsOf(['ab', true], ['c', false]);
    expect(apart.list!.map(String)).toEqual(['ab', 'c']);
    expect(String(apart.take())).toBe('abc');
    const joined = fragmentsOf(['ab', false], ['c', true]);
    expect(joined.list).toBe(null);
    expect(String(joined.take())).toBe('abc');
  });

  it('that are all empty make an empty message', () => {
    expect(fragmentsOf(['', true], ['', false]).take()).toHaveLength(0);
  });

  it('do not keep the read chunk alive that they are a small part of', () => {
    const chunk = Buffer.alloc(64 * 1024);
    const fragments = new Fragments();
    fragments.push(chunk.subarray(0, 10), true);
    fragments.push(chunk.subarray(10, 60 * 1024), true);
    const [small, large] = fragments.list!;
    expect(small.buffer).not.toBe(chunk.buffer);
    expect(large.buffer).toBe(chunk.buffer);
  });
});
