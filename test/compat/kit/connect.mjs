// Established connections: the library under test at one end, a hand-made peer at the other, or the
// library at both.
import { keyOf, readHead, requestText, responseText, tcpClient, tcpServer } from './http.mjs';
import { Peer } from './peer.mjs';

/**
 * A connection in which the library has `role`. Everything of `options` is given to the library;
 * `setup(socket)` runs before any event can have been emitted on a client, and in the 'connection'
 * event of a server. `headers` are added to the peer's half of the opening handshake, `early` are
 * bytes it sends in the same segment. Every event is recorded in the lane named after the role unless
 * `watch` is false.
 */
export async function connect(t, ws, role, settings = {}) {
  const { watch = true, setup } = settings;
  const prepare = (socket) => {
    t.defer(() => {
      socket.on('error', () => {});
      socket.terminate();
    });
    if (watch) t.watch(role, socket);
    setup?.(socket);
  };
  const connection =
    role === 'server'
      ? await connectServer(t, ws, settings, prepare)
      : await connectClient(t, ws, settings, prepare);
  return { ...connection, record: t.lane(role) };
}

async function connectServer(t, ws, settings, prepare) {
  const { options, headers, early = Buffer.alloc(0), path = '/', peer: peerOptions } = settings;
  const server = await listen(t, ws, options);
  const accepted = new Promise((resolve) => {
    server.once('connection', (socket, request) => {
      prepare(socket);
      resolve({ socket, request });
    });
  });
  const raw = await tcpClient(t, { port: server.address().port });
  raw.write(Buffer.concat([Buffer.from(requestText({ path, headers })), early]));
  const { head, rest } = await readHead(t, raw);
  const peer = new Peer(t, raw, { masks: true, rest, ...peerOptions });
  const { socket, request } = await t.wait("'connection'", accepted);
  return { socket, request, server, head, peer };
}

async function connectClient(t, ws, settings, prepare) {
  const { options, protocols, headers, early = '', path = '/', peer: peerOptions } = settings;
  let resolvePeer;
  const connected = new Promise((resolve) => (resolvePeer = resolve));
  const server = await tcpServer(t, async (raw) => {
    const { head, rest } = await readHead(t, raw);
    const response = Buffer.from(responseText(keyOf(head), headers));
    raw.write(Buffer.concat([response, Buffer.from(early)]));
    resolvePeer({ head, peer: new Peer(t, raw, { masks: false, rest, ...peerOptions }) });
  });
  const socket = new ws.WebSocket(server.url + path, protocols ?? [], options);
  prepare(socket);
  const opened = t.event(socket, 'open');
  const { head, peer } = await t.wait('a request', connected);
  await opened;
  return { socket, head, peer };
}

/** A WebSocketServer of the library under test, listening. */
export async function listen(t, ws, options) {
  const server = new ws.WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  t.defer(() => stop(server));
  await t.event(server, 'listening');
  t.hide(`:${server.address().port}`, ':<port>');
  server.url = `ws://127.0.0.1:${server.address().port}`;
  return server;
}

/** The library at both ends: `{ server, accepted, client }`, recorded in lanes server and client. */
export async function pair(t, ws, settings = {}) {
  const { watch = true, path = '/', protocols = [] } = settings;
  const server = await listen(t, ws, settings.server);
  const connection = t.event(server, 'connection');
  if (watch) server.once('connection', (socket) => t.watch('server', socket));
  if (settings.setupServer) server.once('connection', settings.setupServer);
  const client = new ws.WebSocket(server.url + path, protocols, settings.client);
  t.defer(() => {
    client.on('error', () => {});
    client.terminate();
  });
  if (watch) t.watch('client', client);
  settings.setupClient?.(client);
  const [[accepted, request]] = await Promise.all([connection, t.event(client, 'open')]);
  return { server, accepted, request, client };
}

function stop(server) {
  for (const socket of server.clients ?? []) {
    socket.on('error', () => {});
    socket.terminate();
  }
  server.on('error', () => {});
  server.close();
}
