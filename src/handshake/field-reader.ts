/** Reads the value of a list-valued HTTP header from left to right (RFC 9110 §5.6.1). */

import { tokenEnd } from './token.js';

const TAB = 0x09;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Every method moves on past what it accepted, or throws a `SyntaxError`; the cost is linear. */
export class FieldReader {
  private index = 0;

  constructor(private readonly text: string) {}

  get atEnd(): boolean {
    return this.index >= this.text.length;
  }

  /** A non-empty token. Blanks before it are allowed, but not at the start of the value. */
  token(): string {
    if (this.index > 0) this.skipBlanks();
    return this.bareToken();
  }

  /** A token given as such, or as a quoted-string that is one when unescaped (RFC 6455 §9.1). */
  value(): string {
    return this.peek() === QUOTE ? this.quotedToken() : this.bareToken();
  }

  /** Whether the next character is `separator`, which is taken. */
  take(separator: string): boolean {
    if (this.text[this.index] !== separator) return false;
    this.index++;
    return true;
  }

  /** Blanks after an item; something has to follow them. */
  endItem(): void {
    const start = this.index;
    this.skipBlanks();
    if (this.atEnd && this.index > start) this.fail();
  }

  /** Throws, saying where reading stopped. */
  fail(): never {
    throw new SyntaxError(
      this.atEnd ? 'Unexpected end of input' : `Unexpected character at index ${this.index}`
    );
  }

  private bareToken(): string {
    const start = this.index;
    this.index = tokenEnd(this.text, start);
    if (this.index === start) this.fail();
    return this.text.slice(start, this.index);
  }

  private quotedToken(): string {
    this.index++;
    let token = '';

    for (;;) {
      const start = this.index;
      this.index = tokenEnd(this.text, start);
      token += this.text.slice(start, this.index);

      const code = this.peek();
      if (code === QUOTE && token !== '') {
        this.index++;
        return token;
      }
      if (code !== BACKSLASH) this.fail();

      this.index++;
      // What is escaped has to be a token character as well.
      if (tokenEnd(this.text, this.index) === this.index) this.fail();
    }
  }

  private peek(): number {
    return this.text.charCodeAt(this.index);
  }

  private skipBlanks(): void {
    for (let code = this.peek(); code === SPACE || code === TAB; code = this.peek()) this.index++;
  }
}
