/** Status code of a close frame without a body (RFC 6455 §7.4.1); never sent. */
export const NO_STATUS = 1005;

/** Status code of a connection that ended without a close frame; never sent. */
export const ABNORMAL = 1006;

/** Whether `code` may stand in a close frame (RFC 6455 §7.4, and 1012–1014 of the IANA registry). */
export function isValidStatusCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
}
