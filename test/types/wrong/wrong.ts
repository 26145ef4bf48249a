import { WebSocketServer } from 'ferrows';

new WebSocketServer({ port: '80' });
