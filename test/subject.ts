import * as ws from 'ws';
import { createWebSocketStream as ownStream } from '../src/api/create-websocket-stream.js';
import { WebSocketServer as OwnServer } from '../src/api/websocket-server.js';
import { WebSocket as OwnWebSocket } from '../src/api/websocket.js';

/**
 * The classes under test. With FERROWS_SUBJECT=ws they are those of stock ws, and the same tests must
 * pass: that is how one finds out whether a test demands what ws does.
 */
const stock: any = process.env.FERROWS_SUBJECT === 'ws' && ws;

export const isStock = !!stock;
export const WebSocket: typeof OwnWebSocket = stock ? stock.WebSocket : OwnWebSocket;
export type WebSocket = OwnWebSocket;
export const WebSocketServer: typeof OwnServer = stock ? stock.WebSocketServer : OwnServer;
export type WebSocketServer = OwnServer;
export const createWebSocketStream: typeof ownStream = stock
  ? stock.createWebSocketStream
  : ownStream;
