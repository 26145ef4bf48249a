import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { systemError } from '../../../src/transport/reactor/system-error.js';

describe.skipIf(process.platform !== 'linux')('an error of a system call', () => {
  it('is as Node has it', () => {
    const errno = constants.errno.ECONNRESET;
    expect(systemError(errno)).toMatchObject({
      message: 'read ECONNRESET',
      code: 'ECONNRESET',
      errno: -errno,
      syscall: 'read'
    });
  });

  it('is one of a write where no read has it', () => {
    const { message, syscall } = systemError(constants.errno.EPIPE) as Error & { syscall: string };
    expect([message, syscall]).toEqual(['write EPIPE', 'write']);
  });
});
