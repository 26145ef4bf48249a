import ferrows = require('ferrows');

const ws: ferrows = new ferrows('ws://example.org', { coalesce: false });
ws.flush();
const server: ferrows.Server = new ferrows.Server({ port: 0, transport: 'stream' });
const reason: string = ferrows.backend.reason;
const frame = ferrows.Sender.frame(Buffer.from('a'), { opcode: 2 });
const receiver: ferrows.Receiver = new ferrows.Receiver();
const codec: ferrows.PerMessageDeflate = new ferrows.PerMessageDeflate();
const header: string = ferrows.extension.format({
  [ferrows.PerMessageDeflate.extensionName]: codec.offer()
});
const names: Set<string> = ferrows.subprotocol.parse('a');
const parameters: ferrows.PerMessageDeflateParameters | null = codec.params;

// @ts-expect-error
ferrows.backend = null;
// @ts-expect-error
new ferrows.Server({ transport: 'none' });
export { frame, header, names, parameters, reason, receiver, server };
