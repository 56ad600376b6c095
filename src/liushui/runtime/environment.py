"""Every setting that the environment gives, typed, in this one place (docs/reference/settings.md lists them)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Environment(BaseSettings):
    """Read once at start from `LIUSHUI_*` variables; an unparsable value stops the start and says which."""

    model_config = SettingsConfigDict(env_prefix="LIUSHUI_", frozen=True, extra="ignore")

    data_dir: Path = Field(Path("data"), description="Folder of the database file, raw input and exports.")
    database_url: str = Field(
        "", description="`postgresql://user:password@host/name`; empty means `liushui.sqlite3` in the data folder."
    )
    secret_key: SecretStr = Field(
        SecretStr(""), description="Signs sessions; empty means one made at first start and kept in the data folder."
    )
    debug: bool = Field(False, description="Show tracebacks in the browser. Never on a machine others reach.")
    allowed_hosts: list[str] = Field(
        ["localhost", "127.0.0.1", "[::1]"], description="Host names the server answers to, as a JSON list."
    )
    secure_cookies: bool = Field(
        False, description="Send cookies over TLS only; set it when TLS is in front. On by itself with `tls_cert`."
    )
    tls_cert: Path | None = Field(None, description="Certificate chain (PEM) with which `liushui serve` speaks TLS.")
    tls_key: Path | None = Field(None, description="Private key (PEM) of that certificate.")
    tls_proxy: bool = Field(
        False, description="A proxy in front ends TLS and sets `X-Forwarded-Proto`; never without such a proxy."
    )
    hsts_seconds: int = Field(
        31_536_000, ge=0, description="How long browsers insist on TLS after an answer over TLS; 0 turns it off."
    )
    language: Literal["zh-hans", "en"] = Field(
        "zh-hans", description="Language before a user has chosen: `zh-hans` or `en`."
    )
    time_zone: str = Field("Asia/Shanghai", description="Time zone of pages that belong to no store: an IANA name.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe level that is logged: `DEBUG`, `INFO`, `WARNING` or `ERROR`."
    )
    log_json: bool = Field(False, description="Log one JSON object a line, instead of coloured text.")
    request_body_max_bytes: int = Field(8_000_000, gt=0, description="Larger request bodies are refused with 413.")
    upload_max_bytes: int = Field(
        100_000_000, gt=0, description="Larger files are refused with 413; the command line takes files of any size."
    )
    raw_days: int = Field(
        400, ge=2, description="How long request bodies, closed quarantined sales and imported files are kept, in days."
    )
    token_seconds: int = Field(3600, gt=0, description="Life of an API access token, in seconds.")
    token_cache_seconds: int = Field(
        30, ge=0, description="How long a checked token is trusted without asking the database."
    )
    refresh_token_days: int = Field(
        30, gt=0, description="How long an app that nobody uses may still refresh its access, in days."
    )
    till_session_hours: int = Field(
        12, gt=0, description="After how long an operator has to sign in at a till anew, in hours."
    )
    till_idle_minutes: int = Field(
        10, gt=0, description="A till that nobody touched for so long asks for the operator's PIN again, in minutes."
    )
    till_refund_limit_minor: int = Field(
        200_000,
        ge=0,
        description="Money given back over this many minor units is approved in the console, not by PIN at a till.",
    )
    till_paid_out_limit_minor: int = Field(
        20_000, ge=0, description="Cash over this many minor units leaves a till's drawer with an approval only."
    )
    void_limit_minor: int = Field(
        50_000,
        ge=0,
        description="A sale over this many minor units is voided, other than at a till, "
        "with another person's approval.",
    )
    badge_needs_pin: bool = Field(False, description="Ask for the PIN too when somebody shows a badge at a till.")
    relay_batch: int = Field(
        1000, gt=0, description="Events the relay publishes, and a consumer applies, in one transaction."
    )
    worker_poll_seconds: float = Field(0.2, gt=0, description="Pause of an idle worker before it looks for work again.")
    second_factor: Literal["required", "optional"] = Field(
        "required",
        description="`required`: who may manage access, change prices, settle payments or approve at tills opens "
        "nothing but the enrolment of a second factor until there is one; `optional`: everyone decides for himself.",
    )
    session_hours: int = Field(12, gt=0, description="A sign-in ends after so many hours, whatever is done meanwhile.")
    session_idle_minutes: int = Field(
        60, gt=0, description="A sign-in ends after so many minutes without a page opened."
    )
    lockout_failures: int = Field(
        5, gt=0, description="Wrong passwords or codes of one user name from one address until it is locked there."
    )
    lockout_minutes: int = Field(15, gt=0, description="How long a user name stays locked for an address.")
    step_up_seconds: int = Field(
        600, gt=0, description="How long a password or code counts as fresh for prices, roles and other grave changes."
    )
    step_up_amount_minor: int = Field(
        50_000, ge=0, description="Approving this amount or more, in minor units, needs a fresh password or code."
    )
    sandbox_pay_url: str = Field(
        "", description="Address of `liushui sandbox-pay`, such as `http://127.0.0.1:8300`; empty offers no sandbox."
    )
    payment_notify_url: str = Field(
        "", description="Address of this server as payment providers reach it; empty: results come by asking alone."
    )
    payment_timeout_seconds: float = Field(8.0, gt=0, description="How long a payment provider may take to answer.")
    payment_minutes: int = Field(5, gt=0, description="How long a customer has to pay before a payment is cancelled.")
    page_rows: int = Field(50, gt=0, le=1000, description="Rows on one page of a list.")
    privacy_keys: SecretStr = Field(
        SecretStr(""),
        description="Keys over personal data, as `liushui privacy new-keys` prints them; empty means a file made at "
        "first need.",
    )
    privacy_key_file: Path | None = Field(
        None, description="That file; without it `privacy_keys.json` in the data folder, which backups leave out."
    )
    privacy_cipher: Literal["aes-256-gcm", "sm4-gcm"] = Field(
        "aes-256-gcm",
        description="Cipher of personal data written from now on: `aes-256-gcm` or `sm4-gcm`; both are always read.",
    )
    gift_code_tries: int = Field(
        10, ge=1, description="How many wrong codes of gift cards a till or an operator may enter within one window."
    )
    gift_code_minutes: int = Field(15, ge=1, description="Length of that window in minutes.")
    reveals_per_hour: int = Field(
        30, ge=0, description="How often one member of staff may see personal data unmasked within an hour."
    )
    message_sender: Literal["console", "null", "gateway"] = Field(
        "console",
        description="Where texts to members go: `console` writes them to `outbox/` in the data folder, `null` nowhere, "
        "`gateway` to the addresses below (docs/guides/messages.md).",
    )
    message_seconds: float = Field(
        4.0, gt=0, le=20, description="How long a page waits for a text to be taken: all tries by webhook together, "
        "each step of SMTP.",
    )  # fmt: skip
    sms_url: str = Field(
        "", description="Webhook that text messages are posted to, such as `https://sms.example/send`."
    )
    sms_secret: SecretStr = Field(SecretStr(""), description="Secret with which those posts are signed.")
    sms_secret_file: Path | None = Field(None, description="File with that secret, in its place.")
    email_host: str = Field("", description="SMTP server for e-mail to members.")
    email_port: int = Field(587, gt=0, lt=65536, description="Its port.")
    email_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection to it is kept private: `starttls`, `tls` or `none`."
    )
    email_user: str = Field("", description="User name there; empty: without signing in.")
    email_password: SecretStr = Field(SecretStr(""), description="Password there.")
    email_password_file: Path | None = Field(None, description="File with that password, in its place.")
    email_from: str = Field("", description="Sender's address, such as `Tea House <noreply@tea.example>`.")
    portal_chain: str = Field(
        "", description="Code of the chain whose members `/my/` is for; may be empty while there is one chain."
    )
    portal_session_days: int = Field(
        30, gt=0, le=400, description="How long a member stays signed in on `/my/`, in days."
    )
    demo_hints: bool = Field(
        False, description="Show one-time codes on the page that asks for them. For demonstrations only."
    )
    backtest_processes: int = Field(
        0, ge=0, le=256, description="Processes that a backtest prices receipts in, at low priority; 0 is one a core."
    )

    def sms_signing_secret(self) -> str:
        """The secret of the webhook for text messages, from wherever it stands."""
        return _secret(self.sms_secret, self.sms_secret_file)

    def email_login(self) -> tuple[str, str]:
        """User name and password at the SMTP server."""
        return self.email_user, _secret(self.email_password, self.email_password_file)

    def sqlite_path(self) -> Path:
        """Where the embedded database lives."""
        return self.data_dir / "liushui.sqlite3"


def _secret(given: SecretStr, file: Path | None) -> str:
    return file.read_text("utf-8").strip() if file else given.get_secret_value()


def reference() -> str:
    """The table of docs/reference/settings.md, made from the fields above."""
    rows = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for name, field in Environment.model_fields.items():
        default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
        shown = json.dumps(default) if isinstance(default, (bool, list)) else "" if default is None else str(default)
        shown_default = f"`{shown}`" if shown else "empty"
        rows.append(f"| `LIUSHUI_{name.upper()}` | {shown_default} | {field.description} |")
    return "\n".join(rows) + "\n"
