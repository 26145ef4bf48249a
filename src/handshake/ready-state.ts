/** The values of `WebSocket#readyState`, and their names by value. */

export const CONNECTING = 0;
export const OPEN = 1;
export const CLOSING = 2;
export const CLOSED = 3;

export type ReadyState = typeof CONNECTING | typeof OPEN | typeof CLOSING | typeof CLOSED;

export const readyStates = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'] as const;
