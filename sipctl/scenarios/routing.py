"""A call's way through a scenario: what is known of the call decides it, and nothing is guessed.

What a role of the catalogue is decided by: a calendar by the time, a menu by the keys, a value by
the numbers. An action whose type has one label only is followed; at all others the way stops,
unless the caller takes a branch.
"""

from __future__ import annotations

import re
import shlex
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from sipctl import names
from sipctl.endpoint import Endpoint
from sipctl.errors import Refused, Usage
from sipctl.findings import Place
from sipctl.member import Member, place_of
from sipctl.scenarios import catalogue
from sipctl.scenarios.calendars import Calendar, CalendarError
from sipctl.scenarios.scenario import NUMBER_CURE, Action, Scenario, is_number

# The labels that roles are about.
DEFAULT, OPEN, CLOSED = "default", "open", "closed"


@dataclass(frozen=True, slots=True)
class Call:
    """What is known of a call. None and nothing mean that it is not known.

    `takes` are branches to take, (action, label), several of one action in turn; `keys` are what
    the caller presses, one for each menu; `at` without an offset is local to each calendar.
    """

    takes: tuple[tuple[str, str], ...] = ()
    called: str | None = None
    caller: str | None = None
    at: datetime | None = None
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch as written: where it leads (None ends the call), and where its label stands."""

    label: str
    target: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class Step:
    """An action that the call comes to, and the branch that it leaves by; None at the last one.

    `name` is what the product calls its type, or the type as written; `why` says what decided.
    """

    action: str
    type: str
    name: str
    place: Place
    branch: Branch | None = None
    why: str = ""


class Ending(StrEnum):
    """How a way ends."""

    ENDPOINT = "endpoint"  # calls go to an endpoint here
    END = "end"  # a branch that ends the call
    ACTION = "action"  # an action that none of whose branches leads on
    STOPPED = "stopped"  # nothing decides which branch is taken
    LOOP = "loop"  # an action again, with nothing new to decide it
    MISSING = "missing"  # a target or a start that is not there


@dataclass(frozen=True, slots=True)
class End:
    """Where a way ends. `action` is the last one reached, `target` what was to come then.

    At an endpoint `reference` is what the action names and `endpoint` what is known by that name,
    each None where there is none. Where it stopped, `choices` are the action's branches and
    `arguments` the options that would decide; `hint` is what in the file would.
    """

    ending: Ending
    place: Place
    action: str | None = None
    target: str | None = None
    why: str = ""
    hint: str = ""
    reference: str | None = None
    endpoint: Endpoint | None = None
    choices: tuple[Branch, ...] = ()
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """Steps and their end. `failed` is the branch it begins with, after an endpoint has failed."""

    steps: tuple[Step, ...]
    end: End
    failed: Branch | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """A call's way; then, while a way ends at an endpoint, the way if calls fail there.

    `call` has the number called filled in where the scenario has one entry point only. `unused` are
    the takes and keys that nothing asked for.
    """

    scenario: str
    file: str
    call: Call
    way: Way
    failures: tuple[Way, ...]
    unused: Call


# -- what is given -------------------------------------------------------------------------------


def takes_of(scenario: Scenario, texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """`ACTION=LABEL` texts as takes; either may hold `=`, the first that ends an id counts.

    Raises Usage where no `=` is, Refused for an action or a branch that is not there.
    """
    return tuple(_take_of(scenario, text) for text in texts)


def _take_of(scenario: Scenario, text: str) -> tuple[str, str]:
    cuts = [found.start() for found in re.finditer("=", text)]
    if not cuts:
        raise Usage(f"{names.quoted(text)} is not ACTION=LABEL", "say --take menu=2")
    cut = next((cut for cut in cuts if text[:cut] in scenario.actions), None)
    if cut is None:
        id = text[: cuts[0]]
        hint = names.did_you_mean(id, scenario.actions) or _listed("actions", scenario.actions)
        raise Refused(f"there is no action {names.quoted(id)}", hint)
    id, label = text[:cut], text[cut + 1 :]
    branches = scenario.actions[id].branches
    if label not in branches:
        nearest = names.did_you_mean(label, branches)
        hint = f"{nearest} {_listed('branches', branches)}".strip()
        message = f"the action {names.quoted(id)} has no branch {names.quoted(label)}"
        raise Refused(message, hint)
    return id, label


def called_of(scenario: Scenario, number: str) -> str:
    """A number called as given. Raises Refused for what is none, and for one that leads elsewhere:
    such a call never comes to a scenario that has entry points."""
    known = scenario.entry_points or ()
    if number not in known and not is_number(number):
        message = f"{names.quoted(number)} is not a number in the form of E.164"
        raise Refused(message, NUMBER_CURE)
    if known and number not in known:
        message = f"{names.quoted(number)} does not lead to {names.quoted(scenario.reference)}"
        raise Refused(message, _listed("entry points", known))
    return number


_LISTED = 12


def _listed(what: str, known: Iterable[str]) -> str:
    shown = [names.quoted(name) for name in known]
    more = ", …" if len(shown) > _LISTED else ""
    return f"there are the {what} {', '.join(shown[:_LISTED])}{more}" if shown else f"no {what}"


def keys_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Keys of a telephone, each a character; raises Usage for others."""
    keys = tuple("".join(texts))
    known = _keys(catalogue.of_role("menu").branches)
    for key in keys:
        if key not in known:
            raise Usage(f"{names.quoted(key)} is not a key", f"keys are {' '.join(known)}")
    return keys


def _keys(labels: Iterable[str]) -> list[str]:
    return [label for label in labels if len(label) == 1]


# -- patterns ------------------------------------------------------------------------------------


def matches(pattern: str, number: str) -> bool:
    """Whether a number is the whole of a pattern, in which `*` is any text and `?` one character.

    Blanks, dots, hyphens and parentheses are taken out of both first.
    """
    number = _bare(number)
    first, *others = _bare(pattern).split("*")
    if not others:
        return len(first) == len(number) and _fits(first, number, 0)
    *middle, last = others
    at, end = len(first), len(number) - len(last)
    if at > end or not _fits(first, number, 0) or not _fits(last, number, end):
        return False
    for piece in middle:
        places = range(at, end - len(piece) + 1)
        found = next((place for place in places if _fits(piece, number, place)), None)
        if found is None:
            return False
        at = found + len(piece)
    return True


_SEPARATORS = re.compile(r"[\s.()-]")


def _bare(number: str) -> str:
    return _SEPARATORS.sub("", number)


def _fits(piece: str, number: str, at: int) -> bool:
    if "?" not in piece:
        return number.startswith(piece, at)
    there = number[at : at + len(piece)]
    return all(asked in ("?", digit) for asked, digit in zip(piece, there, strict=True))


# -- the way -------------------------------------------------------------------------------------


def trace(
    scenario: Scenario, member: Member, call: Call, endpoints: Mapping[str, Endpoint]
) -> Trace:
    """Follow a call through a scenario that was read from `member`.

    Linear in the steps, of which there are no more than actions, once for each take and key.
    Raises Refused for a time that the clocks of a calendar have skipped.
    """
    walk = _Walk(scenario, _Places(member), call, endpoints)
    ways = [walk.from_start()]
    while (branch := walk.failure_of(ways[-1].end)) is not None:
        ways.append(walk.way(branch.target, branch.place, branch))
    known = Call(call.takes, walk.called, call.caller, call.at, call.keys)
    return Trace(scenario.reference, member.path, known, ways[0], tuple(ways[1:]), walk.unused())


class _Places:
    """Where actions and branches stand in a scenario's file."""

    def __init__(self, member: Member) -> None:
        self.member = member

    def action(self, id: str) -> Place:
        return place_of(self.member.facts.branchings[id].span, self.member.path)

    def branch(self, id: str, label: str) -> Place:
        return place_of(self.member.facts.branchings[id].labels[label], self.member.path)

    def start(self) -> Place:
        return self.member.place("start" if "start" in self.member.facts.spans else "")


@dataclass(frozen=True, slots=True)
class _Taken:
    label: str
    why: str


@dataclass(frozen=True, slots=True)
class _Undecided:
    """Why no branch is taken, the options that would decide, and what in the file would."""

    why: str
    arguments: tuple[str, ...] = ()
    hint: str = ""


@dataclass(slots=True)
class _Walk:
    """Follows the call; what it has used up of takes and keys decides what comes next."""

    scenario: Scenario
    places: _Places
    call: Call
    endpoints: Mapping[str, Endpoint]
    takes: dict[str, deque[str]] = field(init=False)
    keys: deque[str] = field(init=False)
    used: int = 0
    # an action met again with nothing more used up goes the same way again, for ever
    met: set[tuple[str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.keys = deque(self.call.keys)
        self.takes = {}
        for id, label in self.call.takes:
            self.takes.setdefault(id, deque()).append(label)

    @property
    def called(self) -> str | None:
        entries = self.scenario.entry_points or ()
        only = entries[0] if len(entries) == 1 else None
        return only if self.call.called is None else self.call.called

    def unused(self) -> Call:
        takes = tuple((id, label) for id, labels in self.takes.items() for label in labels)
        return Call(takes=takes, keys=tuple(self.keys))

    def from_start(self) -> Way:
        start, place = self.scenario.start, self.places.start()
        if start is not None:
            return self.way(start, place)
        empty = not self.scenario.actions
        why = "the scenario is empty" if empty else "the scenario has no start"
        hint = "" if empty else "add `start: …` with the id of the first action"
        return Way((), End(Ending.MISSING, place, why=why, hint=hint))

    def way(self, target: str | None, place: Place, failed: Branch | None = None) -> Way:
        """The way from what stands at `place` and leads to `target`."""
        steps: list[Step] = []
        end = self._barred(target, place, None)
        while end is None and target is not None:
            step, end = self._leave(target)
            steps.append(step)
            if step.branch is not None:
                target = step.branch.target
                end = self._barred(target, step.branch.place, step.action)
        assert end is not None
        return Way(tuple(steps), end, failed)

    def failure_of(self, end: End) -> Branch | None:
        """The first failure branch that leads on, of the endpoint that a way ends at."""
        if end.ending is not Ending.ENDPOINT or end.action is None:
            return None
        action = self.scenario.actions[end.action]
        labels = action.known.failures if action.known else ()
        leading = (label for label in labels if action.branches.get(label) is not None)
        return next((self._branch(end.action, label) for label in leading), None)

    def _barred(self, target: str | None, place: Place, last: str | None) -> End | None:
        """Why the call cannot come to `target`; None where it can, which is then met."""
        if target is None:
            return End(Ending.END, place, last, why="the branch ends the call")
        if target not in self.scenario.actions:
            why = f"there is no action {names.quoted(target)}"
            hint = names.did_you_mean(target, self.scenario.actions)
            return End(Ending.MISSING, place, last, target, why, hint)
        state = (target, self.used)
        if state in self.met:
            why = "the call is there again, and nothing new decides its way"
            return End(Ending.LOOP, place, last, target, why)
        self.met.add(state)
        return None

    def _leave(self, id: str) -> tuple[Step, End | None]:
        """The step at an action; an end where no branch leads from it."""
        action, place = self.scenario.actions[id], self.places.action(id)
        name = action.known.name if action.known else action.action
        last = Step(id, action.action, name, place)
        decided = self._decide(id, action)
        if isinstance(decided, End):
            return last, decided
        if isinstance(decided, _Taken) and decided.label not in action.branches:
            why = f"{decided.why}, and no branch is {names.quoted(decided.label)}"
            decided = _Undecided(why)
        if isinstance(decided, _Undecided):
            return last, self._stopped(id, decided)
        return replace(last, branch=self._branch(id, decided.label), why=decided.why), None

    def _branch(self, id: str, label: str) -> Branch:
        target = self.scenario.actions[id].branches[label]
        return Branch(label, target, self.places.branch(id, label))

    def _stopped(self, id: str, undecided: _Undecided) -> End:
        choices = tuple(self._branch(id, label) for label in self.scenario.actions[id].branches)
        return End(
            Ending.STOPPED,
            self.places.action(id),
            id,
            why=undecided.why,
            hint=undecided.hint,
            choices=choices,
            arguments=(*undecided.arguments, f"--take {shlex.quote(id + '=')}LABEL"),
        )

    # -- what decides ----------------------------------------------------------------------------

    def _decide(self, id: str, action: Action) -> _Taken | _Undecided | End:
        taken = self.takes.get(id)
        if taken:
            self.used += 1
            return _Taken(taken.popleft(), "taken by --take")
        if action.role == "endpoint":
            return self._arrived(id, action)
        if not any(target is not None for target in action.branches.values()):
            why = "none of its branches leads on" if action.branches else "it has no branches"
            return End(Ending.ACTION, self.places.action(id), id, why=why)
        if action.role == "calendar":
            return self._by_time(action)
        if action.role == "value":
            return self._by_number(action)
        if action.role == "menu":
            return self._by_key(action)
        labels = list(action.known.branches) if action.known else []
        if len(labels) == 1 and labels[0] in action.branches:
            return _Taken(labels[0], "the one branch of its type")
        return _Undecided("nothing that is known of the call decides it")

    def _arrived(self, id: str, action: Action) -> End:
        reference = action.endpoint
        endpoint = self.endpoints.get(reference or "")
        why, hint = "", ""
        if reference is None:
            why = "the action names no endpoint"
        elif endpoint is None:
            why = f"there is no endpoint {names.quoted(reference)} that can be read"
            hint = names.did_you_mean(reference, self.endpoints)
        return End(
            Ending.ENDPOINT,
            self.places.action(id),
            id,
            why=why,
            hint=hint,
            reference=reference,
            endpoint=endpoint,
        )

    def _by_time(self, action: Action) -> _Taken | _Undecided:
        try:
            calendar = Calendar.of(action.parameters)
            if self.call.at is None:
                return _Undecided("the time of the call is not given", ("--at TIME",))
            look = calendar.look(self.call.at)
        except CalendarError as error:
            return _Undecided(error.fault.message, hint=error.fault.hint)
        return _Taken(OPEN if look.is_open else CLOSED, look.why)

    def _by_key(self, action: Action) -> _Taken | _Undecided:
        known = _keys(action.known.branches if action.known else ())
        written = [label for label in action.branches if label in known]
        if not written:
            return _without_keys(action)
        if not self.keys:
            none = "all keys are used up" if self.call.keys else "no key is given"
            return _Undecided(none, ("--key KEY",))
        key = self.keys.popleft()
        self.used += 1
        if key in written:
            return _Taken(key, f"key {key}")
        return _Taken(DEFAULT, f"key {key} has no branch")

    def _by_number(self, action: Action) -> _Taken | _Undecided:
        side = self._side(action.parameters.get("value"))
        if isinstance(side, _Undecided):
            return side
        number = self.called if side == "called" else self.call.caller
        if number is None:
            return _Undecided(f"the number {_NUMBERS[side]} is not given", (f"--{side} NUMBER",))
        for label in action.branches:
            if label != DEFAULT and matches(label, number):
                return _Taken(label, f"{label} matches the number {_NUMBERS[side]}")
        return _Taken(DEFAULT, f"no pattern matches the number {_NUMBERS[side]}")

    def _side(self, value: object) -> str | _Undecided:
        """Which number an action tests: `called` or `caller`."""
        if value is None:
            return self._only_side()
        name = value if isinstance(value, str) else str(value)
        side = _SIDES.get(re.sub("[ _]", "-", name.casefold()))
        return side or _Undecided(f"a trace cannot know the variable {names.quoted(name)}")

    def _only_side(self) -> str | _Undecided:
        given = {"called": self.call.called, "caller": self.call.caller}
        sides = [side for side, number in given.items() if number is not None]
        if len(sides) == 1:
            return sides[0]
        why = "the action does not say which number it tests"
        if sides:
            return _Undecided(f"{why}, and both are given", (), _VALUE_HINT)
        return _Undecided(why, ("--called NUMBER", "--caller NUMBER"), _VALUE_HINT)


_VALUE_HINT = "add `value: called` or `value: caller` to it"
_NUMBERS = {"called": "called", "caller": "calling"}
_SIDES = {
    **dict.fromkeys(("called", "number-called", "called-number", "callee"), "called"),
    **dict.fromkeys(
        ("caller", "calling", "number-calling", "calling-number", "caller-number"), "caller"
    ),
}


def _without_keys(action: Action) -> _Taken | _Undecided:
    """An announcement that offers no keys is a message."""
    only = next(iter(action.branches)) if len(action.branches) == 1 else DEFAULT
    if only in action.branches:
        return _Taken(only, "a message without keys")
    return _Undecided(f"it is a message, and no branch is {names.quoted(DEFAULT)}")
