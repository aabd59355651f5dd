"""The query language of `search`, `list` and `--where`: text -> a test of one endpoint's record.

    query  = all-of ("or" all-of)*
    all-of = term (["and"] term)*
    term   = ("not" | "-")* ("(" query ")" | [field ":"] word)

A word runs to the next blank or parenthesis. Double quotes may stand anywhere in it and make what
they hold ordinary text: blanks, parentheses, commas, wildcards, colons, keywords. Inside them `\\"`
and `\\\\` stand for the second character alone.

A word without a field is contained in some text of the endpoint. A word with a field equals the
field's value, or one of its values; commas separate alternatives; nothing after the colon (or `""`)
means that the field is absent or empty. An unquoted `*` stands for any text, `?` for any character.
Case never matters, in keywords and names of fields neither. A host is found by its U-labels too
where a word holds some character that is not ASCII.

A query reads records, never endpoints, and a record holds no password: `password_form` is all that
it may tell about one.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal, NamedTuple

from sipctl import hosts, names
from sipctl.names import MASK

Record = Mapping[str, object]

MAX_DEPTH = 100
"""How deep parentheses may be nested: a predicate calls as deep, and Python bears that much."""


class QueryError(ValueError):
    """A text that is no query; `message` and `hint` are one line each, and printable.

    `column` is 1-based, in `text`, and one behind its end where something is missing there. In
    `text` whatever was written as the value of a password is starred out.
    """

    def __init__(self, message: str, hint: str, column: int, text: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.text = _without_passwords(text)
        # what is wrong behind a password stands within the stars
        self.column = min(column, len(self.text)) if self.text != text else column

    def __str__(self) -> str:
        return f"{self.message}\n  {_printable(self.text)}\n  {' ' * (self.column - 1)}^"


_Predicate = Callable[[Record], bool]
_Test = Callable[[object], bool]


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. Two queries are equal when their texts are."""

    text: str
    _predicate: _Predicate = attribute(repr=False, compare=False)
    _fields: frozenset[str] = attribute(repr=False, compare=False)
    needles: tuple[str, ...] = attribute(default=(), repr=False, compare=False)
    """Case-folded texts of which every record that the query finds holds each, in some value."""
    doubts: tuple[str, ...] = attribute(default=(), repr=False, compare=False)
    """What may be meant otherwise, each as a line for people."""

    def matches(self, record: Record) -> bool:
        """Tell whether the query finds this endpoint.

        Keys: reference, host, port (a number, effective), transport, codecs, username, realm,
        register, tags, description, any `x-` key, used_by (references of scenarios),
        password_form ("env", "file", "age", "plain"). A key that is missing, None or empty is a
        field that is absent.
        """
        return self._predicate(record)

    def fields(self) -> frozenset[str]:
        """The keys of a record that the query names: used_by and tags for `used:no tag:a main`."""
        return self._fields


def parse(text: str) -> Query:
    """Parse a query.

    Raises:
        QueryError: the text is none. An empty text is refused too, lest an empty variable in a
            script select everything.
    """
    parser = _Parser()
    try:
        for token in _tokens(text):
            parser.take(token)
        predicate = parser.finish(len(text) + 1)
    except _PlacedError as error:
        raise QueryError(error.message, error.hint, error.column, text) from None
    doubts = tuple(parser.doubts)
    return Query(text, predicate, frozenset(parser.fields), parser.needles(), doubts)


def parse_terms(words: Sequence[str]) -> Query:
    """Parse the words of a command line, joined by blanks.

    Nothing is quoted again: `search 'a or b' c` and `search a or b c` are the same query, and
    quotes of the query language must reach us, as in `search 'description:"main trunk"'`.

    Raises:
        QueryError: as for `parse`; its column is one of the joined text.
    """
    return parse(" ".join(words))


def all_of(queries: Sequence[Query]) -> Query:
    """The query that finds what each of these finds."""
    return Query(
        " ".join(query.text for query in queries),
        _conjunction([query.matches for query in queries]),
        frozenset[str]().union(*(query.fields() for query in queries)),
        tuple(needle for query in queries for needle in query.needles),
        tuple(doubt for query in queries for doubt in query.doubts),
    )


class _PlacedError(Exception):
    """A QueryError that does not know the whole text yet."""

    def __init__(self, message: str, hint: str, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.column = column


# ── words and tokens ──

_QUOTED_CHAR = "\0"


class _Word(NamedTuple):
    """`bare` is the text with the quoted characters blotted out: what has a special meaning is
    sought there. `columns` are those of every character, and of what follows the last one."""

    text: str
    bare: str
    columns: tuple[int, ...]

    @property
    def column(self) -> int:
        return self.columns[0]

    @property
    def has_wildcard(self) -> bool:
        return "*" in self.bare or "?" in self.bare

    def part(self, start: int, stop: int) -> "_Word":
        return _Word(self.text[start:stop], self.bare[start:stop], self.columns[start : stop + 1])

    def split(self, separator: str) -> "list[_Word]":
        stops = [i for i, char in enumerate(self.bare) if char == separator]
        starts = [0, *(stop + 1 for stop in stops)]
        stops.append(len(self.text))
        return [self.part(start, stop) for start, stop in zip(starts, stops, strict=True)]


class _Token(NamedTuple):
    kind: Literal["(", ")", "and", "or", "not", "-", "word"]
    column: int
    word: _Word | None = None


# Possessive throughout, so that no input costs more than linear time.
_QUOTED = r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
_LEXEME = re.compile(
    rf"""(?P<minus>-)?+ (?: (?P<paren>[()]) | (?P<word>(?:[^\s()"]|{_QUOTED})++) )
    | -? (?P<open>") | (?P<lone>-)""",
    re.DOTALL | re.VERBOSE,
)
_PIECE = re.compile(rf'{_QUOTED}|[^"]+', re.DOTALL)
_QUOTED_CHARS = re.compile(r'\\["\\]|.', re.DOTALL)


def _tokens(text: str) -> Iterator[_Token]:
    for lexeme in _LEXEME.finditer(text):
        column = lexeme.start() + 1
        if lexeme["open"]:
            hint = 'a quote as text is written "\\""'
            raise _PlacedError("this quote is never closed", hint, lexeme.end())
        if lexeme["lone"] or (lexeme["minus"] and lexeme["paren"] == ")"):
            raise _no_term("-", column)
        if lexeme["minus"]:
            yield _Token("-", column)
        if lexeme["paren"]:
            yield _Token("(" if lexeme["paren"] == "(" else ")", lexeme.end())
        else:
            yield _word_or_keyword(text, lexeme)


def _word_or_keyword(text: str, lexeme: re.Match[str]) -> _Token:
    raw, column = lexeme["word"], lexeme.start("word") + 1
    if not lexeme["minus"]:  # -or leaves out the word "or"
        match raw.lower():
            case "and" | "or" | "not" as kind:
                return _Token(kind, column)
    elif raw.startswith("-"):
        hint = f"one - means not; to find it as text, quote it: {_as_text('--')}"
        raise _PlacedError('"--" has no meaning here', hint, column - 1)
    if text.startswith("(", lexeme.end()):
        text = _as_text("a(b)")
        hint = f"alternatives are written tag:a,b; a parenthesis as text is quoted: {text}"
        raise _PlacedError("a parenthesis cannot touch the word before it", hint, lexeme.end() + 1)
    return _Token("word", column, _unquoted(raw, column))


def _unquoted(raw: str, column: int) -> _Word:
    text: list[str] = []
    bare: list[str] = []
    columns: list[int] = []
    for piece in _PIECE.finditer(raw):
        if piece[1] is None:
            text.append(piece[0])
            bare.append(piece[0])
            columns.extend(range(column + piece.start(), column + piece.end()))
            continue
        for char in _QUOTED_CHARS.finditer(piece[1]):
            text.append(char[0][-1])
            bare.append(_QUOTED_CHAR)
            columns.append(column + piece.start(1) + char.start())
    return _Word("".join(text), "".join(bare), (*columns, column + len(raw)))


# ── and, or, not, parentheses ──


class _Group:
    """What stands in one pair of parentheses, or in none."""

    def __init__(self, column: int) -> None:
        self.column = column
        self._any_of: list[list[_Predicate]] = [[]]
        self._waiting: _Token | None = None
        """The keyword that still needs a term."""
        self._negated = False

    def operate(self, token: _Token) -> None:
        if token.kind in ("not", "-"):
            self._negated = not self._negated
        elif self._waiting or not self._any_of[-1]:
            hint = f"to find the word itself, quote it: {_as_text(token.kind)}"
            raise _PlacedError(f'"{token.kind}" needs a term before it', hint, token.column)
        elif token.kind == "or":
            self._any_of.append([])
        self._waiting = token

    def add(self, predicate: _Predicate) -> None:
        self._any_of[-1].append(_negation(predicate) if self._negated else predicate)
        self._waiting = None
        self._negated = False

    def close(self) -> _Predicate | None:
        """The whole group's predicate; None when it is empty."""
        if self._waiting:
            raise _no_term(self._waiting.kind, self._waiting.column)
        if not self._any_of[-1]:
            return None
        return _disjunction([_conjunction(terms) for terms in self._any_of])


class _Parser:
    """Takes tokens one by one; keeps its own stack, so that no query overflows Python's."""

    def __init__(self) -> None:
        self._groups = [_Group(0)]
        self._only_and = True
        self._sought: list[str] = []
        self.fields: set[str] = set()
        self.doubts: list[str] = []

    def needles(self) -> tuple[str, ...]:
        """What all terms look for as it is, where every one of them must hold."""
        return tuple(self._sought) if self._only_and else ()

    def take(self, token: _Token) -> None:
        self._only_and &= token.kind in ("word", "and")
        if token.word:
            self._groups[-1].add(self._term(token.word))
        elif token.kind == "(":
            self._open(token)
        elif token.kind == ")":
            self._close(token)
        else:
            self._groups[-1].operate(token)

    def finish(self, end: int) -> _Predicate:
        if len(self._groups) > 1:
            hint = f"a parenthesis as text is quoted: {_as_text('(')}"
            raise _PlacedError("this parenthesis is never closed", hint, self._groups[-1].column)
        predicate = self._groups[0].close()
        if predicate is None:
            raise _PlacedError("the query is empty", "ref:* finds every endpoint", end)
        return predicate

    def _open(self, token: _Token) -> None:
        if len(self._groups) > MAX_DEPTH:
            hint = "write the query with fewer parentheses"
            raise _PlacedError(f"more than {MAX_DEPTH} parentheses are open", hint, token.column)
        self._groups.append(_Group(token.column))

    def _close(self, token: _Token) -> None:
        if len(self._groups) == 1:
            hint = f"a parenthesis as text is quoted: {_as_text(')')}"
            raise _PlacedError("no parenthesis is open here", hint, token.column)
        group = self._groups.pop()
        predicate = group.close()
        if predicate is None:
            hint = f"parentheses as text are quoted: {_as_text('()')}"
            raise _PlacedError("there is nothing in these parentheses", hint, group.column)
        self._groups[-1].add(predicate)

    def _term(self, word: _Word) -> _Predicate:
        colon = word.bare.find(":")
        if colon < 0 or _QUOTED_CHAR in word.bare[:colon]:
            self._seek([word])
            self.doubts += _doubts(word)
            return _contained(word)
        key, build = _field(word, colon)
        self.fields.add(key)
        wanted = _alternatives(word.part(colon + 1, len(word.text)))
        if build is _text and key != "used_by":
            self._seek(wanted)
        tests = [build(value) for value in wanted]
        values = _extra_value(key) if key.startswith("x-") else _value(key)
        return lambda record: any(test(values(record)) for test in tests)

    def _seek(self, words: list[_Word]) -> None:
        """Note a word that a record must hold as it is. Other than ASCII may be found in a host's
        U-labels, which no file holds."""
        text = words[0].text
        if len(words) == 1 and text and text.isascii() and not words[0].has_wildcard:
            self._sought.append(text.casefold())


def _no_term(keyword: str, column: int) -> _PlacedError:
    hint = f"to find it as text, quote it: {_as_text(keyword)}"
    return _PlacedError(f'"{keyword}" needs a term after it', hint, column)


# Plain loops, not all() and any(): a generator would cost one more frame for each parenthesis.


def _conjunction(predicates: list[_Predicate]) -> _Predicate:
    def predicate(record: Record) -> bool:
        for part in predicates:  # noqa: SIM110
            if not part(record):
                return False
        return True

    return predicates[0] if len(predicates) == 1 else predicate


def _disjunction(predicates: list[_Predicate]) -> _Predicate:
    def predicate(record: Record) -> bool:
        for part in predicates:  # noqa: SIM110
            if part(record):
                return True
        return False

    return predicates[0] if len(predicates) == 1 else predicate


def _negation(predicate: _Predicate) -> _Predicate:
    return lambda record: not predicate(record)


# ── what a word is compared with ──

_TEXT_KEYS = {
    "reference",
    "host",
    "port",
    "transport",
    "codecs",
    "username",
    "realm",
    "register",
    "tags",
    "description",
}
"""Where a bare word is looked for, besides the x- keys."""


def _value(key: str) -> Callable[[Record], object]:
    return lambda record: record.get(key)


def _extra_value(name: str) -> Callable[[Record], object]:
    return lambda record: [value for key, value in record.items() if key.casefold() == name]


def _contained(word: _Word) -> _Predicate:
    if not word.text:
        raise _PlacedError(
            "an empty word is in every endpoint", "ref:* finds every endpoint", word.column
        )
    found = _pattern(word, anywhere=True)

    def contained(record: Record) -> bool:
        for key, value in record.items():
            if key not in _TEXT_KEYS and not key.startswith("x-"):
                continue
            if isinstance(value, str):
                if value and found(value.casefold()):
                    return True
            elif value is not None and any(found(text.casefold()) for text in _texts(value)):
                return True
        return False

    if word.text.isascii():
        return contained
    return lambda record: contained(record) or bool(found(_u_labels(record.get("host"))))


def _u_labels(host: object) -> str:
    return hosts.to_unicode(str(host or "")).casefold()


def _texts(value: object) -> Iterator[str]:
    """Every text in a value of any shape, in no order; empty ones and keys of mappings are none."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if item:
                yield item
        elif isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, Collection):
            waiting.extend(item)
        elif item is not None:
            yield str(item)


def _pattern(word: _Word, *, anywhere: bool) -> Callable[[str], object]:
    """Test a case-folded text: whether it is the word, or (anywhere) contains it."""
    folded = word.text.casefold()
    if word.has_wildcard:
        return _wildcards(word, anywhere=anywhere).fullmatch
    return (lambda text: folded in text) if anywhere else (lambda text: text == folded)


def _wildcards(word: _Word, *, anywhere: bool) -> re.Pattern[str]:
    pieces = [_without_stars(piece) for piece in word.split("*")]
    if anywhere:
        pieces = ["", *pieces, ""]
    if len(pieces) == 1:
        return re.compile(pieces[0], re.DOTALL)
    first, *middle, last = pieces
    # Atomic: the first place where a piece fits is as good as any, so no match need come back.
    between = "".join(f"(?>.*?{piece})" for piece in middle if piece)
    return re.compile(f"{first}{between}.*{last}", re.DOTALL)


def _without_stars(piece: _Word) -> str:
    pairs = zip(piece.text, piece.bare, strict=True)
    return "".join("." if bare == "?" else re.escape(text.casefold()) for text, bare in pairs)


# ── field:value ──


def _alternatives(value: _Word) -> list[_Word]:
    values = value.split(",")
    if len(values) > 1:
        for one in values:
            if not one.text:
                quoted = _as_text("a,b")
                hint = f"a comma as text is quoted: {quoted}; an absent field is (tag: or tag:a)"
                raise _PlacedError("a value is missing beside this comma", hint, one.column)
    return values


def _text(value: _Word) -> _Test:
    if not value.text:
        return lambda found: not any(_texts(found))
    same = _pattern(value, anywhere=False)
    return lambda found: any(same(text.casefold()) for text in _texts(found))


_PORTS = re.compile(
    r"(?P<sign>[<>]=?)?(?P<port>[0-9]{1,5})|(?P<low>[0-9]{0,5})\.\.(?P<high>[0-9]{0,5})"
)
_NO_LIMIT = 99999
_PORT_HINT = "port:5060, 'port:>5060' (quoted for the shell), port:5061..5070 or port:506*"


def _port(value: _Word) -> _Test:
    if value.has_wildcard:
        return _text(value)
    match = _PORTS.fullmatch(value.text)
    if not match or value.text == "..":
        raise _PlacedError(
            f'"{_short(value.text)}" is no port and no range of ports', _PORT_HINT, value.column
        )
    low, high = _port_range(match)
    if match["high"] and low > high:
        raise _PlacedError("this range runs backwards", f"write port:{high}..{low}", value.column)
    return lambda found: isinstance(found, int) and low <= found <= high


def _port_range(match: re.Match[str]) -> tuple[int, int]:
    if match["port"] is None:
        return int(match["low"] or 0), int(match["high"] or _NO_LIMIT)
    port = int(match["port"])
    match match["sign"]:
        case ">":
            return port + 1, _NO_LIMIT
        case ">=":
            return port, _NO_LIMIT
        case "<":
            return 0, port - 1
        case "<=":
            return 0, port
    return port, port


def _host(value: _Word) -> _Test:
    if not value.text.isascii():
        return _international(value)
    if value.has_wildcard:
        return _text(value)
    if "/" in value.text:
        return _network(value)
    wanted = _address(value.text)
    if wanted:
        return lambda found: _address(str(found)) == wanted
    if ":" in value.text:
        hint = "a port is a field of its own: host:sip.example.net port:5060"
        raise _PlacedError(
            f'"{_short(value.text)}" is neither a host name nor an address', hint, value.column
        )
    return _text(value)


def _international(value: _Word) -> _Test:
    """Hosts are compared by their A-labels; a pattern, which has none, with their U-labels."""
    if value.has_wildcard:
        same = _pattern(value, anywhere=False)
        return lambda found: bool(same(_u_labels(found)))
    try:
        wanted = hosts.to_ascii(value.text.lower())
    except ValueError:
        return _text(value)
    return lambda found: str(found).lower() in (wanted, value.text.lower())


def _network(value: _Word) -> _Test:
    try:
        network = ip_network(value.text, strict=False)
    except ValueError:
        hint = "host:10.0.0.0/8 or host:2001:db8::/32"
        raise _PlacedError(f'"{_short(value.text)}" is no network', hint, value.column) from None

    def test(found: object) -> bool:
        address = _address(str(found))
        return address is not None and address in network

    return test


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


_YES_OR_NO = {"yes": True, "true": True, "no": False, "false": False}


def _yes_or_no(value: _Word) -> _Test:
    wanted = _YES_OR_NO.get(value.text.lower())
    if wanted is None:
        raise _PlacedError(
            f'"{_short(value.text)}" is neither yes nor no', "write yes or no", value.column
        )
    return lambda found: bool(found) == wanted


def _password_form(value: _Word) -> _Test:
    form = value.text.lower()
    if form not in _FORMS:
        hint = "password: takes env, file, age, plain or none; not password:none finds every one"
        raise _PlacedError("a password cannot be searched for, only its form", hint, value.column)
    return lambda found: (found or "none") == form


_Build = Callable[[_Word], _Test]

_FIELDS: dict[str, tuple[str, _Build]] = {
    "reference": ("reference", _text),
    "ref": ("reference", _text),
    "host": ("host", _host),
    "port": ("port", _port),
    "transport": ("transport", _text),
    "codecs": ("codecs", _text),
    "codec": ("codecs", _text),
    "username": ("username", _text),
    "user": ("username", _text),
    "password": ("password_form", _password_form),
    "realm": ("realm", _text),
    "register": ("register", _yes_or_no),
    "tags": ("tags", _text),
    "tag": ("tags", _text),
    "description": ("description", _text),
    "used": ("used_by", _yes_or_no),
    "in": ("used_by", _text),
}


def _field(word: _Word, colon: int) -> tuple[str, _Build]:
    name = word.text[:colon].casefold()
    if name.startswith("x-"):
        return name, _text
    if name in _FIELDS:
        return _FIELDS[name]
    raise _PlacedError(
        f'unknown field "{_short(word.text[:colon])}"', _unknown_hint(word, name), word.column
    )


def _unknown_hint(word: _Word, name: str) -> str:
    if _is_password(name):
        return 'did you mean "password"? it is not searchable; password:env finds its form'
    text = _short(word.text)
    if _address(text):
        return f"an address is found with host:{text}"
    as_text = f"to find it as text, quote it: {_as_text(text)}"
    near = _near(name, list(_FIELDS))
    return f'did you mean "{near}"? {as_text}' if near else as_text


_COMPARISON = re.compile("(?P<name>[a-z]+)(?P<sign>[<>]=?|==?)(?P<value>.+)", re.IGNORECASE)


def _doubts(word: _Word) -> Iterator[str]:
    """What to tell of a word that looks like a comparison, as other languages write one."""
    found = _COMPARISON.fullmatch(word.bare)
    name = found["name"].casefold() if found else ""
    if not found or name not in _FIELDS or name == "password" or _QUOTED_CHAR in word.bare:
        return
    sign = found["sign"] if name == "port" and found["sign"][0] != "=" else ""
    if sign or found["sign"][0] == "=":
        from shlex import quote

        meant = quote(_short(f"{name}:{sign}{found['value']}"))
        yield f'"{_short(word.text)}" is looked for as text; a comparison is written {meant}'


def _near(name: str, known: list[str]) -> str | None:
    from difflib import get_close_matches  # slow to import, and only errors need it

    return next(iter(get_close_matches(name[:20], known, 1)), None)


# ── what an error may show ──


def _as_text(text: str) -> str:
    """A word that means just this text, in the quotes that a shell takes away and in ours."""
    from shlex import quote  # slow to import, and only errors need it

    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return quote(f'"{escaped}"')


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _short(text: str) -> str:
    shown = _printable(_without_passwords(text))
    return shown if len(shown) <= 60 else f"{shown[:59]}…"


_FORMS = ("env", "file", "age", "plain", "none")
_NAMED = re.compile(r"""(?<![^\s()":='])(?P<name>[^\s()":=']++)['"]?\s*+[:=]""")
_A_FORM = re.compile(rf"(?:{'|'.join(_FORMS)})(?=[\s)]|\Z)", re.IGNORECASE)


def _without_passwords(text: str) -> str:
    """Star out what was typed as a password, and all behind it, for it may hold blanks. How long it
    is is not told."""
    for match in _NAMED.finditer(text):
        if not _is_password(match["name"].lstrip("-").lower()):
            continue
        if not _A_FORM.match(text, match.end()):
            text = text[: match.end()] + MASK
            break
    key = re.search(names.SECRET_KEY, text, re.IGNORECASE)
    return text[: key.start()] + MASK if key else text


def _is_password(name: str) -> bool:
    """Tell whether a field is the password, or likely meant to be: passwd, pasword, pw."""
    if name in _FIELDS:
        return name == "password"
    return names.is_password_name(name) or _near(name, ["password", "pwd"]) is not None
