// graphql-ws, which is given the server and the client class of `ws`.
import { once } from 'node:events';
import { buildSchema } from 'graphql';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import WebSocket, { WebSocketServer } from 'ws';

const schema = buildSchema('type Query { hello: String } type Subscription { count: Int }');
const roots = {
  query: { hello: () => 'world' },
  subscription: {
    async *count() {
      for (let count = 1; count <= 3; count++) yield { count };
    }
  }
};

const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/graphql' });
const server = useServer({ schema, roots }, wss);
await once(wss, 'listening');

const client = createClient({
  url: `ws://127.0.0.1:${wss.address().port}/graphql`,
  webSocketImpl: WebSocket
});

const results = [];
for (const query of ['{ hello }', 'subscription { count }']) {
  for await (const { data } of client.iterate({ query })) results.push(data);
}

await client.dispose();
await server.dispose();

console.log(JSON.stringify({ backend: WebSocket.backend?.endpoint, results }));
