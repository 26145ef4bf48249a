// What an ES module sees, next to what a CommonJS module sees.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import WebSocket, * as namespace from 'ferrows';

const required = createRequire(import.meta.url)('ferrows');
const { WebSocketServer } = namespace;

const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
await once(wss, 'listening');
const client = new required.WebSocket(`ws://127.0.0.1:${wss.address().port}`);
const [served] = await once(wss, 'connection');
served.send('from an ES module');
const [message] = await once(client, 'message');
client.terminate();
wss.close();

console.log(
  JSON.stringify({
    names: Object.keys(namespace).sort(),
    same: WebSocket === required && namespace.WebSocketServer === required.Server,
    instances: client instanceof WebSocket && served instanceof required,
    message: message.toString()
  })
);
