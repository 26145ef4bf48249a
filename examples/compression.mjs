import { WebSocketServer } from 'ferrows';

const wss = new WebSocketServer({
  port: process.env.PORT ?? 8080,
  perMessageDeflate: {
    // Every message stands for itself: compresses less, and what is sent to many is compressed once.
    serverNoContextTakeover: true,
    clientNoContextTakeover: true,
    // Messages of fewer bytes are sent as they are.
    threshold: 1024,
    zlibDeflateOptions: { level: 3, memLevel: 7 }
  }
});

wss.on('connection', (ws) => {
  ws.on('error', console.error);
  console.log('extensions:', ws.extensions || 'none');
  ws.send('again and '.repeat(1000));
  ws.send('again and '.repeat(1000), { compress: false });
});

wss.on('listening', () => console.log('port', wss.address().port));
