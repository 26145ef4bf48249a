/** Frame opcodes (RFC 6455 §5.2). */
export const enum Opcode {
  Continuation = 0x0,
  Text = 0x1,
  Binary = 0x2,
  Close = 0x8,
  Ping = 0x9,
  Pong = 0xa
}

/** Bits of a frame's first byte besides the opcode. */
export const FIN = 0x80;
export const RSV1 = 0x40;

/** The bit of a frame's second byte that announces a masking key. */
export const MASK = 0x80;
