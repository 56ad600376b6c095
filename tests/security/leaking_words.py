"""What the member of `leaking.py` is called, and how it might be written somewhere."""

from __future__ import annotations

_SEPARATED = r"[ \-]?"
PATTERNS = {
    "phone": rf"(?<![0-9])(?:\+?86{_SEPARATED})?136{_SEPARATED}1234{_SEPARATED}9876(?![0-9])",
    "name": r"欧阳若兰|\\u6b27\\u9633\\u82e5\\u5170",
    "email": r"ruolan\.oy",
    "plate": r"BD09321",
    "birthday": r"1988-11-23|19881123",
}
