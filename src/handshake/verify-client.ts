import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ClientInformation, ServerOptions, VerifyClientCallback } from './options.js';
import { originOf, refuseUpgrade } from './server.js';

/** Calls `proceed` if the user's hook, where there is one, lets the client in; else answers 401. */
export function verifyClient(
  options: ServerOptions,
  request: IncomingMessage,
  socket: Duplex,
  proceed: () => void
): void {
  if (!options.verifyClient) return proceed();

  const { authorized, encrypted } = request.socket as { authorized?: boolean; encrypted?: boolean };
  const info: ClientInformation = {
    origin: originOf(request),
    secure: !!(authorized || encrypted),
    req: request
  };

  // Its number of parameters is what tells a hook that calls back from one that returns.
  if (options.verifyClient.length === 2) {
    const callback: VerifyClientCallback = (verified, status, message, headers) => {
      if (verified) proceed();
      else refuseUpgrade(socket, status || 401, message, headers);
    };
    options.verifyClient(info, callback);
  } else if ((options.verifyClient as (info: ClientInformation) => boolean)(info)) {
    proceed();
  } else {
    refuseUpgrade(socket, 401);
  }
}
