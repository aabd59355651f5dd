"""Writes what is generated and kept in Git: `python -m tests.generate [--check]`.

With `--check` nothing is written; the status is 1 where a file is stale.
"""

import json
import sys
from collections.abc import Callable
from functools import partial

from sipctl import examples, schemas
from sipctl.rules.book import RULES, Rule
from sipctl.yamlfile.nodes import plain_data
from sipctl.yamlfile.read import read
from tests import completing, picture
from tests.support import ROOT


def rules_page() -> str:
    """docs/rules.md: every rule with its reason, a wrong and a right example."""
    rows = [
        f"| [{rule.code}](#{rule.name}) | `{rule.name}` | {rule.severity} | {rule.summary} |"
        for rule in RULES.values()
    ]
    return "\n".join([_RULES_HEAD, *rows, "", *map(_section, RULES.values())])


_RULES_HEAD = """\
# Rules

Made from the rule book and `examples/` by `make generate`; `sipctl explain RULE` shows the same.

Rules of syntax and type (SIP1xx) and `missing-key` always count as errors: a file that breaks one
cannot be read for sure. Of every other rule `sipctl.yaml` may change the severity (`error`,
`warning`, or `"off"` in quotes), by the rule's name or code:

```yaml
version: 1
rules:
  stray-file: error
```

| code | name | severity | what is wrong |
|---|---|---|---|"""


def _section(rule: Rule) -> str:
    mended = "mends it" if rule.fmt else "does not mend it"
    changed = "cannot change it" if rule.fixed else "can change its severity"
    return f"""\
## {rule.name}

{rule.code}, {rule.severity}: {rule.summary}

{rule.why}

`sipctl fmt` {mended}; the settings {changed}.

Wrong:

{_fenced(examples.wrong(rule.name))}
Right:

{_fenced(examples.right(rule.name))}"""


def _fenced(text: str) -> str:
    return f"```yaml\n{text}```\n" if text.startswith("# ") else text


def catalogue() -> str:
    """catalogue.json: what catalogue.yaml says, for a program that has no YAML at hand."""
    root = read((ROOT / "sipctl/scenarios/catalogue.yaml").read_bytes(), "catalogue.yaml").root
    assert root is not None
    return json.dumps(plain_data(root), ensure_ascii=False, indent=1) + "\n"


FILES: dict[str, Callable[[], str]] = {
    **{f"schemas/{name}.schema.json": partial(schemas.text, name) for name in schemas.MODELS},
    "docs/rules.md": rules_page,
    "sipctl/completion/table.tsv": completing.text,
    "sipctl/scenarios/catalogue.json": catalogue,
    "docs/session.svg": picture.svg,
}
"""Every generated file, and what makes its text."""


def stale() -> list[str]:
    """The generated files that are not what they should be."""
    return [path for path, make in FILES.items() if _text_of(path) != make()]


def _text_of(path: str) -> str | None:
    file = ROOT / path
    return file.read_bytes().decode() if file.is_file() else None


def write(path: str) -> None:
    """Write one generated file."""
    file = ROOT / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(FILES[path]().encode())


def main(arguments: list[str]) -> int:
    """Write, or with `--check` only name, what is stale."""
    check = arguments == ["--check"]
    if arguments and not check:
        print("usage: python -m tests.generate [--check]", file=sys.stderr)
        return 2
    found = stale()
    for path in found:
        print(f"{path} is stale: run `make generate`" if check else f"wrote {path}")
        if not check:
            write(path)
    return 1 if check and found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
