import { describe, expect, it } from 'vitest';
import { ERRORS, ErrorIndex, kStatusCode, protocolError } from '../../src/endpoint/errors.js';

/** What ws 8.23.0 reports: constructor, code, status code, message. */
const expected: [ErrorIndex, number | undefined, string, string, number, string][] = [
  [
    ErrorIndex.UnexpectedRsv23,
    undefined,
    'RangeError',
    'WS_ERR_UNEXPECTED_RSV_2_3',
    1002,
    'Invalid WebSocket frame: RSV2 and RSV3 must be clear'
  ],
  [
    ErrorIndex.UnexpectedRsv1,
    undefined,
    'RangeError',
    'WS_ERR_UNEXPECTED_RSV_1',
    1002,
    'Invalid WebSocket frame: RSV1 must be clear'
  ],
  [
    ErrorIndex.InvalidOpcode,
    0,
    'RangeError',
    'WS_ERR_INVALID_OPCODE',
    1002,
    'Invalid WebSocket frame: invalid opcode 0'
  ],
  [
    ErrorIndex.ExpectedFin,
    undefined,
    'RangeError',
    'WS_ERR_EXPECTED_FIN',
    1002,
    'Invalid WebSocket frame: FIN must be set'
  ],
  [
    ErrorIndex.InvalidControlPayloadLength,
    126,
    'RangeError',
    'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
    1002,
    'Invalid WebSocket frame: invalid payload length 126'
  ],
  [
    ErrorIndex.ExpectedMask,
    undefined,
    'RangeError',
    'WS_ERR_EXPECTED_MASK',
    1002,
    'Invalid WebSocket frame: MASK must be set'
  ],
  [
    ErrorIndex.UnexpectedMask,
    undefined,
    'RangeError',
    'WS_ERR_UNEXPECTED_MASK',
    1002,
    'Invalid WebSocket frame: MASK must be clear'
  ],
  [
    ErrorIndex.UnsupportedPayloadLength,
    undefined,
    'RangeError',
    'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
    1009,
    'Unsupported WebSocket frame: payload length > 2^53 - 1'
  ],
  [
    ErrorIndex.MessageTooLong,
    undefined,
    'RangeError',
    'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
    1009,
    'Max payload size exceeded'
  ],
  [
    ErrorIndex.TooManyFragments,
    undefined,
    'RangeError',
    'WS_ERR_TOO_MANY_BUFFERED_PARTS',
    1008,
    'Too many message fragments'
  ],
  [
    ErrorIndex.TooManyChunks,
    undefined,
    'RangeError',
    'WS_ERR_TOO_MANY_BUFFERED_PARTS',
    1008,
    'Too many buffered chunks'
  ],
  [
    ErrorIndex.InvalidCloseCode,
    1005,
    'RangeError',
    'WS_ERR_INVALID_CLOSE_CODE',
    1002,
    'Invalid WebSocket frame: invalid status code 1005'
  ],
  [
    ErrorIndex.InvalidUtf8,
    undefined,
    'Error',
    'WS_ERR_INVALID_UTF8',
    1007,
    'Invalid WebSocket frame: invalid UTF-8 sequence'
  ]
];

describe('protocolError', () => {
  it.each(expected)('at %d is what ws reports', (index, detail, name, code, status, message) => {
    const error = protocolError(index, detail);
    expect(error.name).toBe(name);
    expect(error.constructor.name).toBe(name);
    expect(error.code).toBe(code);
    expect(error.message).toBe(message);
    expect(error[kStatusCode]).toBe(status);
  });

  it('has a stack that starts where it was found', () => {
    function checkFrame(): Error {
      return protocolError(ErrorIndex.ExpectedFin, undefined, checkFrame);
    }
    function caller(): Error {
      return checkFrame();
    }
    expect(caller().stack!.split('\n')[1]).toContain('caller');
  });

  it('shows nothing but its code when it is listed', () => {
    expect(Object.keys(protocolError(ErrorIndex.ExpectedFin))).toEqual(['code']);
  });
});

describe('the table', () => {
  it('has an entry for every index', () => {
    expect(expected.map(([index]) => index)).toEqual([...ERRORS.keys()]);
  });
});
