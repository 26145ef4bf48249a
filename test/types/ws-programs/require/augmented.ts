import WebSocket = require('ws');

declare module 'ws' {
  interface WebSocket {
    isAlive?: boolean;
  }
  interface ServerOptions {
    tenant?: string;
  }
}

const ws: WebSocket.WebSocket = new WebSocket.WebSocket('ws://example.org');
ws.isAlive = true;
new WebSocket.Server({ port: 0, tenant: 'a' }).options.tenant?.length;
