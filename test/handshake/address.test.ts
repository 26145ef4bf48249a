import { describe, expect, it } from 'vitest';
import { isIpc, isSecure, parseAddress, unsupported } from '../../src/handshake/address.js';

describe('parseAddress — RFC 6455 §3', () => {
  it('keeps ws, wss and ws+unix', () => {
    expect(parseAddress('ws://a/b?c').href).toBe('ws://a/b?c');
    expect(parseAddress('wss://a').href).toBe('wss://a/');
    expect(parseAddress('ws+unix:/a:/b').href).toBe('ws+unix:/a:/b');
  });

  it('turns http and https into ws and wss', () => {
    expect(parseAddress('http://a:80/b').href).toBe('ws://a/b');
    expect(parseAddress('https://a').href).toBe('wss://a/');
  });

  it('leaves a URL object as the caller gave it', () => {
    const url = new URL('http://a/');
    expect(parseAddress(url).href).toBe('ws://a/');
    expect(url.href).toBe('http://a/');
  });

  it.each(['foo', '', 'ws://', '//a'])('throws for %j', (address) => {
    expect(() => parseAddress(address)).toThrow(new SyntaxError(`Invalid URL: ${address}`));
  });
});

describe('unsupported', () => {
  it.each(['ws://a', 'wss://a', 'ws+unix:/a', 'ws://[::1]/'])('allows %s', (address) => {
    expect(unsupported(new URL(address))).toBeUndefined();
  });

  it('names the schemes there are', () => {
    const reason =
      'The URL\'s protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"';
    expect(unsupported(new URL('mqtt://a'))).toBe(reason);
    expect(unsupported(new URL('bad-scheme:x#y'))).toBe(reason);
  });

  it('wants a socket path', () => {
    expect(unsupported(new URL('ws+unix:'))).toBe("The URL's pathname is empty");
  });

  it('allows no fragment identifier — RFC 6455 §3', () => {
    expect(unsupported(new URL('ws://a/#b'))).toBe('The URL contains a fragment identifier');
    expect(unsupported(new URL('ws+unix:/a#b'))).toBe('The URL contains a fragment identifier');
    expect(unsupported(new URL('ws://a/#'))).toBeUndefined();
  });
});

describe('isSecure and isIpc', () => {
  it('tell the schemes apart', () => {
    const schemes = ['ws://a', 'wss://a', 'ws+unix:/a'].map((address) => new URL(address));
    expect(schemes.map(isSecure)).toEqual([false, true, false]);
    expect(schemes.map(isIpc)).toEqual([false, false, true]);
  });
});
