"""Starts wstest from the packages in `site` beside this file (Python 2.7)."""
import os
import site
import sys
import types

site.addsitedir(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'site'))
sys.argv[0] = 'wstest'

try:
    import OpenSSL  # noqa: F401
except ImportError:
    # wstest imports twisted.internet.ssl in every mode and uses it for wss:// only.
    import twisted.internet

    ssl = types.ModuleType('twisted.internet.ssl')
    ssl.ClientContextFactory = lambda: None
    sys.modules['twisted.internet.ssl'] = twisted.internet.ssl = ssl

from autobahntestsuite.wstest import run

run()
