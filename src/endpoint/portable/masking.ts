import * as http from 'node:http';
import { requireOptional } from '../../optional.js';
import type { Masking } from '../contract.js';
import { words, xorBytes } from './words.js';

/** The signatures of Node's own functions and of bufferutil's. */
type Mask = (source: Buffer, mask: Buffer, output: Buffer, offset: number, length: number) => void;
type Unmask = (buffer: Buffer, mask: Buffer) => void;

/** Below this length the call into native code costs more than it saves. */
const NATIVE_MIN = 48;

/** The fastest masking at hand: Node's, else bufferutil's, else TypeScript's. Chosen once, at load. */
export const masking: Masking = nodeMasking() ?? bufferutilMasking() ?? words;

function nodeMasking(): Masking | undefined {
  const { websocketMask, websocketUnmask } = http as {
    websocketMask?: Mask;
    websocketUnmask?: Unmask;
  };
  return wrap('node', websocketMask, websocketUnmask);
}

function bufferutilMasking(): Masking | undefined {
  if (process.env.WS_NO_BUFFER_UTIL) return undefined;
  try {
    const { mask, unmask } = Object(requireOptional('bufferutil')) as Record<string, unknown>;
    return wrap('bufferutil', mask, unmask);
  } catch {
    // The stub of some bundlers throws when its members are read.
    return undefined;
  }
}

/** Makes a `Masking` of native functions, or nothing if they are a bundler's stub or wrong. */
export function wrap(name: string, mask: unknown, unmask: unknown): Masking | undefined {
  if (typeof mask !== 'function' || typeof unmask !== 'function') return undefined;
  const nativeMask = mask as Mask;
  const nativeUnmask = unmask as Unmask;
  const bytes = Buffer.alloc(4);

  const wrapped: Masking = {
    name,
    unmask(buffer, key) {
      if (buffer.length < NATIVE_MIN) {
        xorBytes(buffer, key, 0, buffer.length);
      } else {
        bytes.writeInt32LE(key | 0, 0);
        nativeUnmask(buffer, bytes);
      }
    },
    mask(source, key, output, offset) {
      if (source.length < NATIVE_MIN) {
        words.mask(source, key, output, offset);
      } else {
        bytes.writeInt32LE(key | 0, 0);
        nativeMask(source, bytes, output, offset, source.length);
      }
    }
  };
  return isCorrect(wrapped) ? wrapped : undefined;
}

/** Compares with the TypeScript implementation on a length that reaches the native code. */
function isCorrect(candidate: Masking): boolean {
  try {
    const source = Buffer.from(Array.from({ length: NATIVE_MIN + 3 }, (_, i) => i * 7));
    const key = 0x80c1e2f3;
    const expected = Buffer.alloc(source.length + 1);
    const actual = Buffer.alloc(source.length + 1);
    words.mask(source, key, expected, 1);
    candidate.mask(source, key, actual, 1);
    if (!actual.equals(expected)) return false;
    const inPlace = Buffer.from(source);
    candidate.unmask(inPlace, key);
    return inPlace.equals(expected.subarray(1));
  } catch {
    return false;
  }
}
