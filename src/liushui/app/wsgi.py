"""What granian serves."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from liushui.runtime import long_run, row_security

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liushui.app.settings")
row_security.bind_process()
application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018  # loads every view, which the first request would do
long_run.settle()
