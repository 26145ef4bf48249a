import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { inspect } from 'node:util';
import { keyOf, normalised, readHead, responseText, tcpServer } from '../../kit/http.mjs';

/** Records the request a client makes and answers it, with `headers` in the response. */
function requested(title, make, headers) {
  return {
    title,
    async run(ws, t) {
      const server = await tcpServer(t, async (raw) => {
        const { head } = await readHead(t, raw);
        for (const line of normalised(head).split('\r\n')) if (line) t.lane('request')(line);
        raw.write(responseText(keyOf(head), headers));
        raw.resume();
      });
      const client = make(ws, server, t);
      t.defer(() => {
        client.on('error', () => {});
        client.terminate();
      });
      t.watch('client', client);
      await t.event(client, 'open');
      const { url, protocol, extensions, binaryType, bufferedAmount } = client;
      t.lane('client')('properties', url, protocol, extensions, binaryType, bufferedAmount);
    }
  };
}

const PLAIN = { perMessageDeflate: false };

const OPTIONS = {
  'no options': [undefined],
  'perMessageDeflate false': [{ perMessageDeflate: false }],
  'perMessageDeflate true': [{ perMessageDeflate: true }],
  'perMessageDeflate null': [{ perMessageDeflate: null }],
  'an origin': [{ ...PLAIN, origin: 'https://example.com' }],
  'an origin and protocol version 8': [{ ...PLAIN, origin: 'http://a.b', protocolVersion: 8 }],
  'protocol version 13': [{ ...PLAIN, protocolVersion: 13 }],
  headers: [{ ...PLAIN, headers: { 'X-One': '1', cookie: 'a=b', Host: 'other.example' } }],
  'headers with several values': [{ ...PLAIN, headers: { 'X-Many': ['1', '2'] } }],
  'headers that the handshake sets itself': [
    {
      ...PLAIN,
      headers: {
        Upgrade: 'other',
        Connection: 'close',
        'Sec-WebSocket-Version': '7',
        'sec-websocket-key': 'mine'
      }
    }
  ],
  'an Origin header and an origin': [
    { ...PLAIN, origin: 'http://a', headers: { Origin: 'http://b' } }
  ],
  auth: [{ ...PLAIN, auth: 'user:pass' }],
  'auth and an Authorization header': [
    { ...PLAIN, auth: 'user:pass', headers: { Authorization: 'Bearer x' } }
  ],
  'options that may not matter': [
    {
      ...PLAIN,
      method: 'POST',
      path: '/other',
      port: 1,
      host: 'nowhere',
      hostname: 'nowhere',
      protocol: 'ftp:',
      timeout: 1,
      socketPath: '/nowhere'
    }
  ],
  'setHost false': [{ ...PLAIN, setHost: false }],
  'defaultPort of the server': [{ ...PLAIN, defaultPort: 'same' }],
  'a handshake timeout that is not reached': [{ ...PLAIN, handshakeTimeout: 5000 }],
  'a family and a local address': [{ ...PLAIN, family: 4, localAddress: '127.0.0.1' }],
  followRedirects: [{ ...PLAIN, followRedirects: true, headers: { 'X-A': 'b' } }]
};

const options = Object.entries(OPTIONS).map(([name, [given]]) =>
  requested(`client: the request with ${name}`, (ws, { port, url }) => {
    const own = given?.defaultPort === 'same' ? { ...given, defaultPort: port } : given;
    return new ws.WebSocket(url, own);
  })
);

const ADDRESSES = {
  'a path': (url) => `${url}/some/path`,
  'a query': (url) => `${url}/?a=b&c=d%20e`,
  'a path without a slash, a query': (url) => `${url}?x`,
  'characters to be encoded': (url) => `${url}/ä b?ü=1`,
  'http:': (url) => url.replace('ws:', 'http:'),
  'upper case scheme': (url) => url.replace('ws:', 'WS:'),
  'a URL object': (url) => new URL(`${url}/object`),
  'a URL object with http:': (url) => new URL(url.replace('ws:', 'http:')),
  'an object with toString': (url) => ({ toString: () => `${url}/stringified` }),
  credentials: (url) => url.replace('//', '//user:pass@'),
  'encoded credentials': (url) => url.replace('//', '//us%40er:p%3Aa%20ss@'),
  'badly encoded credentials': (url) => url.replace('//', '//us%er:%zz@'),
  'a user and no password': (url) => url.replace('//', '//user@'),
  'a password and no user': (url) => url.replace('//', '//:pass@'),
  'surrounding white space': (url) => `  ${url}/ `,
  localhost: (url) => url.replace('127.0.0.1', 'localhost')
};

const addresses = Object.entries(ADDRESSES).map(([name, make]) =>
  requested(`client: the request to an address with ${name}`, (ws, { url }, t) => {
    const address = make(url);
    const client = new ws.WebSocket(address, { ...PLAIN, family: 4 });
    t.lane('client')('url', client.url, address);
    return client;
  })
);

const PROTOCOLS = {
  'a string': ['chat'],
  'an array': [['chat', 'super.chat']],
  'an empty array': [[]],
  'undefined and options': [undefined, PLAIN],
  'null and no options': [undefined, undefined],
  'options.protocols of one': [{ ...PLAIN, protocols: 'chat' }],
  'options.protocols of two': [{ ...PLAIN, protocols: ['chat', 'b'] }],
  'undefined and options.protocols': [undefined, { ...PLAIN, protocols: ['chat'] }],
  'an array and options.protocols': [['chat'], { ...PLAIN, protocols: ['ignored'] }],
  'every token character': [["!#$%&'*+-.^_`|~09AZaz"]]
};

const protocols = Object.entries(PROTOCOLS).map(([name, args]) => {
  const asked = [args[0], args[0]?.protocols, args[1]?.protocols].flat();
  const first = asked.find((one) => typeof one === 'string');
  return requested(
    `client: the request with protocols ${name}`,
    (ws, { url }) => new ws.WebSocket(url, ...args),
    first ? { 'Sec-WebSocket-Protocol': first } : {}
  );
});

const DEFLATE = [
  {},
  { serverNoContextTakeover: true },
  { clientNoContextTakeover: true },
  { serverNoContextTakeover: false, clientNoContextTakeover: false },
  { serverMaxWindowBits: 10 },
  { clientMaxWindowBits: 11 },
  { clientMaxWindowBits: true },
  { clientMaxWindowBits: false },
  { clientMaxWindowBits: null },
  { serverMaxWindowBits: true },
  {
    serverMaxWindowBits: 15,
    clientMaxWindowBits: 8,
    serverNoContextTakeover: true,
    clientNoContextTakeover: true
  },
  { threshold: 10, concurrencyLimit: 2, zlibDeflateOptions: { level: 1 } }
];

const deflate = DEFLATE.map((perMessageDeflate) =>
  requested(
    `client: the offer of perMessageDeflate ${inspect(perMessageDeflate, { breakLength: Infinity })}`,
    (ws, { url }) => new ws.WebSocket(url, { perMessageDeflate })
  )
);

const hooks = [
  requested('client: finishRequest sends the request', (ws, { url }, t) => {
    return new ws.WebSocket(url, {
      ...PLAIN,
      finishRequest(request, websocket) {
        t.lane('client')('finishRequest', request.path, request.method, websocket.readyState);
        t.lane('client')('is _req', request === websocket._req, this === undefined);
        request.setHeader('X-Late', 'yes');
        process.nextTick(() => request.end());
      }
    });
  }),
  requested('client: createConnection makes the socket', (ws, { url }, t) => {
    return new ws.WebSocket(url, {
      ...PLAIN,
      createConnection(given) {
        t.lane('client')(
          'createConnection',
          given.host,
          typeof given.port,
          given.path,
          given.method
        );
        return connect({ host: given.host, port: given.port });
      }
    });
  }),
  requested('client: an agent makes the socket', (ws, { url }, t) => {
    class Counting extends Agent {
      createConnection(given, callback) {
        t.lane('client')('agent', given.host, typeof given.port, given.path);
        return super.createConnection(given, callback);
      }
    }
    return new ws.WebSocket(url, { ...PLAIN, agent: new Counting() });
  }),
  requested('client: an agent with keepAlive', (ws, { url }) => {
    return new ws.WebSocket(url, { ...PLAIN, agent: new Agent({ keepAlive: true }) });
  }),
  requested(
    'client: agent false',
    (ws, { url }) => new ws.WebSocket(url, { ...PLAIN, agent: false })
  ),
  requested('client: the options object stays as it was', (ws, { url }, t) => {
    const given = Object.freeze({
      ...PLAIN,
      headers: Object.freeze({ 'X-A': '1' }),
      origin: 'http://a',
      auth: 'a:b',
      followRedirects: true
    });
    const client = new ws.WebSocket(url, given);
    t.lane('client')('options', given);
    return client;
  }),
  requested('client: _req and _redirects while connecting', (ws, { url }, t) => {
    const client = new ws.WebSocket(url, PLAIN);
    const record = t.lane('client');
    record('_req', client._req.constructor.name, client._req.getHeader('upgrade'));
    record('_redirects', client._redirects, client._socket);
    client.on('open', () => record('_req', client._req, client._socket.constructor.name));
    return client;
  }),
  requested('client: state while connecting', (ws, { url }, t) => {
    const client = new ws.WebSocket(url, PLAIN);
    const { readyState, bufferedAmount, extensions, protocol, isPaused } = client;
    t.lane('client')('state', readyState, bufferedAmount, extensions, protocol, isPaused);
    return client;
  })
];

const plain = {
  title: 'client: an HTTP request with the same agent goes on working',
  async run(ws, t) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.defer(() => agent.destroy());
    const { createServer } = await import('node:http');
    const server = createServer((request, response) => response.end('plain'));
    const wss = new ws.WebSocketServer({ server });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.defer(() => server.close());
    const { port } = server.address();
    const client = new ws.WebSocket(`ws://127.0.0.1:${port}`, { agent });
    t.defer(() => client.terminate());
    await t.event(client, 'open');
    const response = await new Promise((resolve) => {
      httpRequest({ port, host: '127.0.0.1', agent }, resolve).end();
    });
    response.setEncoding('utf8');
    const [body] = await t.event(response, 'data');
    t.lane('client')('body', body, client.readyState, wss.clients.size);
  }
};

export default [...options, ...addresses, ...protocols, ...deflate, ...hooks, plain];
