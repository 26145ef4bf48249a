import { isUtf8 } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { isValidUTF8, validate, whenCorrect } from '../../src/endpoint/utf8.js';
import { Random } from '../contract/random.js';

const validators = { isValidUTF8, validate };

/** Sequences at the edges of RFC 3629 §4, with what Node says about them. */
const edges: [string, boolean][] = [
  ['', true],
  ['00', true],
  ['7f', true],
  ['80', false],
  ['bf', false],
  ['c080', false],
  ['c1bf', false],
  ['c280', true],
  ['c2', false],
  ['c27f', false],
  ['c2c0', false],
  ['dfbf', true],
  ['e09fbf', false],
  ['e0a080', true],
  ['e0a0', false],
  ['e0', false],
  ['ed9fbf', true],
  ['eda080', false],
  ['edbfbf', false],
  ['ee8080', true],
  ['efbfbf', true],
  ['efbf', false],
  ['f08fbfbf', false],
  ['f0908080', true],
  ['f09080', false],
  ['f48fbfbf', true],
  ['f4908080', false],
  ['f5808080', false],
  ['f8888080', false],
  ['ff', false],
  ['fe', false]
];

describe.each(Object.entries(validators))('%s', (_name, isValid) => {
  it.each(edges)('%s is valid UTF-8: %s — RFC 3629 §4', (hex, expected) => {
    const bytes = Buffer.from(hex, 'hex');
    expect(isUtf8(bytes)).toBe(expected);
    // Alone, and where the native validator is asked.
    expect(isValid(bytes)).toBe(expected);
    expect(isValid(Buffer.concat([Buffer.alloc(40, 'a'), bytes]))).toBe(expected);
    expect(isValid(Buffer.concat([Buffer.alloc(40, 'ä'), bytes, Buffer.from('ende')]))).toBe(
      isUtf8(Buffer.concat([bytes, Buffer.from('ende')]))
    );
  });

  it('agrees with Node on every sequence of two bytes', () => {
    const wrong: number[] = [];
    for (let i = 0; i < 0x10000; i++) {
      const bytes = Buffer.from([i >> 8, i & 0xff]);
      if (isValid(bytes) !== isUtf8(bytes)) wrong.push(i);
    }
    expect(wrong).toEqual([]);
  });

  it('agrees with Node on random bytes and on damaged text', () => {
    const random = new Random(3629);
    const wrong: string[] = [];
    for (let i = 0; i < 5000; i++) {
      const bytes =
        i % 2 === 0 ? random.bytes(random.below(8)) : Buffer.from(randomText(random, i % 50));
      if (bytes.length > 0 && i % 4 === 1) bytes[random.below(bytes.length)] = random.below(256);
      if (isValid(bytes) !== isUtf8(bytes)) wrong.push(bytes.toString('hex'));
    }
    expect(wrong).toEqual([]);
  });
});

describe('whenCorrect', () => {
  it('takes a validator', () => {
    expect(whenCorrect(isUtf8)).toBe(isUtf8);
  });

  it.each([
    ['an empty module', {}],
    ['nothing', undefined],
    ['a function that does nothing', () => {}],
    ['a function that accepts everything', () => true],
    ['a function that refuses everything', () => false],
    ['a class', class {}],
    [
      'a function that throws',
      () => {
        throw new Error('not built');
      }
    ]
  ])('refuses %s', (_name, candidate) => {
    expect(whenCorrect(candidate)).toBe(undefined);
  });
});

function randomText(random: Random, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) {
    text += String.fromCodePoint(random.pick([0x20, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10ffff]));
  }
  return text;
}
