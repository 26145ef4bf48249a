// Frames made and taken apart by hand (RFC 6455 §5.2), independent of both libraries.

export const CONTINUATION = 0x0;
export const TEXT = 0x1;
export const BINARY = 0x2;
export const CLOSE = 0x8;
export const PING = 0x9;
export const PONG = 0xa;

/** The masking key of every masked frame a peer sends, unless told otherwise. */
export const MASK = Buffer.from('37fa213d', 'hex');

export const RSV1 = 0x40;
export const RSV2 = 0x20;
export const RSV3 = 0x10;

const NAMES = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' };

/**
 * A frame as bytes. `mask` is a key, true for `MASK` or false; `length` and `lengthBytes` (0, 2 or 8)
 * override what the header says about the payload.
 */
export function frame(opcode, payload = '', options = {}) {
  const { fin = true, rsv = 0, mask = false } = options;
  const data = Buffer.from(payload);
  const { length = data.length } = options;
  const lengthBytes = options.lengthBytes ?? (length < 126 ? 0 : length < 65536 ? 2 : 8);
  const key = mask === true ? MASK : mask;

  const head = Buffer.alloc(2 + lengthBytes);
  head[0] = (fin ? 0x80 : 0) | rsv | opcode;
  head[1] = (key ? 0x80 : 0) | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) head.writeUInt16BE(length, 2);
  if (lengthBytes === 8) head.writeBigUInt64BE(BigInt(length), 2);
  if (!key) return Buffer.concat([head, data]);
  return Buffer.concat([head, key, xor(data, key)]);
}

/** The payload of a close frame. */
export function closePayload(code, reason = '') {
  const bytes = Buffer.from(reason);
  const payload = Buffer.alloc(2 + bytes.length);
  payload.writeUInt16BE(code, 0);
  bytes.copy(payload, 2);
  return payload;
}

/**
 * The first frame in `bytes` with what follows it, or, where it is not complete, only the number of
 * bytes that are `needed` before it may be. `header` are the bytes before the masking key.
 */
export function parse(bytes) {
  if (bytes.length < 2) return { needed: 2 };
  const short = bytes[1] & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const masked = (bytes[1] & 0x80) !== 0;
  const headerLength = 2 + lengthBytes;
  const start = headerLength + (masked ? 4 : 0);
  if (bytes.length < start) return { needed: start };

  let length = short;
  if (lengthBytes === 2) length = bytes.readUInt16BE(2);
  if (lengthBytes === 8) length = Number(bytes.readBigUInt64BE(2));
  if (bytes.length < start + length) return { needed: start + length };

  const mask = masked ? bytes.subarray(headerLength, start) : null;
  const body = bytes.subarray(start, start + length);
  const opcode = bytes[0] & 0x0f;
  return {
    opcode,
    name: NAMES[opcode] ?? `opcode ${opcode}`,
    fin: (bytes[0] & 0x80) !== 0,
    rsv1: (bytes[0] & RSV1) !== 0,
    header: bytes.subarray(0, headerLength),
    mask,
    payload: mask ? xor(body, mask) : Buffer.from(body),
    rest: bytes.subarray(start + length)
  };
}

function xor(data, key) {
  const result = Buffer.allocUnsafe(data.length);
  for (let i = 0; i < data.length; i++) result[i] = data[i] ^ key[i & 3];
  return result;
}
