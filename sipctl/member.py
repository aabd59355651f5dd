"""One file of a workspace: what was found out of its content alone, and the content itself.

The facts are plain data, so that they can be kept (cache.py): who has them needs no YAML to list,
to search or to judge what lies between files. The content is read and parsed where it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sipctl.endpoint import Endpoint
from sipctl.findings import Finding, Place
from sipctl.kinds import ENDPOINT, SCENARIO, Kind, kind_in, kind_of, reference_of
from sipctl.scenarios.scenario import Scenario

if TYPE_CHECKING:
    from sipctl.rules.ignores import Ignore
    from sipctl.yamlfile.nodes import Mapping as MappingNode
    from sipctl.yamlfile.nodes import Node, Scalar
    from sipctl.yamlfile.read import Document

_NONE: Mapping[str, Any] = MappingProxyType({})

Span = tuple[int, int, int]
"""Where something stands in a file: line, column, and how many characters it takes there."""


def place_of(span: Span, path: str) -> Place:
    """A span of a file as a place."""
    line, column, width = span
    return Place(path, line, column, line, column + width)


# -- facts ---------------------------------------------------------------------------------------


class Login(NamedTuple):
    """A user name, and a digest of the sealed password beside it, as they stand in a file."""

    username: str | None
    digest: str


class Kept(NamedTuple):
    """How an endpoint's password is kept: `form` is env, file, age, plain or unknown.

    `named` is the variable or the file; `sealed` the sealed value, as far as it is whole, and
    `fault` why it is not. What could be a password itself is in none of these.
    """

    form: str
    span: Span
    named: str = ""
    sealed: str = ""
    fault: str = ""


class Use(NamedTuple):
    """An action that sends calls to an endpoint, and where it names it."""

    action: str
    endpoint: str
    span: Span


class Branching(NamedTuple):
    """Where an action's id stands, and the labels of its branches."""

    span: Span
    labels: Mapping[str, Span]


class Facts(NamedTuple):
    """What was found out of one file's content alone.

    `data` is what it says by key, a password by its form, None where errors make that unsure;
    `tolerated` the same with values that are forbidden, which settings may allow, and with those
    that `fmt` mends, which they may not; `doubts` are the findings that they would have to allow.
    `findings` are all of the file's own. `spans` tell where values stand that rules between files
    speak of. `unknown` are an endpoint's keys that nobody knows. `parsed` is False where the file
    is no YAML mapping, and
    `uses_known` where nobody can tell which endpoints a scenario uses.
    """

    data: Mapping[str, Any] | None = None
    tolerated: Mapping[str, Any] | None = None
    doubts: tuple[Finding, ...] = ()
    findings: tuple[Finding, ...] = ()
    ignores: tuple[Ignore, ...] = ()
    spans: Mapping[str, Span] = _NONE
    unknown: tuple[str, ...] = ()
    login: Login | None = None
    kept: Kept | None = None
    uses: tuple[Use, ...] = ()
    numbers: Mapping[str, Span] = _NONE
    branchings: Mapping[str, Branching] = _NONE
    parsed: bool = False
    uses_known: bool = False

    @property
    def meant(self) -> Mapping[str, Any] | None:
        """The data, also with values that are forbidden or mended: those hide no other finding."""
        return self.tolerated if self.data is None else self.data

    @property
    def plain(self) -> bool:
        """True where there are data, and neither findings of the file's own nor comments that want
        one ignored."""
        return self.data is not None and not (self.findings or self.ignores)

    def is_ordinary(self, path: str) -> bool:
        """True for an endpoint's file at this path in which no rule that looks at it beside others
        can find anything, whatever those are, but that their names differ in case only."""
        data = self.data
        if data is None or not self.plain or kind_of(path) is not ENDPOINT:
            return False
        if self.kept is not None and self.kept.form != "env":
            return False
        registers = data.get("register") and data.get("username") is None
        return data["reference"] == reference_of(path) and not registers

    def may_hold(self, text: str) -> bool:
        """True; only what a cache keeps can rule a text out."""
        return True

    @property
    def facts(self) -> Facts:
        """Themselves."""
        return self


class Known(Protocol):
    """Facts that are at hand, or are decoded as far as they are asked for."""

    @property
    def data(self) -> Mapping[str, Any] | None:
        """As `Facts.data`."""
        ...

    @property
    def plain(self) -> bool:
        """As `Facts.plain`."""
        ...

    def is_ordinary(self, path: str) -> bool:
        """As `Facts.is_ordinary`."""
        ...

    def may_hold(self, text: str) -> bool:
        """False where a text in small letters is in nothing that the file says, in any case."""
        ...

    @property
    def facts(self) -> Facts:
        """All facts."""
        ...


# -- content -------------------------------------------------------------------------------------


class Content:
    """A file's bytes, and what the reader makes of them. `root` is None where they are no YAML
    mapping."""

    # nothing shows its values: a file may hold a password in plain text
    __slots__ = ("data", "root", "text")

    def __init__(self, data: bytes, text: str, root: MappingNode | None) -> None:
        self.data = data
        self.text = text
        self.root = root

    @classmethod
    def of(cls, data: bytes, document: Document) -> Content:
        """The content that these bytes were read from."""
        from sipctl.yamlfile.nodes import Mapping as MappingNode

        root = document.root if isinstance(document.root, MappingNode) else None
        return cls(data, document.text, root)


def content_of(path: str, data: bytes) -> Content:
    """What the reader makes of a file's bytes; nothing is judged."""
    from sipctl.yamlfile.read import read

    return Content.of(data, read(data, path))


Source = Callable[[str, Known], Content]
"""Gets the content of a file when it is asked for, by its path and what is known of it."""


def already_read(content: Content) -> Source:
    """The source of a content that is at hand."""
    return lambda path, known: content


NO_CONTENT = already_read(Content(b"", "", None))


def digest(data: bytes) -> str:
    """A name for a content: equal for equal bytes, and for no others."""
    import hashlib  # dear, and few commands need a digest

    return hashlib.blake2b(data, digest_size=16).hexdigest()


# -- both ----------------------------------------------------------------------------------------


class Member:
    """One endpoint's or scenario's file. `tolerant` is True where settings or comments make all
    that its values break less than errors."""

    __slots__ = ("_content", "_source", "known", "path", "tolerant")

    def __init__(self, path: str, known: Known, source: Source, tolerant: bool = False) -> None:
        self.path = path
        self.known = known
        self.tolerant = tolerant
        self._source = source
        self._content: Content | None = None

    def as_tolerant(self, tolerant: bool) -> Member:
        """The same file, tolerant or not."""
        return Member(self.path, self.known, self._source, tolerant)

    @property
    def facts(self) -> Facts:
        """What was found out of its content alone."""
        return self.known.facts

    @property
    def kind(self) -> Kind:
        """Whether it is an endpoint or a scenario: the folder says."""
        return kind_in(self.path)

    @property
    def reference(self) -> str:
        """The reference that the file's name says."""
        return reference_of(self.path)

    @property
    def said(self) -> Mapping[str, Any] | None:
        """What the file says; None where errors make that unsure."""
        data = self.known.data
        return self.facts.tolerated if data is None and self.tolerant else data

    @property
    def readable(self) -> bool:
        """True where the file says something for sure."""
        return self.known.plain or self.said is not None

    @property
    def endpoint(self) -> Endpoint | None:
        """The endpoint, if it is one that can be read."""
        said = self.said if self.kind is ENDPOINT else None
        return None if said is None else Endpoint(named(said, self.reference))

    @property
    def scenario(self) -> Scenario | None:
        """The scenario, if it is one that can be read."""
        said = self.said if self.kind is SCENARIO else None
        return None if said is None else Scenario.of(named(said, self.reference))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the file by itself."""
        return () if self.known.plain else self.facts.findings

    def place(self, key: str) -> Place:
        """Where the value of a key stands, of those that rules between files speak of."""
        span = self.facts.spans.get(key)
        return place_of(span, self.path) if span else Place(self.path)

    def is_as(self, other: Member) -> bool:
        """True where both hold the same bytes; of one file they need not be read for that."""
        return self.known is other.known or self.data == other.data

    # -- the content, which may have to be read ------------------------------------------------

    @property
    def content(self) -> Content:
        """The content; raises Refused where the file is another one by now."""
        if self._content is None:
            self._content = self._source(self.path, self.known)
        return self._content

    @property
    def data(self) -> bytes:
        """The file's bytes."""
        return self.content.data

    @property
    def text(self) -> str:
        """The file's text; empty where it is none."""
        return self.content.text

    @property
    def root(self) -> MappingNode | None:
        """The document; None where it is no mapping or cannot be parsed."""
        return self.content.root

    def node(self, name: str) -> Node | None:
        """The node of an endpoint's field; None for a scenario."""
        root = self.root if self.kind is ENDPOINT else None
        return root.get(name) if root else None

    def password(self, form: str) -> Scalar | None:
        """What an endpoint's password names in one of its forms (`env`, `file`, `age`), whatever
        else is wrong with the file; None where the password has another form."""
        from sipctl.yamlfile.nodes import Mapping as MappingNode
        from sipctl.yamlfile.nodes import Scalar

        node = self.node("password")
        if not isinstance(node, MappingNode) or len(node.entries) != 1:
            return None
        key, value = node.entries[0]
        return value if key.value == form and isinstance(value, Scalar) else None


def named(said: Mapping[str, Any], reference: str) -> Mapping[str, Any]:
    """What a file says, under the reference that its name says: by that all else knows it."""
    return said if said.get("reference") == reference else {**said, "reference": reference}


# -- what no file tells --------------------------------------------------------------------------


class Context(NamedTuple):
    """What rules need to know that no file of the workspace tells, as far as it was asked for.

    `types` is the type that each scenario had at the last commit, and `logins` what each endpoint
    with a sealed password had, both by path. `exposed` are the paths of password files, as
    endpoints name them, that Git would take into a commit.
    """

    types: Mapping[str, str] = _NONE
    logins: Mapping[str, Login] = _NONE
    exposed: frozenset[str] = frozenset()


NO_CONTEXT = Context()
