"""Where the files are that are shipped with the program: the JSON Schemas and the wrong examples."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def path(*parts: str) -> Path:
    """The place of a shipped file or folder, say `path("schemas", "endpoint.schema.json")`.

    In a wheel the folders `schemas` and `examples/invalid` stand inside the package, in a checkout
    (an editable install) one level above it. The path need not exist.
    """
    checkout = _PACKAGE.parent
    root = checkout if (checkout / "pyproject.toml").is_file() else _PACKAGE
    return root.joinpath(*parts)
