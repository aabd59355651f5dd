"""Which file comes from which: found by an index as a search of every file would find it."""

from collections import Counter
from collections.abc import Iterable, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sipctl.git.repository import BlobChange
from sipctl.history import kinship
from sipctl.history.kinship import (
    COPY,
    RENAME,
    Alikes,
    Rule,
    Tree,
    Version,
    _holding,
    kin,
    likeness,
    same_name,
)
from sipctl.kinds import ENDPOINT, SCENARIO, Kind
from tests.support import steps

# -- contents ------------------------------------------------------------------------------------

_VALUES = {
    "host": ("a.example.net", "b.example.net", '"a.example.net"'),
    "port": ("5060", "5061"),
    "transport": ("udp", "tls"),
    "codecs": ("[alaw]", "[alaw, ulaw]", "[alaw,ulaw]"),
    "username": ('"1"', "'1'", '"2"'),
    "password": ("{env: A}", "hunter2"),
    "realm": ("a", "b"),
    "tags": ("[a, b]", "[b, a]", "\n- a\n- b"),
    "x-own": ("1", "2"),
}


@st.composite
def endpoints(draw: st.DrawFn) -> bytes:
    values = {f: st.sampled_from(values) for f, values in _VALUES.items()}
    given = draw(st.fixed_dictionaries({}, optional=values))
    lines = [f"{field}: {value}\n" for field, value in given.items()]
    order = draw(st.sampled_from([1, -1]))
    text = f"reference: {draw(st.sampled_from('ab'))}\n" + "".join(lines[::order])
    return draw(st.sampled_from([text.encode()] * 8 + [b"host: [\n"]))


@st.composite
def scenarios(draw: st.DrawFn) -> bytes:
    name = draw(st.sampled_from(["", "name: A\n", "name: B\n"]))
    numbers = draw(st.sampled_from(["", 'entry_points: ["1"]\n']))
    action = st.builds(
        "{{action: {}, branches: {{ok: {}}}}}".format,
        st.sampled_from(["node", "voicemail"]),
        st.sampled_from(["null", "a"]),
    )
    actions = draw(st.dictionaries(st.sampled_from("abc"), action, max_size=3))
    lines = "".join(f"  {id}: {text}\n" for id, text in actions.items())
    text = f"reference: s\n{name}type: interaction-start\n{numbers}"
    return (text + (f"actions:\n{lines}" if lines else "")).encode()


def versions(kind: Kind) -> st.SearchStrategy[Version]:
    data = scenarios() if kind is SCENARIO else endpoints()
    return data.map(lambda one: Version(one, kind))


def trees(kind: Kind) -> st.SearchStrategy[dict[str, Version]]:
    return st.dictionaries(st.sampled_from("abcdefgh"), versions(kind), max_size=8)


KINDS = pytest.mark.parametrize("kind", [ENDPOINT, SCENARIO], ids=["endpoints", "scenarios"])


# -- what is alike -------------------------------------------------------------------------------


@pytest.fixture(params=[1, 3, kinship._AT_ONCE], ids="{} at once".format)
def portion(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many files are compared at once, however few there are."""
    monkeypatch.setattr(kinship, "_AT_ONCE", request.param)


@pytest.mark.parametrize("rule", [COPY, RENAME], ids=["copy", "rename"])
@KINDS
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.usefixtures("portion")
def test_the_index_finds_what_a_comparison_with_each_finds(
    kind: Kind, rule: Rule, data: st.DataObject
) -> None:
    known, one = data.draw(trees(kind)), data.draw(versions(kind))
    alikes = Alikes(rule)
    for path, version in known.items():
        alikes.add(path, version)
    for path in data.draw(st.sets(st.sampled_from("abcdefgh"))):
        alikes.remove(path)
        known.pop(path, None)
    expected = {path: likeness(one, version, rule) for path, version in known.items()}
    found = sorted((path, alike) for alike, path in alikes.alike(one))
    assert found == sorted((path, alike) for path, alike in expected.items() if alike)
    assert set(alikes.equal(one)) == {p for p, v in known.items() if v.content == one.content}


@KINDS
@given(data=st.data())
def test_what_is_renamed_is_what_a_comparison_of_all_pairs_finds(
    kind: Kind, data: st.DataObject
) -> None:
    olds, news = data.draw(trees(kind)), data.draw(trees(kind))
    touched = [BlobChange(f"old/{path}", (f"old/{path}",), None) for path in olds]
    touched += [BlobChange(f"new/{path}", (None,), f"new/{path}") for path in news]
    contents = {f"old/{p}": v for p, v in olds.items()} | {f"new/{p}": v for p, v in news.items()}
    pairs = sorted(
        (-alike, f"new/{new}", f"old/{old}")
        for new, one in news.items()
        for old, other in olds.items()
        if (alike := likeness(one, other, RENAME))
        and (one.content == other.content or same_name(one, other))
    )
    expected: dict[str, str] = {}
    for _, new, old in pairs:
        if old not in expected.values():
            expected.setdefault(new, old)
    found = kin(touched, lambda _: contents).renamed
    assert {new: old for new, (old, _) in found.items()} == expected


# -- what was duplicated -------------------------------------------------------------------------


def fresh(known: Mapping[str, Version]) -> Tree:
    return Tree({path: Version(version.data, version.kind) for path, version in known.items()})


def indexed(known: Mapping[str, Version], before: Mapping[str, Version], kind: Kind) -> Tree:
    """A tree that keeps an index, and was another one's before."""
    tree = fresh(before)
    tree.source(Version(b"reference: x\nhost: x\nname: x\n", kind), loosely=False)
    assert tree._alikes is not None
    for path in before.keys() | known.keys():
        tree.put(path, known.get(path))
    return tree


def compared_with_each(known: Mapping[str, Version], copy: Version, loosely: bool) -> str | None:
    """The path of the source."""
    found = []
    for path, version in known.items():
        alike = likeness(copy, version) if loosely else float(copy.content == version.content)
        both = {*copy.order} & {*version.order}
        orders = [[key for key in one.order if key in both] for one in (copy, version)]
        # what is written in another way, which a copy is not, counts for half of it at most
        similar = not loosely or _holding(copy)(version)
        named = not copy.telling.items().isdisjoint(version.telling.items())
        if alike and (alike == 1.0 or orders[0] == orders[1]) and similar and named:
            found.append((-alike, path))
    return min(found)[1] if found else None


_OTHERWISE = (
    (b"", b""),
    (b"5060", b"5061"),
    (b'"1"', b"'1'"),
    (b'"1"', b'"\\x31"'),
    (b"[alaw, ulaw]", b"[ alaw, ulaw ]"),
    (b"[a, b]", b"[ b, a ]"),
    (b"udp", b'"udp"'),
    (b": a\n", b": 'a'\n"),
    (b"host: a", b"host: c"),
    (b"node", b"voicemail"),
)


@st.composite
def copies(draw: st.DrawFn, known: Mapping[str, Version], kind: Kind) -> Version:
    """One like another, perhaps: changed, written otherwise, or in another order."""
    data = draw(st.sampled_from(sorted({version.data for version in known.values()}) or [b""]))
    for old, new in draw(st.lists(st.sampled_from(_OTHERWISE), max_size=5)):
        data = data.replace(old, new)
    if kind is ENDPOINT and draw(st.booleans()):
        data = b"".join(reversed(data.splitlines(keepends=True)))
    return Version(data, kind)


@KINDS
@given(data=st.data())
def test_a_source_is_what_a_comparison_with_each_finds(kind: Kind, data: st.DataObject) -> None:
    """By the bytes, as it is where few are looked for, and by the index."""
    known, before = data.draw(trees(kind)), data.draw(trees(kind))
    copy = data.draw(copies(known, kind))
    for tree in (fresh(known), indexed(known, before, kind)):
        for loosely in (True, False):
            found = tree.source(copy, loosely=loosely)
            assert (found and found[0]) == compared_with_each(known, copy, loosely)
            assert found is None or found[1].data == known[found[0]].data


def test_what_is_written_otherwise_for_the_most_part_is_found_as_an_exact_copy_only() -> None:
    known = {"a": Version(b'host: a\nusername: "1"\ncodecs: [alaw, ulaw]\ntags: [a, b]\n')}
    copy = b'host: a\nusername: "\\x31"\ncodecs: [ alaw, ulaw ]\ntags: [ b, a ]\n'
    for tree in (fresh(known), indexed(known, {}, ENDPOINT)):
        assert tree.source(Version(copy), loosely=True) is None
        assert tree.source(Version(copy), loosely=False) == ("a", known["a"])


# -- what it costs -------------------------------------------------------------------------------


def line_of_trunks(count: int) -> dict[str, Version]:
    return {f"endpoints/{n}.yaml": Version(trunk(n)) for n in range(count)}


def trunk(number: int) -> bytes:
    text = f"reference: t{number}\nhost: h{number}.example.net\nport: 5060\ntransport: tls\n"
    return f'{text}username: "{number}"\nrealm: provider.example.net\nregister: true\n'.encode()


def cost_of_searches(count: int) -> int:
    tree = Tree(line_of_trunks(count))
    while tree._alikes is None:
        tree.source(Version(trunk(1)), loosely=True)
    copies = [Version(trunk(n).replace(b"5060", b"5070")) for n in range(20)]

    def search() -> None:
        assert [tree.source(c, loosely=True) for c in copies][3] is not None
        tree.put("endpoints/new.yaml", Version(trunk(count)))
        tree.put("endpoints/new.yaml", None)

    return steps(search)


def test_a_search_among_many_looks_at_few() -> None:
    assert cost_of_searches(800) < 1.5 * cost_of_searches(100)


def cost_of_renames(count: int) -> int:
    changed = [trunk(n).replace(b"5060", b"5070").replace(b"tls", b"tcp") for n in range(20)]
    olds, news = line_of_trunks(count), {f"new/{n}": Version(one) for n, one in enumerate(changed)}
    touched = [BlobChange(path, (path,), None) for path in olds]
    touched += [BlobChange(path, (None,), path) for path in news]

    def pair() -> None:
        for version in (*olds.values(), *news.values()):
            _ = version.content
        found.append(kin(touched, lambda _: {**olds, **news}).renamed)

    found: list[Mapping[str, tuple[str, str]]] = []
    work = steps(pair)
    assert found[0]["new/3"][0] == "endpoints/3.yaml"
    return work


def test_eight_times_as_many_that_went_cost_eight_times_as_much() -> None:
    assert cost_of_renames(800) < 9 * cost_of_renames(100)


def test_many_copies_of_one_are_compared_once_by_what_they_say() -> None:
    """That all are the same must not make it slow to say which is the first."""
    tree = Tree({f"endpoints/{n:04}.yaml": Version(trunk(0)) for n in range(500)})
    for _ in range(3):
        assert tree.source(Version(trunk(0)), loosely=False) is not None
    assert steps(lambda: tree.source(Version(trunk(0)), loosely=False)) < 3000


def provider(count: int) -> list[Version]:
    """Trunks that differ in their user names only."""
    names = (f'username: "{n}"'.encode() for n in range(count))
    return [Version(trunk(0).replace(b'username: "0"', name)) for name in names]


def test_what_many_are_like_is_a_copy_of_none() -> None:
    *known, copy = provider(60)
    for count in (5, 50, 51, 59):
        files = {f"endpoints/{n:04}.yaml": version for n, version in enumerate(known[:count])}
        for tree in (fresh(files), indexed(files, files, ENDPOINT)):
            found = tree.source(copy, loosely=True)
            assert (found is None) == (count > 50), count
            assert found is None or found[0] == "endpoints/0000.yaml"


def cost_of_equal_renames(count: int) -> int:
    one = Version(trunk(0))
    touched = [BlobChange(f"{n:04}", ("blob",), None) for n in range(count)]
    touched += [BlobChange(f"new/{n:04}", (None,), "blob") for n in range(count)]
    found: list[Mapping[str, tuple[str, str]]] = []
    work = steps(lambda: found.append(kin(touched, lambda _: {"blob": one}).renamed))
    assert found[0]["new/0003"] == ("0003", "blob")
    return work


def test_many_renames_of_equal_files_cost_no_more_each() -> None:
    assert cost_of_equal_renames(800) < 9 * cost_of_equal_renames(100)


def cost_of_creating(count: int) -> int:
    *known, copy = provider(count)
    files = {f"endpoints/{n:04}.yaml": version for n, version in enumerate(known)}
    tree = indexed(files, files, ENDPOINT)
    tree.source(copy, loosely=True)
    _ = copy.given
    return steps(lambda: tree.source(copy, loosely=True))


def test_one_more_of_a_provider_is_not_compared_with_all_of_them() -> None:
    assert cost_of_creating(800) < 2 * cost_of_creating(100)


def compared(count: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """With how many of a provider's trunks one more of them is compared."""
    *known, copy = provider(count)
    files = {f"endpoints/{n:04}.yaml": version for n, version in enumerate(known)}
    tree, looked_at = indexed(files, files, ENDPOINT), list[str]()

    def counted(paths: Iterable[str]) -> Counter[str]:
        found = Counter(paths)
        looked_at.extend(found)
        return found

    monkeypatch.setattr(kinship, "Counter", counted)
    assert tree.source(copy, loosely=True) is None
    return len(looked_at)


def test_one_more_of_a_provider_is_compared_with_few_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert 50 < compared(1200, monkeypatch) <= 200
