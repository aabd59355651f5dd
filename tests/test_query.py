"""The query language: each line of its grammar by example, its whole shape against an oracle."""

import contextlib
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sipctl.query import MAX_DEPTH, Query, QueryError, Record, parse, parse_terms

PARIS: Record = {
    "reference": "pbx-paris",
    "host": "sip.Paris.example.net",
    "port": 5060,
    "transport": "udp",
    "codecs": ("alaw", "ulaw"),
    "username": "+33155000001",
    "realm": "paris.example.net",
    "register": True,
    "tags": ("paris", "Production"),
    "description": "Main trunk (old), of the Paris office.",
    "password_form": "env",
    "x-site": "HQ",
    "x-rack": 42,
    "x-contacts": [{"name": "Ada", "primary": True}, None],
    "used_by": ("support-in", "sales-in"),
}
LAB: Record = {
    "reference": "lab",
    "host": "10.1.2.3",
    "port": 5061,
    "transport": "tls",
    "codecs": ("alaw",),
    "username": None,
    "realm": "",
    "register": False,
    "tags": (),
    "description": None,
    "password_form": None,
    "used_by": (),
}
SIX: Record = {"reference": "six", "host": "2001:db8::1", "port": 5070}
RECORDS = {"paris": PARIS, "lab": LAB, "six": SIX}


def found(query: str) -> str:
    """The records that a query finds, by their names."""
    parsed = parse(query)
    return " ".join(name for name, record in RECORDS.items() if parsed.matches(record))


def refused(query: str) -> QueryError:
    with pytest.raises(QueryError) as caught:
        parse(query)
    return caught.value


@pytest.mark.parametrize(
    ("query", "names"),
    [
        # a bare word is contained in any text
        ("PARIS", "paris"),
        ("trunk", "paris"),
        ("alaw", "paris lab"),
        ("506", "paris lab"),
        ("tls", "lab"),
        ("hq", "paris"),
        ("42", "paris"),
        ("ada", "paris"),
        ("true", "paris"),
        ("False", "lab"),
        ("+33155000001", "paris"),
        ("user@host", ""),
        ("db8", "six"),
        ("a,b", ""),
        ("tr?nk", "paris"),
        ("main*office", "paris"),
        ("office*main", ""),
        ("*", "paris lab six"),
        # but not in what is no text of the form, nor is the key of an x- value
        ("env", ""),
        ("support-in", ""),
        ("primary", ""),
        # a field equals, or has
        ("reference:pbx-paris", "paris"),
        ("ref:pbx", ""),
        ("REF:PBX-PARIS", "paris"),
        ("host:sip.paris.EXAMPLE.net", "paris"),
        ("transport:udp", "paris"),
        ("username:+33155000001", "paris"),
        ("user:+33155000001", "paris"),
        ("realm:paris.example.net", "paris"),
        ("codec:ulaw", "paris"),
        ("codecs:alaw", "paris lab"),
        ("tag:production", "paris"),
        ("tags:paris", "paris"),
        ("description:main", ""),
        ("x-site:hq", "paris"),
        ("X-Site:h*", "paris"),
        ("x-rack:42", "paris"),
        ("x-contacts:ada", "paris"),
        ("x-contacts:true", "paris"),
        ("x-none:1", ""),
        # or globs, with * and ? alone
        ("ref:pbx-*", "paris"),
        ("REF:PBX-*", "paris"),
        ("ref:*", "paris lab six"),
        ("ref:l?b", "lab"),
        ("ref:l??b", ""),
        ("ref:[l]ab", ""),
        ('ref:"*"', ""),
        ('ref:"l"*', "lab"),
        ("host:10.*", "lab"),
        ("host:2001:*", "six"),
        # any of
        ("tag:lyon,paris", "paris"),
        ("ref:lab,s*", "lab six"),
        ("port:5060,>5065", "paris six"),
        ("host:10.0.0.0/8,*.net", "paris lab"),
        ("-tag:lyon,paris", "lab six"),
        ('description:"Main trunk (old), of the Paris office."', "paris"),
        # ports
        ("port:5060", "paris"),
        ("port:>5060", "lab six"),
        ("port:>=5061", "lab six"),
        ("port:<5061", "paris"),
        ("port:<=5061", "paris lab"),
        ("port:5061..5070", "lab six"),
        ("port:5061..", "lab six"),
        ("port:..5061", "paris lab"),
        ("port:506?", "paris lab"),
        ('port:">5060"', "lab six"),
        # addresses
        ("host:10.0.0.0/8", "lab"),
        ("host:10.9.9.9/8", "lab"),
        ("host:11.0.0.0/8", ""),
        ("host:0.0.0.0/0", "lab"),
        ("host:2001:db8::/32", "six"),
        ("host:2001:DB8:0:0::1", "six"),
        ("host:2001:db8::2", ""),
        ("host:10.1.2.3", "lab"),
        # yes and no
        ("register:yes", "paris"),
        ("register:TRUE", "paris"),
        ("register:no", "lab six"),
        ("register:false", "lab six"),
        ("used:yes", "paris"),
        ("used:no", "lab six"),
        ("in:support-in", "paris"),
        ("in:support", ""),
        ("in:*-in", "paris"),
        ("in:", "lab six"),
        # the form of a password
        ("password:env", "paris"),
        ("password:none", "lab six"),
        ("password:file,age,plain", ""),
        # nothing after the colon is an absent or empty field
        ("realm:", "lab six"),
        ('realm:""', "lab six"),
        ("realm:*", "paris"),
        ("tag:", "lab six"),
        ("x-site:", "lab six"),
        # not, and, or, parentheses
        ("paris main", "paris"),
        ("paris lab", ""),
        ("paris and main", "paris"),
        ("ref:lab or ref:six", "lab six"),
        ("not paris", "lab six"),
        ("-paris", "lab six"),
        ("-tag:paris", "lab six"),
        ("not not paris", "paris"),
        ("not -paris", "paris"),
        ("not paris lab", "lab"),
        ("paris or lab six", "paris"),
        ("six lab or paris", "paris"),
        ("not paris or main", "paris lab six"),
        ("(paris or lab) tls", "lab"),
        ("-(paris or lab)", "six"),
        ("not(paris)and(lab)", "lab"),
        ("((lab))", "lab"),
        ("Ref:lab OR ref:six AND NOT ref:lab", "lab six"),
        # quotes make a word of anything
        ('"main trunk"', "paris"),
        ('"trunk (old),"', "paris"),
        ('main" "trunk', "paris"),
        ('"or"', ""),
        ('"and" or lab', "lab"),
        ('-"paris"', "lab six"),
        ("-or", "paris lab six"),
        ('"ref:lab"', ""),
        ('"ref":lab', ""),
        ('ref:"lab"', "lab"),
        ('"-"', "paris"),
        ('"\\"" or "\\\\"', ""),
    ],
)
def test_a_query_finds(query: str, names: str) -> None:
    assert found(query) == names


def test_a_quote_and_a_backslash_are_found_by_their_escapes() -> None:
    record = {"description": 'the "red"\\one'}
    assert parse('"the \\"red\\"\\\\one"').matches(record)
    assert parse('description:"the \\"red\\"\\\\o"*').matches(record)
    assert parse("red?\\one").matches(record)


def test_other_backslashes_stand_for_themselves() -> None:
    assert parse('"a\\d"').matches({"description": "a\\d"})


def test_wildcards_go_over_the_ends_of_lines() -> None:
    assert parse("description:a*b?c").matches({"description": "a\n\nb\nc"})
    assert parse("description:b?c").matches({"description": "b\nc"})


def test_a_host_name_is_in_no_network() -> None:
    assert not parse("host:0.0.0.0/0").matches({"host": "sip.example.net"})
    assert not parse("host:::/0").matches({"host": "sip.example.net"})
    assert not parse("host:::/0").matches({})


@pytest.mark.parametrize(
    "query",
    [
        "host:münchen.example",
        "host:MÜNCHEN.example",
        "host:*.de,münchen.example",
        "host:*.example",
        "host:mün*",
        "host:xn--*.example",
        "München",
        "mün?hen",
        "mn -zürich",
        "xn--mnchen",
    ],
)
def test_an_international_host_is_found_by_its_u_labels_too(query: str) -> None:
    assert parse(query).matches({"reference": "a", "host": "XN--mnchen-3ya.example"})


@pytest.mark.parametrize("query", ["host:straße.example", "host:strße.example", "ünchen"])
def test_a_host_of_other_letters_is_another_host(query: str) -> None:
    assert not parse(query).matches({"reference": "a", "host": "strasse.example"})
    assert not parse(query).matches({"reference": "a", "host": "xn--.example"})


def test_an_endpoint_is_unused_where_nobody_tells_its_uses() -> None:
    assert parse("used:no").matches({"reference": "a"})


@pytest.mark.parametrize(
    ("query", "message", "column", "hint"),
    [
        ("", "the query is empty", 1, "ref:*"),
        ("  ", "the query is empty", 3, "ref:*"),
        ('a ""', "an empty word is in every endpoint", 5, "ref:*"),
        ("a or", '"or" needs a term after it', 3, '"or"'),
        ("a and or b", '"or" needs a term before it', 7, '"or"'),
        ("AND a", '"and" needs a term before it', 1, '"and"'),
        ("(or a)", '"or" needs a term before it', 2, '"or"'),
        ("not", '"not" needs a term after it', 1, '"not"'),
        ("(a not) b", '"not" needs a term after it', 4, '"not"'),
        ("not and a", '"and" needs a term before it', 5, '"and"'),
        ("a - b", '"-" needs a term after it', 3, '"-"'),
        ("(a -)", '"-" needs a term after it', 4, '"-"'),
        ("a --b", '"--" has no meaning here', 3, '"--"'),
        ("a ()", "there is nothing in these parentheses", 3, '"()"'),
        ("a (b", "this parenthesis is never closed", 3, '"("'),
        ("a) b", "no parenthesis is open here", 2, '")"'),
        ("main(trunk)", "a parenthesis cannot touch the word before it", 5, "quoted"),
        ("tag:(a or b)", "a parenthesis cannot touch the word before it", 5, "tag:a,b"),
        ('a "b', "this quote is never closed", 3, '"\\""'),
        ('a x"b', "this quote is never closed", 4, '"\\""'),
        ('-"b', "this quote is never closed", 2, '"\\""'),
        ("a tga:x", 'unknown field "tga"', 3, 'did you mean "tag"?'),
        ("sip:foo", 'unknown field "sip"', 1, "quote it: '\"sip:foo\"'"),
        ('a:b"c"', 'unknown field "a"', 1, "quote it: '\"a:bc\"'"),
        (":b", 'unknown field ""', 1, "quote it: '\":b\"'"),
        ("2001:db8::1", 'unknown field "2001"', 1, "host:2001:db8::1"),
        ("port:abc", '"abc" is no port', 6, "port:5061..5070"),
        ("port:", '"" is no port', 6, "quoted for the shell"),
        ('port:"abc"', '"abc" is no port', 7, "port:5060"),
        ("port:..", '".." is no port', 6, "port:5061..5070"),
        ("port:5060,>", '">" is no port', 11, "port:5060"),
        ("port:123456", '"123456" is no port', 6, "port:5060"),
        ("port:٥", '"٥" is no port', 6, "port:5060"),
        ("port:5070..5061", "this range runs backwards", 6, "port:5061..5070"),
        ("host:10.0.0.0/33", '"10.0.0.0/33" is no network', 6, "host:10.0.0.0/8"),
        ("host:a.net/8", '"a.net/8" is no network', 6, "host:10.0.0.0/8"),
        ("host:a.net:5060", '"a.net:5060" is neither a host name', 6, "port:5060"),
        ("register:maybe", '"maybe" is neither yes nor no', 10, "yes or no"),
        ("used:", '"" is neither yes nor no', 6, "yes or no"),
        ("tag:a,", "a value is missing beside this comma", 7, '"a,b"'),
        ("tag:,a", "a value is missing beside this comma", 5, '"a,b"'),
        ('tag:"\\"b",,c', "a value is missing beside this comma", 11, '"a,b"'),
    ],
)
def test_a_text_that_is_no_query_is_told_where_and_what_to_do(
    query: str, message: str, column: int, hint: str
) -> None:
    error = refused(query)
    assert error.message.startswith(message)
    assert error.column == column
    assert hint in error.hint
    assert error.text == query


@pytest.mark.parametrize("query", ["sip:foo", "it's:\\", "a or", "a --b", "a,:b"])
def test_what_a_hint_quotes_can_be_typed_into_a_shell(query: str) -> None:
    quoted = refused(query).hint.rpartition("quote it: ")[2]
    [word] = shlex.split(quoted)
    assert not parse(word).matches({"reference": "b"})


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("port>5060", "'port:>5060'"),
        ("a (PORT<=5060)", "'port:<=5060'"),
        ("port=5060", "port:5060"),
        ("tag==paris", "tag:paris"),
        ("port=5060 user=a", "port:5060"),
        ('"port=5060"', ""),
        ("tag>5", ""),
        ("password=c4n4ry", ""),
        ("what=ever", ""),
        ("port:>5060", ""),
    ],
)
def test_a_comparison_as_others_write_it_is_doubted(query: str, meant: str) -> None:
    doubt = next(iter(parse(query).doubts), "")
    assert doubt.rpartition("is written ")[2] == meant


def test_an_error_shows_the_query_with_a_caret_under_the_fault() -> None:
    assert str(refused("main tga:x")) == 'unknown field "tga"\n  main tga:x\n       ^'


def test_the_caret_stays_in_its_place_behind_line_ends_and_tabs() -> None:
    assert str(refused("a\n\ttga:x")) == 'unknown field "tga"\n  a  tga:x\n     ^'


@pytest.mark.parametrize(
    "query",
    [
        "password:hunter2",
        "PASSWORD:hunter2",
        "-password:hunter2",
        "not (password:hunter2)",
        'password:"x hunter2"',
        'password:"x hunter2',
        "password:env,hunter2",
        "password:x(hunter2)",
        '"main:" password:hunter2 (',
        "tag:a)password:hunter2",
        "tag:password:hunter2 (",
        'foo"bar"password:hunter2 )',
        "sip:1 password:hunter2",
        "sip:password:hunter2",
        "host:password:hunter2",
        "port:password:hunter2",
        "pasword:hunter2",
        "passwd:hunter2",
        "pwd:hunter2",
        "pw:hunter2",
        "Password:hunter2 tag:a,",
    ],
)
def test_what_was_typed_as_a_password_is_refused_and_never_shown(query: str) -> None:
    error = refused(query)
    assert "hunter2" not in f"{error}{error.message}{error.hint}{error.text}{error!r}"
    assert refused(query.replace("hunter2", "hunter2" * 5)).text == error.text
    assert error.__suppress_context__


def test_a_refused_password_is_answered_with_what_can_be_searched() -> None:
    error = refused("a password:secret")
    assert error.message == "a password cannot be searched for, only its form"
    assert "env, file, age, plain or none" in error.hint
    assert error.column == 12
    # a query that begins with a minus is an option to `search`
    every = error.hint.partition("; ")[2].removesuffix(" finds every one")
    assert not every.startswith("-")
    assert parse(every).matches({"reference": "a", "password_form": "env"})
    assert not parse(every).matches({"reference": "a"})


def test_a_password_in_a_record_would_not_be_found_by_a_bare_word() -> None:
    assert not parse("hunter2").matches({"reference": "a", "password": "hunter2"})


def test_the_words_of_a_command_line_are_joined_and_not_quoted_again() -> None:
    assert parse_terms(["ref:lab", "or", "ref:six"]) == parse("ref:lab or ref:six")
    assert parse_terms(["(paris or", "lab) tls"]).matches(LAB)
    assert parse_terms(['description:"Main trunk (old), of the Paris office."']).matches(PARIS)
    assert parse_terms(["description:Main", "trunk"]) == parse("description:Main trunk")


@pytest.mark.parametrize("words", [[], [""], ["", " "]])
def test_words_that_say_nothing_are_refused_lest_they_select_everything(words: list[str]) -> None:
    with pytest.raises(QueryError, match="the query is empty"):
        parse_terms(words)


def test_a_query_names_the_keys_that_it_needs() -> None:
    query = parse("main used:no (ref:a or -tag:b or x-Site:c) in:d password:none")
    assert query.fields() == {"used_by", "reference", "tags", "x-site", "password_form"}
    assert parse('main "used:no"').fields() == frozenset()


def test_a_query_is_frozen_and_shows_its_text() -> None:
    query = parse("tag:a")
    with pytest.raises(FrozenInstanceError):
        query.text = "tag:b"  # type: ignore[misc]
    assert repr(query) == "Query(text='tag:a')"
    assert hash(query) == hash(parse("tag:a"))


def test_parentheses_may_be_as_deep_as_the_limit() -> None:
    query = parse("not (c or a " * MAX_DEPTH + "b" + ")" * MAX_DEPTH)
    assert query.matches({"reference": "a"}) is (MAX_DEPTH % 2 == 1)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 100_000])
def test_deeper_parentheses_are_refused(depth: int) -> None:
    error = refused("(" * depth)
    assert error.message == "more than 100 parentheses are open"
    assert error.column == MAX_DEPTH + 1


def test_a_long_row_of_not_needs_no_stack() -> None:
    assert parse("not " * 20_001 + "a").matches({"reference": "b"})


LONG: list[Callable[[int], str]] = [
    lambda n: "a " * n,
    lambda n: "-a or " * n + "b",
    lambda n: "(a) " * n,
    lambda n: "tag:" + "a," * n + "b",
    lambda n: "ref:" + "*a" * n,
    lambda n: " " * n,
    lambda n: '"' + '\\"' * n,
    lambda n: 'x"' * n,
    lambda n: "p:" * n,
    lambda n: "x" * n + ":y",
    lambda n: "password:x(" * n,
    lambda n: "port:" + "9" * n,
]


@pytest.mark.parametrize("long", LONG)
def test_a_query_of_any_length_ends(long: Callable[[int], str]) -> None:
    # where the cost grew with the square, nobody would wait for this
    with contextlib.suppress(QueryError):
        assert parse(long(50_000))


def test_many_wildcards_do_not_try_every_way_to_match() -> None:
    query = parse("ref:" + "*a" * 30 + "*b")
    assert not query.matches({"reference": "a" * 2_000})  # 2,000 to the power of 30 ways


def test_the_module_brings_no_library_along() -> None:
    program = "import sys, sipctl.query; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"pydantic", "ruamel", "yaml", "typer", "rich", "git", "difflib"}.isdisjoint(loaded)


# ── any query against an oracle ──

ODD = st.text(alphabet='aAbß*?.,:-"\\() é', max_size=4)
WORDS = st.text(alphabet="aBß", max_size=3) | ODD | st.sampled_from(["or", "NOT", "tag:a", "--"])
REFERENCES = st.lists(WORDS, max_size=3).map(tuple)
SOME_HOSTS = ["10.0.0.1", "10.128.0.1", "2001:db8::1", "2001:db9::1", "a.b", "A.b"]
HOSTS = st.sampled_from(SOME_HOSTS)
PORTS = st.integers(5058, 5064)
RANDOM_RECORDS = st.fixed_dictionaries(
    {"reference": WORDS, "host": HOSTS, "port": PORTS, "register": st.booleans()},
    optional={
        "codecs": REFERENCES,
        "username": WORDS | st.none(),
        "realm": WORDS | st.none(),
        "description": WORDS,
        "tags": REFERENCES,
        "used_by": REFERENCES,
        "password_form": st.sampled_from(["env", "file", "age", "plain", None]),
        "x-note": WORDS,
    },
)
BARE = (
    *(
        "reference",
        "host",
        "port",
        "codecs",
        "username",
        "realm",
        "register",
        "description",
        "tags",
    ),
    "x-note",
)
NAMES = {
    "ref": "reference",
    "reference": "reference",
    "user": "username",
    "realm": "realm",
    "description": "description",
    "tag": "tags",
    "tags": "tags",
    "codec": "codecs",
    "in": "used_by",
    "x-note": "x-note",
}


@dataclass(frozen=True)
class Node:
    """A query as the oracle sees it: how it is written, how tightly it binds, what it means."""

    text: str
    binds: int
    """0: or, 1: and, 2: a term."""
    means: Callable[[Record], bool]


def inside(node: Node, binds: int) -> str:
    return node.text if node.binds >= binds else f"({node.text})"


def texts(record: Record, key: str) -> list[str]:
    value = record.get(key)
    values = list(value) if isinstance(value, tuple) else [value]
    return [str(one).casefold() for one in values if one not in (None, "")]


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def globs(pattern: list[str], text: str) -> bool:
    """Whether a pattern of literal texts, "any" and "one" is the text, the slow way."""
    places = {0}
    for part in pattern:
        if part == "any":
            places = set(range(min(places), len(text) + 1)) if places else places
        elif part == "one":
            places = {place + 1 for place in places if place < len(text)}
        else:
            piece = part.removeprefix("=").casefold()
            places = {place + len(piece) for place in places if text.startswith(piece, place)}
    return len(text) in places


@st.composite
def patterns(draw: st.DrawFn) -> tuple[str, list[str]]:
    parts = draw(
        st.lists(
            st.sampled_from(["any", "one"]) | WORDS.filter(bool).map("={}".format),
            min_size=1,
            max_size=4,
        )
    )
    written = {"any": "*", "one": "?"}
    return "".join(written.get(part) or quoted(part[1:]) for part in parts), parts


@st.composite
def bare_words(draw: st.DrawFn) -> Node:
    text, parts = draw(patterns())
    parts = ["any", *parts, "any"]

    def means(record: Record) -> bool:
        return any(globs(parts, text) for key in BARE for text in texts(record, key))

    return Node(text, 2, means)


@st.composite
def text_terms(draw: st.DrawFn) -> Node:
    name = draw(st.sampled_from(sorted(NAMES)))
    values = draw(st.lists(patterns(), min_size=1, max_size=3))

    def means(record: Record) -> bool:
        return any(globs(parts, text) for _, parts in values for text in texts(record, NAMES[name]))

    return Node(f"{name}:" + ",".join(text for text, _ in values), 2, means)


@st.composite
def empty_terms(draw: st.DrawFn) -> Node:
    name = draw(st.sampled_from(sorted(NAMES)))
    text = f"{name}:" + draw(st.sampled_from(["", '""']))
    return Node(text, 2, lambda record: not texts(record, NAMES[name]))


@st.composite
def port_terms(draw: st.DrawFn) -> Node:
    low, high = sorted(draw(st.tuples(PORTS, PORTS)))
    text, ports = draw(
        st.sampled_from(
            [
                (f"{low}", range(low, low + 1)),
                (f">{low}", range(low + 1, 65536)),
                (f">={low}", range(low, 65536)),
                (f"<{high}", range(high)),
                (f"<={high}", range(high + 1)),
                (f"{low}..{high}", range(low, high + 1)),
                (f"{low}..", range(low, 65536)),
                (f"..{high}", range(high + 1)),
            ]
        )
    )
    return Node(f"port:{text}", 2, lambda record: record["port"] in ports)


def bits(host: str) -> str:
    """An address as its bits, "" for a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(family, host)
        except OSError:
            continue
        return "".join(f"{byte:08b}" for byte in packed)
    return ""


@st.composite
def network_terms(draw: st.DrawFn) -> Node:
    address = draw(HOSTS.filter(bits))
    length = draw(st.integers(0, len(bits(address))))

    def means(record: Record) -> bool:
        host = bits(str(record["host"]))
        return len(host) == len(bits(address)) and host[:length] == bits(address)[:length]

    return Node(f"host:{address}/{length}", 2, means)


@st.composite
def flag_terms(draw: st.DrawFn) -> Node:
    key, name = draw(st.sampled_from([("register", "register"), ("used_by", "used")]))
    text, wanted = draw(
        st.sampled_from([("yes", True), ("True", True), ("no", False), ("false", False)])
    )
    return Node(f"{name}:{text}", 2, lambda record: bool(record.get(key)) is wanted)


@st.composite
def password_terms(draw: st.DrawFn) -> Node:
    form = draw(st.sampled_from(["env", "file", "age", "plain", "none"]))
    wanted = None if form == "none" else form
    return Node(f"password:{form}", 2, lambda record: record.get("password_form") == wanted)


TERMS = st.one_of(
    bare_words(),
    text_terms(),
    empty_terms(),
    port_terms(),
    network_terms(),
    flag_terms(),
    password_terms(),
)


@st.composite
def negations(draw: st.DrawFn, nodes: st.SearchStrategy[Node]) -> Node:
    node = draw(nodes)
    sign = draw(st.sampled_from(["not ", "NOT  ", "-"]))
    text = inside(node, 2)
    if text.startswith("-"):
        sign = "not "
    elif text.lower().startswith("not"):
        text = f"({text})"
    return Node(sign + text, 2, lambda record: not node.means(record))


@st.composite
def conjunctions(draw: st.DrawFn, nodes: st.SearchStrategy[Node]) -> Node:
    parts = draw(st.lists(nodes, min_size=2, max_size=3))
    joint = draw(st.sampled_from([" ", " and ", "\tAND\n"]))
    text = joint.join(inside(part, 1) for part in parts)
    return Node(text, 1, lambda record: all(part.means(record) for part in parts))


@st.composite
def disjunctions(draw: st.DrawFn, nodes: st.SearchStrategy[Node]) -> Node:
    parts = draw(st.lists(nodes, min_size=2, max_size=3))
    text = draw(st.sampled_from([" or ", " OR "])).join(inside(part, 0) for part in parts)
    return Node(text, 0, lambda record: any(part.means(record) for part in parts))


QUERIES = st.recursive(
    TERMS,
    lambda nodes: negations(nodes) | conjunctions(nodes) | disjunctions(nodes),
    max_leaves=6,
)
SOME_RECORDS = st.lists(RANDOM_RECORDS, min_size=1, max_size=5)


@given(port_terms(), network_terms())
def test_ports_and_networks_find_what_lies_in_them(ports: Node, network: Node) -> None:
    records = [{"port": port, "host": host} for port in range(5057, 5066) for host in SOME_HOSTS]
    for node in (ports, network):
        query = parse(node.text)
        assert [query.matches(one) for one in records] == [node.means(one) for one in records]


@given(QUERIES, SOME_RECORDS)
def test_a_written_query_means_what_was_meant(node: Node, records: list[Record]) -> None:
    query = parse(node.text)
    assert [query.matches(one) for one in records] == [node.means(one) for one in records]


@given(QUERIES, SOME_RECORDS)
def test_what_is_found_holds_every_needle(node: Node, records: list[Record]) -> None:
    query = parse(node.text)
    for record in filter(query.matches, records):
        values = [text for key in record for text in texts(record, key)]
        assert all(any(needle in text for text in values) for needle in query.needles)


@pytest.mark.parametrize(
    ("query", "needles"),
    [
        ("Paris", ("paris",)),
        ("paris and tag:Lyon x-owner:me", ("paris", "lyon", "me")),
        ("host:sip.example.net realm:", ()),  # an address may be written in many ways
        ("par*s tag:a,b port:5060 used:no in:support tag:", ()),
        ("paris or lyon", ()),
        ("paris -lyon", ()),
        ("(paris)", ()),
        ('"a:b"', ("a:b",)),
        ("münchen realm:straße", ()),  # no file holds a U-label
    ],
)
def test_a_query_tells_what_it_looks_for_as_it_is(query: str, needles: tuple[str, ...]) -> None:
    assert parse(query).needles == needles


@given(QUERIES, QUERIES, SOME_RECORDS)
def test_not_both_is_one_or_the_other_not(a: Node, b: Node, records: list[Record]) -> None:
    both = parse(f"not ({a.text} {inside(b, 1)})" if a.binds else f"-(({a.text}) ({b.text}))")
    either = parse(f"-({a.text}) or not ({b.text})")
    assert [both.matches(one) for one in records] == [either.matches(one) for one in records]


@given(st.text(alphabet="ab*?", min_size=1), st.text(alphabet="ab"))
def test_wildcards_find_what_the_slow_way_finds(pattern: str, text: str) -> None:
    parts = [{"*": "any", "?": "one"}.get(char, f"={char}") for char in pattern]
    record = {"description": text}
    assert parse(f"description:{pattern}").matches(record) is (text != "" and globs(parts, text))
    contained = text != "" and globs(["any", *parts, "any"], text)
    assert parse(pattern).matches(record) is contained


@given(ODD, ODD.filter(bool), ODD)
def test_a_bare_word_is_found_in_any_case(before: str, word: str, after: str) -> None:
    record = {"description": before + word + after}
    for same in (word, word.lower(), word.upper(), word.swapcase()):
        assert parse(quoted(same)).matches(record)


PIECES = st.sampled_from('()"\\-,*?: >a1€\0\n\u2028') | st.sampled_from(
    ["or ", "not ", "tag:", "port:", "host:", "password:", "used:", "x-", "..", "/8", "::1"]
)


def attempt(text: str) -> Query | QueryError:
    try:
        return parse(text)
    except QueryError as error:
        return error


@given(st.text() | st.lists(PIECES, max_size=12).map("".join), RANDOM_RECORDS)
@example("\0", {})
@example('"\0":', {})
@example("host:fe80::1%a/8", {"host": "fe80::1"})
@example('port:"\n"', {})
@example("a\x1b:b", {})
def test_any_text_is_a_query_or_is_told_its_fault(text: str, record: Record) -> None:
    answer = attempt(text)
    if isinstance(answer, Query):
        assert answer.matches(record) in (True, False)
        return
    assert 1 <= answer.column <= len(answer.text) + 1
    assert len(answer.text) == len(text) or answer.text.endswith("***")
    assert answer.message
    assert answer.hint
    assert f"{answer}{answer.hint}".replace("\n", "", 2).isprintable()
