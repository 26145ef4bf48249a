/** What a request that follows a redirect may carry of what the user gave for the first one. */

import { isIpc, isSecure } from './address.js';
import type { ClientOptions } from './options.js';
import type { UpgradeRequest } from './request.js';

/** Made by the first request; the rules are those of curl 7.77.0, as in ws. */
export class RedirectChain {
  /** The user's options for every later request, header names in lower case. */
  readonly options: ClientOptions & { headers: Record<string, unknown> };
  private readonly ipc: boolean;
  private readonly secure: boolean;
  private readonly host: string | undefined;

  constructor(first: UpgradeRequest, options: ClientOptions | undefined) {
    const headers: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(options?.headers ?? {})) {
      headers[name.toLowerCase()] = value;
    }

    this.options = { ...options, headers } as RedirectChain['options'];
    this.ipc = isIpc(first.url);
    this.secure = isSecure(first.url);
    this.host = hostOf(first);
  }

  /** Takes from `request` what only the first host, or only a secure connection, may see. */
  dropCredentials(request: UpgradeRequest): void {
    const { options, url } = request;
    const sameHost = isIpc(url) === this.ipc && hostOf(request) === this.host;
    if (sameHost && !(this.secure && !isSecure(url))) return;

    delete options.headers.authorization;
    delete options.headers.cookie;
    if (!sameHost) delete options.headers.host;
    options.auth = undefined;
  }

  /** The first `Authorization` of the chain stays, also when a later address has credentials. */
  rememberAuthorization({ options }: UpgradeRequest): void {
    const { headers } = this.options;
    if (options.auth && !headers.authorization) {
      headers.authorization = 'Basic ' + Buffer.from(options.auth).toString('base64');
    }
  }
}

function hostOf({ options, url }: UpgradeRequest): string | undefined {
  return isIpc(url) ? options.socketPath! : url.host;
}
