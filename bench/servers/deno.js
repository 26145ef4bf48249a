/** Echo and broadcast with Deno's own server. */

const all = new Set();

Deno.serve({ hostname: '127.0.0.1', port: Number(Deno.args[0]), onListen() {} }, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
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
