import WebSocket from 'ferrows';

const ws = new WebSocket(process.env.URL ?? 'ws://localhost:8080');

// Or 'nodebuffer', which is the default, 'fragments' or 'blob'.
ws.binaryType = 'arraybuffer';

ws.on('error', console.error);

// Any Buffer, ArrayBuffer, typed array, DataView or Blob.
ws.on('open', () => ws.send(Float32Array.of(0.5, 1, 1.5)));

ws.on('message', (data) => {
  console.log(new Float32Array(data));
  ws.close();
});
