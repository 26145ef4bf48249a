import { createServer } from 'node:http';
import { WebSocketServer } from 'ferrows';

const chat = new WebSocketServer({ noServer: true });
const prices = new WebSocketServer({ noServer: true });
const serverOf = new Map([
  ['/chat', chat],
  ['/prices', prices]
]);

chat.on('connection', (ws) => {
  ws.on('error', console.error);
  ws.send('this is the chat');
});

prices.on('connection', (ws) => {
  ws.on('error', console.error);
  ws.send('these are the prices');
});

const server = createServer();

server.on('upgrade', (request, socket, head) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  const wss = serverOf.get(pathname);
  if (wss) {
    wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws, request));
  } else {
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
  }
});

server.listen(process.env.PORT ?? 8080, () => console.log('port', server.address().port));
