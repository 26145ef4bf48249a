/** The client's side of the opening handshake (RFC 6455 §4.1). */

import * as http from 'node:http';
import * as https from 'node:https';
import type { Duplex } from 'node:stream';
import { abortHandshake, emitErrorAndClose, isAborted } from './abort.js';
import type { ClientHandshakeHost } from './abort.js';
import { isSecure, parseAddress, unsupported } from './address.js';
import { socketOptions } from './options.js';
import type { ClientOptions, ResolvedClientOptions } from './options.js';
import { CONNECTING } from './ready-state.js';
import { RedirectChain } from './redirect.js';
import { buildRequest, resolveClientOptions } from './request.js';
import type { UpgradeRequest } from './request.js';
import { acceptResponse } from './response.js';

export { abortHandshake };
export type { ClientHandshakeHost };

/**
 * Starts the opening handshake and returns the options with defaults. Arguments that cannot work
 * throw; whatever fails later is emitted by `websocket` as 'error' and 'close'. When the handshake
 * succeeds, `websocket.setSocket` is called.
 */
export function connect(
  websocket: ClientHandshakeHost,
  address: string | URL,
  protocols: string[],
  options: ClientOptions | undefined
): ResolvedClientOptions {
  return new ClientHandshake(websocket, protocols, options).request(address);
}

/** One opening handshake: a request, and those that follow its redirects. */
class ClientHandshake {
  /** What later requests may carry; set by the first one if redirects are followed. */
  private chain: RedirectChain | null = null;

  constructor(
    private readonly websocket: ClientHandshakeHost,
    private readonly protocols: string[],
    private readonly options: ClientOptions | undefined
  ) {}

  request(address: string | URL): ResolvedClientOptions {
    const { websocket } = this;
    const options = resolveClientOptions(this.chain ? this.chain.options : this.options);
    const url = parseAddress(address);
    websocket._url = url.href;

    const reason = unsupported(url);
    if (reason !== undefined) {
      const error = new SyntaxError(reason);
      if (websocket._redirects === 0) throw error;
      emitErrorAndClose(websocket, error);
      return options;
    }

    const upgrade = buildRequest(options, url, this.protocols);

    if (options.followRedirects) {
      if (this.chain === null) {
        this.chain = new RedirectChain(upgrade, this.options);
      } else if (websocket.listenerCount('redirect') === 0) {
        this.chain.dropCredentials(upgrade);
      }
      this.chain.rememberAuthorization(upgrade);
    }

    this.send(upgrade, address);
    return options;
  }

  private send(upgrade: UpgradeRequest, address: string | URL): void {
    const { websocket } = this;
    const { options } = upgrade;
    const request = (isSecure(upgrade.url) ? https : http).request(options);
    let pending = true;
    websocket._req = request;

    // A listener may close the WebSocket or destroy the request; the answer to either is an event.
    if (options.followRedirects && websocket._redirects) {
      websocket.emit('redirect', websocket.url, request);
    }

    if (options.timeout) {
      request.on('timeout', () => {
        abortHandshake(websocket, request, 'Opening handshake has timed out');
      });
    }

    request.on('error', (error) => {
      if (!pending || isAborted(request)) return;
      pending = false;
      websocket._req = null;
      emitErrorAndClose(websocket, error);
    });

    request.on('response', (response) => this.onResponse(upgrade, address, request, response));

    request.on('upgrade', (response, socket, head) => {
      websocket.emit('upgrade', response);
      // Closed by a listener.
      if (websocket.readyState !== CONNECTING) return;

      pending = false;
      websocket._req = null;
      this.onUpgrade(upgrade, response, socket, head);
    });

    if (options.finishRequest) options.finishRequest(request, websocket);
    else request.end();
  }

  private onResponse(
    { options }: UpgradeRequest,
    address: string | URL,
    request: http.ClientRequest,
    response: http.IncomingMessage
  ): void {
    const { websocket } = this;
    const status = response.statusCode!;
    const { location } = response.headers;

    if (!location || !options.followRedirects || status < 300 || status >= 400) {
      if (!websocket.emit('unexpected-response', request, response)) {
        abortHandshake(websocket, request, `Unexpected server response: ${status}`);
      }
      return;
    }

    if (++websocket._redirects > options.maxRedirects) {
      abortHandshake(websocket, request, 'Maximum redirects exceeded');
      return;
    }

    request.abort();

    let next;
    try {
      next = new URL(location, address);
    } catch {
      emitErrorAndClose(websocket, new SyntaxError(`Invalid URL: ${location}`));
      return;
    }

    this.request(next);
  }

  private onUpgrade(
    upgrade: UpgradeRequest,
    response: http.IncomingMessage,
    socket: Duplex,
    head: Buffer
  ): void {
    const { websocket } = this;
    const { options } = upgrade;

    const failure = acceptResponse(websocket, upgrade, response);
    if (failure !== undefined) {
      abortHandshake(websocket, socket, failure);
      return;
    }

    websocket.setSocket(socket, head, {
      ...socketOptions(options),
      generateMask: options.generateMask
    });
  }
}
