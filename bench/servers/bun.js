/** Echo and broadcast with Bun's own server. */

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.argv[2]),
  fetch(request, server) {
    const data = {
      broadcast: new URL(request.url).pathname === '/broadcast',
      compress: request.headers.has('sec-websocket-extensions')
    };
    if (!server.upgrade(request, { data })) return new Response('', { status: 426 });
  },
  websocket: {
    perMessageDeflate: true,
    open(ws) {
      if (ws.data.broadcast) ws.subscribe('all');
    },
    message(ws, message) {
      if (ws.data.broadcast) server.publish('all', message);
      else ws.send(message, ws.data.compress);
    }
  }
});

console.log(JSON.stringify({ version: Bun.version }));
process.on('SIGUSR2', () => Bun.gc(true));
