import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { format, parse } from '../../src/handshake/extension.js';
import { outcome, randomTexts } from './random-text.js';
import { extension as stock } from './stock.js';

describe('parse — RFC 6455 §9.1', () => {
  it.each([
    ['foo', { foo: [{}] }],
    ['foo; bar', { foo: [{ bar: [true] }] }],
    ['foo;bar=baz', { foo: [{ bar: ['baz'] }] }],
    ['foo;bar="baz"', { foo: [{ bar: ['baz'] }] }],
    ['foo;bar="b\\az\\q"', { foo: [{ bar: ['bazq'] }] }],
    ['foo;bar="\\b"', { foo: [{ bar: ['b'] }] }],
    ['foo;bar="a" ; baz', { foo: [{ bar: ['a'], baz: [true] }] }],
    ['foo ;bar ,\tbaz', { foo: [{ bar: [true] }], baz: [{}] }],
    ['foo;a=1;a=2;a', { foo: [{ a: ['1', '2', true] }] }],
    ['foo;a, foo', { foo: [{ a: [true] }, {}] }]
  ])('reads %s', (header, expected) => {
    expect(JSON.parse(JSON.stringify(parse(header)))).toEqual(expected);
  });

  it('gives names of Object.prototype no meaning', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      const extensions = parse(`${name}; ${name}=1, ${name}`);
      expect(Object.getPrototypeOf(extensions)).toBeNull();
      expect(Object.keys(extensions)).toEqual([name]);

      const [first, second] = extensions[name];
      expect(Object.getPrototypeOf(first)).toBeNull();
      expect(Object.entries(first)).toEqual([[name, ['1']]]);
      expect(Object.entries(second)).toEqual([]);
    }
  });

  it.each([
    ['', 'Unexpected end of input'],
    ['foo ', 'Unexpected end of input'],
    ['foo,', 'Unexpected end of input'],
    ['foo;', 'Unexpected end of input'],
    ['foo;bar=', 'Unexpected end of input'],
    ['foo;bar="', 'Unexpected end of input'],
    ['foo;bar="baz', 'Unexpected end of input'],
    ['foo;bar="baz\\', 'Unexpected end of input'],
    ['foo;bar="baz" ', 'Unexpected end of input'],
    [' foo', 'Unexpected character at index 0'],
    ['\tfoo', 'Unexpected character at index 0'],
    [',foo', 'Unexpected character at index 0'],
    ['foo bar', 'Unexpected character at index 4'],
    ['foo=bar', 'Unexpected character at index 3'],
    ['foo,,bar', 'Unexpected character at index 4'],
    ['foo;;bar', 'Unexpected character at index 4'],
    ['foo;=bar', 'Unexpected character at index 4'],
    ['foo;bar =baz', 'Unexpected character at index 8'],
    ['foo;bar= baz', 'Unexpected character at index 8'],
    ['foo;bar=""', 'Unexpected character at index 9'],
    ['foo;bar="b c"', 'Unexpected character at index 10'],
    ['foo;bar="\\ "', 'Unexpected character at index 10'],
    ['foo;bar="baz"q', 'Unexpected character at index 13'],
    ['foo;bar=b"az"', 'Unexpected character at index 9'],
    ['foö', 'Unexpected character at index 2']
  ])('refuses %j', (header, message) => {
    expect(() => parse(header)).toThrow(new SyntaxError(message));
  });

  it('gives the result or the error of ws for any text', () => {
    const alphabet = ['a', 'bc', ';', ',', '=', '"', '\\', ' ', '\t', '(', 'é', '__proto__'];
    for (const text of randomTexts(alphabet, 40_000, 1)) {
      const [ours, theirs] = [parse, stock.parse].map((f) => outcome(() => f(text)));
      if (!isDeepStrictEqual(ours, theirs)) expect([text, ours]).toEqual([text, theirs]);
    }
  });

  it('takes time proportional to the length of the header', () => {
    const header = `a;b="${'\\c'.repeat(100_000)}`;
    expect(() => parse(header)).toThrow('Unexpected end of input');
    expect(Object.keys(parse('a,'.repeat(100_000) + 'a'))).toEqual(['a']);
  });
});

describe('format — RFC 6455 §9.1', () => {
  it.each([
    [{ foo: {} }, 'foo'],
    [{ foo: [{}] }, 'foo'],
    [{ foo: { bar: true } }, 'foo; bar'],
    [{ foo: { bar: [true] } }, 'foo; bar'],
    [{ foo: { bar: 10, baz: 'q' } }, 'foo; bar=10; baz=q'],
    [{ foo: [{ bar: ['a', true] }, {}], qux: {} }, 'foo; bar=a; bar, foo, qux']
  ])('writes %j', (extensions, expected) => {
    expect(format(extensions)).toBe(expected);
    expect(stock.format(extensions)).toBe(expected);
  });

  it('is undone by parse', () => {
    const header = 'foo; a=1; a=2; b, foo, bar; c';
    expect(format(parse(header))).toBe(header);
  });
});
