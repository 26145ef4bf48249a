import { pipeline } from 'node:stream/promises';
import WebSocket, { createWebSocketStream } from 'ferrows';

const ws = new WebSocket(process.env.URL ?? 'ws://localhost:8080');
const duplex = createWebSocketStream(ws, { encoding: 'utf8' });

// What is typed is sent, what is received is printed; the end of the input closes the connection.
await pipeline(process.stdin, duplex, process.stdout);
