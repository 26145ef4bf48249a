/** The version of this package; the addon's has to be the same. */
export const VERSION = '0.1.0';
