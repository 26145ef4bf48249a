/** The client's check of the server's 101 response (RFC 6455 §4.1). */

import type { IncomingMessage } from 'node:http';
import { PerMessageDeflate } from '../endpoint/permessage-deflate.js';
import type { ClientHandshakeHost } from './abort.js';
import { parse } from './extension.js';
import { acceptDigest, isWebSocketUpgrade } from './key.js';
import type { UpgradeRequest } from './request.js';

/**
 * Returns what is wrong with `response`, or sets the subprotocol and the extensions of `websocket`
 * to what was agreed on. Any header may be missing: the HTTP parser drops those beyond its limit.
 */
export function acceptResponse(
  websocket: ClientHandshakeHost,
  request: UpgradeRequest,
  response: IncomingMessage
): string | undefined {
  const { headers } = response;

  if (!isWebSocketUpgrade(headers.upgrade)) return 'Invalid Upgrade header';

  if (headers['sec-websocket-accept'] !== acceptDigest(request.key)) {
    return 'Invalid Sec-WebSocket-Accept header';
  }

  return (
    acceptSubprotocol(websocket, request, headers['sec-websocket-protocol']) ??
    acceptExtensions(websocket, request, headers['sec-websocket-extensions'])
  );
}

function acceptSubprotocol(
  websocket: ClientHandshakeHost,
  { subprotocols }: UpgradeRequest,
  protocol: string | undefined
): string | undefined {
  if (protocol === undefined) return subprotocols.size ? 'Server sent no subprotocol' : undefined;
  if (!subprotocols.size) return 'Server sent a subprotocol but none was requested';
  if (!subprotocols.has(protocol)) return 'Server sent an invalid subprotocol';

  websocket._protocol = protocol;
  return undefined;
}

function acceptExtensions(
  websocket: ClientHandshakeHost,
  { perMessageDeflate }: UpgradeRequest,
  header: string | undefined
): string | undefined {
  if (header === undefined) return undefined;
  if (!perMessageDeflate) {
    return 'Server sent a Sec-WebSocket-Extensions header but no extension was requested';
  }

  const invalid = 'Invalid Sec-WebSocket-Extensions header';
  const expected = PerMessageDeflate.extensionName;

  let extensions;
  try {
    extensions = parse(header);
  } catch {
    return invalid;
  }

  const names = Object.keys(extensions);
  if (names.length !== 1 || names[0] !== expected) {
    return 'Server indicated an extension that was not requested';
  }

  try {
    perMessageDeflate.accept(extensions[expected]);
  } catch {
    return invalid;
  }

  websocket._extensions = { [expected]: perMessageDeflate };
  return undefined;
}
