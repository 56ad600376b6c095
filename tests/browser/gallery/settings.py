"""The product's settings with one more page: every piece of the console side by side, on made-up figures."""

from pathlib import Path

from liushui.app.settings import *  # noqa: F403
from liushui.app.settings import TEMPLATES

ROOT_URLCONF = "tests.browser.gallery.urls"
TEMPLATES[0]["DIRS"] = [Path(__file__).parent / "templates"]
