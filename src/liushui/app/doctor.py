"""What is missing on this machine and how to get it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess  # nosec B404  # arguments are lists of our own
import sys
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from liushui.app.commands_serving import pending_migrations
from liushui.app.protected_tables import POLICIES
from liushui.app.serve import PortTaken, check_port
from liushui.app.settings import DIST, PACKAGE
from liushui.privacy import facade as privacy
from liushui.privacy.errors import KeyMissing
from liushui.runtime import inbox, outbox, row_policies
from liushui.stores import facade as stores

OK, ADVICE, MISSING = "ok", "advice", "missing"
_DISK_MINIMUM_BYTES = 2_000_000_000
_BEHIND_MANY = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. `advice` runs without it, `missing` does not."""

    name: str
    status: str
    found: str
    remedy: str = ""


def examine(*, host: str, port: int) -> list[Finding]:
    """Look at everything; a later look is left out when an earlier one makes it pointless."""
    findings = [_python(), _sqlite(), _time_zones(), _data_folder(), _front_end(), _translations(), _port(host, port)]
    database = _database()
    findings.append(database)
    if database.status == OK:
        migrations = _migrations()
        findings.append(migrations)
        if migrations.status == OK:
            findings += [_row_security(), _personal_data(), _events(), *_consumers()]
    return [*findings, *_exposure(), _chromium(), _chinese_font()]


def _python() -> Finding:
    return Finding(name="Python", status=OK, found=f"{sys.version.split()[0]} at {sys.executable}")


def _sqlite() -> Finding:
    """JSON functions since 3.38; FTS5 is a compile-time choice."""
    version = sqlite3.sqlite_version
    remedy = "Use a Python built with SQLite 3.38 or later with FTS5, or PostgreSQL by LIUSHUI_DATABASE_URL."
    with sqlite3.connect(":memory:") as memory:
        try:
            memory.execute("CREATE VIRTUAL TABLE probe USING fts5(text)")
            memory.execute("SELECT json_extract('{\"a\": 1}', '$.a')")
        except sqlite3.OperationalError as error:
            return Finding(name="SQLite", status=MISSING, found=f"{version}: {error}", remedy=remedy)
    fits = sqlite3.sqlite_version_info >= (3, 38)
    return Finding(name="SQLite", status=OK if fits else MISSING, found=version, remedy="" if fits else remedy)


def _time_zones() -> Finding:
    wanted = {settings.TIME_ZONE, "Asia/Shanghai", "America/New_York"}
    lacking = [name for name in sorted(wanted) if not _has_zone(name)]
    if lacking:
        remedy = "pip install tzdata, or correct LIUSHUI_TIME_ZONE."
        return Finding(name="Time zones", status=MISSING, found=f"without {', '.join(lacking)}", remedy=remedy)
    return Finding(name="Time zones", status=OK, found=settings.TIME_ZONE)


def _has_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


def _data_folder() -> Finding:
    folder = settings.LIUSHUI.data_dir
    probe = folder / ".probe"
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        remedy = "Let this user write there, or set LIUSHUI_DATA_DIR."
        return Finding(name="Data folder", status=MISSING, found=f"{folder}: {error.strerror}", remedy=remedy)
    free = shutil.disk_usage(folder).free
    found = f"{folder.resolve()}, {free / 1e9:,.1f} GB free"
    if free < _DISK_MINIMUM_BYTES:
        return Finding(name="Data folder", status=ADVICE, found=found, remedy="Make room: a sale takes about 10 kB.")
    return Finding(name="Data folder", status=OK, found=found)


def _front_end() -> Finding:
    if (DIST / ".vite" / "manifest.json").exists():
        return Finding(name="Front end", status=OK, found="built")
    return Finding(
        name="Front end", status=MISSING, found="not built", remedy="make setup (or: npm ci && npm run build)"
    )


def _translations() -> Finding:
    catalogues = list(PACKAGE.glob("*/locale/*/LC_MESSAGES/*.po"))
    missing = [path for path in catalogues if not path.with_suffix(".mo").exists()]
    if missing:
        found = f"{len(missing)} of {len(catalogues)} not compiled"
        return Finding(name="Translations", status=ADVICE, found=found, remedy="make setup")
    return Finding(name="Translations", status=OK, found="compiled")


def _port(host: str, port: int) -> Finding:
    try:
        check_port(host=host, port=port)
    except PortTaken as error:
        return Finding(
            name="Port", status=ADVICE, found=error.detail, remedy=f"Liushui may run already. {error.remedy}"
        )
    return Finding(name="Port", status=OK, found=f"{host}:{port} is free")


def _database() -> Finding:
    try:
        with connection.cursor() as cursor:
            sql = "SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version"
            cursor.execute(sql)
            version = cursor.fetchone()[0]
    except DatabaseError as error:
        remedy = "Start the database, or correct LIUSHUI_DATABASE_URL."
        return Finding(name="Database", status=MISSING, found=" ".join(str(error).split()), remedy=remedy)
    return Finding(name="Database", status=OK, found=f"{connection.display_name} {version}")


def _migrations() -> Finding:
    pending = pending_migrations()
    if pending:
        found = f"{len(pending)} missing, first {pending[0]}"
        return Finding(name="Tables", status=MISSING, found=found, remedy="liushui migrate")
    return Finding(name="Tables", status=OK, found=f"up to date, {len(stores.stores())} stores")


def _row_security() -> Finding:
    """Whether the database itself keeps requests to their stores; docs/concepts/row-security.md."""
    name, guide = "Row security", "docs/guides/operate.md, “Row security”"
    if connection.vendor != "postgresql":
        return Finding(name=name, status=OK, found=f"{connection.display_name} has none; PostgreSQL does")
    state = row_policies.state(policies=POLICIES)
    if state.missing:
        return Finding(name=name, status=ADVICE, found=f"off: {'; '.join(state.missing)}", remedy=guide)
    if state.advice:
        remedy = f"Log in as an ordinary role: {guide}"
        return Finding(name=name, status=ADVICE, found=f"on, but {'; '.join(state.advice)}", remedy=remedy)
    return Finding(name=name, status=OK, found=f"on for {len(POLICIES)} tables")


def _personal_data() -> Finding:
    """Whether the keys are here, and whether everybody is found by the secret that stays."""
    name, remedy = "Personal data", "`liushui privacy rotate-index --resume`"
    try:
        lacking = privacy.unindexed()
    except KeyMissing as error:
        return Finding(name=name, status=MISSING, found=error.detail, remedy=error.remedy or "")
    if lacking:
        return Finding(name=name, status=ADVICE, found=f"{lacking:,} values wait to be indexed anew", remedy=remedy)
    return Finding(name=name, status=OK, found="everybody is found by the present secret")


def _events() -> Finding:
    waiting = outbox.lag().unpublished
    if waiting > _BEHIND_MANY:
        found = f"{waiting:,} events wait to be published"
        return Finding(name="Events", status=ADVICE, found=found, remedy="Is `liushui worker` running?")
    return Finding(name="Events", status=OK, found=f"{waiting:,} wait to be published")


def _consumers() -> list[Finding]:
    findings = []
    for lag in inbox.lags():
        name = f"Events: {lag.consumer}"
        if lag.failures:
            found = f"stopped at event {lag.failed_event_id} after {lag.failures} tries: {lag.failure}"
            findings.append(Finding(name=name, status=MISSING, found=found, remedy="docs/guides/operate.md, “Blocked”"))
        else:
            status = ADVICE if lag.behind > _BEHIND_MANY else OK
            remedy = "Is `liushui worker` running?" if status == ADVICE else ""
            findings.append(Finding(name=name, status=status, found=f"{lag.behind:,} behind", remedy=remedy))
    return findings


def _exposure() -> list[Finding]:
    """Settings that are wrong once others reach this machine."""
    findings = []
    if settings.DEBUG:
        remedy = "Unset LIUSHUI_DEBUG where others reach the machine."
        findings.append(Finding(name="Debug", status=ADVICE, found="on: errors show our insides", remedy=remedy))
    local = {"localhost", "127.0.0.1", "[::1]"}
    if not set(settings.ALLOWED_HOSTS) <= local and not settings.SESSION_COOKIE_SECURE:
        remedy = "Put TLS in front and set LIUSHUI_SECURE_COOKIES=true."
        findings.append(Finding(name="Cookies", status=ADVICE, found="also sent without TLS", remedy=remedy))
    return findings


def _chromium() -> Finding:
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if shutil.which(name):
            return Finding(name="Chromium", status=OK, found=name)
    remedy = "Only for tests and screenshots: apt-get install chromium, or playwright install chromium"
    return Finding(name="Chromium", status=ADVICE, found="not on PATH", remedy=remedy)


def _chinese_font() -> Finding:
    remedy = "Only for screenshots made here: apt-get install fonts-noto-cjk"
    if shutil.which("fc-list") is None:
        return Finding(name="Chinese font", status=ADVICE, found="unknown: no fontconfig", remedy=remedy)
    listed = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, check=False)  # noqa: S607  # nosec B603, B607  # a list of our own words, no shell
    families = sorted({line.split(",")[0] for line in listed.stdout.splitlines() if line})
    if not families:
        return Finding(name="Chinese font", status=ADVICE, found="none", remedy=remedy)
    return Finding(name="Chinese font", status=OK, found=families[0])
