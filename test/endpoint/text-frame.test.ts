import { describe, expect, it } from 'vitest';
import { isShortAscii, repeatedTextFrame } from '../../src/endpoint/text-frame.js';
import { frame } from '../contract/wire.js';

const FIRST = 0x81;

describe('repeatedTextFrame', () => {
  it('has no frame for a text that was not the last one', () => {
    expect(repeatedTextFrame('once', FIRST)).toBe(null);
    expect(repeatedTextFrame('other', FIRST)).toBe(null);
    expect(repeatedTextFrame('once', FIRST)).toBe(null);
  });

  it.each(['', 'abc', 'ä€😀', 'x'.repeat(126), 'ü'.repeat(32768)])(
    'has the frame of the text that was framed before it (%#)',
    (text) => {
      repeatedTextFrame(`not ${text}`, FIRST);
      repeatedTextFrame(text, FIRST);
      expect(repeatedTextFrame(text, FIRST)!.equals(frame(text))).toBe(true);
    }
  );

  it('gives the same memory every time', () => {
    repeatedTextFrame('broadcast', FIRST);
    const encoded = repeatedTextFrame('broadcast', FIRST);
    expect(repeatedTextFrame('broadcast', FIRST)).toBe(encoded);
  });

  it('tells texts with another first byte apart', () => {
    repeatedTextFrame('same', FIRST);
    expect(repeatedTextFrame('same', 0x01)).toBe(null);
    expect(repeatedTextFrame('same', 0x01)![0]).toBe(0x01);
  });
});

describe('isShortAscii', () => {
  it.each([
    ['', true],
    ['abc\x7f\0', true],
    ['x'.repeat(64), true],
    ['x'.repeat(65), false],
    ['\x80', false],
    ['a\ud800', false],
    ['ä', false]
  ])('%j is %s', (text, expected) => {
    expect(isShortAscii(text)).toBe(expected);
  });
});
