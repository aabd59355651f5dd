"""Where the files are that are shipped with the program: JSON Schemas and examples of rules."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def path(*parts: str) -> Path:
    """The place of a shipped file or folder, say `path("schemas", "endpoint.schema.json")`.

    A wheel holds the folders `schemas` and `examples` inside the package; a checkout, which an
    editable install runs from, one level above it. The path need not exist.
    """
    root = _PACKAGE if (_PACKAGE / "schemas").is_dir() else _PACKAGE.parent
    return root.joinpath(*parts)
