"""What granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from liushui.runtime import row_security

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liushui.app.settings")
row_security.bind_process()
application = get_wsgi_application()
