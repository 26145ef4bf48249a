/** `Sec-WebSocket-Key` and `Sec-WebSocket-Accept` (RFC 6455 §4.2.2). */

import { createHash } from 'node:crypto';

export const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** 16 bytes in base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;

export function isValidKey(key: string | undefined): key is string {
  return key !== undefined && KEY.test(key);
}

/** The value of `Sec-WebSocket-Accept` that proves that `key` was read. */
export function acceptDigest(key: string): string {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64');
}

/** Whether the value of an `Upgrade` header asks for, or grants, this protocol. */
export function isWebSocketUpgrade(upgrade: string | undefined): boolean {
  return upgrade !== undefined && upgrade.toLowerCase() === 'websocket';
}
