"""What a user would write instead in an afternoon: Django with one view that decodes the JSON and does one INSERT.

No token, no check, no lookup, no lines, no dedupe, no event. Served by the same server as ours.
"""

from __future__ import annotations

import json
import os
from urllib.parse import urlsplit

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

_URL = urlsplit(os.environ["LIUSHUI_DATABASE_URL"])

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],  # says how long an answer is
    SECRET_KEY="bench",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _URL.path[1:],
            "USER": _URL.username or "",
            "PASSWORD": _URL.password or "",
            "HOST": _URL.hostname or "",
            "PORT": str(_URL.port or ""),
            "CONN_MAX_AGE": 600,
        }
    },
)


def take(request: HttpRequest) -> HttpResponse:
    """One sale, as one row of JSON."""
    sale = json.loads(request.body)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_bare (id, body) VALUES (%s, %s)", [sale["id"], json.dumps(sale)])
    return HttpResponse(b"{}", status=201, content_type="application/json")


urlpatterns = [path("sales", take)]
application = get_wsgi_application()
