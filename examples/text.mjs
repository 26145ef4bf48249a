import WebSocket from 'ferrows';

const ws = new WebSocket(process.env.URL ?? 'ws://localhost:8080');

ws.on('error', console.error);

ws.on('open', () => ws.send('Is anybody there?'));

ws.on('message', (data, isBinary) => {
  // Text arrives as a Buffer too; `isBinary` tells what the peer sent.
  console.log(isBinary ? 'binary' : 'text', data.toString());
  ws.close();
});
