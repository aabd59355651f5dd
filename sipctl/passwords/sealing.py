"""Sealed passwords: the format of `{age: …}` and the keys it is made for. docs/passwords.md tells
it to other programs.

A value is one line, `v1.SET.FILE`: the version, the id of the set of recipients, and an age file
(https://age-encryption.org/v1) in base64 (RFC 4648, section 4). The age file holds a JSON object of
the user name and the password, filled up with blanks to a multiple of 64 bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import pyrage

from sipctl.endpoint import is_text
from sipctl.names import is_secret_key

VERSION = "v1"
BLOCK = 64
"""The plaintext's size is a multiple of this many bytes, so that no length of a password shows."""

SET_LENGTH = 16

# What age adds to a plaintext of one chunk: a nonce before it, a tag behind it.
_NONCE, _TAG = 16, 16
_CHUNK = 64 * 1024

Identity: TypeAlias = pyrage.x25519.Identity | pyrage.ssh.Identity
"""A secret key."""


class Unsealable(Exception):
    """A value that cannot be opened; the text says why, and holds nothing of what is in it."""


class Malformed(Unsealable):
    """The value is cut, or is none at all."""


class Foreign(Unsealable):
    """None of the keys at hand opens it."""


# -- recipients ----------------------------------------------------------------------------------

AGE_KEY = "age1[02-9ac-hj-np-z]{58}"
SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5[A-Za-z0-9+/]{48}"
_KEY = re.compile(f"{AGE_KEY}|{SSH_KEY}")


# Points of low order (RFC 7748, section 6.1): what is sealed for them anybody could open, and age
# ends at once.
_OF_LOW_ORDER = frozenset(
    (
        "age1ahlllllllllllllllllllllllllllllllllllllllllllllllalsn46ayy",
        "age1ahlllllllllllllllllllllllllllllllllllllllllllllllllsh3g6la",
        "age1amlllllllllllllllllllllllllllllllllllllllllllllllalselrwrv",
        "age1amlllllllllllllllllllllllllllllllllllllllllllllllllsam3fc4",
        "age1anlllllllllllllllllllllllllllllllllllllllllllllllals4n2t7m",
        "age1anllllllllllllllllllllllllllllllllllllllllllllllllls3hcv9z",
        "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z",
        "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqzqqsuwj9m",
        "age1qyqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqj7vrya",
        "age1qyqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqzqqk67yly",
        "age1t7wft09r2zxzfvwsk92eeql0tvzyghxytqwgapkcyf8dm5ylz8ts72fzt7",
        "age1t7wft09r2zxzfvwsk92eeql0tvzyghxytqwgapkcyf8dm5ylz9ts6wm9s8",
        "age1ur4h5lpmgxu2u9jku0a0r87ydtdqnr0tnsetrlvxvgz3vh6fhqqqzyt4v9",
        "age1ur4h5lpmgxu2u9jku0a0r87ydtdqnr0tnsetrlvxvgz3vh6fhzqqxqejhu",
    )
)


def key_fault(text: str) -> tuple[str, str] | None:
    """What is wrong with a public key, and the cure; None where it can be sealed for.

    It may be an age key, or an ssh-ed25519 key with a comment behind it. The text is never told:
    it may be the secret key.
    """
    if is_secret_key(text):
        cure = "make a new one with `sipctl secret keygen`: whoever sees this file has this one"
        return "a secret key stands where a public key belongs", cure
    if text.startswith("ssh-") and not text.startswith("ssh-ed25519 "):
        return "of SSH keys only ssh-ed25519 is taken", "use an ssh-ed25519 or an age key"
    if not _is_key(public_key(text)):
        cure = "write an age key (age1…) or an ssh-ed25519 key; `sipctl secret keygen` makes one"
        return "this is no public key of age or ssh-ed25519", cure
    return None


def _is_key(key: str) -> bool:
    if not _KEY.fullmatch(key) or key in _OF_LOW_ORDER:
        return False
    try:
        _recipient(key)
    except pyrage.RecipientError:
        return False
    return True


def public_key(text: str) -> str:
    """A public key without the comment that SSH writes behind it: the form that is compared."""
    words = text.split()
    return " ".join(words[:2]) if text.startswith("ssh-") else text


def _recipient(key: str) -> pyrage.x25519.Recipient | pyrage.ssh.Recipient:
    if key.startswith("ssh-"):
        return pyrage.ssh.Recipient.from_str(key)
    return pyrage.x25519.Recipient.from_str(key)


def set_id(keys: Iterable[str]) -> str:
    """The id of a set of public keys: age's recipients are anonymous, so only by it can be seen
    for whom a value is sealed. The same in any order, with any comments."""
    lines = sorted({public_key(key) for key in keys})
    text = "".join(f"{line}\n" for line in lines)
    return hashlib.sha256(text.encode()).hexdigest()[:SET_LENGTH]


# -- sealing -------------------------------------------------------------------------------------


def seal(username: str, password: str, keys: Iterable[str]) -> str:
    """A password sealed for public keys (one at least), bound to its user name."""
    unique = sorted({public_key(key) for key in keys})
    text = json.dumps({"username": username, "password": password}, ensure_ascii=False)
    plain = text.encode("utf-8")
    plain += b" " * (-len(plain) % BLOCK)
    data = pyrage.encrypt(plain, [_recipient(key) for key in unique])
    return f"{VERSION}.{set_id(unique)}.{base64.b64encode(data).decode('ascii')}"


# -- looking without a key -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed value as far as it can be read without a key.

    `for_keys` counts the keys that it opens to, by what age tells of each: `X25519`, or
    `ssh-ed25519` with the first bytes of the key's hash.
    """

    set_id: str
    data: bytes
    for_keys: Counter[str]


_VALUE = re.compile(rf"{VERSION}\.([0-9a-f]{{{SET_LENGTH}}})\.([A-Za-z0-9+/]+={{0,2}})\Z")
_OTHER_VERSION = re.compile(rf"(?!{VERSION}\.)v[0-9]+\.")
_HEADER = re.compile(
    rb"age-encryption\.org/v1\n((?:-> [^\n]+\n(?:[A-Za-z0-9+/]*\n)+)+)--- [^\n]{43}\n"
)
_STANZA = re.compile(rb"^-> (X25519|ssh-ed25519 [A-Za-z0-9+/]{6}) ", re.MULTILINE)


def parse(text: str) -> Sealed:
    """Read a sealed value without opening it; raises Malformed."""
    if _OTHER_VERSION.match(text):
        raise Malformed("it is of a version that this sipctl does not know")
    found = _VALUE.match(text)
    if found is None:
        raise Malformed(f"it is not of the form {VERSION}.SET.FILE")
    try:
        data = base64.b64decode(found[2], validate=True)
    except binascii.Error:
        data = b""
    # bits that mean nothing would make one value look like two
    if base64.b64encode(data).decode("ascii") != found[2]:
        raise Malformed("what stands behind the second dot is not base64")
    header = _HEADER.match(data)
    if header is None:
        raise Malformed("it contains no age file")
    size = len(data) - header.end() - _NONCE - _TAG
    if size <= 0 or size % BLOCK or size > _CHUNK:
        raise Malformed(f"its size is wrong: {size} bytes are sealed, not a multiple of {BLOCK}")
    stanzas = (kind.decode("ascii") for kind in _STANZA.findall(header[1]))
    return Sealed(found[1], data, Counter(stanzas))


def is_sealed(text: str) -> bool:
    """True for a sealed value that is whole, as far as that shows without a key."""
    try:
        parse(text)
    except Malformed:
        return False
    return True


def for_keys(keys: Iterable[str]) -> Counter[str]:
    """What `Sealed.for_keys` is of a value that is sealed for these keys."""
    return Counter(map(_stanza, {public_key(key) for key in keys}))


def _stanza(key: str) -> str:
    if not key.startswith("ssh-"):
        return "X25519"
    digest = hashlib.sha256(base64.b64decode(key.split()[1])).digest()
    return f"ssh-ed25519 {base64.b64encode(digest[:4]).decode('ascii').rstrip('=')}"


# -- opening -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opened:
    """What is sealed in a value."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "Opened(…)"  # it would show in tracebacks and logs


def open_(text: str, identities: Sequence[Identity]) -> Opened:
    """Open a sealed value; raises Malformed, or Foreign where none of the keys opens it."""
    sealed = parse(text)
    try:
        plain = pyrage.decrypt(sealed.data, identities)
    except pyrage.DecryptError as error:
        # pyrage has one class for all, and no code
        if str(error) == "No matching keys found":
            raise Foreign("no key at hand opens it") from None
        raise Malformed("it has been cut or changed") from None
    return _opened(plain)


def _opened(plain: bytes) -> Opened:
    try:
        pairs = json.loads(plain.decode("utf-8"), object_pairs_hook=list)
        (first, username), (second, password) = pairs
    except (ValueError, TypeError, RecursionError):
        raise Malformed(_OTHER_CONTENT) from None
    if (first, second) == ("password", "username"):
        username, password = password, username
    elif (first, second) != ("username", "password"):
        raise Malformed(_OTHER_CONTENT)
    if not all(isinstance(text, str) and is_text(text) for text in (username, password)):
        raise Malformed("the user name or the password in it is none that a file may hold")
    return Opened(username, password)


_OTHER_CONTENT = "what is sealed in it is not a user name and a password"


def opens(identities: Sequence[Identity], key: str) -> bool:
    """True where one of the secret keys belongs to a public key."""
    try:
        pyrage.decrypt(pyrage.encrypt(b"", [_recipient(public_key(key))]), identities)
    except pyrage.DecryptError:
        return False
    return True
