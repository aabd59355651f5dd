"""The files of an invented contact centre: what an endpoint and a scenario look like as text.

All follows from numbers and from a source of chance that the caller gives, so that the same ones
come out everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

CITIES = (
    "berlin",
    "geneva",
    "lisbon",
    "lyon",
    "madrid",
    "nantes",
    "oslo",
    "paris",
    "turin",
    "vienna",
)
"""Where the endpoints stand, in turn: each city has one in ten."""

_KINDS = ("pbx", "sbc", "trunk")
_STAGES = ("production", "staging", "spare")
_CODECS = ("[alaw, ulaw]", "[ulaw, alaw]", "[alaw]", "[ulaw]")
_PORTS = (5060, 5070, 5080, 5090)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What tells one endpoint's file from another's. No file gives port 0: there it is absent."""

    number: int
    reference: str
    city: str
    host: str
    port: int
    transport: str
    codecs: str
    stage: str
    note: str

    @property
    def path(self) -> str:
        """Where its file stands in the workspace."""
        return f"endpoints/{self.reference}.yaml"

    @property
    def text(self) -> str:
        """The content of its file: about ten lines, one or two of them with a comment."""
        return "".join(f"{line}\n" for line in [*self._server(), *self._login(), *self._words()])

    def _server(self) -> list[str]:
        return [
            f"# {self.city.capitalize()}, rack {self.number % 40 + 1}",
            f"reference: {self.reference}",
            f"host: {self.host}",
            *([f"port: {self.port}  # the provider asks for it"] if self.port else []),
            f"transport: {self.transport}",
            f"codecs: {self.codecs}",
        ]

    def _login(self) -> list[str]:
        if _is_known_by_address(self.number):
            return []
        return [
            f'username: "+33155{self.number:06}"',
            f"password: {{env: {self.city.upper()}_{self.number:05}_PASSWORD}}",
            f"realm: {self.city}.example.net",
        ]

    def _words(self) -> list[str]:
        return [f"tags: [{self.city}, {self.stage}]", f"description: {self.note}"]


def endpoint(number: int, chance: Random) -> Endpoint:
    """The endpoint of a number, as it was created."""
    city = CITIES[number % len(CITIES)]
    reference = f"{chance.choice(_KINDS)}-{city}-{number:05}"
    name = f"sip-{number:05}.{city}.example.net"
    return Endpoint(
        number=number,
        reference=reference,
        city=city,
        host=_address(number) if _is_known_by_address(number) else name,
        port=chance.choice((0, *_PORTS)),
        transport=chance.choice(("udp", "udp", "tcp")),
        codecs=chance.choice(_CODECS),
        stage=chance.choice(_STAGES),
        note=f"Calls of floor {chance.randrange(1, 30)}.",
    )


def edited(old: Endpoint, ticket: int, chance: Random) -> tuple[Endpoint, str]:
    """The endpoint after a small edit, which a ticket (each once) asked for; and which field."""
    field = chance.choice(("port", "host", "codecs", "tags", "description"))
    match field:
        case "port":
            new = replace(old, port=_another(old.port, _PORTS, chance))
        case "host":
            new = replace(old, host=f"sip-{old.number:05}-{ticket}.{old.city}.example.net")
        case "codecs":
            new = replace(old, codecs=_another(old.codecs, _CODECS, chance))
        case "tags":
            new = replace(old, stage=_another(old.stage, _STAGES, chance))
        case _:
            new = replace(old, note=f"As ticket {ticket} asks.")
    return new, field


def scenario(number: int, used: Sequence[str]) -> str:
    """A scenario that sends calls to these endpoints, each the fallback of the one before."""
    actions = [f"line-{index}" for index in range(len(used))]
    keys = (f'      "{index + 1}": {action}' for index, action in enumerate(actions))
    lines = [
        f"# Line {number}: one menu, then the offices.",
        f"reference: {scenario_name(number)}",
        f"name: Line {number}",
        "type: interaction-start",
        f'entry_points: ["+3317{number:07}"]',
        "start: hours",
        "actions:",
        "  hours:",
        "    action: test-calendar",
        "    timezone: Europe/Paris",
        '    open: ["Mon-Fri 08:00-19:00"]',
        "    branches: {open: menu, closed: night}",
        '  menu:  # "for sales press 1"',
        "    action: vocal-announcement",
        "    branches:",
        *keys,
        "      default: queue",
    ]
    for action, fallback, reference in zip(actions, [*actions[1:], "queue"], used, strict=True):
        lines += [
            f"  {action}:",
            "    action: distribution-to-sip-endpoint",
            f"    endpoint: {reference}",
            "    branches:",
            "      processed: null",
            f"      unprocessed: {fallback}",
            f"      reference-not-found: {fallback}",
        ]
    lines += [
        "  queue:",
        "    action: distribution-to-queue",
        "    queue: support",
        "    branches: {processed: null, unprocessed: night}",
        "  night: {action: voicemail, branches: {ok: null, error: null}}",
    ]
    return "".join(f"{line}\n" for line in lines)


def scenario_name(number: int) -> str:
    """The reference of the scenario of a number."""
    return f"line-{number:04}"


def _is_known_by_address(number: int) -> bool:
    return number % 4 == 0


def _address(number: int) -> str:
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


def _another(old: T, values: Sequence[T], chance: Random) -> T:
    return chance.choice([value for value in values if value != old])
