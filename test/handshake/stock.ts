import * as ws from 'ws';
import type * as ownExtension from '../../src/handshake/extension.js';
import type * as ownSubprotocol from '../../src/handshake/subprotocol.js';
import type { PerMessageDeflate as OwnPerMessageDeflate } from '../../src/endpoint/permessage-deflate.js';

/** What ws exports without @types/ws knowing it; the signatures are ours. */
export const { extension, subprotocol, PerMessageDeflate } = ws as unknown as {
  extension: typeof ownExtension;
  subprotocol: typeof ownSubprotocol;
  PerMessageDeflate: typeof OwnPerMessageDeflate;
};
