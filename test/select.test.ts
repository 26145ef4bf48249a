import { describe, expect, it } from 'vitest';
import { Parser } from '../src/endpoint/portable/parser.js';
import { backend, createConnectionParts, createIncoming, masking } from '../src/select.js';
import { ReactorTransport } from '../src/transport/reactor/transport.js';
import { StreamTransport } from '../src/transport/stream.js';
import { duplexPair } from './contract/duplex-pair.js';
import { frame } from './contract/wire.js';
import { IncomingRecorder } from './endpoint/incoming-recorder.js';
import { maskingCases } from './endpoint/portable/masking-cases.js';

describe('createIncoming', () => {
  it('makes the endpoint that the backend names', () => {
    const incoming = createIncoming({}, new IncomingRecorder());
    expect(incoming instanceof Parser).toBe(backend.endpoint === 'portable');
  });

  it('makes an endpoint that works', () => {
    const recorder = new IncomingRecorder();
    createIncoming({ isServer: true }, recorder).write(frame('hello', { key: Buffer.alloc(4, 7) }));
    expect(recorder.events).toEqual([['message', 'hello', false]]);
  });
});

describe('createConnectionParts', () => {
  it('makes a stream transport for a Duplex, whatever the backend', () => {
    const handler = Object.assign(new IncomingRecorder(), {
      onBytes: () => true,
      onEnd() {},
      onBroken() {},
      onClosed() {}
    });
    const { transport } = createConnectionParts(duplexPair()[0], {}, handler, true, undefined);
    expect(transport).toBeInstanceOf(StreamTransport);
    expect(transport).not.toBeInstanceOf(ReactorTransport);
  });
});

describe('masking', () => {
  it('is the one that the backend names, and right', () => {
    expect(masking.name).toBe(backend.masking);
    expect(maskingCases(masking, 'mask')).toEqual([]);
    expect(maskingCases(masking, 'unmask')).toEqual([]);
  });
});
