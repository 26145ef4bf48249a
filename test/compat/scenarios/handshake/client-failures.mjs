import { createServer } from 'node:net';
import { acceptOf, keyOf, readHead, responseText, tcpServer } from '../../kit/http.mjs';

/** A client whose request is answered by `answer(raw, head)`, recorded until it has closed. */
function answered(title, answer, { options, protocols, events, also } = {}) {
  return {
    title: `client: ${title}`,
    async run(ws, t) {
      const server = await tcpServer(t, async (raw) => {
        raw.on('end', () => raw.end());
        const { head } = await readHead(t, raw);
        answer(raw, head, t);
        raw.resume();
      });
      const client = new ws.WebSocket(server.url, protocols ?? [], options);
      t.watch('client', client, events);
      also?.(client, t);
      const [error] = await t.event(client, 'close');
      t.lane('client')('readyState', client.readyState, error);
      await t.settle();
    }
  };
}

const status = (line, headers = '', body = '') => `HTTP/1.1 ${line}\r\n${headers}\r\n${body}`;
const upgrade = (headers) => (raw, head) => raw.write(responseText(keyOf(head), headers));

const responses = [
  answered('a response of 200', (raw) => raw.end(status('200 OK', 'Content-Length: 2\r\n', 'hi'))),
  answered('a response of 401', (raw) =>
    raw.end(status('401 Unauthorized', 'WWW-Authenticate: Basic\r\n'))
  ),
  answered('a response of 404 that does not end', (raw) =>
    raw.write(status('404 Not Found', 'Content-Length: 9\r\n'))
  ),
  answered('a response of 500 with a chunked body', (raw) =>
    raw.end(status('500 Oops', 'Transfer-Encoding: chunked\r\n', '2\r\nhi\r\n0\r\n\r\n'))
  ),
  answered('a redirect that is not followed', (raw) =>
    raw.end(status('302 Found', 'Location: /x\r\n'))
  ),
  answered('a redirect without a location', (raw) => raw.end(status('302 Found')), {
    options: { followRedirects: true }
  }),
  answered('101 without any header', (raw) => raw.write(status('101 Switching Protocols'))),
  answered('101 without Upgrade', upgrade({ Upgrade: undefined })),
  answered('101 without Connection', upgrade({ Connection: undefined })),
  answered('101 with another Upgrade', upgrade({ Upgrade: 'h2c' })),
  answered(
    '101 with Upgrade in capitals and no key',
    upgrade({ Upgrade: 'WebSocket', 'Sec-WebSocket-Accept': undefined })
  ),
  answered('101 with a wrong accept', upgrade({ 'Sec-WebSocket-Accept': acceptOf('wrong') })),
  answered('101 with an empty accept', upgrade({ 'Sec-WebSocket-Accept': '' })),
  answered('a subprotocol that was not asked for', upgrade({ 'Sec-WebSocket-Protocol': 'chat' })),
  answered('another subprotocol', upgrade({ 'Sec-WebSocket-Protocol': 'other' }), {
    protocols: ['chat']
  }),
  answered('two subprotocols', upgrade({ 'Sec-WebSocket-Protocol': 'a, b' }), {
    protocols: ['a', 'b']
  }),
  answered('no subprotocol', upgrade({}), { protocols: 'chat' }),
  answered('an empty subprotocol', upgrade({ 'Sec-WebSocket-Protocol': '' }), {
    protocols: 'chat'
  }),
  answered(
    'an extension when none was offered',
    upgrade({ 'Sec-WebSocket-Extensions': 'permessage-deflate' }),
    {
      options: { perMessageDeflate: false }
    }
  ),
  answered('an unknown extension', upgrade({ 'Sec-WebSocket-Extensions': 'foo' })),
  answered(
    'a second extension',
    upgrade({ 'Sec-WebSocket-Extensions': 'permessage-deflate, foo' })
  ),
  answered(
    'an extension header that is no list',
    upgrade({ 'Sec-WebSocket-Extensions': 'permessage-deflate; =' })
  ),
  answered('an empty extension header', upgrade({ 'Sec-WebSocket-Extensions': '' })),
  answered(
    'an unknown parameter',
    upgrade({ 'Sec-WebSocket-Extensions': 'permessage-deflate; foo=1' })
  ),
  answered(
    'a parameter out of range',
    upgrade({ 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=16' })
  ),
  answered('malformed HTTP', (raw) => raw.end('this is not HTTP\r\n\r\n')),
  answered('half a head', (raw) => raw.end('HTTP/1.1 101 Swi')),
  answered('an end without a response', (raw) => raw.end()),
  answered('a reset without a response', (raw) => raw.resetAndDestroy()),
  answered('a 100 before the 101', (raw, head) =>
    raw.write(status('100 Continue') + responseText('wrong'))
  )
];

const listened = [
  answered(
    "'unexpected-response' and the body",
    (raw) => raw.end(status('403 Forbidden', 'X-A: b\r\nContent-Length: 4\r\n', 'body')),
    {
      also(client, t) {
        client.on('unexpected-response', (request, response) => {
          const record = t.lane('client');
          record(
            'unexpected',
            request === client._req,
            response.statusCode,
            response.headers['x-a']
          );
          response.on('data', (chunk) => record('data', chunk));
          response.on('end', () => {
            record('end', client.readyState);
            client.terminate();
          });
        });
      }
    }
  ),
  answered(
    "'unexpected-response' and request.destroy()",
    (raw) => raw.end(status('403 Forbidden', 'Content-Length: 0\r\n')),
    {
      also(client) {
        client.on('unexpected-response', (request) => {
          request.on('error', () => {});
          request.destroy(new Error('by the program'));
          client.close();
        });
      }
    }
  ),
  answered('close() in the listener of upgrade', upgrade({}), {
    also: (client) => client.on('upgrade', () => client.close())
  }),
  answered('terminate() in the listener of upgrade', upgrade({}), {
    also: (client) => client.on('upgrade', () => client.terminate())
  }),
  answered('request.destroy() while waiting', () => {}, {
    also: (client) =>
      client._req.on('socket', () => client._req.destroy(new Error('by the program')))
  }),
  answered('request.abort() while waiting', () => {}, {
    also: (client) => client._req.on('socket', () => client._req.abort())
  }),
  answered('handshakeTimeout without a response', () => {}, { options: { handshakeTimeout: 20 } }),
  answered('handshakeTimeout amid a response', (raw) => raw.write('HTTP/1.1 1'), {
    options: { handshakeTimeout: 20 }
  }),
  answered('close() once the request is sent', (raw, head, t) => t.abort(), {
    also: (client, t) => (t.abort = () => client.close(1000, 'never mind'))
  }),
  answered('terminate() once the request is sent', (raw, head, t) => t.abort(), {
    also: (client, t) => (t.abort = () => client.terminate())
  })
];

const refused = {
  title: 'client: a connection that is refused',
  async run(ws, t) {
    const server = createServer();
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    t.hide(`:${port}`, ':<port>');
    const client = new ws.WebSocket(`ws://127.0.0.1:${port}`);
    t.watch('client', client);
    client.on('error', (error) => t.lane('client')('details', error.syscall, error.address));
    await t.event(client, 'close');
  }
};

const attributes = {
  title: 'client: a failure seen through attributes',
  async run(ws, t) {
    const record = t.lane('client');
    const server = await tcpServer(t, async (raw) => {
      await readHead(t, raw);
      raw.end(status('400 Bad Request', 'Content-Length: 0\r\n'));
    });
    const client = new ws.WebSocket(server.url);
    client.onerror = (event) => record('error', event.type, event.message, event.error);
    client.onclose = (event) => record('close', event.code, event.reason, event.wasClean);
    await t.event(client, 'close');
  }
};

const unheard = {
  title: 'client: a failure nobody listens for',
  async run(ws, t) {
    const server = await tcpServer(t, async (raw) => {
      await readHead(t, raw);
      raw.end(status('400 Bad Request', 'Content-Length: 0\r\n'));
    });
    const client = new ws.WebSocket(server.url);
    client.on('close', (code, reason) => t.lane('client')('close', code, reason));
    await t.event(process, 'uncaughtException');
    await t.settle();
    t.lane('client')('readyState', client.readyState);
  }
};

/** Calls made before there can be a socket. */
const CALLS = {
  'close()': (client) => client.close(),
  'close() with an invalid code': (client) => client.close(1),
  'terminate()': (client) => client.terminate(),
  'close() and terminate()': (client) => {
    client.close();
    client.terminate();
  },
  'close() twice': (client) => {
    client.close();
    client.close();
  }
};

const early = Object.entries(CALLS).map(([name, call]) => ({
  title: `client: ${name} right after the constructor`,
  async run(ws, t) {
    const server = await tcpServer(t, (raw) => raw.resume());
    const client = new ws.WebSocket(server.url);
    const record = t.watch('client', client);
    t.attempt('client', name, () => call(client));
    record('readyState', client.readyState);
    await t.event(client, 'close');
    await t.settle();
  }
}));

const inFinishRequest = [
  {
    title: 'client: close() in finishRequest',
    async run(ws, t) {
      const server = await tcpServer(t, (raw) => raw.resume());
      const client = new ws.WebSocket(server.url, {
        finishRequest: (request, websocket) => process.nextTick(() => websocket.close())
      });
      t.watch('client', client);
      await t.event(client, 'close');
    }
  },
  {
    title: 'client: a createConnection that throws',
    async run(ws, t) {
      t.attempt('client', 'constructor', () => {
        new ws.WebSocket('ws://127.0.0.1:1', {
          createConnection() {
            throw new Error('no connection');
          }
        });
      });
      await t.settle();
    }
  }
];

export default [
  ...responses,
  ...listened,
  refused,
  attributes,
  unheard,
  ...early,
  ...inFinishRequest
];
