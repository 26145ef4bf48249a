import { Buffer } from 'node:buffer';
import type { Masking } from './contract.js';
import { FIN, MASK, RSV1 } from './opcode.js';
import { randomKey } from './masking-key.js';

/** Bytes of a frame's header (RFC 6455 §5.2). */
export function headerLength(payloadLength: number, masked: boolean): number {
  const key = masked ? 4 : 0;
  if (payloadLength < 126) return 2 + key;
  return payloadLength < 65536 ? 4 + key : 10 + key;
}

/**
 * Writes a header without its masking key to `target` at `offset`; returns the offset behind it.
 * `first` is the first byte: FIN, RSV1 and the opcode.
 */
export function writeHeader(
  target: Buffer,
  offset: number,
  first: number,
  payloadLength: number,
  masked: boolean
): number {
  const mask = masked ? MASK : 0;
  target[offset] = first;
  if (payloadLength < 126) {
    target[offset + 1] = mask | payloadLength;
    return offset + 2;
  }
  if (payloadLength < 65536) {
    target[offset + 1] = mask | 126;
    target[offset + 2] = payloadLength >>> 8;
    target[offset + 3] = payloadLength & 0xff;
    return offset + 4;
  }
  target[offset + 1] = mask | 127;
  target.writeUInt32BE(Math.floor(payloadLength / 0x1_0000_0000), offset + 2);
  target.writeUInt32BE(payloadLength % 0x1_0000_0000, offset + 6);
  return offset + 10;
}

/** Writes a masking key, lowest byte first; returns the offset behind it. */
export function writeKey(target: Buffer, offset: number, key: number): number {
  target[offset] = key;
  target[offset + 1] = key >>> 8;
  target[offset + 2] = key >>> 16;
  target[offset + 3] = key >>> 24;
  return offset + 4;
}

/** The options of ws's `Sender.frame`. */
export interface FrameOptions {
  fin?: boolean;
  generateMask?: (mask: Buffer) => void;
  mask?: boolean;
  /** Where `generateMask` puts the masking key. */
  maskBuffer?: Buffer;
  opcode: number;
  /** Whether the payload's memory must be left alone. */
  readOnly?: boolean;
  rsv1?: boolean;
}

const sharedMaskBuffer = Buffer.alloc(4);

/** The masking key of one frame: the user's or a random one. */
export function frameKey(
  generateMask: ((mask: Buffer) => void) | undefined,
  maskBuffer: Buffer | undefined
): number {
  if (generateMask === undefined) return randomKey();
  const buffer = maskBuffer ?? sharedMaskBuffer;
  generateMask(buffer);
  return buffer.readInt32LE(0);
}

/**
 * One frame as a list of one or two pieces that follow each other on the wire. The payload is masked
 * in its own memory unless `readOnly` is set.
 */
export function frame(data: Buffer | string, options: FrameOptions, masking: Masking): Buffer[] {
  const masked = Boolean(options.mask);
  const key = masked ? frameKey(options.generateMask, options.maskBuffer) : 0;
  // A key of zeros changes nothing.
  const mustMask = masked && key !== 0;

  const payload = typeof data === 'string' ? Buffer.from(data) : data;
  const { length } = payload;
  const first = (options.fin ? FIN : 0) | (options.rsv1 ? RSV1 : 0) | options.opcode;
  const header = headerLength(length, masked);
  const merge = mustMask && Boolean(options.readOnly) && typeof data !== 'string';
  const target = Buffer.allocUnsafe(merge ? header + length : header);
  const at = writeHeader(target, 0, first, length, masked);
  if (masked) writeKey(target, at, key);

  if (length === 0) return [target];
  if (!mustMask) return [target, payload];
  if (merge) {
    masking.mask(payload, key, target, header);
    return [target];
  }
  masking.unmask(payload, key);
  return [target, payload];
}
