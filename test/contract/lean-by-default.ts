import { CLIENT_DEFAULTS, SERVER_DEFAULTS } from '../../src/handshake/options.js';

/** For the project native+lean: every connection that does not choose a transport is lean. */
CLIENT_DEFAULTS.transport = 'lean';
SERVER_DEFAULTS.transport = 'lean';
