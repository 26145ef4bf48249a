import * as ws from 'ws';
import ferrows from '../../src/index.js';
import { expectedPair } from './expected-pair.js';

/**
 * The library as its users see it. With FERROWS_SUBJECT=ws it is stock ws: that is how one finds out
 * whether a test demands what ws does.
 */
export const isStock = process.env.FERROWS_SUBJECT === 'ws';
const library = (isStock ? ws : ferrows) as typeof ferrows;

export const { WebSocket, WebSocketServer } = library;
export type WebSocket = InstanceType<typeof WebSocket>;
export type WebSocketServer = InstanceType<typeof WebSocketServer>;

// No test of the contract may pass on another pair than the one it is run for.
const { endpoint, transport, masking } = ferrows.backend;
const [actual, expected] = [{ endpoint, transport, masking }, expectedPair()].map((pair) =>
  JSON.stringify(pair)
);
if (actual !== expected) throw new Error(`this process runs on ${actual}, not on ${expected}`);
