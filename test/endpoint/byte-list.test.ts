import { describe, expect, it } from 'vitest';
import { ByteList } from '../../src/endpoint/byte-list.js';
import { Random } from '../contract/random.js';

/** Bytes at the beginning of a larger read chunk. */
const inChunk = (text: string, chunk = 64 * 1024) => {
  const memory = Buffer.allocUnsafeSlow(chunk);
  memory.write(text);
  return memory.subarray(0, text.length);
};

const pieces = (list: ByteList) => {
  const all: Buffer[] = [];
  list.forEach((piece) => all.push(piece));
  return all;
};

describe('take', () => {
  it('has nothing at first', () => {
    expect(new ByteList().take()).toHaveLength(0);
  });

  it('gives all bytes in their order and leaves the list empty', () => {
    const list = new ByteList();
    for (const text of ['a', 'bc', '', 'def']) list.push(inChunk(text));
    expect(list.length).toBe(6);
    expect(list.take().toString()).toBe('abcdef');
    expect(list.length).toBe(0);
    expect(list.take()).toHaveLength(0);
  });

  it('can be filled again', () => {
    const list = new ByteList();
    list.push(inChunk('a'));
    const first = list.take();
    list.push(inChunk('b'));
    expect(list.take().toString()).toBe('b');
    expect(first.toString()).toBe('a');
  });

  it('gives a single large piece without a copy', () => {
    const list = new ByteList();
    const piece = Buffer.allocUnsafeSlow(4096);
    list.push(piece);
    expect(list.take()).toBe(piece);
  });

  it('is right for any sequence of pieces', () => {
    const random = new Random(1);
    for (let round = 0; round < 100; round++) {
      const list = new ByteList();
      const expected: Buffer[] = [];
      for (let i = random.below(12); i > 0; i--) {
        const piece = random.bytes(random.pick([0, 1, 15, 17, 1023, 1024, 3000]));
        expected.push(Buffer.from(piece));
        list.push(random.below(2) === 0 ? piece : Buffer.from(new Uint8Array(piece).buffer));
      }
      const whole = Buffer.concat(expected);
      expect(list.length).toBe(whole.length);
      expect(Buffer.concat(pieces(list)).equals(whole)).toBe(true);
      expect(list.take().equals(whole)).toBe(true);
    }
  });
});

describe('memory', () => {
  it('is not that of the chunk which a small piece was a part of', () => {
    const list = new ByteList();
    list.push(inChunk('abc'));
    const [piece] = pieces(list);
    expect(piece.buffer.byteLength).toBeLessThan(64);
  });

  it('is that of the chunk when the piece is most of it', () => {
    const list = new ByteList();
    const chunk = Buffer.allocUnsafeSlow(2000).subarray(0, 1500);
    list.push(chunk);
    expect(pieces(list)).toEqual([chunk]);
    expect(pieces(list)[0].buffer).toBe(chunk.buffer);
  });

  it('is at most twice the bytes, in one piece, after a flood of tiny ones', () => {
    const list = new ByteList();
    for (let i = 0; i < 100_000; i++) list.push(inChunk('x', 8));
    const [piece, ...others] = pieces(list);
    expect(others).toEqual([]);
    expect(piece.buffer.byteLength).toBeLessThanOrEqual(200_000);
  });
});
