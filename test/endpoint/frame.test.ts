import { describe, expect, it } from 'vitest';
import { frame, frameKey, headerLength, writeHeader, writeKey } from '../../src/endpoint/frame.js';
import { words } from '../../src/endpoint/portable/words.js';
import { StockSender } from '../contract/stock.js';
import { readFrame } from '../contract/wire.js';

const lengths = [0, 1, 125, 126, 127, 255, 256, 65535, 65536, 70_000];
const booleans = [true, false];
const stockFrame = StockSender.frame;

describe('headerLength', () => {
  it.each([
    [0, 2],
    [125, 2],
    [126, 4],
    [65535, 4],
    [65536, 10],
    [2 ** 40, 10]
  ])('for %d bytes of payload is %d, and 4 more with a masking key — RFC 6455 §5.2', (n, size) => {
    expect(headerLength(n, false)).toBe(size);
    expect(headerLength(n, true)).toBe(size + 4);
  });
});

describe('writeHeader', () => {
  it.each([
    [0, '8200'],
    [125, '827d'],
    [126, '827e007e'],
    [65535, '827effff'],
    [65536, '827f0000000000010000'],
    [2 ** 32 + 5, '827f0000000100000005'],
    [2 ** 53 - 1, '827f001fffffffffffff']
  ])('writes the length %d in network byte order — RFC 6455 §5.2', (length, hex) => {
    const target = Buffer.alloc(12);
    const end = writeHeader(target, 1, 0x82, length, false);
    expect(target.subarray(1, end).toString('hex')).toBe(hex);
  });

  it('sets MASK where it is asked to — RFC 6455 §5.2', () => {
    for (const length of [5, 126, 65536]) {
      const target = Buffer.alloc(10);
      writeHeader(target, 0, 0x81, length, true);
      expect(target[1] & 0x80).toBe(0x80);
    }
  });
});

describe('writeKey', () => {
  it('writes the lowest byte first', () => {
    const target = Buffer.alloc(6);
    expect(writeKey(target, 1, 0x84030201 | 0)).toBe(5);
    expect(target).toEqual(Buffer.from([0, 1, 2, 3, 0x84, 0]));
  });
});

describe('frameKey', () => {
  it('is what the given function wrote', () => {
    expect(frameKey((mask) => mask.set([1, 2, 3, 0xff]), undefined)).toBe(0xff030201 | 0);
  });

  it('uses the given buffer', () => {
    const buffer = Buffer.alloc(4);
    frameKey((mask) => expect(mask).toBe(buffer), buffer);
    expect.assertions(1);
  });
});

describe('frame', () => {
  const combinations = booleans.flatMap((fin) =>
    booleans.flatMap((rsv1) =>
      booleans.flatMap((mask) => booleans.map((readOnly) => ({ fin, rsv1, mask, readOnly })))
    )
  );
  const generateMask = (mask: Buffer) => void mask.set([0x12, 0x34, 0x56, 0xf8]);
  const noMask = (mask: Buffer) => void mask.fill(0);

  it.each(combinations)('makes the pieces that ws makes for %o', (options) => {
    for (const opcode of [0, 1, 2, 8, 9, 10]) {
      for (const length of lengths) {
        for (const key of [generateMask, noMask]) {
          const all = { ...options, opcode, generateMask: key };
          const [own, stock] = [Buffer.alloc(length, 'abcde'), Buffer.alloc(length, 'abcde')];
          const pieces = frame(own, all, words);
          expectSame(pieces, stockFrame(stock, all));
          // Which of them is the caller's memory, and what has become of it.
          expect(pieces.indexOf(own)).toBe(stockFrame(stock, all).indexOf(stock));
          expectSame([frame(own, all, words)[0]], [stockFrame(stock, all)[0]]);
        }
      }
    }
  });

  it.each(combinations)('makes the pieces that ws makes of a string for %o', (options) => {
    for (const text of ['', 'abc', 'ä€😀'.repeat(20), 'x'.repeat(65536)]) {
      for (const key of [generateMask, noMask]) {
        const all = { ...options, opcode: 1, generateMask: key };
        expectSame(frame(text, all, words), stockFrame(text, all));
      }
    }
  });

  it('masks in place unless the memory is to be left alone', () => {
    const [own, readOnly] = [Buffer.from('abcd'), Buffer.from('abcd')];
    frame(own, { opcode: 2, mask: true, generateMask }, words);
    frame(readOnly, { opcode: 2, mask: true, readOnly: true, generateMask }, words);
    expect(own.equals(readOnly)).toBe(false);
    expect(readOnly.toString()).toBe('abcd');
  });

  it('chooses a key of its own without generateMask — RFC 6455 §5.3', () => {
    const keys = new Set<string>();
    for (let i = 0; i < 50; i++) {
      const pieces = frame(Buffer.from('abcd'), { opcode: 2, fin: true, mask: true }, words);
      const { key, payload } = readFrame(Buffer.concat(pieces))!;
      expect(payload.toString()).toBe('abcd');
      keys.add(key!.toString('hex'));
    }
    expect(keys.size).toBeGreaterThan(45);
  });
});

/** `toEqual` on large buffers is slow, and says no more than this when they differ. */
function expectSame(own: Buffer[], stock: Buffer[]): void {
  expect(own.map((piece) => [Buffer.isBuffer(piece), piece.length])).toEqual(
    stock.map((piece) => [true, piece.length])
  );
  for (const [i, piece] of own.entries()) expect(piece.equals(stock[i])).toBe(true);
}
