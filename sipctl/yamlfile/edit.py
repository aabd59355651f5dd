"""Edits that change the bytes of what they change and no others.

New text is spliced in at the places that the reader gives; the result is read again and compared
with what was intended. A layout that cannot be spliced goes through a round trip set to the file's
own style, and is compared too: an edit does what it should, or raises Bug.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from sipctl import nodes
from sipctl.errors import Bug
from sipctl.scalars import quote
from sipctl.yamlfile import meaning
from sipctl.yamlfile.read import read
from sipctl.yamlfile.splice import Splicer, entries_of
from sipctl.yamlfile.write import Path, Unset, Value, inline


def set_values(text: str, changes: Mapping[str, Value | Unset], order: Sequence[str]) -> str:
    """The document `text` with top-level keys set, or taken out by `UNSET`.

    `order` is the canonical order of keys: a new key goes behind the last present one that precedes
    it there, and one that is not in it to the end. A key that has its value already keeps its
    bytes.
    Raises Bug where `text` cannot be read or holds no mapping: whoever calls has judged it before.
    """
    root = _root(text)
    if not isinstance(root, nodes.Mapping):
        raise Bug("a file that holds no mapping was to be edited")
    data = {key.value: meaning.of_node(value) for key, value in root.entries}
    wanted = dict(data)
    for key, value in changes.items():
        if isinstance(value, Unset):
            wanted.pop(key, None)
        else:
            wanted[key] = meaning.of_value(value)
    pending = {key: new for key, new in changes.items() if data.get(key) != wanted.get(key)}
    if not pending:
        return text
    edits = [((key,), value) for key, value in _ordered(pending, order)]
    return _first_right(
        ("{}", frozenset(wanted.items())),
        lambda: _with_keys(text, root, pending, order),
        lambda: _round_trip(text, root, edits, order),
        text,
    )


def splice_path(text: str, path: Path, value: str) -> str:
    """The document `text` with the scalar at `path` set to a string. Raises Bug as set_values."""
    root = _root(text)
    target = _scalar_at(root, path)

    def spliced() -> str:
        splicer = Splicer(text)
        splicer.replace(target, value)
        return splicer.result()

    return _first_right(
        meaning.of_node(root, target, meaning.of_value(value)),
        spliced,
        lambda: _round_trip(text, root, [(path, value)], ()),
        text,
    )


def _first_right(
    wanted: object, spliced: Callable[[], str], round_trip: Callable[[], str], text: str
) -> str:
    """The result of the first way of making an edit that says what is wanted."""
    for result in _results(spliced, round_trip, text):
        root = read(result.encode(), "").root
        if root is not None and meaning.of_node(root) == wanted:
            return result
    raise Bug("an edit of a file did not give what it should; nothing was written")


def _results(spliced: Callable[[], str], round_trip: Callable[[], str], text: str) -> Iterator[str]:
    result = spliced()
    if not text.endswith(("\r", "\n")) and result.endswith(("\r", "\n")):
        # a last newline that was missing stays missing, if it says nothing
        yield result[: -2 if result.endswith("\r\n") else -1]
    yield result
    yield round_trip()


def _round_trip(
    text: str,
    root: nodes.Node,
    edits: Sequence[tuple[Path, Value | Unset]],
    order: Sequence[str],
) -> str:
    # ruamel's round trip costs 40 ms to import, and few layouts ever need it
    from sipctl.yamlfile.roundtrip import round_trip

    return round_trip(text, root, edits, order)


def _root(text: str) -> nodes.Node:
    root = read(text.encode(), "").root
    if root is None:
        raise Bug("a file that cannot be read was to be edited")
    return root


def _scalar_at(root: nodes.Node, path: Path) -> nodes.Scalar:
    node: nodes.Node | None = root
    for step in path:
        if isinstance(node, nodes.Mapping):
            node = node.get(str(step))
        elif isinstance(node, nodes.Sequence) and isinstance(step, int):
            node = node.items[step] if step < len(node.items) else None
    if not isinstance(node, nodes.Scalar):
        raise Bug("a value that is not there, or is no scalar, was to be edited")
    return node


# -- the keys of a document --------------------------------------------------------------------


def _with_keys(
    text: str, root: nodes.Mapping, pending: Mapping[str, Value | Unset], order: Sequence[str]
) -> str:
    splicer = Splicer(text)
    present = list(root.keys())
    removed = [key for key in present if isinstance(pending.get(key), Unset)]
    entries = entries_of(splicer, root)
    entries.delete(present.index(key) for key in removed)
    kept = [key for key in present if key not in removed]
    added: dict[tuple[str, bool], list[str]] = {}
    for key, value in _ordered(pending, order):
        if isinstance(value, Unset) or not kept:
            continue
        if key in kept:
            name, node = root.entries[present.index(key)]
            splicer.replace(node, value, splicer.behind(":", name.end))
        else:
            line = f"{quote(key)}: {inline(value)}"
            added.setdefault(_anchor(key, kept, order), []).append(line)
    for (anchor, behind), lines in added.items():
        insert = entries.insert_behind if behind else entries.insert_before
        insert(present.index(anchor), lines)
    return splicer.result()


def _ordered(
    pending: Mapping[str, Value | Unset], order: Sequence[str]
) -> list[tuple[str, Value | Unset]]:
    ranks = {key: rank for rank, key in enumerate(order)}
    return sorted(pending.items(), key=lambda item: ranks.get(item[0], len(ranks)))


def _anchor(key: str, kept: Sequence[str], order: Sequence[str]) -> tuple[str, bool]:
    """The present key that a new one goes next to; True for behind it, False for before."""
    if key not in order:
        return kept[-1], True
    rank = order.index(key)
    preceding = [name for name in kept if name in order[:rank]]
    following = [name for name in kept if name in order[rank:]]
    if preceding:
        return preceding[-1], True
    return (following[0], False) if following else (kept[-1], True)
