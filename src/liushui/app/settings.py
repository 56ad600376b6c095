"""Django's settings, made from the environment. The only module that names every other."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from liushui.runtime.environment import Environment

LIUSHUI = Environment()
PACKAGE = Path(__file__).resolve().parent.parent

LIUSHUI.data_dir.mkdir(parents=True, exist_ok=True)


def _secret_key() -> str:
    given = LIUSHUI.secret_key.get_secret_value()
    if given:
        return given
    kept = LIUSHUI.data_dir / "secret_key"
    try:
        with kept.open("x") as file:
            kept.chmod(0o600)
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return kept.read_text()


def _database() -> dict[str, Any]:
    url = urlsplit(LIUSHUI.database_url)
    if url.scheme in ("postgresql", "postgres"):
        return {
            "ENGINE": "liushui.runtime.postgresql",  # Django's, with row security
            "NAME": url.path.lstrip("/"),
            "USER": unquote(url.username or ""),
            "PASSWORD": unquote(url.password or ""),
            "HOST": url.hostname or "",
            "PORT": str(url.port or ""),
            "CONN_MAX_AGE": 600,
            # No health check, which is a round trip a request: after a restart one request a connection fails.
            "CONN_HEALTH_CHECKS": False,
            "OPTIONS": {"options": "-c statement_timeout=60000"},
        }
    if url.scheme not in ("", "sqlite"):
        raise SystemExit(
            f"LIUSHUI_DATABASE_URL: scheme {url.scheme!r} is not known; use postgresql:// or sqlite:///path"
        )
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": url.path if url.scheme == "sqlite" else str(LIUSHUI.sqlite_path()),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            # DEFERRED transactions fail at once when two upgrade to write; IMMEDIATE ones wait their turn.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA mmap_size=268435456;"
            # A checkpoint writes every changed page once: after 40 MB instead of 4, pages of indexes go far less often.
            "PRAGMA cache_size=-40000;PRAGMA temp_store=MEMORY;PRAGMA wal_autocheckpoint=10000;",
        },
    }


SECRET_KEY = _secret_key()
DEBUG = LIUSHUI.debug
ALLOWED_HOSTS = LIUSHUI.allowed_hosts
DATABASES = {"default": _database()}
EMAIL_HOST, EMAIL_PORT = LIUSHUI.email_host, LIUSHUI.email_port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = LIUSHUI.email_login()
EMAIL_USE_TLS, EMAIL_USE_SSL = LIUSHUI.email_security == "starttls", LIUSHUI.email_security == "tls"
EMAIL_TIMEOUT = LIUSHUI.message_seconds
DEFAULT_FROM_EMAIL = SERVER_EMAIL = LIUSHUI.email_from
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "runtime.StaffUser"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_tasks",
    "django_tasks_db",
    "django_vite",
    "oauth2_provider",
    "liushui.runtime",
    "liushui.privacy",
    "liushui.stores",
    "liushui.catalog",
    "liushui.orders",
    "liushui.promotions",
    "liushui.loyalty",
    "liushui.returns",
    "liushui.checkout",
    "liushui.intake",
    "liushui.payments",
    "liushui.till",
    "liushui.trials",
    "liushui.analytics",
    "liushui.console",
    "liushui.portal",
    "liushui.app",
]

MIDDLEWARE = [
    "liushui.runtime.row_security.RowSecurityMiddleware",
    "liushui.runtime.telemetry.RequestMiddleware",
    "liushui.runtime.answer_headers.AnswerHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "liushui.runtime.request_limits.RequestLimitsMiddleware",  # before the next, which reads bodies
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "liushui.runtime.sessions.SessionEndMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "liushui.runtime.web.ProblemMiddleware",
]

ROOT_URLCONF = "liushui.app.urls"
WSGI_APPLICATION = "liushui.app.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "liushui.console.shell.shell",
            ],
        },
    }
]

LANGUAGE_CODE = LIUSHUI.language
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LOCALE_PATHS: list[Path] = []  # every module carries its own locale/
LANGUAGE_COOKIE_NAME = "liushui_language"
USE_I18N = True
USE_TZ = True
TIME_ZONE = LIUSHUI.time_zone

STATIC_URL = "/static/"
STATIC_ROOT = LIUSHUI.data_dir / "static"  # stays empty: whitenoise serves from the packages
STATIC_ROOT.mkdir(exist_ok=True)
DIST = PACKAGE / "console" / "dist"  # built by Vite from web/, never committed
STATICFILES_DIRS = [("dist", DIST)] if DIST.exists() else []
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/dist/assets/"  # Vite puts a hash of the content in these names
DJANGO_VITE = {"default": {"static_url_prefix": "dist", "manifest_path": DIST / ".vite" / "manifest.json"}}

LOGIN_URL = "console:sign-in"
LOGIN_REDIRECT_URL = "/"
STEP_UP_URL = "console:verify"  # runtime.step_up
SET_UP_URL = "console:security"  # runtime.web: a password of one's own, a second factor
AXES_COOLOFF_TIME = timedelta(minutes=LIUSHUI.lockout_minutes)  # runtime.lockout; all that axes does is count
AXES_FAILURE_LIMIT = LIUSHUI.lockout_failures
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "liushui.runtime.web.client_address"  # the peer: what a header says is not believed
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True  # the audit log has it
AXES_ENABLE_ADMIN = AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "password", "code", "recovery", "credential"]
SILENCED_SYSTEM_CHECKS = ["axes.W002", "axes.W003"]  # its middleware and its backend, not used (decision 0094)
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "liushui.runtime.client_secrets.ClientSecretHasher",  # secrets of API clients only
    "liushui.runtime.client_secrets.PinHasher",  # PINs of operators only
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
CSRF_FAILURE_VIEW = "liushui.console.shell.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LIUSHUI.secure_cookies or LIUSHUI.tls_cert is not None
if SESSION_COOKIE_SECURE:  # browsers take such names from this very host over TLS only, so nobody else can set them
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
LANGUAGE_COOKIE_SECURE, LANGUAGE_COOKIE_HTTPONLY, LANGUAGE_COOKIE_SAMESITE = SESSION_COOKIE_SECURE, True, "Lax"
SECURE_HSTS_SECONDS = LIUSHUI.hsts_seconds  # sent over TLS only
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if LIUSHUI.tls_proxy else None
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = LIUSHUI.session_hours * 3600
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = LIUSHUI.request_body_max_bytes
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "object-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

OAUTH2_PROVIDER = {
    "SCOPES_BACKEND_CLASS": "liushui.runtime.oauth.CapabilityScopes",
    "ACCESS_TOKEN_EXPIRE_SECONDS": LIUSHUI.token_seconds,
    "OAUTH2_SERVER_CLASS": "liushui.runtime.oauth_server.Server",  # says which grants there are
    "OAUTH2_VALIDATOR_CLASS": "liushui.runtime.oauth_server.Validator",
    "OAUTH2_BACKEND_CLASS": "liushui.runtime.oauth_server.Core",
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "REFRESH_TOKEN_EXPIRE_SECONDS": LIUSHUI.refresh_token_days * 86400,
    "ROTATE_REFRESH_TOKEN": True,  # nosec B105  # a name, no password
    "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 0,  # nosec B105  # a name, no password
    "REFRESH_TOKEN_REUSE_PROTECTION": True,  # nosec B105  # a name, no password
    "PKCE_REQUIRED": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,  # nosec B105  # a name, no password
    "CLIENT_SECRET_HASHER": "client_secret",  # nosec B105  # a name, no password
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,  # only the SHA-256 of a token is kept
}
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default"]}}
LOGGING_CONFIG = None  # runtime.telemetry sets structlog up
TEST_RUNNER = "django.test.runner.DiscoverRunner"
