"""Which endpoints a command is about: by reference, by query, at a revision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sipctl import workspace
from sipctl.endpoint import DEFAULT_TEXTS, Endpoint
from sipctl.errors import Refused, Usage
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT, FOLDERS, SCENARIO, SETTINGS_FILE
from sipctl.member import Context, Member, named
from sipctl.storage import disk

if TYPE_CHECKING:
    from sipctl import query
    from sipctl.git.repository import Repository

BULK = 10
"""A change of more endpoints than this wants a yes."""


def of(
    inventory: Inventory, references: Sequence[str], where: Sequence[str] | None
) -> tuple[str, ...]:
    """The references named, or those that match the queries; raises Usage for neither or both."""
    if bool(references) == (where is not None):
        raise Usage("name endpoints, or choose them with --where", "sipctl list shows them")
    if where is not None:
        return tuple(matching(inventory, where))
    for reference in references:
        inventory.member(reference)
    return tuple(dict.fromkeys(references))


def is_many(references: Sequence[str], where: Sequence[str] | None) -> bool:
    """True where a command may be about more endpoints than pass without a yes."""
    return where is not None or len(references) > BULK


def matching(inventory: Inventory, where: Sequence[str] | None) -> dict[str, Endpoint]:
    """The readable endpoints that each of these queries matches, or all of them."""
    if where is None:
        return inventory.endpoints
    from sipctl import query

    return _filtered(inventory, query.all_of([_parsed([text]) for text in where]))


def found(inventory: Inventory, words: Sequence[str]) -> dict[str, Endpoint]:
    """The readable endpoints that match a query given as words."""
    return _filtered(inventory, _parsed(words))


def doubts(texts: Iterable[str]) -> Iterator[str]:
    """What may be meant otherwise in these queries; nothing of one that is none, which is refused
    where it is used."""
    for text in texts:
        try:
            yield from _parsed([text]).doubts
        except Refused:
            return


def _parsed(words: Sequence[str]) -> query.Query:
    from sipctl import query

    try:
        return query.parse_terms(words)
    except query.QueryError as error:
        raise Refused(str(error), error.hint) from None


def _filtered(inventory: Inventory, wanted: query.Query) -> dict[str, Endpoint]:
    used = "used_by" in wanted.fields()
    # a default that is found stands in no file
    sought = [text for text in wanted.needles if not any(text in d for d in DEFAULT_TEXTS)]
    return {
        reference: endpoint
        for reference, endpoint in inventory.endpoints_with(sought).items()
        if wanted.matches(searchable(endpoint, used_by(inventory, reference) if used else ()))
    }


def used_by(inventory: Inventory, reference: str) -> list[str]:
    """The scenarios that use an endpoint, sorted."""
    return sorted({use.scenario for use in inventory.uses.get(reference, ())})


def searchable(endpoint: Endpoint, scenarios: Sequence[str]) -> dict[str, object]:
    """An endpoint as queries see it: effective values, of the password its form only, and the
    scenarios that use it."""
    record = endpoint.record()
    form = record.pop("password")
    record.pop("given")
    form_name = next(iter(form), None) if form else None
    return record | {"password_form": form_name, "used_by": list(scenarios)}


def at_revision(
    root: Path, revision: str, reference: str | None = None, *, used: bool = True
) -> Inventory:
    """The workspace as it was at a revision.

    With the reference of an endpoint that was there, no other endpoint is read, and scenarios only
    to tell where it is `used`.
    """
    repository = required_repository(root)
    oid, path = repository.resolve(revision), ENDPOINT.path(reference or "")
    if reference and ENDPOINT.holds(path):
        more = [SCENARIO.folder] if used else []
        blobs = repository.tree(oid, [SETTINGS_FILE, path, *more])
        if path in blobs:
            return workspace.inventory_of(workspace.of_blobs(root, blobs, repository.blobs))
    blobs = repository.tree(oid, [*FOLDERS, SETTINGS_FILE])
    return workspace.inventory_of(workspace.of_blobs(root, blobs, repository.blobs))


def required_repository(root: Path) -> Repository:
    """The repository around a workspace; raises Refused where there is none."""
    from sipctl.git.repository import Repository

    repository = Repository.find(root)
    if repository is None:
        raise Refused(f'"{root}" lies in no Git repository', "make one with `sipctl init`")
    return repository


def shown(member: Member) -> list[tuple[str, str]]:
    """Every field of a readable endpoint with its effective value, defaults marked, as one line
    each."""
    from sipctl.changes import values_of

    values = values_of(named(member.said or {}, member.reference), member.facts.unknown)
    return [(field, value.text()) for field, value in values.items() if value.present]


# -- what Git knows of a workspace -----------------------------------------------------------------


def found_repository(root: Path) -> Repository | None:
    """The repository around a workspace, for what can do without: None also where there is no Git,
    or one that does not trust this folder."""
    from sipctl.git.repository import Repository

    try:
        return Repository.find(root)
    except Refused:
        return None


def refuse_linked_folders(root: Path) -> None:
    """Raise Refused where a folder of the workspace is a link: to Git its files are deleted."""
    linked = [folder for folder in FOLDERS if (root / folder).is_symlink()]
    if linked:
        message = f'"{linked[0]}" is a symbolic link, which Git does not follow'
        raise Refused(message, "put the folder itself in its place")


def judged_in_git(root: Path) -> Inventory:
    """The workspace on disk, judged beside what was committed last and by what Git ignores."""
    repository = found_repository(root)
    if repository is None:
        return workspace.load(root)
    return judged_beside(repository, root, repository.status(FOLDERS))


def judged_beside(repository: Repository, root: Path, status: Iterable[str]) -> Inventory:
    """As `judged_in_git`, for who has asked `git status` already: these are its paths."""
    return with_exposed(workspace.load(root, _committed(repository, status)), repository)


def _committed(repository: Repository, status: Iterable[str]) -> Context:
    """What each changed file had in HEAD."""
    changed = [path for path in status if workspace.is_member(path)]
    head = repository.head() if changed else None
    return context_of(repository, repository.tree(head, changed) if head else {})


def as_committed(repository: Repository, paths: Sequence[str]) -> dict[str, bytes | None]:
    """What HEAD holds of each path, with the line ends that a checkout would give it."""
    head = repository.head()
    tree = repository.tree(head, disk.around(paths)) if head and paths else {}
    found = repository.checked_out((path, tree[path]) for path in paths if path in tree)
    return {path: found.get((path, tree.get(path, ""))) for path in paths}


def context_of(repository: Repository, tree: Mapping[str, str]) -> Context:
    """What rules want to know of these blobs, each by its path."""
    blobs = repository.blobs(tree.values())
    files = ((path, blobs[blob]) for path, blob in tree.items())
    members = {p: workspace.read_member(p, data) for p, data in files if _may_tell(p, data)}
    return workspace.context_of(members)


def _may_tell(path: str, data: bytes) -> bool:
    """An endpoint tells rules something by its sealed password only, whose key has to stand there,
    if not behind a backslash in quotes."""
    return not ENDPOINT.holds(path) or b"age" in data or b"\\" in data


def with_exposed(inventory: Inventory, repository: Repository) -> Inventory:
    """The inventory judged by which files with passwords Git would take into a commit too."""
    exposed = exposed_files(repository, inventory.members.values())
    if not exposed:
        return inventory
    return workspace.reread(inventory, {}, inventory.context._replace(exposed=exposed))


def exposed_files(repository: Repository, members: Iterable[Member]) -> frozenset[str]:
    """The paths of password files, as endpoints name them, that Git would take into a commit."""
    named = {
        kept.named
        for member in members
        if not member.known.is_ordinary(member.path)
        and (kept := member.facts.kept)
        and kept.form == "file"
        and kept.named
    }
    if not named:
        return frozenset()
    from sipctl.git.exposure import exposed

    return exposed(repository, named)
