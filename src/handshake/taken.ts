/**
 * On a socket that carries a WebSocket connection, the `WebSocket` it belongs to; `undefined` again
 * once that connection is over.
 */
export const kWebSocket = Symbol('websocket');

/** Stands for that `WebSocket` on a socket that its connection has let go of. */
export const RELEASED = Symbol('released');
