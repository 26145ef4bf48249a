// Renders any value as one line of a transcript, so that two libraries can be compared as text.
import { createHash } from 'node:crypto';
import { types } from 'node:util';

const LONG = 96;

/** The text of `value`; equal values of equal types give equal texts, in any process. */
export function show(value) {
  if (typeof value === 'string') return showString(value);
  if (typeof value === 'function') return `[Function ${value.name || '(anonymous)'}]`;
  if (typeof value === 'symbol') return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (value === null || typeof value !== 'object') return String(value);
  return showObject(value);
}

/** The bytes as text where they are printable ASCII, in hex otherwise, hashed where they are many. */
export function showBytes(bytes) {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length === 0) return 'empty';
  if (buffer.length > LONG) {
    return `${buffer.length} bytes sha1 ${createHash('sha1').update(buffer).digest('hex')}`;
  }
  const text = buffer.toString('latin1');
  return /^[\x20-\x7e]*$/.test(text) ? JSON.stringify(text) : `0x${buffer.toString('hex')}`;
}

function showString(text) {
  if (text.length <= 4 * LONG) return JSON.stringify(text);
  return `string of ${text.length} sha1 ${createHash('sha1').update(text).digest('hex')}`;
}

function showObject(value) {
  if (value instanceof Error) return showError(value);
  if (Buffer.isBuffer(value)) return `Buffer ${showBytes(value)}`;
  if (ArrayBuffer.isView(value)) {
    return `${value.constructor.name} ${showBytes(value)}`;
  }
  if (types.isAnyArrayBuffer(value)) {
    return `${value.constructor.name} ${showBytes(new Uint8Array(value))}`;
  }
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (value instanceof Set) return `Set {${[...value].map(show).join(', ')}}`;
  if (value instanceof URL) return `URL ${value.href}`;
  return showPlain(value);
}

function showError(error) {
  const code = error.code === undefined ? '' : ` [${String(error.code)}]`;
  return `${error.name}${code} ${JSON.stringify(error.message)}`;
}

function showPlain(value) {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) {
    return `[object ${prototype.constructor?.name}]`;
  }
  const entries = Object.keys(value).map((key) => `${key}: ${show(value[key])}`);
  return `${prototype === null ? 'null-prototype ' : ''}{${entries.join(', ')}}`;
}
