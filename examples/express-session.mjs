import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import express from 'express';
import session from 'express-session';
import { WebSocketServer } from 'ferrows';

const app = express();
const withSession = session({
  secret: process.env.SECRET ?? randomUUID(),
  resave: false,
  saveUninitialized: false
});
const connections = new Map();

app.use(withSession);

app.post('/login', (request, response) => {
  request.session.user = randomUUID();
  response.json({ user: request.session.user });
});

app.post('/logout', (request, response) => {
  connections.get(request.session.user)?.close(1000, 'logged out');
  request.session.destroy(() => response.json({}));
});

const server = createServer(app);
const wss = new WebSocketServer({ noServer: true });

server.on('upgrade', (request, socket, head) => {
  socket.on('error', console.error);
  // The session is only read here, so that no response is needed.
  withSession(request, {}, () => {
    if (!request.session.user) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
      return;
    }
    socket.removeListener('error', console.error);
    wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws, request));
  });
});

wss.on('connection', (ws, request) => {
  const { user } = request.session;
  connections.set(user, ws);
  ws.on('error', console.error);
  ws.on('message', (data) => console.log(`${user} says: ${data}`));
  ws.on('close', () => connections.delete(user));
});

server.listen(process.env.PORT ?? 8080, () => console.log('port', server.address().port));
