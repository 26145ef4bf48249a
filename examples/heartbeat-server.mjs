import { WebSocketServer } from 'ferrows';

const wss = new WebSocketServer({ port: process.env.PORT ?? 8080 });
const alive = new WeakSet();

wss.on('connection', (ws) => {
  alive.add(ws);
  ws.on('error', console.error);
  ws.on('pong', () => alive.add(ws));
  ws.on('close', (code) => console.log('closed with', code));
});

const timer = setInterval(
  () => {
    for (const ws of wss.clients) {
      // No pong since the last ping: `close` would wait for an answer as well, so drop it.
      if (alive.delete(ws)) ws.ping();
      else ws.terminate();
    }
  },
  Number(process.env.INTERVAL ?? 30_000)
);

wss.on('close', () => clearInterval(timer));
wss.on('listening', () => console.log('port', wss.address().port));
