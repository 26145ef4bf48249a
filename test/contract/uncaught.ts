import { onTestFinished } from 'vitest';

/**
 * Collects the exceptions that would end the process until the test is over. Without this the test
 * runner takes them for failures.
 */
export function captureUncaught(): { errors: Error[]; messages(): string[] } {
  const others = process.listeners('uncaughtException');
  const errors: Error[] = [];
  const listener = (error: Error) => void errors.push(error);

  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', listener);
  onTestFinished(() => {
    process.removeListener('uncaughtException', listener);
    for (const other of others) process.on('uncaughtException', other);
  });
  return { errors, messages: () => errors.map(({ message }) => message) };
}
