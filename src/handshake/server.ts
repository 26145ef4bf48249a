/** The server's side of the opening handshake (RFC 6455 §4.2). */

import { STATUS_CODES } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Extensions } from '../endpoint/contract.js';
import { PerMessageDeflate } from '../endpoint/permessage-deflate.js';
import { format, parse as parseExtensions } from './extension.js';
import { acceptDigest, isValidKey, isWebSocketUpgrade } from './key.js';
import type { ConnectionOptions } from './options.js';
import { parse as parseSubprotocols } from './subprotocol.js';

/** Why a request is refused. */
export interface Refusal {
  status: number;
  message: string;
  headers?: Record<string, string>;
}

/**
 * What is wrong with the fixed part of the request, if anything (RFC 6455 §4.2.1). Any header may be
 * missing: the HTTP parser drops those beyond its limit.
 */
export function checkRequest(request: IncomingMessage): Refusal | undefined {
  const { headers, method } = request;

  if (method !== 'GET') return { status: 405, message: 'Invalid HTTP method' };
  if (!isWebSocketUpgrade(headers.upgrade)) return badRequest('Invalid Upgrade header');
  if (!isValidKey(headers['sec-websocket-key'])) {
    return badRequest('Missing or invalid Sec-WebSocket-Key header');
  }

  const version = protocolVersion(request);
  if (version !== 13 && version !== 8) {
    // RFC 6455 §4.4: the versions that would be understood.
    return {
      ...badRequest('Missing or invalid Sec-WebSocket-Version header'),
      headers: { 'Sec-WebSocket-Version': '13, 8' }
    };
  }

  return undefined;
}

/** The subprotocols the client offers, in its order of preference. */
export function offeredSubprotocols(request: IncomingMessage): Set<string> | Refusal {
  const header = request.headers['sec-websocket-protocol'];
  if (header === undefined) return new Set();

  try {
    return parseSubprotocols(header);
  } catch {
    return badRequest('Invalid Sec-WebSocket-Protocol header');
  }
}

/** The extensions that both sides want. */
export function acceptedExtensions(
  request: IncomingMessage,
  { maxPayload, perMessageDeflate: wanted }: ConnectionOptions
): { extensions: Extensions } | Refusal {
  const header = request.headers['sec-websocket-extensions'];
  const extensions: Extensions = {};
  if (!wanted || header === undefined) return { extensions };

  const perMessageDeflate = new PerMessageDeflate({
    ...(wanted as object),
    isServer: true,
    maxPayload
  });
  const name = PerMessageDeflate.extensionName;

  try {
    const offers = parseExtensions(header)[name];
    if (offers) {
      perMessageDeflate.accept(offers);
      extensions[name] = perMessageDeflate;
    }
  } catch {
    return badRequest('Invalid or unacceptable Sec-WebSocket-Extensions header');
  }

  return { extensions };
}

/** The value of the header in which the request's version states its origin. */
export function originOf(request: IncomingMessage): string {
  const name = protocolVersion(request) === 8 ? 'sec-websocket-origin' : 'origin';
  return request.headers[name] as string;
}

/** The lines of the 101 response without the subprotocol's and the extensions'. */
export function responseHeaders(key: string): string[] {
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptDigest(key)}`
  ];
}

/** The line that tells the client which extensions are in use, if any is. */
export function extensionsHeader(extensions: Extensions): string | undefined {
  const name = PerMessageDeflate.extensionName;
  const accepted = extensions[name];
  if (!accepted) return undefined;

  return `Sec-WebSocket-Extensions: ${format({ [name]: accepted.params! })}`;
}

/** Answers with an HTTP error and closes the connection. The body is `message` or the status' name. */
export function refuseUpgrade(
  socket: Duplex,
  status: number,
  message?: string,
  headers?: Record<string, string>
): void {
  const body = message || STATUS_CODES[status]!;
  const fields: Record<string, string | number> = {
    Connection: 'close',
    'Content-Type': 'text/html',
    'Content-Length': Buffer.byteLength(body),
    ...headers
  };

  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
  for (const name of Object.keys(fields)) head += `${name}: ${fields[name]}\r\n`;

  socket.once('finish', () => socket.destroy());
  socket.end(`${head}\r\n${body}`);
}

function protocolVersion(request: IncomingMessage): number {
  return Number(request.headers['sec-websocket-version']);
}

function badRequest(message: string): Refusal {
  return { status: 400, message };
}
