"""Every rule at its edge: what must fire with the exact place, and what is close and must not.

In a document that must fire, « and » stand round each offending place.
"""

import os
import re
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from sipctl import names
from sipctl.findings import Finding, Severity
from sipctl.kinds import SETTINGS_FILE
from sipctl.rules.book import RULES, find
from sipctl.storage.disk import MAX_BYTES
from sipctl.workspace import inventory_of, load
from sipctl.yamlfile.compose import MAX_DEPTH

FILE = "endpoints/a.yaml"
Place = tuple[str, int, int]


def judge(data: bytes, path: str = FILE) -> tuple[Finding, ...]:
    return inventory_of({SETTINGS_FILE: b"version: 1\n", path: data}).findings


def whole(document: str | bytes) -> str:
    """Bytes as they are; text with the required keys in front, unless it has them."""
    if isinstance(document, bytes):
        return document.decode()
    host = "" if re.search("host", document) else "host: a.example\n"
    reference = "" if re.search("reference", document) else "reference: a\n"
    return reference + host + document


def marked(text: str) -> tuple[str, list[tuple[int, int, int | None]]]:
    """The text without marks, and each marked place: line, column, and end where it has one."""
    places, clean = [], ""
    for piece in re.split("(«[^»]*»)", text):
        inner = piece[1:-1] if piece.startswith("«") else None
        if inner is not None:
            line, column = clean.count("\n") + 1, len(clean) - clean.rfind("\n")
            end = column + len(inner) if inner and "\n" not in inner else None
            places.append((line, column, end))
        clean += piece if inner is None else inner
    return clean, places


def cases(table: dict[str, list[str | bytes]]) -> list[ParameterSet]:
    return [
        pytest.param(rule, whole(document), id=f"{rule}-{number}")
        for rule, documents in table.items()
        for number, document in enumerate(documents, start=1)
    ]


# -- what must fire ------------------------------------------------------------------------------

FIRES: dict[str, list[str | bytes]] = {
    "invalid-yaml": [
        "realm: a«:» b\n",
        "x-a:\n«\tb: c\n»",
        "x-a: [b\nrealm«:» c\n",
        "x-a: «@b\n»",
        "x-a: «%b\n»",
        "x-a: «`b\n»",
        'x-a: "«\\»q"\n',
    ],
    "empty-file": [
        "«»".encode(),
        "«»# nothing\n".encode(),
        "«»\n\n".encode(),
        "«»\ufeff".encode(),
    ],
    "conflict-markers": [
        "«<<<<<<<» ours\nport: 1\n=======\nport: 2\n>>>>>>> theirs\n",
        "«<<<<<<<»\r\nport: 1\r\n=======\r\nport: 2\r\n>>>>>>>\r\n",
        "«|||||||» base\nport: 1\n=======\n>>>>>>> theirs\n",
        "«>>>>>>>» theirs\n",
    ],
    "duplicate-key": [
        "port: 1\n«port»: 1\n",
        'port: 1\n«"port"»: 1\n',
        'port: 1\n«"p\\x6frt"»: 1\n',
        "x-a: {b: 1, «b»: 1}\n",
        "x-a:\n- b: 1\n  «b»: 2\n",
        "x-a: 1\n«x-a»: 1\n«x-a»: 1\n",
    ],
    "anchor-or-alias": [
        "realm: «&b c»\n",
        "x-a: «&b »[c]\n",
        "x-a: «*b»\n",
        "«&k realm»: b\n",
        "x-a: {<<: «*b»}\n",
    ],
    "custom-tag": [
        "port: «!!int 5060»\n",
        'port: «! "5060"»\n',
        "realm: «!<tag:yaml.org,2002:str> a»\n",
        "x-a: «!!python/object/apply:os.system »[id]\n",
        "x-a: «!!binary aGk=»\n",
    ],
    "several-documents": [
        "reference: a\nhost: a.example\n«---»\nreference: b\n",
        "...\n«---»\n",
        "«---»\n",
    ],
    "nested-too-deep": [
        f"x-a: {'[' * (MAX_DEPTH - 1)}«[»{']' * MAX_DEPTH}\n",
        f"x-a: {'{a: ' * (MAX_DEPTH - 1)}«{{»{'}' * MAX_DEPTH}\n",
        f"x-a: {'[' * (MAX_DEPTH - 1)}«[»{'[' * 50_000}\n",
    ],
    "control-character": [
        f"x-a: b{mark}«{char}»c\n"
        for char in "\x00\x07\x0b\x0c\x1b\x7f\x85\x9f\u2028\u2029\ufffe\uffff"
        for mark in ("", "é")
    ],
    "unquoted-string": [
        *(
            f"realm: «{text}»\n"
            for text in (
                *("0123", "+33155000001", "-1", "1e5", "1E+5", "0x1F", "0o17", "0b11", "1_000"),
                *("1,000", "1.5", ".5", "5.", "-.inf", ".NaN", "12:30", "190:20:30", "-1:30"),
                *("yes", "No", "ON", "off", "y", "N", "true", "False", "2026-12-25", "2026-1-2"),
                *("2026-12-25T10:00:00Z", "2026-12-25 10:00:00 +01:00", "=", "<<"),
            )
        ),
        "username: «0123»\ndescription: «yes»\n",
        "tags: [«1», a, «on»]\n",
        "tags:\n- «0123»\n- a\n",
        "tags: [«y»]\n",
        "host: «1:2:3:4:5:6:7:8»\n",
        "username: a\npassword: {env: «YES»}\n",
        "«1»: a\n",
        "«yes»: a\n",
    ],
    "null-value": [
        "realm:«»\n",
        "realm: «~»\n",
        "realm: «null» # none\n",
        "realm: «NULL»\n",
        "port:«»\nregister: «Null»\ntags:«»\n",
        "tags: [a, «~»]\n",
        "tags:\n- a\n-«»\n",
        "username: a\npassword:«»\n",
        "username: a\npassword: {env: «~»}\n",
        "host: «null»\n",
    ],
    "not-a-number": [
        *(
            f"port: «{text}»\n"
            for text in (
                *('"5060"', "'5060'", "05060", "5060.0", "+5060", "-1", "0x13C4", "5_060", "5e3"),
                *("five", "٥٠٦٠", "５０６０", '""', "5060;", "1,000", "true", "50:60"),
            )
        ),
        "port: «|\n  5060\n»",
    ],
    "not-a-boolean": [
        *(
            f"username: a\nregister: «{text}»\n"
            for text in (
                *("yes", "No", "on", "OFF", "y", "True", "TRUE", "tRUE", '"true"', "'false'"),
                *("1", "0", '""', "enabled", "truе"),
            )
        ),
    ],
    "wrong-type": [
        "port: «[5060]»\n",
        "host: «{a: b}»\n",
        "host:\n  «a: b»\n",
        "codecs: «alaw»\n",
        "codecs: «alaw,ulaw»\n",
        "tags: «{a: b}»\n",
        "tags: [a, «[b]»]\n",
        "tags:\n- «a: b»\n",
        "username: a\npassword: «[b]»\n",
        "username: a\npassword: {env: «[b]»}\n",
        "description: «[]»\nregister: «{}»\n",
        "«[a, b]»\n".encode(),
        "«a»\n".encode(),
        "---\n«»".encode(),
        "? «[a]»\n: b\n",
    ],
    "unknown-key": [
        "«Port»: 1\n",
        "«user_name»: a\n",
        "«X-a»: 1\n",
        "«x_a»: 1\n",
        "«x»: 1\n",
        '«" x-a"»: 1\n',
        '«"port "»: 1\n',
        "«register_»: true\n",
        "«rules»: {}\n",
        "«a»: 1\n«b»: 2\n",
    ],
    "missing-key": [
        "«r»eference: a\n".encode(),
        "«h»ost: a.example\n".encode(),
        "\n# b\n«h»ost: a.example\n".encode(),
        "«{»reference: a}\n".encode(),
    ],
    "bad-reference": [
        *(
            f"reference: «{text}»\nhost: a.example\n"
            for text in (
                *("a b", "a/b", "../a", '"-a"', ".a", "_a", "ä", "con", "CON.b", "Com1", "nul.a.b"),
                *('""', '"a\\n"', "a" * 65, "a:b", "a\\b", "а", '"a\\0"', "LPT9"),
            )
        ),
    ],
    "bad-host": [
        *(
            f"host: «{text}»\n"
            for text in (
                *('"127.1"', '"0x7f000001"', "a.0x7f", "a.1", "1.2.3.4.5", "256.1.1.1", "01.2.3.4"),
                *("a_b", "a.", "-a", "a-", "a..b", ".a", "a b", '"[::1]"', "fe80::1%eth0", "::/0"),
                *(
                    "a.example:5060",
                    "192.0.2.1:5060",
                    "sip:a.example",
                    "a@b",
                    '""',
                    '"a\\n"',
                    '"*.a"',
                ),
                *("xn--a.example", f"{'a' * 64}.example", "1.2.3.4.", "a。b", "ａ", "１２７.0.0.1"),
                *("http://a.example", "a/b", "::ffff:256.1.1.1", "1::2::3", '"12345::"'),
            )
        ),
    ],
    "host-not-ascii": ["host: «sip.münchen.example»\n", 'host: «"b\\xfccher.example"»\n'],
    "bad-port": ["port: «0»\n", "port: «65536»\n", f"port: «{'9' * 400}»\n"],
    "bad-transport": [
        f"transport: «{text}»\n" for text in ("UDP", "sctp", "ws", '""', '"udp "', "tls1.2")
    ],
    "bad-codec": [
        "codecs: [«ALAW»]\n",
        "codecs: [«PCMA», «opus»]\n",
        "codecs: [alaw, ulaw, «alaw»]\n",
        "codecs: «[]»\n",
        'codecs: [«""»]\n',
        "codecs:\n- alaw\n- «g729»\n",
    ],
    "bad-tag": [
        "tags: [a, b, «A»]\n",
        "tags: [a, «a»]\n",
        "tags: [«a b»]\n",
        'tags: [«""», «-a»]\n',
        f"tags: [«{'a' * 65}»]\n",
        "tags:\n- «é»\n- «aux»\n",
    ],
    "bad-text": [
        'realm: «""»\n',
        f"realm: «{'a' * 256}»\n",
        f"username: «{'é' * 256}»\n",
        f"description: «{'a' * 1001}»\n",
        'description: «"a\\tb"»\n',
        "description: «a\tb»\n",
        'description: «"a\\x85b"»\n',
        'description: «"a\\u2028b"»\n',
        "description: «|\n  a\n  b\n»",
        'username: a\npassword: «""»\n',
        'username: a\npassword: {file: «""»}\n',
    ],
    "bad-password": [
        "username: a\npassword: «{command: pass show a}»\n",
        "username: a\npassword: «{env: A, file: b}»\n",
        "username: a\npassword: «{}»\n",
        "username: a\npassword: «{ENV: A}»\n",
        "username: a\npassword: {env: «1A»}\n",
        "username: a\npassword: {env: «A-B»}\n",
        'username: a\npassword: {env: «""»}\n',
        "username: a\npassword: {env: «$A»}\n",
    ],
    "register-without-username": ["register: «true»\n"],
    "password-without-username": [
        "«password»: {env: A}\n",
        "«password»: {file: b}\n",
    ],
    "plaintext-password": [
        "username: a\npassword: «hunter2»\n",
        'username: a\npassword: «"env: A"»\n',
        "username: a\npassword: «|-\n  hunter2\n»",
        '{reference: a, host: a.example, username: a, "p\\x61ssword": «hunter2»}\n',
    ],
    "name-mismatch": [
        "reference: «b»\n",
        "reference: «A»\n",
        'reference: «"a.yaml"»\n',
    ],
    "bad-ignore": [
        "port: 5070 # sipctl: ignore[«SIP304»]\n",
        "port: 5070 # sipctl: ignore[«bad-port», «SIP304» ]\n",
        "# sipctl: ignore[«bad-port»]\nport: 5070\n",
        "port: 5070 # sipctl: ignore[«SIP999», «bad_port»]\n",
        "port: 5070 «# sipctl: ignore»\n",
        "port: 5070 «# sipctl: ignore[]»\n",
        "port: 5070 «# sipctl: ignore»[SIP304\n",
        "realm: a # sipctl: ignore[«invalid-yaml», «SIP120», «plaintext-password»]\n",
        'description: "#" # why # sipctl:ignore[«SIP210»]\n',
    ],
}


def _shown_end(finding: Finding, end: int) -> int:
    """Where a span ends as it is told: how long it is is hidden where it may be a password."""
    source, start = finding.source, finding.place.column
    is_hidden = source is None or source[start - 1 :].startswith("***")
    return min(end, start + 3) if is_hidden else end


@pytest.mark.parametrize(("rule", "document"), cases(FIRES))
def test_it_fires_at_the_exact_place_and_nothing_else_does(rule: str, document: str) -> None:
    text, places = marked(document)
    found = judge(text.encode("utf-8", "surrogatepass"))
    assert {finding.rule for finding in found} == {rule}
    assert [(f.place.line, f.place.column) for f in found] == [(x, y) for x, y, _ in places]
    for finding, (_, _, end) in zip(found, places, strict=True):
        if end is not None and rule not in STARTS_ONLY:
            assert finding.place.end_column == _shown_end(finding, end)


STARTS_ONLY = ("invalid-yaml", "anchor-or-alias", "custom-tag", "wrong-type")
"""Where no end is promised: the reader cannot tell where what it does not know ends."""


@pytest.mark.parametrize("rule", FIRES)
def test_what_fires_shows_no_password(rule: str) -> None:
    for document in FIRES[rule]:
        for finding in judge(marked(whole(document))[0].encode("utf-8", "surrogatepass")):
            assert "hunter2" not in repr(finding)


# -- what is close and must not ------------------------------------------------------------------

NEAR: dict[str, list[str | bytes]] = {
    "invalid-yaml": [
        "description: 'it''s'\n",
        'description: "a \\\n  b"\n',
        "description: a #b\n",
        "description: http://a\n",
        "realm: a:b\n",
        "---\nreference: a\nhost: a.example\n...\n",
        "# a tab:\t\nreference: a\nhost: a.example",
        "reference: a\r\nhost: a.example\r\n",
        "{reference: a, host: a.example}",
        "? reference\n: a\n? host\n: a.example\n",
        '"reference": "a"\n"host": "a.example"\n',
        "description: >-\n  a\n  b\n",
    ],
    "invalid-utf8": [
        "description: é😀\ufffd\n",
        "\ufeffreference: a\nhost: a.example\n",
    ],
    "empty-file": ["{reference: a, host: a.example} # all\n"],
    "conflict-markers": [
        "# =======\n# <<<<<<< HEAD\n",
        'description: "<<<<<<< HEAD"\n',
        "x-a: |\n  <<<<<<< HEAD\n  =======\n  >>>>>>> b\n",
        "description: ======= a\n",
    ],
    "duplicate-key": [
        "x-a: {b: 1}\nx-b: {b: 1}\n",
        "x-a:\n- b: 1\n- b: 1\n",
        "x-a: 1\nx-A: 2\nx-a1: 3\n",
        "x-port: 1\nport: 1\n",
        "tags: [b]\nrealm: b\nx-b: {realm: b}\n",
    ],
    "anchor-or-alias": [
        "description: a & b * c\n",
        'realm: "*"\nusername: "&a"\n',
        "realm: a*\nusername: a&b\n",
        "# &a *a\n",
    ],
    "custom-tag": [
        'realm: "!a"\n',
        "realm: a!\n",
        "description: hello !b\n",
        "# !!int\n",
    ],
    "several-documents": [
        "---\nreference: a\nhost: a.example\n",
        "reference: a\nhost: a.example\n...\n",
        "--- # first\nreference: a\nhost: a.example\n...\n# end\n",
        "description: '---'\n",
        "realm: ---\n",
        "x-a: |\n  ---\n",
    ],
    "nested-too-deep": [
        f"x-a: {'[' * (MAX_DEPTH - 1)}{']' * (MAX_DEPTH - 1)}\n",
        f"x-a: [{', '.join(['[]'] * 200)}]\n",
        f"x-a: '{'[' * 100}'\n",
    ],
    "control-character": [
        "description: a\u00a0b\u200bc\u2027\n",
        "x-a:\tb\n# \t\n",
        'x-a: "\\x07"\n',
        "reference: a\r\nhost: a.example\r\n",
    ],
    "unquoted-string": [
        *(
            f"realm: {text}\n"
            for text in (
                *('"0123"', "'yes'", "1.2.3.4", "1-2", "12:75", "10e", "e5", "0xg", "1.2.3", "+a"),
                *("2026-12", "2026-12-25x", "yES", "nULL", "nil", "None", "NaN", "inf", "12a"),
                *("yes.", "no-one", "on-call", "+33 155", "0o8", "_1", "1 2", "~a", "a=b", "."),
                *("trueish", "2001:db8::1", "O", "1:2:3a"),
            )
        ),
        'tags: ["1", "on"]\n',
        "host: 192.0.2.1\n",
        "host: 1::8\n",
        "description: |-\n  0123\n",
        "x-a: 0123\nx-b: yes\nx-c: 2026-12-25\nx-1: 1\nx-d: {1: 2}\n",
    ],
    "null-value": [
        "x-a:\nx-b: ~\nx-c: [null]\n",
        'realm: "null"\nusername: "~"\n',
        "realm: nil\nusername: none\n",
        "tags: []\n",
    ],
    "not-a-number": [
        "port:    5060   # as usual\n",
        "{reference: a, host: a.example, port: 5060}",
        "? port\n: 5060\n",
        'x-port: "5060"\nx-other: 05060\n',
    ],
    "not-a-boolean": [
        "register: false\n",
        "username: a\nregister: true # really\n",
        "x-register: yes\n",
    ],
    "wrong-type": [
        "tags: []\n",
        "tags:\n- a\n- b\n",
        "x-a: [1, {b: [c]}]\nx-b: {}\n",
        "username: a\npassword:\n  env: A\n",
    ],
    "unknown-key": [
        "x-: 1\n",
        "x-password: a\nx-a b: 1\n",
        '"x-a": 1\n',
        '"port": 1\n',
        "x-X: {unknown: 1}\n",
    ],
    "missing-key": [
        "host: a.example\nreference: a\n",
        "x-a: 1\nhost: a.example\nx-b: 2\nreference: a\n",
    ],
    "bad-host": [
        *(
            f"host: {text}\n"
            for text in (
                *(
                    "3com.com",
                    "a--b.example",
                    "ab--c.example",
                    "a",
                    "A.EXAMPLE",
                    "1.2.3.4a",
                    "0x7g",
                ),
                *(
                    '"::ffff:192.0.2.1"',
                    '"::"',
                    '"::1"',
                    "2001:DB8::1",
                    '"1::"',
                    "0.0.0.0",
                    "1a.1.a",
                ),
                *("xn--mnchen-3ya.example", "XN--MNCHEN-3YA.example", "255.255.255.255", "x.3com"),
                *(f"{'a' * 63}.example", f"{'a.' * 126}a", "1.2.3.4.example", "0x.example"),
            )
        ),
    ],
    "host-not-ascii": ["host: sip.xn--mnchen-3ya.example\n", "description: münchen.example\n"],
    "bad-port": ["port: 1\n", "port: 65535\n"],
    "bad-transport": ["transport: udp\n", "transport: tcp\n", "transport: 'tls'\n"],
    "bad-codec": ["codecs: [ulaw, alaw]\n", "codecs: [ulaw]\n", 'codecs:\n- "alaw"\n'],
    "bad-tag": [
        "tags: [a, b, a1, a.b, a@b, a-b, a_b]\n",
        f"tags: [{'a' * 64}, {'A' * 63}]\n",
        'tags: ["1", "01", "001"]\n',
        "tags: [com10, auxiliary]\n",
    ],
    "bad-text": [
        f"realm: {'a' * 255}\nusername: {'😀' * 255}\n",
        f"description: {'é' * 1000}\n",
        'realm: " "\n',
        "description: a\u00a0b\n",
        'x-a: ""\nx-b: "a\\nb"\n',
        "description: >-\n  a\n  b\n",
    ],
    "bad-password": [
        "username: a\npassword: {env: A}\n",
        "username: a\npassword: {env: _a1}\n",
        'username: a\npassword: {"file": "/run/a b"}\n',
        'username: a\npassword: {env: "YES"}\n',
    ],
    "register-without-username": [
        "register: false\n",
        "username: a\nregister: true\n",
        "x-register: true\n",
    ],
    "password-without-username": [
        "username: a\npassword: {env: A}\n",
        "password: {env: A}\nusername: a\n",
        "username: a\n",
        "x-password: {env: A}\n",
    ],
    "plaintext-password": [
        "username: a\npassword: {env: A}\n",
        "username: a\npassword: {file: hunter2}\n",
        "x-password: hunter2\n",
        "username: password\nrealm: hunter2\n",
    ],
    "name-mismatch": ['reference: "a"\n', "x-reference: b\nreference: a\n", "reference: a # b\n"],
    "bad-ignore": [
        "register: true # sipctl: ignore[SIP304]\n",
        "port: 0 # sipctl: ignore[bad-port] a test\n",
        "port: 0 # sipctl: ignore [ SIP206 ]\n",
        "# sipctl: see ignore[SIP304]\n",
        'description: "# sipctl: ignore[SIP304]"\n',
        "x-a: |\n  # sipctl: ignore[SIP304]\n",
        "description: a#sipctl:ignore[SIP304]\n",
    ],
}


@pytest.mark.parametrize(("rule", "document"), cases(NEAR))
def test_a_near_miss_has_no_finding(rule: str, document: str) -> None:
    assert judge(document.encode()) == (), rule


@pytest.mark.parametrize(
    ("document", "rules"),
    [
        ("tags: [«a b», x, «X», «c d»]\n", ["bad-tag"] * 3),
        ('tags: [«12», «"12"», «a b»]\n', ["unquoted-string", "bad-tag", "bad-tag"]),
        ("codecs: [«PCMA», ulaw, «ulaw»]\n", ["bad-codec"] * 2),
        ("codecs: [«y»]\n", ["unquoted-string", "bad-codec"]),
        ("port: «070000»\n", ["not-a-number", "bad-port"]),
        ("host: «a_b»\n«password»: {env: A}\n", ["bad-host", "password-without-username"]),
        ("realm: «~»\n«password»: {env: A}\n", ["null-value", "password-without-username"]),
        ("reference: «b»\nhost: «a_b»\n", ["name-mismatch", "bad-host"]),
        ("reference: «b»\nrealm: «012»\n", ["name-mismatch", "unquoted-string"]),
        ("register: «yes»\n", ["not-a-boolean", "register-without-username"]),
        ("realm: «012»\nregister: «true»\n", ["unquoted-string", "register-without-username"]),
    ],
)
def test_no_fault_hides_another(document: str, rules: list[str]) -> None:
    text, places = marked(whole(document))
    found = judge(text.encode())
    assert [finding.rule for finding in found] == rules
    marks = {(line, column) for line, column, _ in places}
    assert {(finding.place.line, finding.place.column) for finding in found} == marks


@pytest.mark.parametrize(
    ("document", "hint"),
    [
        ("port: ~\n", "take the key out, or write a number"),
        ("register:\n", "take the key out, or write true or false"),
        ("realm: ~\n", "take the key out, or quote the value"),
        ("tags: [a, ~]\n", "take the item out, or quote the value"),
        ("tags: ~\n", "take the key out, or write a list"),
    ],
)
def test_the_cure_of_a_missing_value_is_one_that_its_field_takes(document: str, hint: str) -> None:
    assert [finding.hint for finding in judge(whole(document).encode())] == [hint]


@pytest.mark.parametrize("value", ["[b]", "{env: [b]}", "{env: {a: b}}", "~", "{env: ~}", "{}"])
def test_the_cure_of_a_password_that_is_none_is_no_plain_text(value: str) -> None:
    [finding] = judge(whole(f"username: a\npassword: {value}\n").encode())
    assert "write {env: NAME}, {file: PATH} or {age: …}" in finding.hint
    assert "quote" not in finding.hint
    assert "`" not in finding.hint


@pytest.mark.parametrize(
    ("document", "hint"),
    [
        *(
            (
                f'realm: "a\\{escape}b"\n',
                "write it on one line; a block needs >- and no line break in it",
            )
            for escape in ("n", "r", "N", "L", "P", "n\\a")
        ),
        *(
            (f'realm: "a\\{escape}b"\n', "take this character out")
            for escape in ("a", "t", "x7f", "a\\n")
        ),
        ("realm: |\n  a\n", "write it on one line; a block needs >- and no line break in it"),
        ("tags: [con]\n", "choose another name"),
        ("tags: [LPT1.a]\n", "choose another name"),
        ('tags: ["con b"]\n', names.CURE),
        ("tags: [.a]\n", names.CURE),
    ],
)
def test_the_cure_of_a_text_or_a_name_fits_what_is_wrong_with_it(document: str, hint: str) -> None:
    assert [finding.hint for finding in judge(whole(document).encode())] == [hint]


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("SIP999", "see `sipctl rules`"),
        ("sip410", "see `sipctl rules`"),
        ("bad-prt", 'did you mean "bad-port"?'),
        ("xyz", "see `sipctl rules`"),
    ],
)
def test_no_code_is_taken_for_a_slip_of_another_one(key: str, hint: str) -> None:
    settings = f"version: 1\nrules: {{{key}: error}}\n".encode()
    [finding] = inventory_of({SETTINGS_FILE: settings}).findings
    assert (finding.message, finding.hint) == (f'there is no rule "{key}"', hint)


def test_empty_settings_are_not_to_be_deleted() -> None:
    [finding] = inventory_of({SETTINGS_FILE: b"# nothing\n"}).findings
    assert (finding.rule, finding.hint) == ("empty-file", "write `version: 1`")


@pytest.mark.parametrize(
    "document",
    [
        "register: true\nusername: «~»\n",
        'password: {env: A}\nusername: «""»\n',
        "password: {env: A}\nusername: «012»\n",
        "reference: «a b»\n",
    ],
)
def test_one_slip_is_one_finding(document: str) -> None:
    text, [(line, column, _)] = marked(whole(document))
    assert [f.place[1:3] for f in judge(text.encode())] == [(line, column)]


def test_every_rule_is_tried_from_both_sides() -> None:
    below = {
        *("invalid-utf8", "file-too-large", "not-a-file", "bad-setting", "stray-file"),
        *("duplicate-reference", "bad-recipient"),
    }
    of_scenarios = {name for name, rule in RULES.items() if rule.code.startswith("SIP4")}
    of_passwords = {n for n, rule in RULES.items() if rule.code.startswith("SIP5")}
    of_passwords -= {"plaintext-password"}
    elsewhere = below | of_scenarios | {"bad-scenario-type"} | of_passwords
    assert set(FIRES) | elsewhere == set(RULES)
    assert set(NEAR) | elsewhere | {"bad-reference"} == set(RULES)


# -- what is not one file's text -----------------------------------------------------------------

VALID = b"reference: a\nhost: a.example\n"


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"\xff\xfer\x00", (1, 1)),  # UTF-16
        (VALID + "description: é".encode("latin-1"), (3, 14)),
        (VALID + "realm: 😀é".encode() + b"\xc3", (3, 10)),
        (VALID + b"realm: \xc0\x80", (3, 8)),  # an overlong NUL
        (VALID + b"realm: \xed\xa0\x80", (3, 8)),  # a surrogate
        (VALID + b"realm: \xf5\x80\x80\x80", (3, 8)),  # beyond Unicode
        (b"# \xe9\r\n" + VALID, (1, 3)),
    ],
)
def test_invalid_utf8_fires_at_the_first_wrong_byte(data: bytes, place: tuple[int, int]) -> None:
    (finding,) = judge(data)
    assert finding.rule == "invalid-utf8"
    assert (finding.place.line, finding.place.column) == place


def test_a_file_of_exactly_one_mebibyte_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    (tmp_path / "endpoints").mkdir()
    (tmp_path / SETTINGS_FILE).write_bytes(b"version: 1\n")
    file = tmp_path / FILE
    file.write_bytes(VALID + b"#" * (MAX_BYTES - len(VALID)))
    assert load(tmp_path).findings == ()
    file.write_bytes(VALID + b"#" * (MAX_BYTES - len(VALID) + 1))
    (finding,) = load(tmp_path).findings
    assert finding.rule == "file-too-large"
    assert (finding.place.file, finding.place.line) == (FILE, 1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace of one valid endpoint, without Git."""
    (tmp_path / "endpoints").mkdir()
    (tmp_path / SETTINGS_FILE).write_bytes(b"version: 1\n")
    (tmp_path / FILE).write_bytes(VALID)
    return tmp_path


def found(root: Path) -> list[tuple[str, str]]:
    return [(finding.rule, finding.place.file) for finding in load(root).findings]


def test_what_is_no_plain_file_is_told_and_never_opened(root: Path) -> None:
    folder = root / "endpoints"
    (folder / "folder.yaml").mkdir()
    os.mkfifo(folder / "pipe.yaml")
    (folder / "link.yaml").symlink_to("a.yaml")
    (folder / "nowhere.yaml").symlink_to("/nowhere")
    (folder / "round.yaml").symlink_to("round.yaml")
    names = ("folder", "link", "nowhere", "pipe", "round")
    assert found(root) == [("not-a-file", f"endpoints/{name}.yaml") for name in names]
    assert list(load(root).endpoints) == ["a"]


def test_a_hard_link_is_a_plain_file(root: Path) -> None:
    (root / "endpoints/a.yaml").hardlink_to(_beside(root))
    assert found(root) == []


def _beside(root: Path) -> Path:
    return (root / FILE).rename(root / "beside")


@pytest.mark.parametrize("settings", ["folder", "link"])
def test_settings_that_are_no_plain_file_are_told(root: Path, settings: str) -> None:
    file = root / SETTINGS_FILE
    file.rename(root / "elsewhere")
    file.mkdir() if settings == "folder" else file.symlink_to("elsewhere")
    assert found(root) == [("not-a-file", SETTINGS_FILE)]


def test_a_file_in_place_of_the_folder_is_told(root: Path) -> None:
    (root / FILE).unlink()
    (root / "endpoints").rmdir()
    (root / "endpoints").write_bytes(b"")
    assert found(root) == [("not-a-file", "endpoints")]


def test_a_workspace_without_the_folder_is_an_empty_one(root: Path) -> None:
    (root / FILE).unlink()
    (root / "endpoints").rmdir()
    assert found(root) == []


STRAY = (
    "README.md",
    "a.YAML",
    "a.yaml.orig",
    "a.yaml~",
    "b.json",
    "b.yml",
    "c",
    "#a.yaml#",
    ".a.yaml",
)


def test_every_other_name_in_the_folder_is_a_stray_file(root: Path) -> None:
    for name in STRAY:
        (root / "endpoints" / name).write_bytes(VALID)
    (root / "endpoints" / "paris").mkdir()
    stray = [("stray-file", f"endpoints/{name}") for name in (*STRAY, "paris")]
    assert found(root) == sorted(stray, key=lambda item: item[1])


LITTER = (".gitkeep", ".a.yaml.swp", ".a.yaml.sipctl-new", ".#a.yaml", ".a.yaml~")


def test_hidden_files_and_files_elsewhere_are_not_stray(root: Path) -> None:
    for name in ("b.yml", "c.yaml", *(f"endpoints/{name}" for name in LITTER)):
        (root / name).write_bytes(b"not: [yaml")
    (root / "endpoints" / ".hidden").mkdir()
    assert found(root) == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("endpoints/.b.yaml", "rename it to b.yaml"),
        ("scenarios/.s.yml", "rename it to s.yaml"),
        ("endpoints/.YAML", "move it elsewhere"),
    ],
)
def test_a_hidden_file_called_like_a_member_is_stray(root: Path, name: str, hint: str) -> None:
    (root / "scenarios").mkdir()
    (root / name).write_bytes(VALID)
    [finding] = load(root).findings
    assert (finding.rule, finding.place.file, finding.hint) == ("stray-file", name, hint)


@pytest.mark.parametrize("name", ["b", "1", "a" * 64, "con1", "a..b", "a.", "x@y_z-1", "A@1.2.3.4"])
def test_a_reference_near_the_edge_of_its_form_is_one(name: str) -> None:
    data = f'reference: "{name}"\nhost: a.example\n'.encode()
    assert judge(data, f"endpoints/{name}.yaml") == ()


@pytest.mark.parametrize("name", ["a b", "con", "-a", "é", "a" * 65, "a\udcff"])
def test_a_file_name_that_is_no_reference_is_told_once_even_where_the_file_is_broken(
    name: str,
) -> None:
    path = f"endpoints/{name}.yaml"
    same = f'reference: "{name}"\nhost: a.example\n'.encode("utf-8", "replace")
    assert [f.rule for f in judge(same, path)] == ["bad-reference"]
    assert {f.rule for f in judge(VALID, path)} == {"bad-reference", "name-mismatch"}
    assert {f.rule for f in judge(b"a: [", path)} == {"bad-reference", "invalid-yaml"}


def _together(*names: str, broken: str = "") -> list[tuple[str, str]]:
    source = {
        f"endpoints/{name}.yaml": f"reference: {name}\nhost: a.example\n".encode() for name in names
    }
    if broken:
        source[f"endpoints/{broken}.yaml"] = b"a: ["
    findings = inventory_of({SETTINGS_FILE: b"version: 1\n", **source}).findings
    return [(finding.rule, finding.place.file) for finding in findings]


def test_references_that_differ_in_case_only_are_told_once_for_each_further_one() -> None:
    assert _together("PBX", "Pbx", "pbx") == [
        ("duplicate-reference", "endpoints/Pbx.yaml"),
        ("duplicate-reference", "endpoints/pbx.yaml"),
    ]


def test_a_broken_file_still_counts_as_the_same_name() -> None:
    told = _together("pbx", broken="PBX")
    assert [rule for rule, _ in told].count("duplicate-reference") == 1


def test_references_that_differ_in_more_than_case_are_two() -> None:
    assert _together("pbx", "pbx1", "pbx.", "p-bx", "p_bx", "p.bx", "xpb") == []


# -- settings ------------------------------------------------------------------------------------


def settle(text: str) -> list[tuple[str, int, int]]:
    data = text.encode()
    findings = inventory_of({SETTINGS_FILE: data}).findings
    assert {finding.place.file for finding in findings} <= {SETTINGS_FILE}
    return [(f.rule, f.place.line, f.place.column) for f in findings]


@pytest.mark.parametrize(
    ("rule", "document"),
    [
        ("bad-setting", "version: «2»\n"),
        ("bad-setting", "version: «0»\n"),
        ("bad-setting", "version: 1\nrules: {stray-file: «ignore»}\n"),
        ("bad-setting", "version: 1\nrules:\n  stray-file: «Error»\n"),
        ("bad-setting", "version: 1\nrules: {«invalid-yaml»: warning}\n"),
        ("bad-setting", "version: 1\nrules: {«SIP120»: warning}\n"),
        ("bad-setting", 'version: 1\nrules: {«missing-key»: "off"}\n'),
        ("bad-setting", "version: 1\nrules: {SIP303: error, «stray-file»: error}\n"),
        ("unknown-key", "version: 1\nrules: {«stray-fil»: error}\n"),
        ("unknown-key", "version: 1\nrules: {«sip303»: error}\n"),
        ("unknown-key", "version: 1\n«rule»: {}\n"),
        ("unquoted-string", "version: 1\nrules: {stray-file: «off»}\n"),
        ("not-a-number", 'version: «"1"»\n'),
        ("wrong-type", "version: 1\nrules: «[]»\n"),
        ("missing-key", "«rules»: {}\n"),
        ("empty-file", "«»# nothing\n"),
    ],
)
def test_a_setting_that_is_not_allowed_is_told_at_its_place(rule: str, document: str) -> None:
    text, places = marked(document)
    assert settle(text) == [(rule, line, column) for line, column, _ in places]


@pytest.mark.parametrize(
    "document",
    [
        "version: 1\nrules: {}\n",
        'version: 1\nrules: {stray-file: "off", SIP304: error}\n',
        "version: 1\nrules: {plaintext-password: warning, SIP303: warning}\n",
        "# settings\nversion: 1\nx-owner: telephony\n",
    ],
)
def test_a_setting_that_is_allowed_is_taken(document: str) -> None:
    assert settle(document) == []


@pytest.mark.parametrize("severity", ["error", "warning", "off"])
@pytest.mark.parametrize("key", ["plaintext-password", "SIP501"])
def test_settings_change_what_a_finding_weighs(key: str, severity: str) -> None:
    settings = f'version: 1\nrules: {{{key}: "{severity}"}}\n'.encode()
    data = VALID + b"username: a\npassword: hunter2\n"
    findings = inventory_of({SETTINGS_FILE: settings, FILE: data}).findings
    expected = [] if severity == "off" else [Severity(severity)]
    assert [finding.severity for finding in findings] == expected


@pytest.mark.parametrize(
    "other",
    ["port: 0", 'port: "5060"', "host: a_b", "unknown: 1", "realm:", 'reference: "b"', "tags: x"],
)
@pytest.mark.parametrize("password", ["hunter2", "12345", '"hunter2"'])
def test_no_other_fault_hides_a_password_in_plain_text(other: str, password: str) -> None:
    key = other.partition(":")[0]
    needed = {"reference": "reference: a", "host": "host: a.example", key: other}
    text = "\n".join((*needed.values(), f"username: u\npassword: {password}\n"))
    found = judge(text.encode())
    assert len({finding.rule for finding in found}) >= 2
    (told,) = (finding for finding in found if finding.rule == "plaintext-password")
    assert told.place.line == text.count("\n")
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize("value", ["", "~", "null", '""', "{env: A}", "[a]"])
def test_what_holds_no_text_is_no_password_in_plain_text(value: str) -> None:
    text = VALID + f"username: u\npassword: {value}\n".encode()
    assert "plaintext-password" not in {finding.rule for finding in judge(text)}


# -- the book ------------------------------------------------------------------------------------


def test_codes_are_unique_and_in_order() -> None:
    codes = [rule.code for rule in RULES.values()]
    assert codes == sorted(set(codes))
    assert all(re.fullmatch("SIP[1-5][0-9]{2}", code) for code in codes)


def test_a_rule_is_found_by_code_and_by_name_in_any_case() -> None:
    for rule in RULES.values():
        assert find(rule.code.lower()) is find(rule.name.upper()) is rule
    assert find("SIP999") is None


def test_every_rule_says_what_and_why_in_a_sentence() -> None:
    for rule in RULES.values():
        assert rule.summary.endswith(".")
        assert rule.why.endswith(".")
        assert rule.severity in ("error", "warning")


def test_only_what_keeps_a_file_from_being_read_is_fixed_and_an_error() -> None:
    for rule in RULES.values():
        assert rule.fixed == (rule.code.startswith("SIP1") or rule.name == "missing-key")
        assert not rule.fixed or rule.severity == "error"


@pytest.mark.parametrize(("rule", "document"), [*cases(FIRES), pytest.param("", "reference: a\n")])
def test_what_cannot_be_read_is_a_finding_whatever_the_settings_say(
    rule: str, document: str
) -> None:
    off = "".join(f'  {name}: "off"\n' for name, rule in RULES.items() if not rule.fixed)
    settings = f"version: 1\nrules:\n{off}".encode()
    found = inventory_of({SETTINGS_FILE: settings, FILE: marked(document)[0].encode()})
    assert found.members[FILE].readable != bool(found.findings)


# -- no password is told -------------------------------------------------------------------------

SECRETS: tuple[str, ...] = (
    "password: {hunter2}",
    "password: {password:hunter2}",
    "password: {env: A, password:hunter2}",
    "tags: [password:hunter2]",
    "realm: {a: password:hunter2}",
    "password:hunter2",
    "passwort:hunter2\nport: 1",
    "password: {hunter2: a}",
    "password:\n  hunter2:",
    "password: {env: A, hunter2}",
    "password: {age: hunter2, file: a}",
    "password: {plain: hunter2}",
    "password: [hunter2]",
    "password:\n- hunter2\nport: 0",
    "password: >-\n  hunter2\n\n  hunter2\nport: 0",
    "password: &hunter2 a",
    "password: *hunter2",
    "password: !hunter2 a",
    "password: 'hunter2",
    'password: "hunter2\\u0000"',
    "password: hunter2\x00",
    "password: hunter2\npassword: hunter2",
    "? password\n: hunter2\nport: 0",
    '"p\\x61ssword": hunter2\nport: 0',
    "password hunter2",
    "password:hunter2",
    "password=hunter2: 1",
    "  password: hunter2",
    "pasword: hunter2",
    "PASSWORD: hunter2",
    "realm: a\x0b\npassword: hunter2",
)


@pytest.mark.parametrize("line", SECRETS)
def test_no_finding_shows_a_password_however_it_is_written(line: str) -> None:
    findings = judge(whole(f"username: a\n{line}\n").encode())
    assert findings
    assert "hunter2" not in repr(findings)


@pytest.mark.parametrize("entry", ["password hunter2", "password:hunter2", '"password": [hunter2]'])
def test_no_finding_shows_a_password_of_a_flow_mapping(entry: str) -> None:
    findings = judge(f"{{reference: a, host: a.example, username: a, {entry}}}\n".encode())
    assert findings
    assert "hunter2" not in repr(findings)
