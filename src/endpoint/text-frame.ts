import { Buffer } from 'node:buffer';
import { headerLength, writeHeader } from './frame.js';

/**
 * The last text that was framed, and its frame once the same text is sent again: the usual loop
 * `for (const client of clients) client.send(text)` encodes once. Strings are immutable; bytes are
 * never remembered, since they may be rewritten between two sends.
 */
let lastText = '';
let lastFirst = 0;
let lastFrame: Buffer | null = null;

/** The finished unmasked frame of `text` if it was the last text framed with this first byte. */
export function repeatedTextFrame(text: string, first: number): Buffer | null {
  if (text !== lastText || first !== lastFirst) {
    lastText = text;
    lastFirst = first;
    lastFrame = null;
    return null;
  }
  if (lastFrame === null) {
    const length = Buffer.byteLength(text);
    const header = headerLength(length, false);
    lastFrame = Buffer.allocUnsafeSlow(header + length);
    writeHeader(lastFrame, 0, first, length, false);
    lastFrame.write(text, header, length, 'utf8');
  }
  return lastFrame;
}

/** Texts up to this length are looked at character by character. */
const SHORT_MAX = 64;

/** Whether every character of a short text is one byte; false for longer ones. */
export function isShortAscii(text: string): boolean {
  const { length } = text;
  if (length > SHORT_MAX) return false;
  for (let i = 0; i < length; i++) {
    if (text.charCodeAt(i) > 0x7f) return false;
  }
  return true;
}
