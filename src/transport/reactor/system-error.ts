import { getSystemErrorName } from 'node:util';

/** As Node would have reported it. */
export function systemError(errno: number): Error {
  const code = getSystemErrorName(-errno);
  const syscall = code === 'EPIPE' ? 'write' : 'read';
  return Object.assign(new Error(`${syscall} ${code}`), { errno: -errno, code, syscall });
}
