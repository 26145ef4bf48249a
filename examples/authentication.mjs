import { createServer } from 'node:http';
import { WebSocketServer } from 'ferrows';

const users = new Map([['a-long-random-token', 'alice']]);

/** Stands for a question to a database. */
async function userOf(request) {
  const [scheme, token] = (request.headers.authorization ?? '').split(' ');
  return scheme === 'Bearer' ? users.get(token) : undefined;
}

const server = createServer();
const wss = new WebSocketServer({ noServer: true });

wss.on('connection', (ws, request, user) => {
  ws.on('error', console.error);
  ws.on('message', (data) => console.log(`${user} says: ${data}`));
});

server.on('upgrade', async (request, socket, head) => {
  // The client may leave while it is looked up.
  socket.on('error', console.error);
  const user = await userOf(request);
  if (user === undefined) {
    socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
    return;
  }
  socket.removeListener('error', console.error);
  wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws, request, user));
});

server.listen(process.env.PORT ?? 8080, () => console.log('port', server.address().port));
