import { WebSocket, WebSocketServer } from 'ferrows';

const wss = new WebSocketServer({ port: process.env.PORT ?? 8080 });

wss.on('connection', (ws) => {
  ws.on('error', console.error);

  ws.on('message', (data, isBinary) => {
    for (const client of wss.clients) {
      if (client === ws || client.readyState !== WebSocket.OPEN) continue;
      client.send(data, { binary: isBinary });
    }
  });
});

wss.on('listening', () => console.log('port', wss.address().port));
