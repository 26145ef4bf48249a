"""Starts wstest from the packages in `site` beside this file (Python 2.7)."""
import gc
import os
import site
import sys
import threading
import time
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


def collect_now_and_then():
    """PyPy does not count what zlib takes for a connection's or a message's compressor, and would let
    tens of gigabytes of it pile up in sections 12 and 13 before it collects by itself."""
    while True:
        time.sleep(3)
        gc.collect()


collector = threading.Thread(target=collect_now_and_then)
collector.daemon = True
collector.start()

from autobahntestsuite.wstest import run

run()
