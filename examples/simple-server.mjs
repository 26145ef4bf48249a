import { WebSocketServer } from 'ferrows';

const wss = new WebSocketServer({ port: process.env.PORT ?? 8080 });

wss.on('connection', (ws) => {
  ws.on('error', console.error);

  ws.on('message', (data, isBinary) => {
    console.log('received:', data.toString());
    ws.send(data, { binary: isBinary });
  });

  ws.send('welcome');
});

wss.on('listening', () => console.log('port', wss.address().port));
