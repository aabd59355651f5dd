"""The rules of passwords, as far as they can be judged without a key. All pure, all linear."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from sipctl import names
from sipctl.findings import Finding, Place
from sipctl.kinds import ENDPOINT
from sipctl.member import Context, Kept, Login, Member, place_of

Rule = Callable[[tuple[Member, ...], Mapping[str, str], Context], Iterator[Finding]]

OTHER_RECIPIENTS = "it is sealed for other recipients than sipctl.yaml lists"
OTHER_KEYS = "it is sealed for other keys than those of the recipients that it names"
NO_SET = "it is sealed for recipients that no commit of sipctl.yaml lists"
SET = "`sipctl secret set {}` seals it anew"
RESEAL = "`sipctl secret reseal` seals all passwords for the present ones"


def plaintext(
    members: tuple[Member, ...], recipients: Mapping[str, str], context: Context
) -> Iterator[Finding]:
    """SIP501: a plain string stands where a reference or a sealed value belongs.

    Whatever else is wrong with the file hides it from nobody: a password is one all the same.
    """
    for member, kept in _kept(members, "plain"):
        hint = "`sipctl secret reseal --no-commit` seals it; or write {env: NAME}; "
        hint += "change it at the carrier if it was ever committed"
        place = place_of(kept.span, member.path)
        yield Finding.of("plaintext-password", place, "a password in plain text", hint)


def _kept(members: tuple[Member, ...], form: str) -> Iterator[tuple[Member, Kept]]:
    """The members whose passwords are kept in this form."""
    for member in members:
        kept = member.facts.kept
        if kept is not None and kept.form == form:
            yield member, kept


def sealed(
    members: tuple[Member, ...], recipients: Mapping[str, str], context: Context
) -> Iterator[Finding]:
    """SIP502, SIP503, SIP504: what shows of a sealed value from outside."""
    kept_so = list(_kept(members, "age"))
    if not kept_so:
        return
    from sipctl.passwords import sealing  # dear, and many workspaces seal nothing

    present, wanted = sealing.set_id(recipients.values()), sealing.for_keys(recipients.values())
    for member, kept in kept_so:
        place = place_of(kept.span, member.path)
        if kept.fault:
            yield malformed(place, member.reference, kept.fault)
            continue
        value = sealing.parse(kept.sealed)
        if value.set_id != present:
            yield stale(place, OTHER_RECIPIENTS)
        elif value.for_keys != wanted:
            yield foreign(place, member.reference, OTHER_KEYS)


def malformed(place: Place, reference: str, fault: object) -> Finding:
    """SIP502: a value that is cut, or none at all."""
    message = f"this is not a valid sealed password: {fault}"
    hint = f"`git restore {place.file}` takes back what is not committed; {SET.format(reference)}"
    return Finding.of("bad-sealed-password", place, message, hint)


def stale(place: Place, message: str) -> Finding:
    """SIP503: a value for a set of recipients that is not the present one."""
    return Finding.of("stale-recipients", place, message, RESEAL)


def of_former(place: Place, names: Iterable[str]) -> Finding:
    """SIP503: a value for recipients among whom there is none whose key is at hand."""
    message = f"no key at hand opens it: it is sealed for {', '.join(names)}"
    return Finding.of(
        "stale-recipients", place, message, "one of them must run `sipctl secret reseal`"
    )


def foreign(place: Place, reference: str, message: str) -> Finding:
    """SIP504: a value for keys that are no recipient's."""
    hint = f"whoever can write here may have put it in; {SET.format(reference)}"
    return Finding.of("foreign-key", place, message, hint)


def another_user(
    members: tuple[Member, ...], recipients: Mapping[str, str], context: Context
) -> Iterator[Finding]:
    """SIP505, as far as no key is needed: the user name has changed and the sealed value has not,
    or one value stands beside two user names."""
    beside: dict[str, dict[str | None, Member]] = defaultdict(dict)
    for member, _ in _kept(members, "age"):
        login = member.facts.login
        if login and not _is_left_over(login, context.logins.get(member.path)):
            beside[login.digest].setdefault(login.username, member)
    for member, kept in _kept(members, "age"):
        login = member.facts.login
        if login is None:
            continue
        place = place_of(kept.span, member.path)
        if _is_left_over(login, context.logins.get(member.path)):
            message = "the user name has changed, and the sealed password is still the other one's"
            hint = "a new user name needs its own password: --password-stdin with it, or on top of "
            hint += f"an edit by hand `sipctl secret set {member.reference} --no-commit`"
            yield Finding.of("password-of-another-user", place, message, hint)
        elif len(beside[login.digest]) > 1:
            other = next(m for u, m in beside[login.digest].items() if u != login.username)
            message = f"{names.quoted(other.reference)} has the same sealed password, "
            message += "and another user name"
            yield others(place, member.reference, message)


def _is_left_over(now: Login, before: Login | None) -> bool:
    return before is not None and before.digest == now.digest and before.username != now.username


def others(place: Place, reference: str, message: str) -> Finding:
    """SIP505: a value that is bound to another user name."""
    hint = f"`sipctl secret set {reference}` gives the user name its own password"
    return Finding.of("password-of-another-user", place, message, hint)


def exposed_file(
    members: tuple[Member, ...], recipients: Mapping[str, str], context: Context
) -> Iterator[Finding]:
    """SIP506: Git would take the file with the password into a commit."""
    for member, kept in _kept(members, "file"):
        if kept.named in context.exposed:
            message = "the file lies in the repository, and Git does not ignore it"
            hint = "move it elsewhere, or add it to .gitignore (and `git rm --cached` it)"
            place = place_of(kept.span, member.path)
            yield Finding.of("exposed-password-file", place, message, hint)


RULES: tuple[Rule, ...] = (plaintext, sealed, another_user, exposed_file)


def check(
    members: tuple[Member, ...], recipients: Mapping[str, str], context: Context
) -> Iterator[Finding]:
    """What every rule of passwords finds; `recipients` are public keys by name."""
    endpoints = tuple(member for member in members if member.kind is ENDPOINT)
    for rule in RULES:
        yield from rule(endpoints, recipients, context)
