"""Secret keys: where they are found, and making one. They never lie in the repository."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyrage

from sipctl import privileges
from sipctl.errors import Refused, reason_of
from sipctl.git.exposure import exposed
from sipctl.git.repository import Repository
from sipctl.names import is_secret_key, quoted
from sipctl.passwords import sealing, withheld
from sipctl.passwords.sealing import Identity
from sipctl.passwords.withheld import FILE_VARIABLE, VARIABLE

_AGE = "AGE-SECRET-KEY-"
_SSH = "-----BEGIN OPENSSH PRIVATE KEY-----"
_MAX = 64 * 1024


@dataclass(frozen=True)
class Keys:
    """The secret keys at hand, and where they are from, in words; none is no fault. `given` are
    those that a variable names."""

    identities: tuple[Identity, ...] = ()
    source: str = ""
    given: bool = False

    def __bool__(self) -> bool:
        return bool(self.identities)

    def __repr__(self) -> str:
        return f"Keys(source={self.source!r})"

    def own(self, recipients: Mapping[str, str]) -> list[str]:
        """The names of the recipients whose secret keys these are."""
        return [name for name, key in recipients.items() if sealing.opens(self.identities, key)]


def find(recipients: Mapping[str, str]) -> Keys:
    """The keys that `SIPCTL_IDENTITY` holds, else those of `SIPCTL_IDENTITY_FILE`, else the user's
    own, else his SSH key where it is a recipient's.

    Raises Refused where what a variable names holds no key.
    """
    text = withheld.secret_key()
    if text:
        where = f"the variable {VARIABLE}"
        return Keys(_parsed(text, where), where, given=True)
    file = own_file()
    given = bool(withheld.key_file())
    if file is not None and (given or is_there(file)):
        return Keys(_read(file), quoted(str(file)), given)
    return _of_ssh(recipients)


def is_there(file: Path) -> bool:
    """True for a file that can be found; a folder that may not be searched holds none."""
    try:
        return file.is_file()
    except OSError:
        return False


def own_file() -> Path | None:
    """Where the user's own secret key is kept: below the folder for settings (the XDG Base
    Directory Specification), or where SIPCTL_IDENTITY_FILE says; None for a user without a home.

    Raises Refused where that variable holds a key itself.
    """
    named = withheld.key_file()
    if named and is_secret_key(named):
        hint = f"a key itself stands in {VARIABLE}"
        raise Refused(f"{FILE_VARIABLE} holds a key, not the name of a file", hint)
    if named:
        return Path(named).absolute()
    base, home = Path(os.environ.get("XDG_CONFIG_HOME", "")), _home()
    if not base.is_absolute():
        if home is None:
            return None
        base = home / ".config"
    return base / "sipctl" / "identity"


def _home() -> Path | None:
    home = os.environ.get("HOME")
    return Path(home) if home else None


def _of_ssh(recipients: Mapping[str, str]) -> Keys:
    home = _home()
    if home is None or not any(key.startswith("ssh-") for key in recipients.values()):
        return Keys()
    file = home / ".ssh" / "id_ed25519"
    if not is_there(file):
        return Keys()
    try:
        found = Keys(_read(file), quoted(str(file)))
    except Refused:  # with a passphrase, say: nobody has asked for this one
        return Keys()
    return found if found.own(recipients) else Keys()


def _read(file: Path) -> tuple[Identity, ...]:
    try:
        with file.open("rb") as stream:
            data = stream.read(_MAX)
    except OSError as error:
        hint = f"{FILE_VARIABLE} names it" if withheld.key_file() else ""
        raise Refused(
            f"the secret key in {quoted(str(file))} cannot be read: {reason_of(error)}", hint
        ) from None
    return _parsed(data.decode("utf-8", "replace"), quoted(str(file)))


def _parsed(text: str, where: str) -> tuple[Identity, ...]:
    """The keys in a text, as age and ssh-keygen write them; nothing of it is ever told."""
    found: list[Identity] = []
    try:
        if text.lstrip().startswith(_SSH):
            found.append(pyrage.ssh.Identity.from_buffer(text.encode()))
        else:
            lines = (line.strip() for line in text.splitlines())
            keys = (line for line in lines if line and not line.startswith("#"))
            found += map(pyrage.x25519.Identity.from_str, keys)
    except pyrage.IdentityError as error:
        if "must be decrypted" in str(error):
            hint = "make a key without one: `sipctl secret keygen`"
            raise Refused(f"the SSH key in {where} has a passphrase", hint) from None
        found = []
    if not found:
        hint = f"it holds a line {_AGE}…, or an ssh-ed25519 key without a passphrase; "
        hint += "an empty file can be deleted"
        raise Refused(f"there is no secret key in {where}", hint)
    return tuple(found)


# -- making one ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class NewKey:
    """A secret key that is not written yet, and its public key."""

    public: str
    identity: pyrage.x25519.Identity

    def __repr__(self) -> str:
        return f"NewKey(public={self.public!r})"

    def write(self, file: Path) -> None:
        """Put it where nothing is yet, readable for its owner only.

        Raises Refused where that cannot be done; then there is no file.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        text = f"# created: {now}\n# public key: {self.public}\n{self.identity}\n"
        try:
            with privileges.acting():
                file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _write_private(file, text.encode("ascii"))
        except OSError as error:
            raise Refused(f"{quoted(str(file))} cannot be written: {reason_of(error)}") from None


def _write_private(file: Path, data: bytes) -> None:
    """Whole or not at all, and never over one that is there."""
    new = file.with_name(f"{file.name}.{os.getpid()}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(descriptor)
        os.link(new, file)
    finally:
        new.unlink(missing_ok=True)


def cautions(repository: Repository | None) -> list[str]:
    """What is careless about where the user's own key is kept, in words."""
    file = own_file()
    if withheld.secret_key() or file is None or not is_there(file):
        return []
    found = []
    if repository is not None and exposed(repository, [str(file)]):
        found.append(
            f"the secret key in {quoted(str(file))} lies in the repository: make a new one"
        )
    if file.stat().st_mode & 0o044:
        found.append(f"others can read the secret key in {quoted(str(file))}: `chmod 600` it")
    return found


def new() -> NewKey:
    """A new secret key."""
    identity = pyrage.x25519.Identity.generate()
    return NewKey(str(identity.to_public()), identity)


def public_key(keys: Keys) -> str | None:
    """The public key of the first one that is age's; None where there are SSH keys only, which do
    not tell theirs."""
    known = (key for key in keys.identities if isinstance(key, pyrage.x25519.Identity))
    first = next(known, None)
    return str(first.to_public()) if first else None
