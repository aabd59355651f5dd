"""Edits that change the bytes of what they change and no others.

New text is spliced in at the places that the reader gives; the result is read again and compared
with what was intended. A layout that cannot be spliced goes through a round trip set to the file's
own style, and is compared too: an edit does what it should, or raises Bug.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sipctl.errors import Bug, Refused
from sipctl.yamlfile import meaning, nodes
from sipctl.yamlfile.meaning import Meaning
from sipctl.yamlfile.read import read
from sipctl.yamlfile.splice import Splicer, entries_of
from sipctl.yamlfile.write import UNSET, KeyPath, Typed, Unset, Value, entry, top_entry


def set_paths(
    text: str, changes: Mapping[KeyPath, Value | Unset], order: Sequence[str] = ()
) -> str:
    """The document `text` with values set, or their entries taken out by `UNSET`.

    A path is the keys of nested mappings; all but the last must be there. `order` is the canonical
    order of top-level keys: a new key goes behind the last present one that precedes it there, and
    one that is not in it to the end, as do new keys of nested mappings, in the order of `changes`.
    What has its value already keeps its bytes, also within a mapping that is set as a whole.
    Raises Bug where `text` cannot be read or holds no mapping (whoever calls has judged it before),
    where a path leads nowhere, and where one path goes on from another; Refused for a plain value
    that cannot stand where the file's layout wants it.
    """
    return changed(text, _root(text), changes, order)[0]


def changed(
    text: str,
    root: nodes.Mapping,
    changes: Mapping[KeyPath, Value | Unset],
    order: Sequence[str] = (),
) -> tuple[str, nodes.Mapping]:
    """As `set_paths`, of a document that has been read already: `root` is what `text` holds. With
    the new text comes what it holds."""
    result = spliced(text, root, changes, order) or _rewritten(text, root, changes, order)
    if result is None:
        _refuse_plain_in_flow(changes.values())
        raise Bug("an edit of a file did not give what it should; nothing was written")
    return result


def spliced(
    text: str,
    root: nodes.Mapping,
    changes: Mapping[KeyPath, Value | Unset],
    order: Sequence[str] = (),
) -> tuple[str, nodes.Mapping] | None:
    """As `changed`, by splices alone, which leave all other bytes; None where the layout allows
    none."""
    top = _changes_of(root, changes)
    wanted = _wanted(top)
    if wanted == meaning.of_node(root):
        return text, root
    result = _spliced(text, top, order)
    # a last newline that was missing stays missing, if it says nothing
    ended = text.endswith(("\r", "\n"))
    shorter = result if ended else result.removesuffix("\n").removesuffix("\r")
    return _right(shorter, wanted) or _right(result, wanted)


def _rewritten(
    text: str, root: nodes.Mapping, changes: Mapping[KeyPath, Value | Unset], order: Sequence[str]
) -> tuple[str, nodes.Mapping] | None:
    # ruamel's round trip costs 40 ms to import, and few layouts ever need it
    from sipctl.yamlfile.roundtrip import round_trip

    top = _changes_of(root, changes)
    return _right(round_trip(text, root, [*_edits(top, order)], order), _wanted(top))


def _right(result: str, wanted: Meaning) -> tuple[str, nodes.Mapping] | None:
    """A new text and what it holds, if it says what is wanted."""
    root = read(result.encode(), "").root
    if isinstance(root, nodes.Mapping) and meaning.of_node(root) == wanted:
        return result, root
    return None


_ENDS_PLAIN_IN_FLOW = re.compile(r"[,\[\]{}]")


def _refuse_plain_in_flow(values: Iterable[Value | Unset]) -> None:
    """Raise Refused for the first plain value that braces and brackets would end early."""
    for value in values:
        if isinstance(value, Typed) and _ENDS_PLAIN_IN_FLOW.search(value):
            # which one is not told: it may be a password
            message = "a value with a comma or bracket cannot stand between braces unquoted"
            raise Refused(message, "write it by hand: in quotes, or where no braces are")
        if isinstance(value, Mapping):
            _refuse_plain_in_flow(value.values())
        elif isinstance(value, Sequence) and not isinstance(value, str):
            _refuse_plain_in_flow(value)


def _root(text: str) -> nodes.Mapping:
    root = read(text.encode(), "").root
    if not isinstance(root, nodes.Mapping):
        raise Bug("a file that cannot be read, or holds no mapping, was to be edited")
    return root


# -- what is to change -------------------------------------------------------------------------


class _Changes:
    """What is to change in a mapping: its own keys, and what stands within their mappings."""

    def __init__(self, node: nodes.Mapping, depth: int = 1) -> None:
        self.node = node
        self.depth = depth  # of its keys: 1 at the top of the document
        self.own: dict[str, Value | Unset] = {}
        self.within: dict[str, _Changes] = {}

    def at(self, key: str) -> _Changes:
        """The changes in the mapping that is the value of `key`."""
        if key not in self.within:
            node = self.node.get(key)
            if not isinstance(node, nodes.Mapping):
                raise Bug("an entry of a mapping that is not there was to be edited")
            self.within[key] = _Changes(node, self.depth + 1)
        return self.within[key]

    def set(self, key: str, value: Value | Unset) -> None:
        """Have `key` set, if it does not stand so already, or taken out."""
        node = self.node.get(key)
        if node is None or isinstance(value, Unset):
            self.own[key] = value
        elif isinstance(value, Mapping) and isinstance(node, nodes.Mapping) and _fits(node, value):
            self.at(key).become(value)
        elif meaning.of_node(node) != meaning.of_value(value):
            self.own[key] = value

    def become(self, value: Mapping[str, Value]) -> None:
        """Have the mapping hold what `value` holds and no more."""
        for name in list(self.node.keys()):
            if name not in value:
                self.set(name, UNSET)
        for key, item in value.items():
            self.set(key, item)


def _fits(node: nodes.Mapping, value: Mapping[str, Value]) -> bool:
    """True where changes entry by entry give the order of `value`, and no entry changes its key."""
    if len(node.entries) == len(value) == 1 and node.entries[0][0].value not in value:
        return False
    kept = filter(value.__contains__, node.keys())
    new = [key for key in value if node.index(key) is None]
    return [*kept, *new] == list(value)


def _changes_of(root: nodes.Mapping, changes: Mapping[KeyPath, Value | Unset]) -> _Changes:
    top = _Changes(root)
    for path, value in changes.items():
        if not path or any(path[:end] in changes for end in range(1, len(path))):
            raise Bug("two changes of one value were asked for")
        *way, last = path
        place = top
        for key in way:
            place = place.at(key)
        place.set(last, value)
    return top


def _wanted(changes: _Changes) -> Meaning:
    """What the mapping is to say."""
    entries: dict[str, Meaning] = {}
    for key, node in changes.node.entries:
        if key.value in changes.within:
            entries[key.value] = _wanted(changes.within[key.value])
        elif key.value not in changes.own:
            entries[key.value] = meaning.of_node(node)
    for name, value in changes.own.items():
        if not isinstance(value, Unset):
            entries[name] = meaning.of_value(value)
    return meaning.of_entries(entries.items())


def _edits(
    changes: _Changes, order: Sequence[str], way: KeyPath = ()
) -> Iterator[tuple[KeyPath, Value | Unset]]:
    """The changes as paths, outer ones last."""
    for key, inner in changes.within.items():
        yield from _edits(inner, (), (*way, key))
    for key, value in _ordered(changes.own, order):
        yield (*way, key), value


def _ordered(
    changes: Mapping[str, Value | Unset], order: Sequence[str]
) -> list[tuple[str, Value | Unset]]:
    ranks = {key: rank for rank, key in enumerate(order)}
    return sorted(changes.items(), key=lambda item: ranks.get(item[0], len(ranks)))


# -- splices -----------------------------------------------------------------------------------


def _spliced(text: str, changes: _Changes, order: Sequence[str]) -> str:
    splicer = Splicer(text)
    if not text.endswith(("\r", "\n")):
        splicer = Splicer(text + splicer.line_end)  # so that every line can be followed by another
    _splice(splicer, changes, order, None)
    return splicer.result()


def _splice(
    splicer: Splicer, changes: _Changes, order: Sequence[str], key: nodes.Scalar | None
) -> None:
    """Make the changes; `key` is the mapping's own where that is an entry in block style."""
    node = changes.node
    # where two mappings end at one place, the new entries of the inner one stand first
    for name, inner in changes.within.items():
        _splice(splicer, inner, (), None if node.flow else node.key(name))
    gone: set[int] = set()
    new: list[tuple[str, Value]] = []
    for name, value in _ordered(changes.own, order):
        at = node.index(name)
        if at is None:
            if not isinstance(value, Unset):
                new.append((name, value))
        elif isinstance(value, Unset):
            gone.add(at)
        else:
            found, old = node.entries[at]
            splicer.replace(old, value, splicer.behind(":", found.end))
    if len(gone) < len(node.entries):
        _insert_and_delete(splicer, changes, gone, new, order)
    elif gone or new:
        _replace_all(splicer, changes, new, key)


def _insert_and_delete(
    splicer: Splicer,
    changes: _Changes,
    gone: set[int],
    new: Sequence[tuple[str, Value]],
    order: Sequence[str],
) -> None:
    node = changes.node
    entries = entries_of(splicer, node)
    entries.delete(gone)
    kept = {key: at for at, key in enumerate(node.keys()) if at not in gone}
    names = list(kept)
    groups: dict[tuple[str, bool], list[str]] = {}
    for (key, _), text in zip(new, _texts(changes, new), strict=True):
        groups.setdefault(_anchor(key, names, order), []).append(text)
    for (anchor, behind), texts in groups.items():
        insert = entries.insert_behind if behind else entries.insert_before
        insert(kept[anchor], texts)


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


def _replace_all(
    splicer: Splicer,
    changes: _Changes,
    new: Sequence[tuple[str, Value]],
    key: nodes.Scalar | None,
) -> None:
    """Put new entries, or `{}`, where no old one stays."""
    colon = splicer.behind(":", key.end) if key else None
    if not new:
        entries_of(splicer, changes.node).clear(colon)
    elif key and colon and _spreads(splicer, changes, colon, new):
        lines = (entry(name, value, 1) for name, value in new)
        splicer.spread(changes.node, colon, key.column + 1, lines)
    else:
        entries_of(splicer, changes.node).exchange(_texts(changes, new))


def _spreads(
    splicer: Splicer, changes: _Changes, colon: int, new: Sequence[tuple[str, Value]]
) -> bool:
    """True where new mappings make a block of a `{}`, as they would of a key that is not there."""
    end = changes.node.end
    braces = splicer.text[colon:end].replace(" ", "")
    blocks = changes.depth == 2 and any(isinstance(value, Mapping) for _, value in new)
    return blocks and braces == "{}" and splicer.ends_line(end)


# -- the text of new entries -------------------------------------------------------------------


def _texts(changes: _Changes, new: Sequence[tuple[str, Value]]) -> list[str]:
    """New entries in the style of the mapping and of the mappings in it."""
    if changes.node.flow:
        return [entry(key, value, 0) for key, value in new]
    if changes.depth == 1:
        return [top_entry(key, value) for key, value in new]
    levels, step = _style(changes)
    return [entry(key, value, levels, step) for key, value in new]


def _style(changes: _Changes) -> tuple[int, int]:
    """How many levels of new mappings are blocks, and their indent: as the last mapping has it.

    Where there is none, those right below the top are blocks, and all deeper ones stand inline.
    """
    for key, node in reversed(changes.node.entries):
        if isinstance(node, nodes.Mapping) and node.entries:
            width = node.column - key.column
            return (0, 2) if node.flow else (1, width if width > 0 else 2)
    return int(changes.depth == 2), 2
