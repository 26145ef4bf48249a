/** Tokens of HTTP headers (RFC 9110 §5.6.2). */

const TOKEN_CHARACTERS =
  "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const isTokenCharacter = new Uint8Array(128);
for (let i = 0; i < TOKEN_CHARACTERS.length; i++) {
  isTokenCharacter[TOKEN_CHARACTERS.charCodeAt(i)] = 1;
}

/** The index after the run of token characters in `text` that starts at `start`. */
export function tokenEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && isTokenCharacter[text.charCodeAt(end)] === 1) end++;
  return end;
}

export function isToken(text: string): boolean {
  return text !== '' && tokenEnd(text, 0) === text.length;
}
