import { describe, expect, it } from 'vitest';
import { acceptDigest, isValidKey, isWebSocketUpgrade } from '../../src/handshake/key.js';

describe('acceptDigest', () => {
  it('gives the example of the RFC — RFC 6455 §1.3', () => {
    expect(acceptDigest('dGhlIHNhbXBsZSBub25jZQ==')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  });
});

describe('isValidKey — RFC 6455 §4.2.1', () => {
  it('accepts 16 bytes in base64', () => {
    expect(isValidKey('dGhlIHNhbXBsZSBub25jZQ==')).toBe(true);
    expect(isValidKey('++//AAzz0099xxXXyyYYzz==')).toBe(true);
  });

  it.each([
    undefined,
    '',
    'dGhlIHNhbXBsZSBub25jZQ=',
    'dGhlIHNhbXBsZSBub25jZQ',
    'dGhlIHNhbXBsZSBub25jZQ==\n',
    ' dGhlIHNhbXBsZSBub25jZQ==',
    'dGhlIHNhbXBsZSBub25jZ===',
    'dGhlIHNhbXBsZSBub25jZQAA==',
    'dGhlIHNhbXBsZSBub25j-_==',
    'dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=='
  ])('refuses %j', (key) => {
    expect(isValidKey(key)).toBe(false);
  });
});

describe('isWebSocketUpgrade — RFC 6455 §4.2.1', () => {
  it('compares without regard to case', () => {
    expect(isWebSocketUpgrade('websocket')).toBe(true);
    expect(isWebSocketUpgrade('WebSocket')).toBe(true);
  });

  it('refuses other protocols and a missing header', () => {
    expect(isWebSocketUpgrade('h2c')).toBe(false);
    expect(isWebSocketUpgrade('websocket, h2c')).toBe(false);
    expect(isWebSocketUpgrade(undefined)).toBe(false);
  });
});
