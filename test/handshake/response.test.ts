import { describe, expect, it } from 'vitest';
import type { ClientOptions } from '../../src/handshake/options.js';
import { WebSocket } from '../subject.js';
import { rawServer, switchingProtocols, untilClose } from './peers.js';
import type { RawRequest } from './peers.js';

interface Setup {
  protocols?: string[];
  options?: ClientOptions;
  respond(request: RawRequest): string;
}

/** Everything a client emits until 'close' when its request is answered with `respond(request)`. */
async function emitted({ protocols, options, respond }: Setup): Promise<string[]> {
  const port = await rawServer((request) => request.socket.end(respond(request)));
  const ws = new WebSocket(`ws://127.0.0.1:${port}`, protocols, options);
  const transcript = await untilClose(ws);
  expect(ws.readyState).toBe(WebSocket.CLOSED);
  return transcript;
}

/** The client that has read the 101 response with these further lines. */
async function opened(protocols: string[], options: ClientOptions, ...lines: string[]) {
  const port = await rawServer((request) =>
    request.socket.write(switchingProtocols(request, ...lines))
  );
  const ws = new WebSocket(`ws://127.0.0.1:${port}`, protocols, options);
  await new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject));
  ws.terminate();
  return ws;
}

const withLines =
  (...lines: string[]) =>
  (request: RawRequest) =>
    switchingProtocols(request, ...lines);

const replacing = (from: string | RegExp, to: string) => (request: RawRequest) =>
  switchingProtocols(request).replace(from, to);

const failure = (message: string) => ['upgrade', `error ${message}`, 'close 1006'];

describe('the 101 response is refused — RFC 6455 §4.1', () => {
  it.each<[string, string, Setup]>([
    [
      'another protocol in Upgrade',
      'Invalid Upgrade header',
      {
        respond: replacing('Upgrade: websocket', 'Upgrade: foo')
      }
    ],
    [
      'several protocols in Upgrade',
      'Invalid Upgrade header',
      {
        respond: replacing('Upgrade: websocket', 'Upgrade: websocket, foo')
      }
    ],
    [
      'no Sec-WebSocket-Accept',
      'Invalid Sec-WebSocket-Accept header',
      {
        respond: replacing(/Sec-WebSocket-Accept.*\r\n/, '')
      }
    ],
    [
      'the digest of another key',
      'Invalid Sec-WebSocket-Accept header',
      {
        respond: replacing(/(Accept:).*/, '$1 s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
      }
    ],
    [
      'an unasked subprotocol',
      'Server sent a subprotocol but none was requested',
      {
        respond: withLines('Sec-WebSocket-Protocol: foo')
      }
    ],
    [
      'a subprotocol that was not offered',
      'Server sent an invalid subprotocol',
      {
        protocols: ['foo', 'bar'],
        respond: withLines('Sec-WebSocket-Protocol: baz')
      }
    ],
    [
      'an empty subprotocol',
      'Server sent an invalid subprotocol',
      {
        protocols: ['foo'],
        respond: withLines('Sec-WebSocket-Protocol: ')
      }
    ],
    [
      'a subprotocol in another case',
      'Server sent an invalid subprotocol',
      {
        protocols: ['foo'],
        respond: withLines('Sec-WebSocket-Protocol: Foo')
      }
    ],
    [
      'no subprotocol where some were offered',
      'Server sent no subprotocol',
      {
        protocols: ['foo'],
        respond: withLines()
      }
    ],
    [
      'an extension where none was offered',
      'Server sent a Sec-WebSocket-Extensions header but no extension was requested',
      {
        options: { perMessageDeflate: false },
        respond: withLines('Sec-WebSocket-Extensions: permessage-deflate')
      }
    ],
    [
      'a malformed extension list',
      'Invalid Sec-WebSocket-Extensions header',
      {
        respond: withLines('Sec-WebSocket-Extensions: permessage-deflate; =')
      }
    ],
    [
      'an empty extension list',
      'Invalid Sec-WebSocket-Extensions header',
      {
        respond: withLines('Sec-WebSocket-Extensions: ')
      }
    ],
    [
      'another extension',
      'Server indicated an extension that was not requested',
      {
        respond: withLines('Sec-WebSocket-Extensions: foo')
      }
    ],
    [
      'one extension more',
      'Server indicated an extension that was not requested',
      {
        respond: withLines('Sec-WebSocket-Extensions: permessage-deflate, foo')
      }
    ],
    [
      'an extension named constructor',
      'Server indicated an extension that was not requested',
      {
        respond: withLines('Sec-WebSocket-Extensions: constructor')
      }
    ],
    [
      'an extension named __proto__',
      'Server indicated an extension that was not requested',
      {
        respond: withLines('Sec-WebSocket-Extensions: __proto__; permessage-deflate')
      }
    ],
    [
      'an unknown parameter',
      'Invalid Sec-WebSocket-Extensions header',
      {
        respond: withLines('Sec-WebSocket-Extensions: permessage-deflate; constructor')
      }
    ],
    [
      'a window out of range',
      'Invalid Sec-WebSocket-Extensions header',
      {
        respond: withLines(
          'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=16'
        )
      }
    ],
    [
      'a window larger than offered',
      'Invalid Sec-WebSocket-Extensions header',
      {
        options: { perMessageDeflate: { clientMaxWindowBits: 10 } },
        respond: withLines(
          'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=11'
        )
      }
    ]
  ])('when it has %s', async (_what, message, setup) => {
    expect(await emitted(setup)).toEqual(failure(message));
  });

  it('when its Upgrade header lies beyond the number of headers that are read', async () => {
    const respond = (request: RawRequest) => {
      const [status, ...rest] = switchingProtocols(request).split('\r\n');
      return [status, ...Array<string>(2000).fill('a: 1'), ...rest].join('\r\n');
    };
    const transcript = await emitted({ respond });
    expect(transcript).toEqual(failure('Invalid Upgrade header'));
  });
});

describe('the 101 response is accepted — RFC 6455 §4.1', () => {
  it('whatever the case of the protocol in Upgrade', async () => {
    const port = await rawServer((request) => {
      request.socket.end(replacing('websocket', 'WebSocket')(request));
    });
    const ws = new WebSocket(`ws://127.0.0.1:${port}`);
    expect(await untilClose(ws)).toEqual(['upgrade', 'open', 'close 1006']);
  });

  it('with one of the subprotocols, which becomes `protocol`', async () => {
    const ws = await opened(['foo', 'bar'], {}, 'Sec-WebSocket-Protocol: bar');
    expect(ws.protocol).toBe('bar');
  });

  it('with permessage-deflate, which becomes `extensions`', async () => {
    const ws = await opened([], {}, 'Sec-WebSocket-Extensions: permessage-deflate');
    expect(ws.extensions).toBe('permessage-deflate');
  });

  it('without the extension that was offered', async () => {
    const ws = await opened([], {});
    expect(ws.extensions).toBe('');
    expect(ws.protocol).toBe('');
  });

  it('and the bytes after it are the first frames', async () => {
    const port = await rawServer((request) => {
      request.socket.write(switchingProtocols(request) + '\x81\x05hello', 'latin1');
    });
    const ws = new WebSocket(`ws://127.0.0.1:${port}`);
    const events: string[] = [];
    ws.on('open', () => events.push('open'));
    await new Promise<void>((resolve) =>
      ws.on('message', (data: Buffer) => {
        events.push(data.toString());
        resolve();
      })
    );
    expect(events).toEqual(['open', 'hello']);
    ws.terminate();
  });
});
