import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { WebSocketServer } from 'ferrows';

const server = createServer({
  cert: readFileSync(process.env.CERT ?? 'cert.pem'),
  key: readFileSync(process.env.KEY ?? 'key.pem')
});
const wss = new WebSocketServer({ server });

wss.on('connection', (ws, request) => {
  ws.on('error', console.error);
  ws.send(`connected with ${request.socket.getProtocol()}`);
});

server.listen(process.env.PORT ?? 8443, () => console.log('port', server.address().port));
