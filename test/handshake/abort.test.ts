import { EventEmitter } from 'node:events';
import * as http from 'node:http';
import * as net from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { abortHandshake, emitErrorAndClose, isAborted } from '../../src/handshake/abort.js';
import type { ClientHandshakeHost } from '../../src/handshake/abort.js';
import { listen } from './peers.js';

function host() {
  const transcript: string[] = [];
  const websocket = Object.assign(new EventEmitter(), {
    _readyState: 0,
    _errorEmitted: false,
    emitClose: () => void transcript.push('close')
  }) as unknown as ClientHandshakeHost;
  websocket.on('error', (error: Error) => transcript.push(`error ${error.message}`));
  return { websocket, transcript };
}

describe('abortHandshake', () => {
  it('of a request emits after it has returned', async () => {
    const { websocket, transcript } = host();
    const request = http.get({ host: '127.0.0.1', port: await listen(net.createServer()) });
    request.on('error', () => {});
    expect(isAborted(request)).toBe(false);

    abortHandshake(websocket, request, 'foo');
    expect(websocket._readyState).toBe(2);
    expect(transcript).toEqual([]);
    expect(isAborted(request)).toBe(true);
    expect(request.destroyed).toBe(true);

    await new Promise(process.nextTick);
    expect(transcript).toEqual(['error foo', 'close']);
  });

  it('of a socket emits when the socket has closed', async () => {
    const { websocket, transcript } = host();
    let destroyed: (error: Error) => void;
    const socket = new Duplex({
      destroy: (error, callback) => void (destroyed = () => callback(error))
    });
    abortHandshake(websocket, socket, 'foo');
    expect(websocket._readyState).toBe(2);
    await new Promise(setImmediate);
    expect(transcript).toEqual([]);

    destroyed!(new Error());
    await new Promise(setImmediate);
    expect(transcript).toEqual(['error foo', 'close']);
  });

  it('has the caller at the top of the stack of its error', () => {
    const { websocket } = host();
    const socket = new Duplex({ read() {} });
    socket.on('error', () => {});
    abortHandshake(websocket, socket, 'foo');
    expect(socket.errored!.stack!.split('\n')[1]).toContain('abort.test');
  });
});

describe('emitErrorAndClose', () => {
  it('emits at once', () => {
    const { websocket, transcript } = host();
    emitErrorAndClose(websocket, new Error('foo'));
    expect(transcript).toEqual(['error foo', 'close']);
    expect([websocket._readyState, websocket._errorEmitted]).toEqual([2, true]);
  });
});
