"""The product's settings with one more page: every piece of the console side by side, on made-up figures.

Sessions and PINs of the tests are hashed fast here too.
"""

from pathlib import Path

from tests.support.fast_hashes import hash_fast

from liushui.app.settings import *  # noqa: F403
from liushui.app.settings import TEMPLATES

ROOT_URLCONF = "tests.browser.gallery.urls"
TEMPLATES[0]["DIRS"] = [Path(__file__).parent / "templates"]
hash_fast()
