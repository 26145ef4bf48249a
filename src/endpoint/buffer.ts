/** Views and copies of bytes. */

// The global of that name is a getter, which costs where it is read for every message.
import { Buffer } from 'node:buffer';
import type { BinaryType } from './contract.js';

export const EMPTY = Buffer.alloc(0);

/**
 * `new View(arrayBuffer, offset, length)` is a Buffer. The constructor that Node uses itself: making
 * a view with it costs about half of `Buffer.from` or `subarray`.
 */
export const View = (Buffer as unknown as { [Symbol.species]: unknown })[Symbol.species] as new (
  buffer: ArrayBufferLike,
  byteOffset?: number,
  length?: number
) => Buffer;

export function view(source: Uint8Array, start: number, length: number): Buffer {
  return new View(source.buffer, source.byteOffset + start, length);
}

/** Below this length a byte loop beats the call into `TypedArray.prototype.set`. */
const LOOP_MAX = 48;

/** Copies all of `source` to `target` at `offset`. */
export function copy(source: Uint8Array, target: Uint8Array, offset: number): void {
  const { length } = source;
  if (length > LOOP_MAX) target.set(source, offset);
  else for (let i = 0; i < length; i++) target[offset + i] = source[i];
}

/**
 * The bytes of `data` as a Buffer: without a copy where it is bytes already, and what `Buffer.from`
 * makes of it (or throws) otherwise.
 */
export function toBuffer(data: unknown): Buffer {
  if (Buffer.isBuffer(data)) return data;
  if (data instanceof ArrayBuffer) return new View(data);
  if (ArrayBuffer.isView(data)) return new View(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.from(data as string);
}

export function toArrayBuffer(buffer: Buffer): ArrayBuffer {
  const { buffer: memory, byteOffset, length } = buffer;
  if (length === memory.byteLength) return memory as ArrayBuffer;
  return memory.slice(byteOffset, byteOffset + length) as ArrayBuffer;
}

const hasBlob = typeof Blob !== 'undefined';

/** Whether `value` is a Blob or a File, of this or another implementation. */
export function isBlob(value: unknown): value is Blob {
  if (!hasBlob || typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) {
    return false;
  }
  const blob = value as Blob;
  const tag = (blob as { [Symbol.toStringTag]?: string })[Symbol.toStringTag];
  return (
    typeof blob.arrayBuffer === 'function' &&
    typeof blob.type === 'string' &&
    typeof blob.stream === 'function' &&
    (tag === 'Blob' || tag === 'File')
  );
}

/** The values of `binaryType` this platform has. */
export const BINARY_TYPES: readonly BinaryType[] = hasBlob
  ? ['nodebuffer', 'arraybuffer', 'fragments', 'blob']
  : ['nodebuffer', 'arraybuffer', 'fragments'];
