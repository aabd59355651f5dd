"""How the house is built: who may import whom, where a library may stand, one way to commit.

All is read from the source, so it holds for code that no test runs.
"""

import ast
import re
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

from sipctl import resources
from sipctl.commands import COMMANDS, building
from tests.support import ROOT, execute

PACKAGE = ROOT / "sipctl"

# A module may import those that stand before it, and the other files of its own folder. What stands
# for a folder holds for all files in it.
LAYERS = (
    "sipctl",  # the version
    "statuses",
    "resources",
    "completion",
    "privileges",
    "names",
    "passwords.withheld",
    "progress",
    "streams",
    "rules.book",
    "findings",
    "rules.ignores",
    "errors",
    "signals",
    "storage.disk",
    "hosts",
    "endpoint",
    "settings",
    "yamlfile",
    "own",
    "passwords.sealing",
    "scenarios.catalogue",
    "scenarios.scenario",
    "kinds",
    "rules.comments",
    "member",
    "changes",
    "patch",
    "passwords.masking",
    "models",
    "typed",
    "scenarios.graph",
    "scenarios.calendars",
    "rules.graphs",
    "reading",
    "rules.passwords",
    "rules.files",
    "rules.judgement",
    "inventory",
    "answers",
    "schemas",
    "examples",
    "query",
    "scenarios.routing",
    "git",
    "passwords.identities",
    "storage.entries",
    "storage.cache",
    "sharing",
    "storage.ondisk",
    "storage.leftovers",
    "workspace",
    "formatting",
    "selection",
    "tracked",
    "judged",
    "editing",
    "scenarios.ways",
    "scenarios.attaching",
    "operations",
    "history",
    "diff",
    "storage.journal",
    "outcome",
    "uncommitted",
    "apply",
    "init",
    "status",
    "tables",
    "passwords.secrets",
    "passwords.recipients",
    "passwords.resealing",
    "passwords.audit",
    "pager",
    "render",
    "reports",
    "output",
    "commands",
    "main",
    "__main__",
)

# Where each library may be imported, and no other may be.
LIBRARIES = {
    "filelock": {"apply", "storage.journal"},
    "git": {"git.processes"},
    "idna": {"hosts"},
    "pydantic": {"answers", "models", "reading", "schemas", "typed"},
    "rich": {"progress"},
    "pyrage": {"passwords.identities", "passwords.sealing"},
    "pydantic_core": {"models", "schemas", "typed"},
    "ruamel": {"yamlfile"},
    "typer": {"commands", "main"},
    "tzdata": {"scenarios.calendars"},
    "yaml": {"yamlfile"},
}

# What a library is called in pyproject.toml, where it is not its own name.
DISTRIBUTIONS = {
    "git": "gitpython",
    "pydantic_core": "pydantic",
    "ruamel": "ruamel.yaml",
    "yaml": "pyyaml",
}

TOP_LEVEL = {
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "benchmarks",
    "docs",
    "examples",
    "pyproject.toml",
    "schemas",
    "sipctl",
    "tests",
}

# Git's commands that make commits. One call of the first makes all of ours.
COMMITTING = {
    "commit",
    "am",
    "cherry-pick",
    "commit-tree",
    "fast-import",
    "merge",
    "pull",
    "rebase",
    "revert",
}


def tracked() -> list[str]:
    listing = execute(["git", "ls-files", "-z"], cwd=ROOT).out
    return [path for path in listing.split("\0") if path and (ROOT / path).is_file()]


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def module_of(file: Path) -> str:
    """`sipctl/rules/book.py` is `rules.book`, `sipctl/yamlfile/__init__.py` is `yamlfile`."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__") or "sipctl"


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def layer_of(module: str) -> str | None:
    """The entry of LAYERS for a module: its own, or that of a folder around it."""
    while module not in LAYERS and module:
        module = module.rpartition(".")[0]
    return module or None


def running(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those for the type checker only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from running(child)


def imports(file: Path) -> set[str]:
    """The full names of all modules that a file imports, within functions too."""
    found: set[str] = set()
    for node in running(tree_of(file)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: import by the full name"
            found |= {full_name(str(node.module), alias.name) for alias in node.names}
    return found


def full_name(module: str, name: str) -> str:
    """Of `from module import name`: the name too, where it is a module of ours."""
    inner = ROOT.joinpath(*module.split("."), name)
    is_module = inner.with_suffix(".py").is_file() or inner.is_dir()
    return f"{module}.{name}" if is_module else module


def own_imports(file: Path) -> set[str]:
    names = {name for name in imports(file) if name.partition(".")[0] == "sipctl"}
    return {name.removeprefix("sipctl.") for name in names}


def foreign_imports(file: Path) -> set[str]:
    names = {name.partition(".")[0] for name in imports(file)}
    return names - sys.stdlib_module_names - {"sipctl"}


def may_import(importer: str, imported: str) -> bool:
    above, below = layer_of(importer), layer_of(imported)
    if above is None or below is None:
        return False
    return above == below or LAYERS.index(below) < LAYERS.index(above)


def each_source() -> list[object]:
    return [pytest.param(file, id=module_of(file)) for file in sources()]


@pytest.mark.parametrize("file", each_source())
def test_every_module_has_its_place(file: Path) -> None:
    is_empty_folder_file = file.name == "__init__.py" and not tree_of(file).body[1:]
    assert is_empty_folder_file or layer_of(module_of(file)), "add it to LAYERS"


def test_every_place_has_its_module() -> None:
    known = {module_of(file) for file in sources()}
    assert set(LAYERS) - known == set()


@pytest.mark.parametrize("file", each_source())
def test_lower_parts_never_import_higher_ones(file: Path) -> None:
    module = module_of(file)
    wrong = {name for name in own_imports(file) if not may_import(module, name)}
    assert not wrong, f"{module} stands below {wrong}"


@pytest.mark.parametrize("file", each_source())
def test_a_library_stands_behind_its_own_module(file: Path) -> None:
    module = module_of(file)
    around = {module, module.rpartition(".")[0]}
    wrong = {name for name in foreign_imports(file) if not around & LIBRARIES.get(name, set())}
    assert not wrong


@pytest.mark.parametrize("file", each_source())
def test_contributors_are_told_what_each_module_is_about(file: Path) -> None:
    told = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    folder, _, name = file.relative_to(PACKAGE).as_posix().rpartition("/")
    in_one = {"commands", "completion", "models", "render", "reports"}  # many of one kind
    assert name.startswith("__") or f"`{name}`" in told or folder in in_one


def test_dependencies_are_those_that_are_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[<>=!~\[ ]", line)[0] for line in project["dependencies"]}
    imported = {name for file in sources() for name in foreign_imports(file)}
    assert declared == {DISTRIBUTIONS.get(name, name) for name in imported}


def test_a_module_is_called_by_what_it_is_about() -> None:
    vague = {"utils", "util", "common", "helpers", "helper", "manager", "misc"}
    assert not [file for file in sources() if vague & set(file.with_suffix("").parts)]


def git_commands(file: Path) -> Iterator[tuple[str, int]]:
    """The commands that make commits, where a list, a tuple or a call starts with one.

    Options such as `-c name=value` and the word `git` may stand before it.
    """
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Call):
            words = node.args
        elif isinstance(node, ast.List | ast.Tuple):
            words = node.elts
        else:
            continue
        command = first_command(words)
        if command in COMMITTING and (len(words) > 1 or isinstance(node, ast.Call)):
            yield command, node.lineno


def first_command(words: list[ast.expr]) -> str | None:
    for word in words:
        if isinstance(word, ast.Starred):
            continue
        if not isinstance(word, ast.Constant) or not isinstance(word.value, str):
            return None
        if word.value != "git" and not word.value.startswith("-") and "=" not in word.value:
            return word.value
    return None


def methods_called(file: Path, name: str) -> list[str]:
    """The places where a method of this name is called."""
    return [
        f"{module_of(file)}:{node.lineno}"
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == name
    ]


def test_one_function_makes_commits() -> None:
    places = [(module_of(file), *found) for file in sources() for found in git_commands(file)]
    assert [place[:2] for place in places] == [("git.committing", "commit")], places


def test_one_function_calls_the_one_that_makes_commits() -> None:
    calls = [place for file in sources() for place in methods_called(file, "commit")]
    assert [call.partition(":")[0] for call in calls] == ["apply"], calls


def command_lines(file: Path) -> Iterator[str]:
    """Command lines of sipctl in back quotes in a file's texts; what is put in is a word there."""
    for node in ast.walk(tree_of(file)):
        pieces = node.values if isinstance(node, ast.JoinedStr) else [node]
        texts = (piece.value if isinstance(piece, ast.Constant) else " x" for piece in pieces)
        for found in re.findall("`(sipctl [^`]*)`", "".join(t for t in texts if type(t) is str)):
            yield from [found] if found.isascii() and "__complete" not in found else []


def unknown_in(line: str) -> list[str]:
    """The words of a command line that its command does not know: its own name, its options."""
    _, name, *words = line.split()
    entry = COMMANDS.get(name)
    if isinstance(entry, dict) and words[:1] != ["--help"]:
        name, *words = words or [""]
        entry = entry.get(name)
    if entry is None:
        return [name]
    known = {"--help"}
    if not isinstance(entry, dict):
        known |= {flag for p in building.build(name, entry).params for flag in p.opts}
    return [word for word in words if word.startswith("-") and word not in known]


def test_every_command_line_that_is_told_has_its_command_and_options() -> None:
    told = [(file.name, line) for file in sources() for line in command_lines(file)]
    assert len(told) > 50
    assert [(file, line) for file, line in told if unknown_in(line)] == []


def test_only_known_things_stand_at_the_top() -> None:
    tops = {PurePosixPath(path).parts[0] for path in tracked()}
    assert {top for top in tops if not top.startswith(".")} <= TOP_LEVEL


UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|\bmark\.(skip|xfail)|\bpytest\.skip\b")
SKIPPING = ROOT / "tests" / "support.py"  # where a program is missing, and nowhere else
SOMEBODYS_MACHINE = re.compile(r"(?<![\w.…/-])/(work|root|Users)/")


@pytest.mark.parametrize("unwanted", [UNFINISHED, SOMEBODYS_MACHINE], ids=["unfinished", "paths"])
def test_nothing_is_left_undone_or_names_a_machine(unwanted: re.Pattern[str]) -> None:
    places = []
    for path in tracked():
        if ROOT / path in (Path(__file__), SKIPPING):
            continue
        text = (ROOT / path).read_bytes().decode("utf-8", "replace")
        lines = enumerate(text.splitlines(), 1)
        places += [f"{path}:{number}: {line}" for number, line in lines if unwanted.search(line)]
    assert not places


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from what Git tracks, without a network."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for path in tracked():
        copy = source / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((ROOT / path).read_bytes())
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    offline = ["--no-deps", "--no-index", "--no-build-isolation"]
    execute([*pip, *offline, "--wheel-dir", target, source])
    return next(target.glob("*.whl"))


@pytest.mark.parametrize("folder", ["schemas/", "examples/invalid/", "examples/valid/"])
def test_the_wheel_holds_what_programs_read(folder: str, wheel: Path) -> None:
    shipped = {f"sipctl/{path}" for path in tracked() if path.startswith(folder)}
    assert shipped
    assert shipped <= set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_holds_one_package_with_its_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "sipctl/py.typed" in names
    assert not [name for name in names if not name.startswith(("sipctl/", "sipctl-"))]


def test_a_program_from_the_wheel_finds_what_is_shipped(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = "from sipctl.resources import path; print(path('schemas'), path('examples'), sep='\\n')"
    found = execute([sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)})
    assert found.lines == [str(tmp_path / "sipctl" / name) for name in ("schemas", "examples")]


def test_a_program_from_a_checkout_finds_what_is_shipped() -> None:
    assert resources.path("schemas") == ROOT / "schemas"
    assert resources.path("examples", "invalid") == ROOT / "examples" / "invalid"
