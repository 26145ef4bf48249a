/** What `flags` needs of a class. */
export interface Flagged {
  bits: number;
}

/**
 * Makes properties of a class that are true or false bits of its instances' `bits`, from bit `first`
 * on: a field would cost each connection eight bytes.
 */
export function flags(prototype: Flagged, first: number, ...names: string[]): void {
  for (const [index, name] of names.entries()) {
    const bit = 1 << (first + index);
    Object.defineProperty(prototype, name, {
      configurable: true,
      get(this: Flagged): boolean {
        return (this.bits & bit) !== 0;
      },
      set(this: Flagged, on: boolean) {
        this.bits = on ? this.bits | bit : this.bits & ~bit;
      }
    });
  }
}
