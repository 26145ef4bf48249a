import type { IncomingHandler, MessageData } from '../../src/endpoint/contract.js';

/** What an endpoint reported, as a list of plain values that can be compared. */
export class IncomingRecorder implements IncomingHandler {
  readonly events: unknown[][] = [];
  /** Called with each event's name after it has been recorded: a listener's code. */
  listener: (name: string, index: number) => void = () => {};

  onMessage(data: MessageData, isBinary: boolean): void {
    this.record('message', isBinary ? copied(data) : String(data), isBinary);
  }

  onPing(data: Buffer): void {
    this.record('ping', String(data));
  }

  onPong(data: Buffer): void {
    this.record('pong', String(data));
  }

  onConclude(code: number, reason: Buffer): void {
    this.record('conclude', code, String(reason));
  }

  onError(error: Error & { code?: string }): void {
    this.record('error', error.code, error.message);
  }

  onDrain(): void {
    this.record('drain');
  }

  onFinish(): void {
    this.record('finish');
  }

  /** The first argument of each event of this name. */
  all(name: string): unknown[] {
    return this.events.filter((event) => event[0] === name).map((event) => event[1]);
  }

  private record(...event: unknown[]): void {
    const index = this.events.push(event) - 1;
    this.listener(event[0] as string, index);
  }
}

/** The bytes as they are now. */
function copied(data: MessageData): unknown {
  if (Array.isArray(data)) return data.map((piece) => Buffer.from(piece));
  return data instanceof Blob ? data : Buffer.from(data as Buffer);
}
