"""Mapping files that come with Liushui, and those that this installation keeps in its data folder."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from django.conf import settings

from liushui.intake.domain.mapping import Mapping, parse_mapping
from liushui.intake.domain.section import did_you_mean
from liushui.intake.errors import MappingError


def _own_folder() -> Path:
    return Path(settings.LIUSHUI.data_dir) / "mappings"


def shipped() -> dict[str, str]:
    """Texts of the mappings to choose from by name: the product's, over them `mappings/*.toml` of the data folder."""
    texts = {
        entry.name.removesuffix(".toml"): entry.read_text(encoding="utf-8")
        for entry in files(__name__).iterdir()
        if entry.name.endswith(".toml")
    }
    own = _own_folder()
    if own.is_dir():
        texts |= {path.stem: path.read_text(encoding="utf-8") for path in sorted(own.glob("*.toml"))}
    return texts


def load(name_or_path: str) -> Mapping:
    """A mapping by its name, or by the path of a TOML file."""
    path = Path(name_or_path)
    if path.suffix == ".toml":
        if not path.is_file():
            raise MappingError(f"There is no mapping file {name_or_path}", remedy="Check the path.")
        try:
            return parse_mapping(path.read_text(encoding="utf-8"), name=path.stem)
        except UnicodeDecodeError as error:
            raise MappingError(f"{name_or_path} is not UTF-8: {error}", remedy="Save it as UTF-8.") from None
    texts = shipped()
    if name_or_path not in texts:
        raise MappingError(f"There is no mapping {name_or_path!r}", remedy=did_you_mean(name_or_path, texts))
    return parse_mapping(texts[name_or_path], name=name_or_path)
