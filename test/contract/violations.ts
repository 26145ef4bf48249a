import type { ClientOptions, ServerOptions } from '../../src/handshake/options.js';
import type { RawPeer, Role } from './raw-peer.js';
import { BINARY, CLOSE, CONTINUATION, PING, TEXT, closeBody } from './wire.js';

const PREFIX = 'Invalid WebSocket frame: ';

export interface Violation {
  title: string;
  section: string;
  /** What the peer sends. */
  bytes: (peer: RawPeer) => Buffer;
  /** Constructor, `code` and message of the error; the status code of the close frame. */
  error: [name: 'Error' | 'RangeError', code: string, message: string, status: number];
  options?: ClientOptions & ServerOptions;
  role?: Role;
}

/** One violation of each kind that an endpoint notices (src/endpoint/errors.ts), and its variants. */
export const violations: Violation[] = [
  ...[{ rsv2: true }, { rsv3: true }].map((bit): Violation => ({
    title: `a frame with ${Object.keys(bit)[0].toUpperCase()} set`,
    section: 'RFC 6455 §5.2',
    bytes: (peer) => peer.frame('a', bit),
    error: ['RangeError', 'WS_ERR_UNEXPECTED_RSV_2_3', PREFIX + 'RSV2 and RSV3 must be clear', 1002]
  })),
  {
    title: 'a frame with RSV1 set and no extension',
    section: 'RFC 6455 §5.2',
    bytes: (peer) => peer.frame('a', { rsv1: true }),
    error: ['RangeError', 'WS_ERR_UNEXPECTED_RSV_1', PREFIX + 'RSV1 must be clear', 1002]
  },
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): Violation => ({
    title: `a frame with the reserved opcode ${opcode}`,
    section: 'RFC 6455 §5.2',
    bytes: (peer) => peer.frame('', { opcode }),
    error: ['RangeError', 'WS_ERR_INVALID_OPCODE', `${PREFIX}invalid opcode ${opcode}`, 1002]
  })),
  {
    title: 'a continuation of no message',
    section: 'RFC 6455 §5.4',
    bytes: (peer) => peer.frame('a', { opcode: CONTINUATION }),
    error: ['RangeError', 'WS_ERR_INVALID_OPCODE', `${PREFIX}invalid opcode 0`, 1002]
  },
  {
    title: 'a continuation of a message that has ended',
    section: 'RFC 6455 §5.4',
    bytes: (peer) =>
      Buffer.concat([
        peer.frame('a', { fin: false }),
        peer.frame('', { opcode: CONTINUATION }),
        peer.frame('', { opcode: CONTINUATION })
      ]),
    error: ['RangeError', 'WS_ERR_INVALID_OPCODE', `${PREFIX}invalid opcode 0`, 1002]
  },
  ...[TEXT, BINARY].map((opcode): Violation => ({
    title: `a message of opcode ${opcode} inside another one`,
    section: 'RFC 6455 §5.4',
    bytes: (peer) => Buffer.concat([peer.frame('a', { fin: false }), peer.frame('b', { opcode })]),
    error: ['RangeError', 'WS_ERR_INVALID_OPCODE', `${PREFIX}invalid opcode ${opcode}`, 1002]
  })),
  ...[CLOSE, PING, 10].map((opcode): Violation => ({
    title: `a control frame of opcode ${opcode} without FIN`,
    section: 'RFC 6455 §5.5',
    bytes: (peer) => peer.frame('', { opcode, fin: false }),
    error: ['RangeError', 'WS_ERR_EXPECTED_FIN', `${PREFIX}FIN must be set`, 1002]
  })),
  ...[126, 127].map((length): Violation => ({
    title: `a ping with the length field ${length}`,
    section: 'RFC 6455 §5.5',
    bytes: (peer) => peer.frame('', { opcode: PING, lengthBytes: length === 126 ? 2 : 8 }),
    error: [
      'RangeError',
      'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
      `${PREFIX}invalid payload length ${length}`,
      1002
    ]
  })),
  {
    title: 'a close frame of one byte',
    section: 'RFC 6455 §5.5.1',
    bytes: (peer) => peer.frame('a', { opcode: CLOSE }),
    error: [
      'RangeError',
      'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
      `${PREFIX}invalid payload length 1`,
      1002
    ]
  },
  {
    title: 'a frame that is not masked',
    section: 'RFC 6455 §5.1',
    role: 'server',
    bytes: (peer) => peer.frame('a', { key: null }),
    error: ['RangeError', 'WS_ERR_EXPECTED_MASK', `${PREFIX}MASK must be set`, 1002]
  },
  {
    title: 'a frame that is masked',
    section: 'RFC 6455 §5.1',
    role: 'client',
    bytes: (peer) => peer.frame('a', { key: Buffer.alloc(4) }),
    error: ['RangeError', 'WS_ERR_UNEXPECTED_MASK', `${PREFIX}MASK must be clear`, 1002]
  },
  ...[2n ** 53n, 2n ** 63n, 2n ** 64n - 1n].map((length): Violation => ({
    title: `a frame that announces ${length} bytes`,
    section: 'RFC 6455 §5.2',
    bytes: (peer) => peer.frame('', { claimedLength: length }),
    options: { maxPayload: 0 },
    error: [
      'RangeError',
      'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
      'Unsupported WebSocket frame: payload length > 2^53 - 1',
      1009
    ]
  })),
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535].map((code): Violation => ({
    title: `a close frame with the code ${code}`,
    section: 'RFC 6455 §7.4',
    bytes: (peer) => peer.frame(closeBody(code), { opcode: CLOSE }),
    error: ['RangeError', 'WS_ERR_INVALID_CLOSE_CODE', `${PREFIX}invalid status code ${code}`, 1002]
  })),
  ...['ff', 'c0af', 'eda080', 'f4908080', 'e282'].map((hex): Violation => ({
    title: `the bytes ${hex} as text`,
    section: 'RFC 6455 §8.1',
    bytes: (peer) => peer.frame(Buffer.from(hex, 'hex'), { opcode: TEXT }),
    error: ['Error', 'WS_ERR_INVALID_UTF8', `${PREFIX}invalid UTF-8 sequence`, 1007]
  })),
  {
    title: 'long text with one wrong byte',
    section: 'RFC 6455 §8.1',
    bytes: (peer) => {
      const bytes = Buffer.alloc(5000, 'ä');
      bytes[4321] = 0xff;
      return peer.frame(bytes, { opcode: TEXT });
    },
    error: ['Error', 'WS_ERR_INVALID_UTF8', `${PREFIX}invalid UTF-8 sequence`, 1007]
  },
  {
    title: 'a close reason that is not UTF-8',
    section: 'RFC 6455 §5.5.1',
    bytes: (peer) => peer.frame(closeBody(1000, Buffer.from('ff', 'hex')), { opcode: CLOSE }),
    error: ['Error', 'WS_ERR_INVALID_UTF8', `${PREFIX}invalid UTF-8 sequence`, 1007]
  },
  {
    title: 'a message longer than maxPayload',
    section: 'RFC 6455 §10.4',
    options: { maxPayload: 10 },
    bytes: (peer) => peer.frame('12345678901'),
    error: ['RangeError', 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 'Max payload size exceeded', 1009]
  },
  {
    title: 'more fragments than maxFragments',
    section: 'RFC 6455 §10.4',
    options: { maxFragments: 2 },
    bytes: (peer) =>
      Buffer.concat([
        peer.frame('a', { fin: false }),
        peer.frame('b', { fin: false, opcode: CONTINUATION }),
        peer.frame('c', { opcode: CONTINUATION })
      ]),
    error: ['RangeError', 'WS_ERR_TOO_MANY_BUFFERED_PARTS', 'Too many message fragments', 1008]
  }
];
