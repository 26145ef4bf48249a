/** The `Sec-WebSocket-Protocol` header of a request (RFC 6455 §11.3.4). */

import { FieldReader } from './field-reader.js';

/** Parses the value of the header into the offered names in order, or throws a `SyntaxError`. */
export function parse(header: string): Set<string> {
  const protocols = new Set<string>();
  const reader = new FieldReader(header);

  for (;;) {
    const protocol = reader.token();
    reader.endItem();
    // What follows is checked first, so that the earliest mistake is the one reported.
    const more = reader.take(',');
    if (!more && !reader.atEnd) reader.fail();

    if (protocols.has(protocol)) {
      throw new SyntaxError(`The "${protocol}" subprotocol is duplicated`);
    }
    protocols.add(protocol);

    if (!more) return protocols;
  }
}
