import { inspect } from 'node:util';
import { listen } from '../../kit/connect.mjs';
import {
  keyOf,
  readHead,
  requestText,
  responseText,
  tcpClient,
  tcpServer
} from '../../kit/http.mjs';

const brief = (value) => inspect(value, { breakLength: Infinity });

const OPTIONS = [
  true,
  {},
  { serverNoContextTakeover: true },
  { serverNoContextTakeover: false },
  { clientNoContextTakeover: true },
  { clientNoContextTakeover: false },
  { serverMaxWindowBits: 10 },
  { serverMaxWindowBits: true },
  { serverMaxWindowBits: false },
  { clientMaxWindowBits: 10 },
  { clientMaxWindowBits: true },
  { clientMaxWindowBits: false },
  {
    serverMaxWindowBits: 12,
    clientMaxWindowBits: 12,
    serverNoContextTakeover: true,
    clientNoContextTakeover: true
  }
];

const OFFERS = [
  'permessage-deflate',
  'permessage-deflate; client_max_window_bits',
  'permessage-deflate; client_max_window_bits=9',
  'permessage-deflate; client_max_window_bits=15',
  'permessage-deflate; server_max_window_bits=9',
  'permessage-deflate; server_max_window_bits=15',
  'permessage-deflate; server_no_context_takeover',
  'permessage-deflate; client_no_context_takeover',
  'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=11; client_max_window_bits=13',
  'permessage-deflate; server_max_window_bits=9, permessage-deflate',
  'foo, permessage-deflate; client_max_window_bits, bar; baz=1'
];

const INVALID_OFFERS = [
  'permessage-deflate; unknown',
  'permessage-deflate; unknown=1',
  'permessage-deflate; server_no_context_takeover=1',
  'permessage-deflate; client_no_context_takeover=""',
  'permessage-deflate; server_max_window_bits',
  'permessage-deflate; server_max_window_bits=7',
  'permessage-deflate; server_max_window_bits=16',
  'permessage-deflate; server_max_window_bits=10.5',
  'permessage-deflate; server_max_window_bits=ten',
  'permessage-deflate; server_max_window_bits="10"',
  'permessage-deflate; client_max_window_bits=7',
  'permessage-deflate; client_max_window_bits=16',
  'permessage-deflate; client_max_window_bits=09',
  'permessage-deflate; client_max_window_bits=9; client_max_window_bits=10',
  'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
  'permessage-deflate; =10',
  'permessage-deflate;',
  'permessage-deflate,',
  'permessage-deflate; a="unclosed',
  'permessage-deflate; unknown, permessage-deflate',
  'PERMESSAGE-DEFLATE',
  'permessage-deflate ; client_max_window_bits ',
  '',
  'x-webkit-deflate-frame'
];

/** Makes the offer to the server and records the answer and what the socket says about it. */
async function offerTo(ws, t, server, offer) {
  const record = t.lane('server');
  const raw = await tcpClient(t, { port: server.address().port });
  const read = readHead(t, raw);
  let socket;
  server.once('connection', (one) => (socket = one));
  raw.write(requestText({ headers: { 'Sec-WebSocket-Extensions': offer } }));
  const { head, rest } = await read;
  const [, status] = head.split(' ');
  record(offer, status, /^sec-websocket-extensions: (.*)\r$/im.exec(head)?.[1]);
  if (socket) {
    const negotiated = socket._extensions['permessage-deflate'];
    record('  extensions', socket.extensions, negotiated?.params ?? null);
  } else {
    record('  body', rest);
  }
  raw.destroy();
}

const byServer = OPTIONS.map((perMessageDeflate) => ({
  title: `server: perMessageDeflate ${brief(perMessageDeflate)} and every offer`,
  async run(ws, t) {
    const server = await listen(t, ws, { perMessageDeflate });
    for (const offer of OFFERS) await offerTo(ws, t, server, offer);
  }
}));

const invalid = [true, false].map((perMessageDeflate) => ({
  title: `server: perMessageDeflate ${perMessageDeflate} and invalid offers`,
  async run(ws, t) {
    const server = await listen(t, ws, { perMessageDeflate });
    for (const offer of INVALID_OFFERS) await offerTo(ws, t, server, offer);
  }
}));

const RESPONSES = [
  ...OFFERS,
  ...INVALID_OFFERS,
  'permessage-deflate; server_max_window_bits=10',
  'permessage-deflate; client_max_window_bits=10',
  'permessage-deflate, permessage-deflate'
];

/** Answers a client's offer and records what it makes of it. */
async function answerWith(ws, t, url, options) {
  const record = t.lane('client');
  const client = new ws.WebSocket(url, options);
  client.on('error', (error) => record('  error', error));
  const closed = t.event(client, 'close');
  await Promise.race([t.event(client, 'open'), closed]);
  if (client.readyState === ws.WebSocket.OPEN) {
    const negotiated = client._extensions['permessage-deflate'];
    record('  open', client.extensions, negotiated?.params ?? null);
  }
  client.terminate();
  await closed;
}

const byClient = OPTIONS.map((perMessageDeflate) => ({
  title: `client: perMessageDeflate ${brief(perMessageDeflate)} and every response`,
  async run(ws, t) {
    let response;
    const { url } = await tcpServer(t, async (raw) => {
      const { head } = await readHead(t, raw);
      raw.write(responseText(keyOf(head), { 'Sec-WebSocket-Extensions': response }));
      raw.resume();
    });
    for (response of RESPONSES) {
      t.lane('client')(response);
      await answerWith(ws, t, url, { perMessageDeflate });
    }
  }
}));

const DEFAULTS = {
  'both with the default': [{}, {}],
  'the server with, the client by default': [{ perMessageDeflate: true }, {}],
  'the server with, the client without': [
    { perMessageDeflate: true },
    { perMessageDeflate: false }
  ],
  'both without context takeover': [
    { perMessageDeflate: { serverNoContextTakeover: true, clientNoContextTakeover: true } },
    { perMessageDeflate: {} }
  ],
  'windows asked for by the client': [
    { perMessageDeflate: true },
    { perMessageDeflate: { serverMaxWindowBits: 9, clientMaxWindowBits: 9 } }
  ]
};

const between = Object.entries(DEFAULTS).map(([name, [serverOptions, clientOptions]]) => ({
  title: `ws at both ends: ${name}`,
  async run(ws, t) {
    const { client, accepted } = await t.pair({ server: serverOptions, client: clientOptions });
    const paramsOf = (socket) => socket._extensions['permessage-deflate']?.params ?? null;
    t.lane('client')('extensions', client.extensions, paramsOf(client));
    t.lane('server')('extensions', accepted.extensions, paramsOf(accepted));
    const text = 'over the wire '.repeat(200);
    accepted.on('message', (data, isBinary) => accepted.send(data, { binary: isBinary }));
    for (const data of [text, text, Buffer.from(text), '', 'short']) {
      const echo = t.event(client, 'message');
      client.send(data);
      await echo;
    }
  }
}));

export default [...byServer, ...invalid, ...byClient, ...between];
