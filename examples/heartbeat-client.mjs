import WebSocket from 'ferrows';

const ws = new WebSocket(process.env.URL ?? 'ws://localhost:8080');
/** How often the server pings, and what a ping may be late. */
const patience = Number(process.env.PATIENCE ?? 30_000 + 1000);
let timer;

function listen() {
  clearTimeout(timer);
  timer = setTimeout(() => ws.terminate(), patience);
}

ws.on('error', console.error);
ws.on('open', listen);
ws.on('ping', listen);

ws.on('close', (code) => {
  clearTimeout(timer);
  console.log('closed with', code);
});
