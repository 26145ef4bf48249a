import WebSocket from './index.js';

export const {
  backend,
  createWebSocketStream,
  extension,
  PerMessageDeflate,
  Receiver,
  Sender,
  subprotocol,
  WebSocketServer
} = WebSocket;
export { WebSocket };
export default WebSocket;
