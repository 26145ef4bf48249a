"""Starts wstest from the packages in `site` beside this file (Python 2.7)."""
import gc
import os
import site
import sys
import types
import zlib

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


def collecting(create, every):
    """create, with a garbage collection now and then.

    Without context takeover the suite makes a compressor for every message. PyPy does not count the
    256 KiB that zlib takes for each, and would let tens of gigabytes pile up before it collects.
    """
    made = [0]

    def collecting_create(*args):
        made[0] += 1
        if made[0] % every == 0:
            gc.collect()
        return create(*args)

    return collecting_create


zlib.compressobj = collecting(zlib.compressobj, 500)
zlib.decompressobj = collecting(zlib.decompressobj, 2000)

from autobahntestsuite.wstest import run

run()
