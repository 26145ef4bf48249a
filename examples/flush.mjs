import { pbkdf2Sync } from 'node:crypto';
import { WebSocketServer } from 'ferrows';

const wss = new WebSocketServer({ port: process.env.PORT ?? 8080 });

wss.on('connection', (ws) => {
  ws.on('error', console.error);

  ws.on('message', (password) => {
    ws.send('working');
    // What follows blocks this thread: without this, 'working' would arrive with the result.
    ws.flush();
    const hash = pbkdf2Sync(password, 'salt', 400_000, 32, 'sha512');
    // These leave in one write when this function has returned.
    ws.send(hash.toString('hex'));
    ws.send('done');
  });
});

wss.on('listening', () => console.log('port', wss.address().port));
