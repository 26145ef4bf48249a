/** The `Sec-WebSocket-Extensions` header (RFC 6455 §9.1). */

import { FieldReader } from './field-reader.js';

/** Parameters of one entry: every value given, `true` for those without one. */
export type ExtensionParameters = Record<string, (string | true)[]>;

/** Entries by extension name, in the order given. It has no prototype: any name may be sent. */
export type ParsedExtensions = Record<string, ExtensionParameters[]>;

/** What `format` takes: a list may be given as its only element. */
export type FormattableExtensions = Record<string, object | object[]>;

/** Parses the value of the header, or throws a `SyntaxError`. */
export function parse(header: string): ParsedExtensions {
  const extensions: ParsedExtensions = Object.create(null);
  const reader = new FieldReader(header);

  do {
    const name = reader.token();
    reader.endItem();

    const parameters: ExtensionParameters = Object.create(null);
    while (reader.take(';')) parseParameter(reader, parameters);

    append(extensions, name, parameters);
  } while (reader.take(','));

  if (!reader.atEnd) reader.fail();
  return extensions;
}

/** Builds the value of the header. */
export function format(extensions: FormattableExtensions): string {
  return Object.keys(extensions)
    .flatMap((name) =>
      [extensions[name]].flat().map((parameters) => [name, ...formatted(parameters)].join('; '))
    )
    .join(', ');
}

function parseParameter(reader: FieldReader, parameters: ExtensionParameters): void {
  const name = reader.token();
  // No blanks around the equals sign.
  const value = reader.take('=') ? reader.value() : true;
  reader.endItem();
  append(parameters, name, value);
}

function append<T>(lists: Record<string, T[]>, name: string, item: T): void {
  const list = lists[name];
  if (list === undefined) lists[name] = [item];
  else list.push(item);
}

function formatted(parameters: object): string[] {
  return Object.entries(parameters).flatMap(([name, values]) =>
    [values].flat().map((value: unknown) => (value === true ? name : `${name}=${value}`))
  );
}
