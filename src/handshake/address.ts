/** The addresses a client connects to (RFC 6455 §3). */

/** Parses `address`; http and https become ws and wss, and the caller's object stays as it is. */
export function parseAddress(address: string | URL): URL {
  let url: URL;

  if (address instanceof URL) {
    url = address;
  } else {
    try {
      url = new URL(address);
    } catch {
      throw new SyntaxError(`Invalid URL: ${address}`);
    }
  }

  if (url.protocol !== 'http:' && url.protocol !== 'https:') return url;

  const copy = new URL(url);
  copy.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
  return copy;
}

/** Why `url` cannot be connected to, if so. */
export function unsupported(url: URL): string | undefined {
  if (url.protocol !== 'ws:' && !isSecure(url) && !isIpc(url)) {
    return 'The URL\'s protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"';
  }
  if (isIpc(url) && !url.pathname) return "The URL's pathname is empty";
  if (url.hash) return 'The URL contains a fragment identifier';
  return undefined;
}

export function isSecure(url: URL): boolean {
  return url.protocol === 'wss:';
}

/** Whether `url` names a Unix domain socket (or a Windows pipe): `ws+unix:socket-path[:path]`. */
export function isIpc(url: URL): boolean {
  return url.protocol === 'ws+unix:';
}
