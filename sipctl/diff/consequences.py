"""What a change does to calls: from every number, each step at which calls now go another way; and
what of the change could hide another one.

Pure: two versions of a workspace are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from sipctl.changes import FieldChange
from sipctl.diff.comparison import RECIPIENTS, Comparison, Difference, State, ignore_changes
from sipctl.diff.detours import (
    MOST,
    NO_TRAIL,
    NOTHING,
    Given,
    Half,
    Noticed,
    Nowhere,
    Reached,
    Route,
    Step,
    Stop,
    Trail,
    Version,
    Walk,
    Weight,
    Words,
    reached,
    text_of,
)
from sipctl.findings import Place
from sipctl.kinds import ENDPOINT, SCENARIO, SETTINGS_FILE
from sipctl.yamlfile.nodes import Scalar
from sipctl.yamlfile.nodes import Sequence as SequenceNode


@dataclass(frozen=True, slots=True)
class Consequence:
    """What calls will notice of a change: which (`who`), and `what` will happen to them.

    `numbers` lead there; `old` and `new` are what is reached, None for what is not about one step.
    """

    weight: Weight
    who: Words
    what: Words
    scenario: str | None = None
    numbers: tuple[str, ...] = ()
    trail: Trail = NO_TRAIL
    old: Reached | None = None
    new: Reached | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Caution:
    """What could hide a change: recipients, rules' severities, other settings, ignores, files that
    cannot be read, ways that are too many to compare."""

    kind: str
    place: Place
    what: Words


@dataclass(frozen=True, slots=True)
class Impact:
    """All that a reviewer is told before the changes themselves."""

    cautions: tuple[Caution, ...]
    consequences: tuple[Consequence, ...]

    @property
    def felt(self) -> tuple[Consequence, ...]:
        """The consequences that calls notice."""
        return tuple(c for c in self.consequences if c.weight is not Weight.NONE)


def impact(old: State, new: State, comparison: Comparison) -> Impact:
    """What the change from one version to the other does to calls, and what could hide in it."""
    judge = _Judge(old, new, comparison)
    found = [*judge.of_numbers(), *judge.of_scenarios()]
    found += judge.of_the_rest(found)
    cautions = (*_of_settings(comparison), *_of_ignores(old, new, comparison))
    cautions = (*cautions, *_of_faults(comparison), *judge.limits)
    return Impact(cautions, tuple(sorted(found, key=_rank)))


_WEIGHTS = {weight: rank for rank, weight in enumerate(Weight)}


def _rank(one: Consequence) -> tuple[int, str, tuple[str, ...]]:
    """The worst first; those of one scenario stay together, the nearest steps first."""
    return _WEIGHTS[one.weight], one.scenario or "", one.numbers[:1]


# -- what could hide a change --------------------------------------------------------------------


def _of_settings(comparison: Comparison) -> Iterator[Caution]:
    found = [d for d in comparison.differences if d.member_kind is None]
    changes = [f for difference in found for f in difference.fields]
    ranked = sorted(changes, key=lambda f: _settings_rank(f.change.field))
    for one in ranked:
        place = one.new or one.old or Place(SETTINGS_FILE)
        kind = ("recipients", "rule", "setting")[_settings_rank(one.change.field)]
        if kind == "recipients":
            yield Caution(kind, place, _of_recipient(one.change))
        elif one.change.old.data != one.change.new.data or one.change.old.identity:
            yield Caution(kind, place, _of_setting(kind, one.change))


def _settings_rank(name: str) -> int:
    return 0 if name.partition(".")[0] == RECIPIENTS else 1 if name.startswith("rules.") else 2


def _of_setting(kind: str, change: FieldChange) -> Words:
    name = change.field.removeprefix("rules.") if kind == "rule" else change.field
    same_words = change.old.text() == change.new.text()
    other = (" (another value)",) if same_words else ()
    old, new = Given(change.old.text()), Given(change.new.text())
    return (f"the {kind} ", Given(name), " is ", new, " and was ", old, *other)


def _of_recipient(change: FieldChange) -> Words:
    """Who can read the passwords now, or no longer can."""
    who = Given(change.field.removeprefix(f"{RECIPIENTS}."))
    if not change.old.given:
        return ("the recipient ", who, " is added: passwords sealed from now on open to it")
    if not change.new.given:
        return ("the recipient ", who, " is taken out; history keeps what it could read")
    return ("the recipient ", who, " has another key")


def _of_ignores(old: State, new: State, comparison: Comparison) -> Iterator[Caution]:
    words = {
        "added": " is ignored from now on",
        "removed": " is no longer ignored",
        "changed": " is ignored on a line that has changed",
    }
    for one in ignore_changes(old, new, comparison):
        yield Caution("ignore", one.place, ("the rule ", Given(one.rule), words[one.what]))


def _of_faults(comparison: Comparison) -> Iterator[Caution]:
    now = {fault.finding.place.file for fault in comparison.faults if fault.side == "new"}
    for fault in comparison.faults:
        if fault.side == "old" and fault.finding.place.file in now:
            continue
        when = "was not to be read before" if fault.side == "old" else "cannot be read"
        finding = fault.finding
        what = ("the file ", when, ", so what it does is not told: ", Given(finding.message))
        yield Caution("unreadable", finding.place, what)


# -- all scenarios -------------------------------------------------------------------------------


class _Judge:
    """Finds the consequences for all numbers and scenarios of a workspace."""

    def __init__(self, old: State, new: State, comparison: Comparison) -> None:
        self.old, self.new = Version(old), Version(new)
        self.comparison = comparison
        self.renamed = comparison.renamed(SCENARIO)
        self.limits: list[Caution] = []
        self.touched: set[tuple[str, str]] = set()
        self._felt = (set[str](), set[str]())  # endpoints of both versions with other calls
        self._cut: set[str] = set()  # scenarios of the new version, of whose ways some are compared
        self._numbers: dict[tuple[str, str], list[str]] = {}
        self._changed: dict[str, bool] = {}

    # -- numbers

    def of_numbers(self) -> Iterator[Consequence]:
        """The numbers that lead to another scenario, to one for the first time, or nowhere now."""
        groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
        for number in dict.fromkeys((*self.old.owners, *self.new.owners)):
            was, now = self.old.owners.get(number, ()), self.new.owners.get(number, ())
            for reference in was:
                pair = (reference, self._name_now(reference))
                if pair[1] in now:
                    self._numbers.setdefault(pair, []).append(number)
            groups.setdefault((was, now), []).append(number)
        for (was, now), numbers in groups.items():
            moved = tuple(sorted(map(self._name_now, was)))
            unknown = {*moved} & self.new.blind or {*now} & self.old.blind
            if moved != tuple(sorted(now)) and not unknown:
                yield self._of_group(was, now, tuple(numbers))

    def _of_group(
        self, was: tuple[str, ...], now: tuple[str, ...], numbers: tuple[str, ...]
    ) -> Consequence:
        self.touched |= {("scenario", reference) for reference in (*was, *now)}
        for reference in was:
            self._feel(self.old.routes[reference], None)
        for reference in now:
            self._feel(None, self.new.routes[reference])
        plural = len(numbers) > 1
        lead = "lead" if plural else "leads"
        place = self._place(now or was, numbers[0], self.new if now else self.old)
        scenario = (now or was)[0]
        who = (("numbers " if plural else "number "), *_listed_numbers(numbers))
        if not now:
            what: Words = (f"no longer {lead} anywhere (", *_scenarios(was), " before)")
            return Consequence(Weight.SILENCE, who, what, scenario, numbers, place=place)
        silent = all(isinstance(self.new.routes[r].start(), Nowhere) for r in now)
        where = (", which has no start",) if silent else ()
        if not was:
            weight = Weight.SILENCE if silent else Weight.DESTINATION
            what = (f"now {lead} to ", *_scenarios(now), *where)
            return Consequence(weight, who, what, scenario, numbers, place=place)
        what = (f"{lead} to ", *_scenarios(now), " instead of ", *_scenarios(was), *where)
        alike = len(was) == len(now) == 1 and self._is_alike(was[0], now[0])
        weight = Weight.SILENCE if silent else Weight.WAY if alike else Weight.DESTINATION
        return Consequence(weight, who, what, scenario, numbers, place=place)

    def _is_alike(self, was: str, now: str) -> bool:
        return not self._walk(self.old.routes[was], self.new.routes[now]).run()

    def _place(self, references: Sequence[str], number: str, version: Version) -> Place | None:
        route = version.routes[references[0]]
        node = route.root.get("entry_points")
        items = node.items if isinstance(node, SequenceNode) else [node]
        found = (i for i in items if isinstance(i, Scalar) and i.value == number)
        scalar = next(found, None)
        return scalar.place(route.member.path) if scalar else None

    # -- scenarios

    def of_scenarios(self) -> Iterator[Consequence]:
        """What calls notice within each scenario that was there before."""
        for member in self.old.state.inventory.of_kind(SCENARIO).values():
            was = member.reference
            now = self._name_now(was)
            old, new = self.old.routes.get(was), self.new.routes.get(now)
            if old is not None and new is not None:
                yield from self._of_pair(old, new)
            elif now in self.new.blind:
                yield from self._of_blind(was, now, old)
            elif was in self.old.blind and new is not None:
                yield self._not_compared(new)
            elif old is not None and not old.numbers and not old.is_empty:
                yield self._of_gone(old)

    def _of_pair(self, old: Route, new: Route) -> Iterator[Consequence]:
        if old.member.is_as(new.member) and not self._uses_changed(old, new):
            return
        numbers = tuple(self._numbers.get((old.reference, new.reference), ()))
        yield from self._of_type(old, new, numbers)
        walk = self._walk(old, new)
        noticed = walk.run()
        # whoever comes to what is behind such a step comes there otherwise, or no longer
        self._felt[0].update(old.beyond(one.was for one in noticed))
        self._felt[1].update(new.beyond(one.now for one in noticed))
        for one in noticed:
            self._touch(new.reference, one)
            yield Consequence(
                one.weight,
                _callers(numbers, new.reference),
                one.what,
                new.reference,
                numbers,
                walk.trail(one),
                reached(one.was, self.old),
                reached(one.now, self.new),
                _place_of(one, walk, new),
            )
        if walk.is_cut:
            self._cut.add(new.reference)
            what = (f"more than {MOST} ways differ: not all of them are compared",)
            self.limits.append(Caution("limit", Place(new.member.path), what))

    def _feel(self, old: Route | None, new: Route | None) -> None:
        """All calls of a scenario are others, so those to its endpoints are."""
        for felt, route in zip(self._felt, (old, new), strict=True):
            felt.update(route.reached if route else ())

    def _touch(self, scenario: str, one: Noticed) -> None:
        named = (spot.endpoint for spot in (one.was, one.now) if isinstance(spot, Stop))
        self.touched.add(("scenario", scenario))
        self.touched |= {("endpoint", endpoint) for endpoint in named if endpoint}

    def _of_type(self, old: Route, new: Route, numbers: tuple[str, ...]) -> Iterator[Consequence]:
        was, now = text_of(old.root.get("type")), text_of(new.root.get("type"))
        if was != now:
            self.touched.add(("scenario", new.reference))
            self._feel(old, new)
            node = new.root.get("type") or new.root
            what = ("come here at another time: the type is ", Given(now), " and was ", Given(was))
            yield Consequence(
                Weight.DESTINATION,
                _callers(numbers, new.reference),
                what,
                new.reference,
                numbers,
                place=node.place(new.member.path),
            )

    def _walk(self, old: Route, new: Route) -> Walk:
        return Walk(Half(old, self.old), Half(new, self.new))

    def _uses_changed(self, old: Route, new: Route) -> bool:
        return any(self._is_changed(reference) for reference in old.endpoints | new.endpoints)

    def _is_changed(self, reference: str) -> bool:
        if reference not in self._changed:
            path = ENDPOINT.path(reference)
            was, now = self.old.state.members.get(path), self.new.state.members.get(path)
            self._changed[reference] = not (was.is_as(now) if was and now else was is now)
        return self._changed[reference]

    def _of_blind(self, was: str, now: str, old: Route | None) -> Iterator[Consequence]:
        path = SCENARIO.path(now)
        if self._is_same_scenario(was, now):
            return
        self.touched.add(("scenario", now))
        numbers = old.numbers if old else ()
        what = ("go ways that cannot be told: the file cannot be read",)
        who = _callers(numbers, now)
        yield Consequence(Weight.SILENCE, who, what, now, numbers, place=Place(path))

    def _not_compared(self, new: Route) -> Consequence:
        self.touched.add(("scenario", new.reference))
        self._feel(None, new)
        what = ("go ways that cannot be compared: the former file could not be read",)
        who, place = _callers(new.numbers, new.reference), Place(new.member.path)
        return Consequence(Weight.DESTINATION, who, what, new.reference, new.numbers, place=place)

    def _of_gone(self, old: Route) -> Consequence:
        self.touched.add(("scenario", old.reference))
        self._feel(old, None)
        what = (f"{NOTHING}the scenario is gone",)
        who, place = _callers((), old.reference), Place(old.member.path)
        return Consequence(Weight.SILENCE, who, what, old.reference, place=place)

    # -- changes that no consequence tells of by themselves

    def of_the_rest(self, found: Iterable[Consequence]) -> Iterator[Consequence]:
        """The changed files that no consequence is about."""
        for difference in self.comparison.differences:
            names = (difference.reference, difference.source)
            touched = any((difference.noun, name) in self.touched for name in names if name)
            if difference.member_kind is not None and not touched:
                yield self._of_rest(difference)

    def _of_rest(self, difference: Difference) -> Consequence:
        reference = str(difference.reference)
        who = (f"{difference.noun} ", Given(difference.source or reference))
        what: Words = {
            "created": ("is new",),
            "deleted": ("is gone",),
            "renamed": ("is now called ", Given(reference)),
        }.get(difference.kind, ("changes",))
        if difference.fields and difference.kind in ("changed", "renamed"):
            what = (*what, " in ", *_fields(difference))
        silent = difference.member_kind is ENDPOINT and self._is_silenced(difference)
        calls: Words = (_SILENCED,) if silent else self._calls_to(difference)
        weight = Weight.SILENCE if silent else Weight.NONE
        scenario = reference if difference.member_kind is SCENARIO else None
        what = (*what, "; ", *calls)
        return Consequence(weight, who, what, scenario, place=Place(difference.path))

    def _calls_to(self, difference: Difference) -> Words:
        now = self.new.state.members.get(difference.path)
        if now is not None and now.root is None:
            return ("it cannot be read",)
        if difference.member_kind is SCENARIO:
            return self._calls_to_scenario(difference)
        return self._calls_to_endpoint(difference)

    def _calls_to_scenario(self, difference: Difference) -> Words:
        name = str(difference.reference)
        old = self.old.routes.get(difference.source or name)
        new = self.new.routes.get(name)
        numbers = [{*route.numbers} if route else set[str]() for route in (old, new)]
        if numbers[0] != numbers[1]:  # a number that moves is told, if all can be read
            return ("which calls come to it cannot be told", *self._untold)
        if difference.kind == "deleted":
            return ("no call comes to it",) if old else ("it could not be read before",)
        if difference.kind == "created":  # a call may come without a number, when another one ends
            return ("no number leads to it",)
        return self._as_before(name in self._cut)

    def _calls_to_endpoint(self, difference: Difference) -> Words:
        before, now = self._reaching(difference)
        created = difference.kind == "created"
        if not now:
            return self._calls_no_longer(difference, bool(before) and not created)
        if created and self.new.serves(str(difference.reference)):
            return ("calls come to it now",)
        if self._untold or (before and not self._is_felt(difference)):
            scenarios = {self._name_now(route.reference) for route in before}
            scenarios.update(route.reference for route in now)
            return self._as_before(not self._cut.isdisjoint(scenarios))
        return ("not all calls go as before, see above" if before else "calls come to it now",)

    def _calls_no_longer(self, difference: Difference, came: bool) -> Words:
        if self.new.blind:
            path = SCENARIO.path(min(self.new.blind))
            return ("whether a call comes to it cannot be told: ", Given(path), " cannot be read")
        named = self.new.reaching(str(difference.reference))
        who = "number leads" if named else "call comes"
        return (f"no {who} to it", " any more" if came else "")

    def _as_before(self, cut: bool) -> Words:
        if self._untold:
            return ("whether calls go as before cannot be told", *self._untold)
        return ("not all ways are compared",) if cut else ("calls go as before",)

    def _is_silenced(self, difference: Difference) -> bool:
        """True for an endpoint that no longer serves, and that calls come to by ways that are not
        compared step by step: those of a number that has moved, say."""
        name = str(difference.reference)
        if difference.new_fault or self.new.serves(name) or not self._is_felt(difference):
            return False
        return bool(self._reaching(difference)[1])

    def _is_felt(self, difference: Difference) -> bool:
        name = str(difference.reference)
        return (difference.source or name) in self._felt[0] or name in self._felt[1]

    def _reaching(self, difference: Difference) -> tuple[list[Route], list[Route]]:
        """The scenarios by which calls came to an endpoint, and come to it; of new ones those that
        a number leads to."""
        name = str(difference.reference)
        now = [r for r in self.new.reaching(name) if r.numbers or r.reference in self._continued]
        return self.old.reaching(difference.source or name), now

    @cached_property
    def _continued(self) -> frozenset[str]:
        """The scenarios that were there before, by what they are called now."""
        before = self.old.routes.keys() | self.old.blind
        return frozenset(map(self._name_now, before))

    def _name_now(self, scenario: str) -> str:
        return self.renamed.get(scenario, scenario)

    @cached_property
    def _untold(self) -> Words:
        """Why no call can be said to go as before: a scenario that differs, and cannot be read."""
        former = {now: was for was, now in self.renamed.items()}
        for reference in sorted(self.new.blind):
            was = former.get(reference, reference)
            if was not in self.old.blind or not self._is_same_scenario(was, reference):
                return (": ", Given(SCENARIO.path(reference)), " cannot be read")
        for reference in sorted(self.old.blind):
            now = self._name_now(reference)
            if now not in self.new.blind:
                return (": ", Given(SCENARIO.path(reference)), " could not be read before")
        return ()

    def _is_same_scenario(self, was: str, now: str) -> bool:
        old = self.old.state.members[SCENARIO.path(was)]
        return old.is_as(self.new.state.members[SCENARIO.path(now)])


_SILENCED = "calls that come to it reach nothing"


def _place_of(one: Noticed, walk: Walk, new: Route) -> Place:
    """Where to look: the action that is reached, else the one whose branch leads elsewhere."""
    if isinstance(one.now, Stop):
        return one.now.place
    step = walk.tree.steps[one.at]
    source = new.actions.get(step.action) if step else None
    return source.place if source else Place(new.member.path)


def _listed_numbers(numbers: Sequence[str]) -> Words:
    if len(numbers) == 2:
        return (Given(numbers[0]), " and ", Given(numbers[1]))
    more = (f" and {len(numbers) - 1} more",) if len(numbers) > 1 else ()
    return (Given(numbers[0]), *more)


def _callers(numbers: Sequence[str], scenario: str) -> Words:
    if numbers:
        return ("calls to ", *_listed_numbers(numbers))
    return ("calls in scenario ", Given(scenario))


def _scenarios(references: Sequence[str]) -> Words:
    words: list[str] = ["scenario " if len(references) == 1 else "scenarios "]
    for number, reference in enumerate(references):
        words += [" and ", Given(reference)] if number else [Given(reference)]
    return tuple(words)


def _fields(difference: Difference) -> Words:
    names = [one.change.field for one in difference.fields]
    words: list[str] = []
    for number, name in enumerate(names[:_LISTED]):
        words += [", ", Given(name)] if number else [Given(name)]
    more = len(names) - _LISTED
    return (*words, f" and {more} more") if more > 0 else tuple(words)


_LISTED = 3
"""So many fields are named."""

# -- sentences -----------------------------------------------------------------------------------

_SHOWN = 6
"""So many labels of a way stand in a sentence."""


def way(trail: Trail) -> tuple[Words, ...]:
    """The labels of a way as words, `menu key 2`: those that decide it, the first and the last."""
    first = [_labelled(step) for step in trail.first if not step.obvious]
    last = [_labelled(step) for step in trail.last if not step.obvious]
    labels, left_out = first + last, trail.omitted
    if len(labels) <= _SHOWN and not left_out:
        return tuple(labels)
    left_out += max(len(labels) - _SHOWN, 0)
    begin, end = labels[: _SHOWN // 2], labels[max(len(labels) - _SHOWN // 2, _SHOWN // 2) :]
    return (*begin, (f"… {left_out} more …",), *end)


def _labelled(step: Step) -> Words:
    key = " key " if step.role == "menu" and len(step.label) == 1 else " "
    return (Given(step.action), key, Given(step.label))


def sentence(one: Consequence) -> Words:
    """`calls to +33100000000, menu key 2, will go to …`."""
    labels = [piece for label in way(one.trail) for piece in (", ", *label)]
    return (*one.who, *labels, ", " if labels else " ", *one.what, *further(one.trail))


def further(trail: Trail) -> Words:
    """How many other branches lead there."""
    if not trail.further:
        return ()
    return (f" (and by {trail.further} more branch{'es' * (trail.further > 1)})",)
