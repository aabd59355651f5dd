"""Names that people meant: the nearest of those that are known."""

from difflib import SequenceMatcher

from hypothesis import given
from hypothesis import strategies as st

from sipctl import names
from tests.support import steps

KNOWN = [
    f"{kind}-{place}-{n:03}"
    for kind in ("pbx", "sbc")
    for place in ("ulm", "paris")
    for n in range(300)
]


@st.composite
def slips(draw: st.DrawFn) -> str:
    """A known name with a letter left out, put in or changed."""
    name = draw(st.sampled_from(KNOWN))
    at = draw(st.integers(0, len(name) - 1))
    return name[:at] + draw(st.sampled_from(["", "x", f"x{name[at]}"])) + name[at + 1 :]


def likeness(name: str | None, slip: str) -> float:
    return SequenceMatcher(None, name or "", slip).ratio()


@given(slips())
def test_of_many_names_one_is_found_that_is_as_near_as_any(slip: str) -> None:
    nearest = max(likeness(name, slip) for name in KNOWN)
    assert likeness(names.Nearest(KNOWN)(slip), slip) == nearest


def test_many_slips_cost_hardly_more_than_one_look_at_all_names() -> None:
    nearest = names.Nearest(KNOWN)
    found = steps(lambda: [nearest(f"pbx-pariss-{n:03}") for n in range(20)])
    assert found < 3 * steps(lambda: names.nearest("pbx-pariss-000", KNOWN))
