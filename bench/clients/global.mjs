/** Answers a feed with the global WebSocket of Node.js, Bun or Deno. */

const [port, pid] = globalThis.Deno ? [Deno.args[0], Deno.pid] : [process.argv[2], process.pid];
const ws = new WebSocket(`ws://127.0.0.1:${port}/?pid=${pid}`);
ws.binaryType = 'arraybuffer';
let received = 0;

ws.onmessage = ({ data }) => {
  if (typeof data === 'string') ws.send(String(received));
  else received++;
};
