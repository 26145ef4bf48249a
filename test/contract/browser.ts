import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ServerOptions } from '../../src/handshake/options.js';
import { WebSocketServer, type WebSocket } from './library.js';

/** As distributions name it; undefined where it is not installed. */
export const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version']).status === 0
);

/**
 * Is told numbers, and opens a connection for each. On it, it says again what it hears, until it is
 * asked to close; what the close event says is posted.
 */
const PAGE = `<!doctype html>
<link rel="icon" href="data:,">
<script>
  function converse(number) {
    const ws = new WebSocket('ws://' + location.host + '/' + number);
    ws.binaryType = 'arraybuffer';
    ws.onmessage = ({ data }) => {
      const [, close] = typeof data === 'string' && /^close (.*)/.exec(data) || [];
      if (close) ws.close(...JSON.parse(close));
      else ws.send(data);
    };
    ws.onclose = ({ code, reason, wasClean }) => {
      const body = JSON.stringify({ extensions: ws.extensions, code, reason, wasClean });
      fetch('/' + number, { method: 'POST', body });
    };
  }
  new EventSource('/numbers').onmessage = ({ data }) => converse(data);
</script>`;

/** What the page knows of a connection that has been closed. */
export interface Outcome {
  extensions: string;
  code: number;
  reason: string;
  wasClean: boolean;
}

/** Seen from the server, and how it will have ended for the page. */
export interface Connection {
  ws: WebSocket;
  outcome: Promise<Outcome>;
}

export interface Browser {
  /** A connection that the page has opened to a server with `options`. */
  connect(options: ServerOptions): Promise<Connection>;
  close(): Promise<void>;
}

/** A headless Chromium that shows the page, which is served by this process. */
export async function openBrowser(): Promise<Browser> {
  const servers: WebSocketServer[] = [];
  const outcomes: ((outcome: Outcome) => void)[] = [];
  const page = http.createServer((request, response) => {
    if (request.method === 'POST') {
      const settle = outcomes[Number(request.url!.slice(1))];
      void text(request).then((body) => settle(JSON.parse(body)));
      response.end();
    } else if (request.url === '/numbers') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      page.emit('shown', response);
    } else {
      response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
    }
  });
  page.on('upgrade', (request, socket, head) => {
    const wss = servers[Number(request.url!.slice(1))];
    wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws));
  });
  page.listen(0, '127.0.0.1');
  await once(page, 'listening');

  const profile = mkdtempSync(join(tmpdir(), 'ferrows-chromium-'));
  const { port } = page.address() as AddressInfo;
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  const place = [`--user-data-dir=${profile}`, `http://127.0.0.1:${port}/`];
  const child = spawn(chromium ?? 'chromium', [...flags, ...place], {
    stdio: ['ignore', 'ignore', 'pipe']
  });
  const gone = Promise.all([text(child.stderr), once(child, 'close')]).then(([words]) => {
    throw new Error(`Chromium has ended: ${words}`);
  });
  gone.catch(() => {});
  const [numbers] = (await Promise.race([once(page, 'shown'), gone])) as [http.ServerResponse];

  return {
    async connect(options) {
      const wss = new WebSocketServer({ noServer: true, ...options });
      const connection = once(wss, 'connection') as Promise<[WebSocket]>;
      const closed = new Promise<Outcome>((resolve) => outcomes.push(resolve));
      numbers.write(`data: ${servers.push(wss) - 1}\n\n`);
      const [ws] = await Promise.race([connection, gone]);
      const outcome = Promise.race([closed, gone]);
      outcome.catch(() => {});
      return { ws, outcome };
    },
    async close() {
      child.kill('SIGKILL');
      await gone.catch(() => {});
      page.close();
      page.closeAllConnections();
      rmSync(profile, { recursive: true, force: true });
    }
  };
}
