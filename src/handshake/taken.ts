/**
 * On a socket that carries a WebSocket connection, the `WebSocket` it belongs to; `undefined` again
 * once that connection is over.
 */
export const kWebSocket = Symbol('websocket');
