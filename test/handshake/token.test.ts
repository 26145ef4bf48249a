import { describe, expect, it } from 'vitest';
import { isToken, tokenEnd } from '../../src/handshake/token.js';

/** RFC 9110 §5.6.2: visible ASCII without the delimiters. */
const isVisible = (code: number) => code > 0x20 && code < 0x7f;
const DELIMITERS = '"(),/:;<=>?@[\\]{}';

describe('isToken — RFC 9110 §5.6.2', () => {
  it('accepts exactly the visible ASCII characters that are no delimiters', () => {
    const characters = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));
    const expected = characters.filter(
      (c) => isVisible(c.charCodeAt(0)) && !DELIMITERS.includes(c)
    );
    expect(characters.filter(isToken)).toEqual(expected);
  });

  it('looks at every character', () => {
    expect(isToken('graphql-transport-ws')).toBe(true);
    expect(isToken('graphql ws')).toBe(false);
    expect(isToken('ws\n')).toBe(false);
    expect(isToken('')).toBe(false);
  });
});

describe('tokenEnd', () => {
  it('finds where a token that starts at an index ends', () => {
    expect(tokenEnd('a, bc', 0)).toBe(1);
    expect(tokenEnd('a, bc', 1)).toBe(1);
    expect(tokenEnd('a, bc', 3)).toBe(5);
    expect(tokenEnd('a, bc', 5)).toBe(5);
  });
});
