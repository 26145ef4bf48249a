import { HttpsProxyAgent } from 'https-proxy-agent';
import WebSocket from 'ferrows';

const agent = new HttpsProxyAgent(process.env.PROXY ?? 'http://localhost:3128');
const ws = new WebSocket(process.env.URL ?? 'ws://localhost:8080', { agent });

ws.on('error', console.error);
ws.on('open', () => ws.send('through the proxy'));

ws.on('message', (data) => {
  console.log('received:', data.toString());
  ws.close();
});
