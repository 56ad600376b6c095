"""Sets Django up before a command's modules are imported, and says plainly when the environment cannot be read."""

from __future__ import annotations

import os
import sys

import django
from pydantic import ValidationError
from pydantic_settings import SettingsError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liushui.app.settings")
try:
    django.setup()
except ValidationError as error:
    for problem in error.errors(include_url=False):
        name = "LIUSHUI_" + "_".join(str(part) for part in problem["loc"]).upper()
        print(f"{name}: {problem['msg']}; docs/reference/settings.md lists every setting", file=sys.stderr)
    raise SystemExit(2) from None
except SettingsError as error:  # such as a list that is not JSON
    print(f"LIUSHUI settings: {error}; docs/reference/settings.md lists every setting", file=sys.stderr)
    raise SystemExit(2) from None
