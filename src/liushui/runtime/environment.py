"""Every setting that the environment gives, typed, in this one place (docs/reference/settings.md lists them)."""

from __future__ import annotations

from pathlib import Path

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
    secure_cookies: bool = Field(False, description="Send cookies over TLS only; set it when TLS is in front.")
    language: str = Field("zh-hans", description="Language before a user has chosen: `zh-hans` or `en`.")
    time_zone: str = Field("Asia/Shanghai", description="Time zone of pages that belong to no store.")
    log_level: str = Field("INFO", description="Least severe level that is logged.")
    log_json: bool = Field(False, description="Log one JSON object a line, instead of coloured text.")
    request_body_max_bytes: int = Field(8_000_000, description="Larger request bodies are refused with 413.")
    token_seconds: int = Field(3600, description="Life of an API access token, in seconds.")
    token_cache_seconds: int = Field(30, description="How long a checked token is trusted without asking the database.")
    relay_batch: int = Field(1000, description="Events the relay publishes, and a consumer applies, in one transaction.")
    worker_poll_seconds: float = Field(0.2, description="Pause of an idle worker before it looks for work again.")
    page_rows: int = Field(50, description="Rows on one page of a list.")

    def sqlite_path(self) -> Path:
        """Where the embedded database lives."""
        return self.data_dir / "liushui.sqlite3"
