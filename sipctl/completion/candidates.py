"""What can stand at the cursor: a line and a workspace -> the words to offer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from sipctl.completion import files, table
from sipctl.completion.line import Line, understand
from sipctl.completion.table import Option, Slot, Word

QUERY_FIELDS = {
    "codec": "codec",
    "description": "",
    "host": "",
    "in": "scenario",
    "password": "password-form",
    "port": "",
    "realm": "",
    "reference": "endpoint",
    "register": "yes-or-no",
    "tag": "tag",
    "transport": "transport",
    "used": "yes-or-no",
    "username": "",
}
"""The fields of queries, and of which kind their values are."""

_ALIASES = {"codecs": "codec", "ref": "reference", "tags": "tag", "user": "username"}


_CHOOSING = frozenset(("--all", "--all-workspaces", "--from", "--where"))
"""Options that say what a command is about in place of its arguments, and of each other."""

_CHOSEN = ("endpoint", "file", "scenario")
"""The kinds of these arguments."""


class Offer:
    """The words to offer, whole words in place of the typed one.

    `open` is True where more is to be typed behind each, so that no blank should follow. With
    `paths` ("files" or "folders") the shell itself knows better, behind the first `fixed`
    characters of the typed word.
    """

    __slots__ = ("fixed", "open", "paths", "words")

    def __init__(
        self, words: Iterable[Word] = (), *, open: bool = False, paths: str = "", fixed: str = ""
    ) -> None:
        self.words = list(words)
        self.open = open
        self.paths = paths
        self.fixed = fixed


def offer(words: Sequence[str], index: int, *, anywhere: bool = False) -> Offer:
    """What can stand in `words[index]`, which is the word at the cursor as far as it is typed.

    `words` are those of the line without the program's name. A word is offered that begins with
    what is typed; where none does, case is ignored. With `anywhere` one that contains it will do,
    for shells that choose by themselves.
    """
    line = understand(words, index)
    if line.command is None:
        return Offer()
    found = _Candidates(line, anywhere).offer()
    found.words = [word for word in found.words if word[0] and (word[0] + word[1]).isprintable()]
    return found


class _Candidates:
    def __init__(self, line: Line, anywhere: bool) -> None:
        self.line = line
        self.anywhere = anywhere

    def offer(self) -> Offer:
        line, command = self.line, self.line.command
        assert command is not None
        if line.slot is not None and not self._is_chosen_otherwise(line.slot):
            return self._values(line.slot.kind)
        if line.typed.startswith("-") and not line.after_dashes:
            return Offer(self._fitting(self._options(command.options), line.typed))
        if command.commands:
            return Offer(self._fitting(command.commands.items(), line.typed))
        if not line.typed and not line.after_dashes:  # nothing but an option can follow
            return Offer(self._options(command.options))
        return Offer()

    def _is_chosen_otherwise(self, slot: Slot) -> bool:
        """True for an argument that an option on the line stands in place of."""
        assert self.line.command is not None
        is_argument = any(slot is argument for argument in self.line.command.arguments)
        return is_argument and slot.kind in _CHOSEN and not _CHOOSING.isdisjoint(self.line.options)

    def _fitting(self, words: Iterable[Word], typed: str) -> list[Word]:
        by_word = dict(words)
        return [(word, by_word[word]) for word in self._matching(list(by_word), typed)]

    def _matching(self, words: list[str], typed: str) -> list[str]:
        if not typed:
            return words
        folded = typed.casefold()
        if self.anywhere:
            return [word for word in words if folded in word.casefold()]
        exact = [word for word in words if word.startswith(typed)]
        return exact or [word for word in words if word.casefold().startswith(folded)]

    def _options(self, options: list[Option]) -> list[Word]:
        given = self.line.options
        left = [o for o in options if o.names[0] not in given or (o.slot and o.slot.many)]
        if self.line.named(*_CHOSEN) or not _CHOOSING.isdisjoint(given):
            left = [o for o in left if o.names[0] in given or o.names[0] not in _CHOOSING]
        return [(name, option.help) for option in left for name in option.names]

    def _values(self, kind: str) -> Offer:
        line = self.line
        if kind in ("file", "folder"):
            return Offer(paths=f"{kind}s", fixed=line.fixed)
        if kind == "query":
            return self._query()
        if kind == "take":
            return self._take()
        if kind in ("codecs", "tags"):
            return self._list(kind.removesuffix("s"))
        return self._behind(line.fixed, line.value, self._words(kind, line.value))

    def _behind(
        self, fixed: str, typed: str, words: Iterable[Word], *, open: bool = False
    ) -> Offer:
        """The words that fit what is typed behind `fixed`."""
        fitting = self._fitting(words, typed)
        return Offer([(fixed + word, meaning) for word, meaning in fitting], open=open)

    def _list(self, kind: str) -> Offer:
        """One more value of a list with commas."""
        before, comma, typed = self.line.value.rpartition(",")
        used = before.split(",")
        words = [word for word in self._words(kind, typed) if word[0] not in used]
        return self._behind(self.line.fixed + before + comma, typed, words)

    # -- queries ---------------------------------------------------------------------------------

    def _query(self) -> Offer:
        """One term of a query: the name of a field, or what can stand behind its colon."""
        value = self.line.value
        start = _term_start(value)
        term = value[start:]
        fixed = self.line.fixed + value[:start]
        field, colon, typed = term.partition(":")
        if colon:
            return self._query_value(fixed, field, typed)
        names = self._fitting([(f"{name}:", "") for name in QUERY_FIELDS], field)
        if len(names) == 1 and field:  # then the next press of the key is answered too
            name = names[0][0].removesuffix(":")
            values = self._query_value(fixed, name, "")
            if values.words:
                return values
        return Offer([(fixed + word, meaning) for word, meaning in names], open=True)

    def _query_value(self, fixed: str, field: str, typed: str) -> Offer:
        folded = field.casefold()
        kind = QUERY_FIELDS.get(_ALIASES.get(folded, folded))
        before, comma, typed = typed.rpartition(",")
        used = before.split(",")
        words = [word for word in self._words(kind, typed) if word[0] not in used] if kind else []
        return self._behind(f"{fixed}{field}:{before}{comma}", typed, words)

    # -- scenarios -------------------------------------------------------------------------------

    def _take(self) -> Offer:
        """ACTION=LABEL of `scenario trace --take`."""
        fixed, value = self.line.fixed, self.line.value
        known = self._actions()
        action, equals, typed = value.partition("=")
        if equals:
            return self._behind(f"{fixed}{action}=", typed, self._written_labels(action))
        words = [(f"{id}=", meaning) for id, meaning in self._words("action", "")]
        found = self._behind(fixed, value, words, open=True)
        if len(found.words) == 1 and value and len(known) > 0:
            action = found.words[0][0][len(fixed) : -1]
            return self._behind(f"{fixed}{action}=", "", self._written_labels(action))
        return found

    def _actions(self) -> dict[str, list[files.Action]]:
        """The actions of the scenarios on the line, else of all scenarios."""
        root = self._root()
        if root is None:
            return {}
        named = self.line.named("scenario") or self._references("scenario")
        return files.actions(root, named)

    def _labels(self, action: str | None) -> list[Word]:
        """The branches of an action, with those that its type has and that are not written."""
        found = dict(self._written_labels(action))
        for one in self._chosen(action):
            for label, _ in table.words(f"branches of {one.type}") or []:
                found.setdefault(label, "")
        return list(found.items())

    def _written_labels(self, action: str | None) -> list[Word]:
        """The branches of an action that are written: no call can take another."""
        branches = [branch for one in self._chosen(action) for branch in one.branches.items()]
        return list({label: f"to {to}" for label, to in branches}.items())

    def _chosen(self, action: str | None) -> list[files.Action]:
        """The actions of this id, or all."""
        actions = self._actions()
        return [one for id in actions if action in (None, id) for one in actions[id]]

    # -- words of a kind -------------------------------------------------------------------------

    def _root(self) -> str | None:
        return files.root(self.line.given("--workspace"))

    def _words(self, kind: str, typed: str) -> list[Word]:
        """All words of a kind, but those that stand on the line already.

        Of references only those that `typed` begins: 10,000 are not looked at one by one.
        """
        slot = self.line.slot
        if slot is not None and slot.words:
            return _plain(slot.words)
        known = table.words(kind)
        if known is None:
            known = self._words_here(kind, typed)
        # of [REF] TAG… the first word is of another sort than the others, so it tells for itself
        named = [] if kind == "tagging" else self.line.named(kind)
        used = {*named, *self._same_option()}
        return [word for word in known if word[0] not in used] if used else known

    def _words_here(self, kind: str, typed: str) -> list[Word]:
        """The words of a kind that depends on the workspace or the machine."""
        if kind in ("endpoint", "scenario"):
            return _plain(self._references(kind, typed))
        if kind == "member":
            return _plain(sorted({*self._references("endpoint"), *self._references("scenario")}))
        make = _IN_WORKSPACE.get(kind)
        if make is None:
            return _ANYWHERE.get(kind, list)()
        root = self._root()
        return make(self, root) if root else []

    def _references(self, kind: str, typed: str = "") -> list[str]:
        root = self._root()
        return files.references(self._matching(files.names(root, kind), typed)) if root else []

    def _same_option(self) -> list[str]:
        """What the same option, repeated, has taken already."""
        slot, command = self.line.slot, self.line.command
        assert command is not None
        same = [o.names[0] for o in command.options if slot is not None and o.slot is slot]
        return [value for name in same for value in self.line.options.get(name, ())]

    def _attached(self, root: str) -> list[Word]:
        """The endpoints that the scenario on the line uses; all where none is seen to be used."""
        parameters = [name for name, _ in table.words("endpoint-parameter") or []]
        actions = [one for all in self._actions().values() for one in all]
        used = {one.values[name] for one in actions for name in parameters if name in one.values}
        return _plain(sorted(used)) or _plain(self._references("endpoint"))

    def _action_words(self, root: str) -> list[Word]:
        return [(id, all[0].type) for id, all in self._actions().items()]

    def _attached_actions(self, root: str) -> list[Word]:
        """The actions that send calls to an endpoint."""
        types = [type for type, _ in table.words("endpoint-action") or []]
        return [word for word in self._action_words(root) if word[1] in types]

    def _ways(self, root: str) -> list[Word]:
        """The fields of a scenario; behind `actions.` what stands below it, too."""
        found, typed = list(table.words("scenario-field") or []), self.line.value
        for id, all in self._actions().items() if typed.startswith("actions.") else ():
            found.append((f"actions.{id}", all[0].type))
            below = ["action", "branches", *all[0].values]
            below += [f"branches.{label}" for label in all[0].branches]
            if typed.startswith(f"actions.{id}."):
                found += _plain(f"actions.{id}.{key}" for key in below)
        # a part with a blank or quote in it wants quotes of its own
        return [word for word in found if not set(word[0]) & set(" \"'\\")]

    def _label_words(self, root: str) -> list[Word]:
        return self._labels(self.line.given("--after"))

    def _tags(self, root: str) -> list[Word]:
        return _plain(files.tags(root, self._references("endpoint")))

    def _tagging(self, root: str) -> list[Word]:
        """[REF] TAG…: an endpoint, and then tags; of `tag remove` those that it has."""
        given = [word for _, word in self.line.arguments]
        by_query = "--where" in self.line.options
        if self.line.position == 0 and not by_query:
            return _plain(self._references("endpoint", self.line.value))
        tags = self._tags(root)
        if not by_query and given:
            own = _plain(files.tags(root, given[:1]))
            tags = (
                own if self.line.name == "tag remove" else [tag for tag in tags if tag not in own]
            )
        return [tag for tag in tags if tag[0] not in given[not by_query :]]

    def _recipients(self, root: str) -> list[Word]:
        return _plain(files.recipients(root))

    def _revisions(self, root: str) -> list[Word]:
        return _plain(files.revisions(root))


def _plain(words: Iterable[str]) -> list[Word]:
    return [(word, "") for word in words]


def _term_start(query: str) -> int:
    """Where the last term of a query begins, behind blanks, parentheses and minus signs."""
    start, quoted = 0, False
    for at, char in enumerate(query):
        if char == '"':
            quoted = not quoted
        elif not quoted and char in " \t()":
            start = at + 1
    while query[start : start + 1] == "-":
        start += 1
    return start


def _schemas() -> list[Word]:
    from sipctl import resources

    folder = str(resources.path("schemas"))
    found = []
    for parent, _, names in os.walk(folder):
        below = os.path.relpath(parent, folder)
        names = [name.removesuffix(".schema.json") for name in names if ".schema.json" in name]
        found += [name if below == "." else f"{below}/{name}" for name in names]
    return _plain(sorted(found))


def _variables() -> list[Word]:
    return _plain(sorted(name for name in os.environ if name.isidentifier()))


_IN_WORKSPACE: dict[str, Callable[[_Candidates, str], list[Word]]] = {
    "action": _Candidates._action_words,
    "attached": _Candidates._attached,
    "attached-action": _Candidates._attached_actions,
    "label": _Candidates._label_words,
    "recipient": _Candidates._recipients,
    "revision": _Candidates._revisions,
    "tag": _Candidates._tags,
    "tagging": _Candidates._tagging,
    "way": _Candidates._ways,
}

_ANYWHERE: dict[str, Callable[[], list[Word]]] = {"schema": _schemas, "variable": _variables}
