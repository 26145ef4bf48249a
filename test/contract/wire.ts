/** Frames made and read byte by byte, the plain way: what the tests compare the library with. */

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

export interface FrameShape {
  opcode?: number;
  fin?: boolean;
  rsv1?: boolean;
  rsv2?: boolean;
  rsv3?: boolean;
  /** Four bytes, or null for a frame without the MASK bit. */
  key?: Buffer | null;
  /** What the header claims, if not the truth. */
  claimedLength?: number | bigint;
  /** Bytes used for the length, if not the fewest: 0, 2 or 8. */
  lengthBytes?: 0 | 2 | 8;
}

/** A frame of RFC 6455 §5.2, valid or not. */
export function frame(payload: string | Uint8Array, shape: FrameShape = {}): Buffer {
  const data = Buffer.from(payload as Uint8Array);
  const { opcode = typeof payload === 'string' ? TEXT : BINARY, fin = true, key = null } = shape;
  const bits =
    (fin ? 0x80 : 0) |
    (shape.rsv1 ? 0x40 : 0) |
    (shape.rsv2 ? 0x20 : 0) |
    (shape.rsv3 ? 0x10 : 0) |
    opcode;
  const length = BigInt(shape.claimedLength ?? data.length);
  const lengthBytes = shape.lengthBytes ?? (length < 126n ? 0 : length < 65536n ? 2 : 8);

  const header = [bits];
  const mask = key === null ? 0 : 0x80;
  if (lengthBytes === 0) {
    header.push(mask | Number(length));
  } else {
    header.push(mask | (lengthBytes === 2 ? 126 : 127));
    for (let i = lengthBytes - 1; i >= 0; i--)
      header.push(Number((length >> BigInt(8 * i)) & 255n));
  }
  if (key === null) return Buffer.concat([Buffer.from(header), data]);
  return Buffer.concat([Buffer.from(header), key, xor(data, key)]);
}

/** The body of a close frame (RFC 6455 §5.5.1). */
export function closeBody(code: number, reason: string | Uint8Array = ''): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason as Uint8Array)]);
}

/** RFC 6455 §5.3, one byte at a time. */
export function xor(data: Uint8Array, key: Uint8Array): Buffer {
  return Buffer.from(data.map((byte, i) => byte ^ key[i % 4]));
}

export interface ReadFrame {
  opcode: number;
  fin: boolean;
  rsv1: boolean;
  masked: boolean;
  key: Buffer | null;
  payload: Buffer;
  /** Bytes of the whole frame on the wire. */
  size: number;
}

/** The frame at the beginning of `bytes`, unmasked; null if it is not complete. */
export function readFrame(bytes: Buffer): ReadFrame | null {
  if (bytes.length < 2) return null;
  let at = 2;
  let length = bytes[1] & 0x7f;
  if (length === 126) {
    if (bytes.length < 4) return null;
    length = bytes.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return null;
    length = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  const masked = (bytes[1] & 0x80) !== 0;
  const key = masked ? Buffer.from(bytes.subarray(at, at + 4)) : null;
  if (masked) at += 4;
  if (bytes.length < at + length) return null;

  const payload = bytes.subarray(at, at + length);
  return {
    opcode: bytes[0] & 0x0f,
    fin: (bytes[0] & 0x80) !== 0,
    rsv1: (bytes[0] & 0x40) !== 0,
    masked,
    key,
    payload: key === null ? Buffer.from(payload) : xor(payload, key),
    size: at + length
  };
}

/** All frames in `bytes`, which must end with the last one. */
export function readFrames(bytes: Buffer): ReadFrame[] {
  const frames: ReadFrame[] = [];
  for (let at = 0; at < bytes.length;) {
    const next = readFrame(bytes.subarray(at));
    if (next === null) throw new Error(`${bytes.length - at} bytes are no whole frame`);
    frames.push(next);
    at += next.size;
  }
  return frames;
}
