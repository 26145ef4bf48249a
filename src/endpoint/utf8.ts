import { Buffer } from 'node:buffer';
import * as buffer from 'node:buffer';
import { requireOptional } from '../optional.js';

type Validate = (bytes: Uint8Array) => boolean;

/** Below this length the call into native code costs more than it saves. */
const NATIVE_MIN = 24;

const native = nativeValidator();

/** Whether `bytes` are UTF-8 (RFC 3629), as text messages and close reasons must be. */
export function isValidUTF8(bytes: Uint8Array): boolean {
  if (bytes.length >= NATIVE_MIN && native !== undefined) return native(bytes);
  return validate(bytes);
}

function nativeValidator(): Validate | undefined {
  const own = whenCorrect((buffer as { isUtf8?: unknown }).isUtf8);
  if (own !== undefined || process.env.WS_NO_UTF_8_VALIDATE) return own;
  return whenCorrect(requireOptional('utf-8-validate'));
}

/** `candidate` if it is a validator, or nothing if it is a bundler's stub or wrong. */
export function whenCorrect(candidate: unknown): Validate | undefined {
  if (typeof candidate !== 'function') return undefined;
  const valid = Buffer.from('ä€😀'.repeat(NATIVE_MIN));
  try {
    const isRight = candidate(valid) === true && candidate(valid.subarray(1)) === false;
    return isRight ? (candidate as Validate) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * For every lead byte from 0xc2 to 0xf4: how many bytes follow, and the range of the first of them,
 * which is where overlong forms, surrogates and values above U+10FFFF differ (RFC 3629 §4).
 */
export function validate(bytes: Uint8Array): boolean {
  const { length } = bytes;
  let i = 0;
  while (i < length) {
    const lead = bytes[i++];
    if (lead < 0x80) continue;
    if (lead < 0xc2 || lead > 0xf4) return false;

    let low = 0x80;
    let high = 0xbf;
    let follow = 1;
    if (lead >= 0xf0) {
      follow = 3;
      if (lead === 0xf0) low = 0x90;
      else if (lead === 0xf4) high = 0x8f;
    } else if (lead >= 0xe0) {
      follow = 2;
      if (lead === 0xe0) low = 0xa0;
      else if (lead === 0xed) high = 0x9f;
    }

    // Past the end `bytes[i]` is undefined and fails the comparison.
    if (!(bytes[i] >= low && bytes[i] <= high)) return false;
    for (i++; --follow > 0; i++) {
      if ((bytes[i] & 0xc0) !== 0x80) return false;
    }
  }
  return true;
}
