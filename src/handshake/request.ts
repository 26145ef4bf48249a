/** The client's opening request (RFC 6455 §4.1). */

import { randomBytes } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import * as net from 'node:net';
import * as querystring from 'node:querystring';
import * as tls from 'node:tls';
import { PerMessageDeflate } from '../endpoint/permessage-deflate.js';
import { isIpc, isSecure } from './address.js';
import { format } from './extension.js';
import { CLIENT_DEFAULTS } from './options.js';
import type { ClientOptions, ResolvedClientOptions } from './options.js';
import { isToken } from './token.js';

const SUPPORTED_VERSIONS = [8, 13];

/** A request that is ready to be sent, and what its response has to be checked against. */
export interface UpgradeRequest {
  readonly url: URL;
  readonly options: Omit<ResolvedClientOptions, 'headers'> & { headers: OutgoingHttpHeaders };
  /** The value of `Sec-WebSocket-Key`. */
  readonly key: string;
  readonly subprotocols: Set<string>;
  /** Set if permessage-deflate is offered. */
  readonly perMessageDeflate: PerMessageDeflate | undefined;
}

/**
 * The user's options with the defaults, without those of `http.request` that the address decides.
 * Throws when the protocol version is unknown.
 */
export function resolveClientOptions(options: ClientOptions | undefined): ResolvedClientOptions {
  const resolved: ResolvedClientOptions = {
    ...CLIENT_DEFAULTS,
    ...options,
    socketPath: undefined,
    hostname: undefined,
    protocol: undefined,
    protocols: undefined,
    timeout: undefined,
    method: 'GET',
    host: undefined,
    path: undefined,
    port: undefined
  } as ResolvedClientOptions;

  if (!SUPPORTED_VERSIONS.includes(resolved.protocolVersion)) {
    throw new RangeError(
      `Unsupported protocol version: ${resolved.protocolVersion} ` +
        `(supported versions: ${SUPPORTED_VERSIONS.join(', ')})`
    );
  }

  return resolved;
}

/** Completes `options` to a request for `url`; throws when a subprotocol is not a unique token. */
export function buildRequest(
  resolved: ResolvedClientOptions,
  url: URL,
  protocols: string[]
): UpgradeRequest {
  const key = randomBytes(16).toString('base64');
  const options = resolved as UpgradeRequest['options'];

  setEndpoint(options, url);

  // The order is that of the header on the wire; what the user gave cannot replace these.
  options.headers = {
    ...(resolved.headers as OutgoingHttpHeaders),
    'Sec-WebSocket-Version': options.protocolVersion,
    'Sec-WebSocket-Key': key,
    Connection: 'Upgrade',
    Upgrade: 'websocket'
  };

  let perMessageDeflate: PerMessageDeflate | undefined;
  if (options.perMessageDeflate) {
    perMessageDeflate = new PerMessageDeflate({
      ...(options.perMessageDeflate as object),
      isServer: false,
      maxPayload: options.maxPayload
    });
    options.headers['Sec-WebSocket-Extensions'] = format({
      [PerMessageDeflate.extensionName]: perMessageDeflate.offer()
    });
  }

  const subprotocols = uniqueTokens(protocols);
  if (subprotocols.size) options.headers['Sec-WebSocket-Protocol'] = protocols.join(',');

  if (options.origin) {
    const name = options.protocolVersion < 13 ? 'Sec-WebSocket-Origin' : 'Origin';
    options.headers[name] = options.origin;
  }

  if (url.username || url.password) {
    // A malformed escape is kept as it is, where decodeURIComponent would throw.
    const username = querystring.unescape(url.username);
    options.auth = `${username}:${querystring.unescape(url.password)}`;
  }

  return { url, options, key, subprotocols, perMessageDeflate };
}

function setEndpoint(options: ResolvedClientOptions, url: URL): void {
  const secure = isSecure(url);
  const defaultPort = secure ? 443 : 80;
  const path = url.pathname + url.search;

  // With a createConnection of its own, http.request uses no agent unless the user gave one.
  options.createConnection ||= (
    secure ? connectTls : connectNet
  ) as ClientOptions['createConnection'];
  options.defaultPort ||= defaultPort;
  options.port = url.port || defaultPort;
  options.host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  options.timeout = options.handshakeTimeout;

  if (!isIpc(url)) {
    options.path = path;
    return;
  }

  const colon = path.indexOf(':');
  options.socketPath = colon === -1 ? path : path.slice(0, colon);
  options.path = colon === -1 ? '' : path.slice(colon + 1);
}

function uniqueTokens(protocols: string[]): Set<string> {
  const tokens = new Set<string>();

  for (const protocol of protocols) {
    if (typeof protocol !== 'string' || !isToken(protocol) || tokens.has(protocol)) {
      throw new SyntaxError('An invalid or duplicated subprotocol was specified');
    }
    tokens.add(protocol);
  }

  return tokens;
}

function connectNet(options: net.NetConnectOpts & { socketPath?: string }): net.Socket {
  // What `path` means differs: the request's for HTTP, the socket's for net.
  (options as net.IpcNetConnectOpts).path = options.socketPath as string;
  return net.connect(options);
}

function connectTls(options: tls.ConnectionOptions): tls.TLSSocket {
  options.path = undefined;

  // RFC 6066 §3: the server name is never an address.
  if (!options.servername && options.servername !== '') {
    options.servername = net.isIP(options.host!) ? '' : options.host;
  }

  return tls.connect(options);
}
