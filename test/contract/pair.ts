import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { ClientOptions, ServerOptions } from '../../src/handshake/options.js';
import { ipcPath } from '../handshake/peers.js';
import { duplexPair } from './duplex-pair.js';
import { WebSocket, WebSocketServer } from './library.js';
import { tlsIdentity } from './tls-identity.js';

/** What carries the bytes between the two. */
export const carriers = ['TCP', 'TLS', 'Unix', 'memory'] as const;
export type Carrier = (typeof carriers)[number];

/** An open connection, seen from both sides. */
export interface Pair {
  client: WebSocket;
  server: WebSocket;
  wss: WebSocketServer;
}

export interface PairOptions {
  client?: ClientOptions;
  server?: ServerOptions;
}

/** Opens a connection over `carrier`; the test's end ends it. */
export async function openPair(carrier: Carrier, options: PairOptions = {}): Promise<Pair> {
  const { wss, connect } = await openServer(carrier, options.server);
  const connection = once(wss, 'connection');
  const client = connect(options.client);
  const [[server]] = (await Promise.all([connection, once(client, 'open')])) as [
    [WebSocket],
    unknown
  ];
  return { client, server, wss };
}

/** Starts a server, and says how clients connect to it. */
export async function openServer(
  carrier: Carrier,
  options: ServerOptions = {}
): Promise<{ wss: WebSocketServer; connect: (options?: ClientOptions) => WebSocket }> {
  const httpServer = carrier === 'TLS' ? https.createServer(tlsIdentity) : http.createServer();
  const wss = new WebSocketServer({ server: httpServer, ...options });
  const opened: WebSocket[] = [];
  onTestFinished(() => {
    for (const each of [...opened, ...wss.clients!]) (each as WebSocket).terminate();
    httpServer.close();
  });

  let connectOptions: ClientOptions = { ca: tlsIdentity.cert };
  let address = 'ws://localhost';
  if (carrier === 'memory') {
    connectOptions = {
      createConnection: (() => {
        const [near, far] = duplexPair();
        httpServer.emit('connection', far);
        return near;
      }) as never
    };
  } else if (carrier === 'Unix') {
    const path = ipcPath();
    httpServer.listen(path);
    await once(httpServer, 'listening');
    address = `ws+unix:${path}`;
  } else {
    httpServer.listen(0, '127.0.0.1');
    await once(httpServer, 'listening');
    const { port } = httpServer.address() as AddressInfo;
    address = `${carrier === 'TLS' ? 'wss' : 'ws'}://localhost:${port}`;
  }

  const connect = (more?: ClientOptions) => {
    const client = new WebSocket(address, { ...connectOptions, ...more });
    client.on('error', () => {});
    opened.push(client);
    return client;
  };
  return { wss, connect };
}
