/** Echo and broadcast with Deno's own server. */

const all = new Set();

Deno.serve({ hostname: '127.0.0.1', port: Number(Deno.args[0]), onListen() {} }, (request) => {
  // Its pings find nobody while the load stands still, which may be longer than the 30 s they wait.
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 600 });
  socket.binaryType = 'arraybuffer';
  if (new URL(request.url).pathname === '/broadcast') {
    socket.onopen = () => all.add(socket);
    socket.onclose = () => all.delete(socket);
    socket.onmessage = ({ data }) => {
      for (const client of all) client.send(data);
    };
  } else {
    socket.onmessage = ({ data }) => socket.send(data);
  }
  socket.onerror = () => {};
  return response;
});

console.log(JSON.stringify({ version: Deno.version.deno }));
