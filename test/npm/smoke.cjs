/**
 * Loads ferrows from the folder that is named, with `require` and with `import`, and has every kind of
 * message echoed. Prints the backend, and Node's own masking functions' type, as JSON.
 */

'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const folder = path.resolve(process.argv[2]);
const WebSocket = require(path.join(folder, 'index.js'));

main();

async function main() {
  const esm = await import(pathToFileURL(path.join(folder, 'index.mjs')).href);
  assert.strictEqual(esm.WebSocket, WebSocket);
  assert.strictEqual(esm.default, WebSocket);

  for (const perMessageDeflate of [false, true]) await echo({ perMessageDeflate });
  console.log(
    JSON.stringify({
      node: process.versions.node,
      backend: WebSocket.backend,
      websocketMask: typeof http.websocketMask
    })
  );
}

async function echo(options) {
  const server = new WebSocket.Server({ host: '127.0.0.1', port: 0, ...options });
  server.on('connection', (ws) =>
    ws.on('message', (data, binary) => ws.send(data, { binary, compress: true }))
  );
  await once(server, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`, options);
  await once(client, 'open');
  assert.strictEqual(client.extensions !== '', options.perMessageDeflate);

  for (const length of [0, 1, 125, 126, 5000, 65_536, 1_000_000]) {
    const bytes = Buffer.alloc(length, 'aé€😀');
    client.send(bytes);
    const [data, binary] = await once(client, 'message');
    assert.ok(binary && data.equals(bytes), `${length} bytes`);
  }
  client.send('x'.repeat(3000), { fin: false });
  client.send('é€😀');
  const [text, binary] = await once(client, 'message');
  assert.ok(!binary);
  assert.strictEqual(text.toString(), `${'x'.repeat(3000)}é€😀`);

  client.ping('ping');
  const [payload] = await once(client, 'pong');
  assert.strictEqual(payload.toString(), 'ping');

  client.close(4000, 'done');
  const [code, reason] = await once(client, 'close');
  assert.strictEqual(`${code} ${reason}`, '4000 done');
  server.close();
  await once(server, 'close');
}
