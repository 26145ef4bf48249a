import { listen } from '../../kit/connect.mjs';
import { TEXT, frame } from '../../kit/frame.mjs';
import { KEY, readHead, requestText, tcpClient } from '../../kit/http.mjs';

/** Records all that comes back on a raw connection, up to its end. */
function recordResponse(t, raw) {
  const record = t.lane('response');
  let text = '';
  return new Promise((resolve) => {
    const done = (how) => {
      const lines = text.replace(/^date: .*\r\n/im, '').split('\r\n');
      for (const line of lines) if (line) record(line);
      record(how);
      raw.destroy();
      resolve();
    };
    raw.on('end', () => done('FIN'));
    raw.on('error', (error) => done(error.code));
    raw.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (text.startsWith('HTTP/1.1 101') && text.endsWith('\r\n\r\n')) done('upgraded');
    });
  });
}

/**
 * Sends a request to a server with `options` and records the answer; when it upgrades, the properties
 * of both ends. `text` is the request, or what `requestText` makes of it.
 */
function requested(title, text, options, also) {
  return {
    title: `server: ${title}`,
    async run(ws, t) {
      const server = await listen(t, ws, options?.(t) ?? {});
      t.watchServer('server', server, ['connection', 'error']);
      const raw = await tcpClient(t, { port: server.address().port });
      server.on('connection', (socket) => {
        const { protocol, extensions, url, readyState } = socket;
        t.lane('server')('socket', protocol, extensions, url, readyState);
      });
      also?.(server, t, raw);
      const response = recordResponse(t, raw);
      raw.write(typeof text === 'string' ? text : requestText(text));
      await t.wait('a response', response);
      await t.settle();
    }
  };
}

const headers = (more) => ({ headers: more });

const HEADERS = {
  'a plain upgrade': {},
  'Upgrade in capitals': { Upgrade: 'WEBSOCKET' },
  'no Upgrade': { Upgrade: undefined, Connection: 'close' },
  'another Upgrade': { Upgrade: 'h2c' },
  'a list in Upgrade': { Upgrade: 'websocket, h2c' },
  'no Connection: Upgrade': { Connection: 'close' },
  'Connection with more values': { Connection: 'keep-alive, Upgrade' },
  'no key': { 'Sec-WebSocket-Key': undefined },
  'an empty key': { 'Sec-WebSocket-Key': '' },
  'a key too short': { 'Sec-WebSocket-Key': 'P5l8BJcZwRc=' },
  'a key with other characters': { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j!Q==' },
  'a key too long': { 'Sec-WebSocket-Key': `A${KEY}` },
  'no version': { 'Sec-WebSocket-Version': undefined },
  'version 0': { 'Sec-WebSocket-Version': '0' },
  'version 7': { 'Sec-WebSocket-Version': '7' },
  'version 8': { 'Sec-WebSocket-Version': '8' },
  'version 9': { 'Sec-WebSocket-Version': '9' },
  'version 14': { 'Sec-WebSocket-Version': '14' },
  'version 13.0': { 'Sec-WebSocket-Version': '13.0' },
  'version 0xd': { 'Sec-WebSocket-Version': '0xd' },
  'a version that is no number': { 'Sec-WebSocket-Version': 'thirteen' },
  'an empty version': { 'Sec-WebSocket-Version': '' },
  'one subprotocol': { 'Sec-WebSocket-Protocol': 'chat' },
  'several subprotocols': { 'Sec-WebSocket-Protocol': 'chat, superchat ,\tthird' },
  'an empty subprotocol': { 'Sec-WebSocket-Protocol': '' },
  'subprotocols with an empty one': { 'Sec-WebSocket-Protocol': 'a,,b' },
  'subprotocols with a trailing comma': { 'Sec-WebSocket-Protocol': 'a,b,' },
  'a duplicated subprotocol': { 'Sec-WebSocket-Protocol': 'a, b, a' },
  'a subprotocol with a space': { 'Sec-WebSocket-Protocol': 'a b' },
  'a subprotocol in quotes': { 'Sec-WebSocket-Protocol': '"a"' },
  'an extension that is not enabled': { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
  'an unknown extension': { 'Sec-WebSocket-Extensions': 'foo; bar=1' },
  'malformed extensions that are not looked at': { 'Sec-WebSocket-Extensions': ';;==' },
  'an origin': { Origin: 'http://example.com' },
  'a body length': { 'Content-Length': '0' }
};

const byHeader = Object.entries(HEADERS).map(([name, more]) => requested(name, headers(more)));

const byHeaderHeard = Object.entries(HEADERS)
  .slice(1)
  .map(([name, more]) =>
    requested(`${name}, 'wsClientError' heard`, headers(more), undefined, (server, t) => {
      server.on('wsClientError', (error, socket, request) => {
        t.lane('server')('wsClientError', error, request.url, socket === request.socket);
        socket.end('HTTP/1.1 418 Teapot\r\n\r\n');
      });
    })
  );

const methods = ['POST', 'HEAD', 'OPTIONS', 'PUT'].map((method) =>
  requested(`method ${method}`, { method })
);

const others = [
  requested('a plain GET', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
  requested(
    'a plain POST',
    'POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi'
  ),
  requested('HTTP/1.0', requestText().replace('HTTP/1.1', 'HTTP/1.0')),
  requested('malformed HTTP', 'nonsense\r\n\r\n'),
  requested('a path that is not ours', { path: '/other' }, () => ({ path: '/mine' })),
  requested('the path that is ours', { path: '/mine' }, () => ({ path: '/mine' })),
  requested('the path with a query', { path: '/mine?a=/other' }, () => ({ path: '/mine' })),
  requested('the path with a slash behind', { path: '/mine/' }, () => ({ path: '/mine' })),
  requested('the path in an absolute URL', { path: 'http://a/mine' }, () => ({ path: '/mine' })),
  requested('a query and no path option', { path: '/?x' }),
  requested('path ""', { path: '/anything' }, () => ({ path: '' })),
  requested(
    'a wrong path and a bad key',
    { path: '/x', headers: { 'Sec-WebSocket-Key': 'x' } },
    () => ({ path: '/mine' })
  )
];

const PROTOCOL_CHOICES = {
  'the second': (protocols) => [...protocols][1],
  false: () => false,
  undefined: () => undefined,
  'an empty string': () => '',
  'one not offered': () => 'invented',
  'a value that is no string': () => 5
};

const handleProtocols = Object.entries(PROTOCOL_CHOICES).flatMap(([name, choose]) => [
  requested(
    `handleProtocols returns ${name}`,
    headers({ 'Sec-WebSocket-Protocol': 'a, b' }),
    (t) => ({
      handleProtocols(protocols, request) {
        t.lane('server')('handleProtocols', protocols, request.url, this.constructor.name);
        return choose(protocols);
      }
    })
  )
]);

const more = [
  requested('handleProtocols without subprotocols', {}, (t) => ({
    handleProtocols: () => t.lane('server')('handleProtocols called')
  })),
  requested(
    "headers changed in 'headers'",
    headers({ 'Sec-WebSocket-Protocol': 'a' }),
    undefined,
    (server, t) => {
      server.on('headers', (list, request) => {
        t.lane('server')('headers', list, request.url);
        list.push('Set-Cookie: a=b', 'X-Added: 1');
        list.splice(1, 1, 'Upgrade: WebSocket');
      });
    }
  ),
  requested('shouldHandle overridden', { path: '/no' }, undefined, (server, t) => {
    server.shouldHandle = (request) => {
      t.lane('server')('shouldHandle', request.url);
      return false;
    };
  }),
  requested(
    'shouldHandle overridden to accept',
    { path: '/yes' },
    () => ({ path: '/mine' }),
    (server) => {
      server.shouldHandle = () => true;
    }
  ),
  requested('handleUpgrade overridden', {}, undefined, (server, t) => {
    const { handleUpgrade } = server;
    server.handleUpgrade = function (...args) {
      t.lane('server')('handleUpgrade', args.length, args[2].length, typeof args[3]);
      return handleUpgrade.apply(this, args);
    };
  }),
  requested('completeUpgrade overridden', {}, undefined, (server, t) => {
    const { completeUpgrade } = server;
    server.completeUpgrade = function (...args) {
      t.lane('server')('completeUpgrade', args.length, args[0], args[1], args[2]);
      return completeUpgrade.apply(this, args);
    };
  }),
  requested('the socket destroyed in shouldHandle', {}, undefined, (server) => {
    server.shouldHandle = (request) => {
      request.socket.destroy();
      return true;
    };
  }),
  requested('the socket ended in shouldHandle', {}, undefined, (server) => {
    server.shouldHandle = (request) => {
      request.socket.end();
      return true;
    };
  })
];

const halves = [
  {
    title: 'server: frames in several pieces around the handshake',
    async run(ws, t) {
      const server = await listen(t, ws, {});
      server.on('connection', (socket) => t.watch('server', socket));
      const connected = t.event(server, 'connection');
      const raw = await tcpClient(t, { port: server.address().port });
      const bytes = Buffer.concat([
        Buffer.from(requestText()),
        frame(TEXT, 'hello', { mask: true })
      ]);
      raw.write(bytes.subarray(0, 30));
      await t.settle();
      raw.write(bytes.subarray(30, bytes.length - 4));
      const [socket] = await connected;
      await t.settle();
      const message = t.event(socket, 'message');
      raw.write(bytes.subarray(bytes.length - 4));
      await message;
    }
  },
  {
    title: 'server: the client ends its side with the request',
    async run(ws, t) {
      const server = await listen(t, ws, {});
      t.watchServer('server', server, ['connection', 'error']);
      server.on('connection', (socket) => t.watch('server', socket));
      const raw = await tcpClient(t, { port: server.address().port });
      const { head } = await (async () => {
        const read = readHead(t, raw);
        raw.end(requestText());
        return read;
      })();
      t.lane('response')(head.split('\r\n')[0]);
      raw.resume();
      await t.event(raw, 'close');
      await t.settle();
    }
  }
];

export default [
  ...byHeader,
  ...byHeaderHeard,
  ...methods,
  ...others,
  ...handleProtocols,
  ...more,
  ...halves
];
