/**
 * The errors an endpoint reports about what its peer sent: one table, shared (by index) with the
 * Rust endpoint and printed in doc/errors.md.
 */

/** The closing-handshake status code (RFC 6455 §7.4.1) that an error asks for, kept on the error. */
export const kStatusCode = Symbol('status-code');

export type StatusCode = 1002 | 1007 | 1008 | 1009;

/** An error about the peer's bytes; `code` is public API, the status code is not. */
export interface ProtocolError extends Error {
  code: string;
  [kStatusCode]: StatusCode;
}

interface ErrorEntry {
  /** Value of `error.code`. */
  code: string;
  /** Status code of the close frame that answers it. */
  status: StatusCode;
  /** The message; `%d` stands for the offending number. */
  message: string;
  /** Whether the constructor is `RangeError` rather than `Error`. */
  range: boolean;
}

const frame = 'Invalid WebSocket frame: ';

/** The order is the wire format between Rust and TypeScript: append only. */
export const ERRORS = [
  entry('WS_ERR_UNEXPECTED_RSV_2_3', 1002, frame + 'RSV2 and RSV3 must be clear'),
  entry('WS_ERR_UNEXPECTED_RSV_1', 1002, frame + 'RSV1 must be clear'),
  entry('WS_ERR_INVALID_OPCODE', 1002, frame + 'invalid opcode %d'),
  entry('WS_ERR_EXPECTED_FIN', 1002, frame + 'FIN must be set'),
  entry('WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH', 1002, frame + 'invalid payload length %d'),
  entry('WS_ERR_EXPECTED_MASK', 1002, frame + 'MASK must be set'),
  entry('WS_ERR_UNEXPECTED_MASK', 1002, frame + 'MASK must be clear'),
  entry(
    'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
    1009,
    'Unsupported WebSocket frame: payload length > 2^53 - 1'
  ),
  entry('WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009, 'Max payload size exceeded'),
  entry('WS_ERR_TOO_MANY_BUFFERED_PARTS', 1008, 'Too many message fragments'),
  entry('WS_ERR_TOO_MANY_BUFFERED_PARTS', 1008, 'Too many buffered chunks'),
  entry('WS_ERR_INVALID_CLOSE_CODE', 1002, frame + 'invalid status code %d'),
  { ...entry('WS_ERR_INVALID_UTF8', 1007, frame + 'invalid UTF-8 sequence'), range: false }
] as const satisfies readonly ErrorEntry[];

/** Indices into `ERRORS`. */
export const enum ErrorIndex {
  UnexpectedRsv23 = 0,
  UnexpectedRsv1 = 1,
  InvalidOpcode = 2,
  ExpectedFin = 3,
  InvalidControlPayloadLength = 4,
  ExpectedMask = 5,
  UnexpectedMask = 6,
  UnsupportedPayloadLength = 7,
  MessageTooLong = 8,
  TooManyFragments = 9,
  TooManyChunks = 10,
  InvalidCloseCode = 11,
  InvalidUtf8 = 12
}

/**
 * Makes the error at `index`, with `detail` as the number in its message. The stack starts at
 * `caller`, the function that found the violation.
 */
export function protocolError(
  index: ErrorIndex,
  detail?: number,
  caller?: Function
): ProtocolError {
  const { code, status, message, range } = ERRORS[index] as ErrorEntry;
  const text = detail === undefined ? message : message.replace('%d', String(detail));
  const error = (range ? new RangeError(text) : new Error(text)) as ProtocolError;
  Error.captureStackTrace(error, caller ?? protocolError);
  error.code = code;
  error[kStatusCode] = status;
  return error;
}

function entry(code: string, status: StatusCode, message: string): ErrorEntry {
  return { code, status, message, range: true };
}
