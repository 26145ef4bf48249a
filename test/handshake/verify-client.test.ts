import { once } from 'node:events';
import * as http from 'node:http';
import * as net from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ClientInformation, ServerOptions } from '../../src/handshake/options.js';
import { WebSocketServer } from '../subject.js';
import { exchange, listen, upgradeRequest } from './peers.js';

async function serve(verifyClient: ServerOptions['verifyClient'], more: ServerOptions = {}) {
  const server = http.createServer();
  const wss = new WebSocketServer({ server, verifyClient, ...more });
  wss.on('connection', (ws) => ws._socket!.end());
  return { server, wss, port: await listen(server) };
}

async function statusLine(verifyClient: ServerOptions['verifyClient']): Promise<string> {
  const { port } = await serve(verifyClient);
  return (await exchange(port, upgradeRequest())).split('\r\n', 1)[0];
}

const ACCEPTED = 'HTTP/1.1 101 Switching Protocols';
const REFUSED = [
  'HTTP/1.1 401 Unauthorized',
  'Connection: close',
  'Content-Type: text/html',
  'Content-Length: 12',
  '',
  'Unauthorized'
].join('\r\n');

describe('verifyClient that returns', () => {
  it('true lets the client in', async () => {
    expect(await statusLine(() => true)).toBe(ACCEPTED);
    expect(await statusLine((_info: ClientInformation) => true)).toBe(ACCEPTED);
  });

  it('false answers 401', async () => {
    const { port } = await serve(() => false);
    expect(await exchange(port, upgradeRequest())).toBe(REFUSED);
  });

  it('is told the origin, whether the connection is secure, and the request', async () => {
    let info!: ClientInformation;
    const { port } = await serve((given: ClientInformation) => {
      info = given;
      return false;
    });
    await exchange(port, upgradeRequest({ Origin: 'https://a', 'Sec-WebSocket-Origin': 'b' }));
    expect(info.origin).toBe('https://a');
    expect(info.secure).toBe(false);
    expect(info.req).toBeInstanceOf(http.IncomingMessage);
    expect(Object.keys(info)).toEqual(['origin', 'secure', 'req']);
  });

  it('is told Sec-WebSocket-Origin in version 8', async () => {
    let info!: ClientInformation;
    const { port } = await serve((given: ClientInformation) => {
      info = given;
      return false;
    });
    const version = { 'Sec-WebSocket-Version': '8' };
    await exchange(port, upgradeRequest({ ...version, Origin: 'a', 'Sec-WebSocket-Origin': 'b' }));
    expect(info.origin).toBe('b');
    await exchange(port, upgradeRequest({ ...version, Origin: 'a' }));
    expect(info.origin).toBeUndefined();
  });

  it('is called as a method of the options, after everything else was checked', async () => {
    let self: unknown;
    const { wss, port } = await serve(function (this: unknown) {
      self = this;
      return true;
    });
    await exchange(port, upgradeRequest({ 'Sec-WebSocket-Protocol': '=' }));
    expect(self).toBeUndefined();
    await exchange(port, upgradeRequest());
    expect(self).toBe(wss.options);
  });
});

describe('verifyClient that calls back', () => {
  it('with true lets the client in', async () => {
    expect(await statusLine((_info, callback) => callback(true))).toBe(ACCEPTED);
  });

  it('later lets the client in later', async () => {
    expect(await statusLine((_info, callback) => void setImmediate(() => callback(true)))).toBe(
      ACCEPTED
    );
  });

  it('with false answers 401', async () => {
    const { port } = await serve((_info, callback) => callback(false));
    expect(await exchange(port, upgradeRequest())).toBe(REFUSED);
  });

  it('with a status, a message and headers answers with these', async () => {
    const { port } = await serve((_info, callback) =>
      callback(false, 429, 'é', { 'Retry-After': '120', 'Content-Type': 'text/plain' })
    );
    expect(await exchange(port, upgradeRequest())).toBe(
      [
        'HTTP/1.1 429 Too Many Requests',
        'Connection: close',
        'Content-Type: text/plain',
        'Content-Length: 2',
        'Retry-After: 120',
        '',
        Buffer.from('é').toString('latin1')
      ].join('\r\n')
    );
  });

  it('is not waited for when the client leaves', async () => {
    let callback!: (verified: boolean) => void;
    const { server, wss, port } = await serve((_info, given) => void (callback = given));
    const client = net.connect({ port, host: '127.0.0.1' });
    onTestFinished(() => void client.destroy());
    client.end(upgradeRequest());
    const [, socket] = await once(server, 'upgrade');
    socket.resume();
    await once(socket, 'end');

    wss.on('connection', () => expect.unreachable());
    callback(true);
    expect(socket.destroyed).toBe(true);
    expect(wss.clients!.size).toBe(0);
  });
});
