/** The event objects given to listeners added with `addEventListener` or an `on` attribute. */

/** Written by the dispatcher alone. */
export const kTarget = Symbol('kTarget');
const kType = Symbol('kType');
const kCode = Symbol('kCode');
const kReason = Symbol('kReason');
const kWasClean = Symbol('kWasClean');
const kError = Symbol('kError');
const kMessage = Symbol('kMessage');
const kData = Symbol('kData');

export class Event {
  [kTarget]: unknown = null;
  private readonly [kType]: string;

  constructor(type: string) {
    this[kType] = type;
  }

  get target(): unknown {
    return this[kTarget];
  }

  get type(): string {
    return this[kType];
  }
}

export class CloseEvent extends Event {
  private readonly [kCode]: number;
  private readonly [kReason]: string;
  private readonly [kWasClean]: boolean;

  constructor(type: string, options: { code?: number; reason?: string; wasClean?: boolean } = {}) {
    super(type);
    const { code = 0, reason = '', wasClean = false } = options;
    this[kCode] = code;
    this[kReason] = reason;
    this[kWasClean] = wasClean;
  }

  get code(): number {
    return this[kCode];
  }

  get reason(): string {
    return this[kReason];
  }

  /** Whether both close frames were exchanged. */
  get wasClean(): boolean {
    return this[kWasClean];
  }
}

export class ErrorEvent extends Event {
  private readonly [kError]: unknown;
  private readonly [kMessage]: string;

  constructor(type: string, options: { error?: unknown; message?: string } = {}) {
    super(type);
    const { error = null, message = '' } = options;
    this[kError] = error;
    this[kMessage] = message;
  }

  get error(): unknown {
    return this[kError];
  }

  get message(): string {
    return this[kMessage];
  }
}

export class MessageEvent extends Event {
  private readonly [kData]: unknown;

  constructor(type: string, options: { data?: unknown } = {}) {
    super(type);
    const { data = null } = options;
    this[kData] = data;
  }

  get data(): unknown {
    return this[kData];
  }
}

// What a browser's event shows in for…in, these show too.
const ENUMERABLE: [{ prototype: object }, string[]][] = [
  [Event, ['target', 'type']],
  [CloseEvent, ['code', 'reason', 'wasClean']],
  [ErrorEvent, ['error', 'message']],
  [MessageEvent, ['data']]
];
for (const [{ prototype }, members] of ENUMERABLE) {
  for (const member of members) Object.defineProperty(prototype, member, { enumerable: true });
}
