import { describe, expect, it } from 'vitest';
import {
  BINARY_TYPES,
  copy,
  isBlob,
  toArrayBuffer,
  toBuffer,
  view
} from '../../src/endpoint/buffer.js';

describe('view', () => {
  it('is a Buffer on the same memory', () => {
    const source = Buffer.from('0123456789').subarray(2);
    const part = view(source, 1, 3);
    expect(Buffer.isBuffer(part)).toBe(true);
    expect(part.toString()).toBe('345');
    part[0] = 0x78;
    expect(source.toString()).toBe('2x456789');
  });
});

describe('copy', () => {
  it.each([0, 1, 47, 48, 49, 1000])('copies all %d bytes', (length) => {
    const source = Buffer.alloc(length, 'abcdefg');
    const target = Buffer.alloc(length + 2, '.');
    copy(source, target, 1);
    expect(target.toString()).toBe(`.${source}.`);
  });
});

describe('toBuffer', () => {
  it('gives a Buffer back as it is', () => {
    const buffer = Buffer.from('a');
    expect(toBuffer(buffer)).toBe(buffer);
  });

  it.each([
    ['an ArrayBuffer', Uint8Array.from([1, 2, 3, 4]).buffer],
    ['a Uint8Array', new Uint8Array([0, 1, 2, 3, 4]).subarray(1)],
    ['a Uint32Array', Uint32Array.from([0x04030201])],
    ['a DataView', new DataView(Uint8Array.from([9, 1, 2, 3, 4]).buffer, 1)]
  ])('makes a view of the memory of %s', (_name, data) => {
    const buffer = toBuffer(data);
    expect([...buffer]).toEqual([1, 2, 3, 4]);
    const memory = ArrayBuffer.isView(data) ? data.buffer : data;
    expect(buffer.buffer).toBe(memory);
  });

  it.each([
    ['a string', 'ä', Buffer.from('ä')],
    ['an array', [1, 2], Buffer.from([1, 2])],
    ['an object with a primitive value', new String('a'), Buffer.from('a')]
  ])('copies what is in %s', (_name, data, expected) => {
    expect(toBuffer(data)).toEqual(expected);
  });

  it.each([1, true, null, undefined, {}, Symbol('s')])('throws for %s', (data) => {
    expect(() => toBuffer(data)).toThrow(TypeError);
  });
});

describe('toArrayBuffer', () => {
  it('is the memory itself when the buffer is all of it', () => {
    const buffer = Buffer.allocUnsafeSlow(8);
    expect(toArrayBuffer(buffer)).toBe(buffer.buffer);
  });

  it('is a copy of the part when it is not', () => {
    const buffer = Buffer.from('xxabcxx').subarray(2, 5);
    expect(Buffer.from(toArrayBuffer(buffer)).toString()).toBe('abc');
    expect(toArrayBuffer(buffer).byteLength).toBe(3);
  });
});

describe('isBlob', () => {
  it.each([
    ['a Blob', new Blob(['a'])],
    [
      'the Blob of another implementation',
      {
        [Symbol.toStringTag]: 'Blob',
        type: '',
        stream: () => {},
        arrayBuffer: () => Promise.resolve(new ArrayBuffer(0))
      }
    ],
    [
      'the File of another implementation',
      {
        [Symbol.toStringTag]: 'File',
        type: 'text/plain',
        stream: () => {},
        arrayBuffer: () => Promise.resolve(new ArrayBuffer(0))
      }
    ]
  ])('knows %s', (_name, value) => {
    expect(isBlob(value)).toBe(true);
  });

  it.each([
    ['null', null],
    ['a string', 'Blob'],
    ['a Buffer', Buffer.from('a')],
    ['a tag alone', { [Symbol.toStringTag]: 'Blob' }],
    ['a response', { type: 'basic', stream: () => {}, arrayBuffer: () => {} }]
  ])('does not take %s for one', (_name, value) => {
    expect(isBlob(value)).toBe(false);
  });
});

it('offers the four binary types where there is a Blob', () => {
  expect(BINARY_TYPES).toEqual(['nodebuffer', 'arraybuffer', 'fragments', 'blob']);
});
