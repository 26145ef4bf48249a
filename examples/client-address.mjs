import { WebSocketServer } from 'ferrows';

const wss = new WebSocketServer({ port: process.env.PORT ?? 8080 });

/** Those whose X-Forwarded-For is believed: anybody can send one. */
const proxies = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/** The last address on the way here that is not a proxy of ours. */
function addressOf(request) {
  const forwarded = request.headers['x-forwarded-for'] ?? '';
  const hops = forwarded.split(',').map((hop) => hop.trim());
  return [...hops, request.socket.remoteAddress].findLast((hop) => hop && !proxies.has(hop));
}

wss.on('connection', (ws, request) => {
  ws.on('error', console.error);
  console.log('connection from', addressOf(request) ?? 'this machine');
});

wss.on('listening', () => console.log('port', wss.address().port));
