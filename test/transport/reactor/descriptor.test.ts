import { once } from 'node:events';
import * as net from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import * as tls from 'node:tls';
import { describe, expect, it } from 'vitest';
import { descriptorOf } from '../../../src/transport/reactor/descriptor.js';
import { socketPair } from './socket-pair.js';

// Sockets of Windows have no descriptor.
describe.skipIf(process.platform === 'win32')('the descriptor of a socket', () => {
  it.each(['TCP', 'Unix'] as const)('that is a plain %s socket is its handle’s', async (kind) => {
    const { near, far } = await socketPair(kind);
    for (const socket of [near, far]) {
      const { fd } = (socket as any)._handle;
      expect(fd).toBeGreaterThan(2);
      expect(descriptorOf(socket)).toBe(fd);
    }
  });

  it('is given although the socket is unreferenced, has a timeout and listeners of its life', async () => {
    const { near } = await socketPair();
    near
      .unref()
      .setTimeout(1000)
      .on('close', () => {})
      .on('end', () => {})
      .on('timeout', () => {});
    near.pause();
    expect(descriptorOf(near)).toBe((near as any)._handle.fd);
  });

  it.each([
    ['nothing', null],
    ['a stream of no socket', new PassThrough()],
    ['an object that looks like a socket', { ...new net.Socket(), _handle: { fd: 3 } }],
    ['a socket that was never connected', new net.Socket()]
  ])('is refused for %s', (_name, candidate) => {
    expect(descriptorOf(candidate)).toBe(-1);
  });

  it('is refused while the socket connects', () => {
    const socket = net.connect({ port: 1, host: '127.0.0.1' });
    socket.on('error', () => {});
    expect(descriptorOf(socket)).toBe(-1);
    socket.destroy();
  });

  it('is refused for TLS, whose bytes are not the peer’s', async () => {
    const { near } = await socketPair();
    const secure = new tls.TLSSocket(near);
    expect(descriptorOf(secure)).toBe(-1);
    secure.on('error', () => {}).destroy();
  });

  it('is refused for a subclass, whose methods may mean something else', async () => {
    const { near } = await socketPair();
    class Counting extends net.Socket {}
    Object.setPrototypeOf(near, Counting.prototype);
    expect(descriptorOf(near)).toBe(-1);
  });

  it.each([
    'write',
    'end',
    'destroy',
    'pause',
    'resume',
    '_read',
    '_write',
    '_writev',
    '_final'
  ] as const)('is refused when the socket’s %s has been wrapped', async (name) => {
    const { near } = await socketPair();
    const original = (near as any)[name];
    (near as any)[name] = function (this: net.Socket, ...args: unknown[]) {
      return original.apply(this, args);
    };
    expect(descriptorOf(near)).toBe(-1);
    delete (near as any)[name];
    expect(descriptorOf(near)).not.toBe(-1);
  });

  it.each<[string, (socket: net.Socket, far: net.Socket) => unknown]>([
    ['destroyed', (socket) => socket.destroy()],
    ['half-closed by this side', (socket) => socket.end()],
    ['corked', (socket) => socket.cork()],
    ['read by a listener of data', (socket) => socket.on('data', () => {})],
    ['read by a listener of readable', (socket) => socket.on('readable', () => {})],
    ['decoded', (socket) => socket.setEncoding('utf8')],
    ['without its handle', (socket) => Object.assign(socket, { _handle: null })],
    [
      'half-closed by the peer',
      async (socket, far) => {
        far.end();
        socket.resume();
        await once(socket, 'end');
      }
    ],
    [
      'still writing',
      (socket) => {
        // More than the kernel takes.
        socket.write(Buffer.alloc(32 << 20));
        expect(socket.writableLength).toBeGreaterThan(0);
      }
    ]
  ])('is refused when the socket is %s', async (_name, prepare) => {
    const { near, far } = await socketPair('TCP', { allowHalfOpen: true });
    const handle = (near as any)._handle;
    expect(descriptorOf(near)).not.toBe(-1);
    await prepare(near, far);
    expect(descriptorOf(near)).toBe(-1);
    if ((near as any)._handle === null && !near.destroyed) handle.close();
  });

  it('is refused for a handle of another kind', async () => {
    const { near } = await socketPair();
    const real = (near as any)._handle;
    class JSStreamSocket extends Duplex {
      readonly fd = real.fd as number;
      readStop() {}
      hasRef() {}
    }
    (near as any)._handle = new JSStreamSocket();
    expect(descriptorOf(near)).toBe(-1);
    (near as any)._handle = real;
    expect(descriptorOf(near)).toBe(real.fd);
  });
});
