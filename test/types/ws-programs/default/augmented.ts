import type { WebSocket, WebSocketServer } from 'ws';

declare module 'ws' {
  interface WebSocket {
    isAlive?: boolean;
  }
  interface WebSocketServer {
    tenant?: string;
  }
}

declare const socket: WebSocket;
socket.isAlive = true;
declare const server: WebSocketServer;
server.tenant = 'a';
