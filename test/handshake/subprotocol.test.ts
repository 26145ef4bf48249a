import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from '../../src/handshake/subprotocol.js';
import { outcome, randomTexts } from './random-text.js';
import { subprotocol as stock } from './stock.js';

describe('parse — RFC 6455 §11.3.4', () => {
  it.each([
    ['foo', ['foo']],
    ['foo,bar', ['foo', 'bar']],
    ['foo , \tbar\t, baz', ['foo', 'bar', 'baz']],
    ['constructor,__proto__', ['constructor', '__proto__']]
  ])('reads %j in the order of preference', (header, expected) => {
    expect([...parse(header)]).toEqual(expected);
  });

  it.each([
    ['', 'Unexpected end of input'],
    ['foo,', 'Unexpected end of input'],
    ['foo, ', 'Unexpected end of input'],
    ['foo ', 'Unexpected end of input'],
    [' foo', 'Unexpected character at index 0'],
    [',foo', 'Unexpected character at index 0'],
    ['foo,,bar', 'Unexpected character at index 4'],
    ['foo bar', 'Unexpected character at index 4'],
    ['foo;bar', 'Unexpected character at index 3'],
    ['"foo"', 'Unexpected character at index 0'],
    ['foo,foo', 'The "foo" subprotocol is duplicated'],
    ['foo,foo,', 'The "foo" subprotocol is duplicated'],
    ['foo,foo ', 'Unexpected end of input'],
    ['foo,foo;', 'Unexpected character at index 7']
  ])('refuses %j', (header, message) => {
    expect(() => parse(header)).toThrow(new SyntaxError(message));
  });

  it('gives the result or the error of ws for any text', () => {
    const alphabet = ['a', 'b', ',', ',', ' ', '\t', ';', '"', 'é'];
    for (const text of randomTexts(alphabet, 40_000, 2)) {
      const [ours, theirs] = [parse, stock.parse].map((f) => outcome(() => f(text)));
      if (!isDeepStrictEqual(ours, theirs)) expect([text, ours]).toEqual([text, theirs]);
    }
  });

  it('takes time proportional to the length of the header', () => {
    expect(() => parse('a' + ' '.repeat(100_000) + 'x')).toThrow(
      'Unexpected character at index 100001'
    );
  });
});
