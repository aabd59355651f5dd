"""Hosts: names by RFC 1123 and RFC 5890/5891 (IDNA 2008), IPv4 and IPv6 addresses."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from sipctl import names

MAX_NAME = 253
MAX_LABEL = 63

# RFC 1123, section 2.1: letters, digits and hyphens, a hyphen neither first nor last
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\Z")
# what inet_aton and the WHATWG URL standard take for a number: 127, 0x7f, 0X7F, 0177, and "0x"
_NUMERIC = re.compile(r"(?:[0-9]+|0[xX][0-9A-Fa-f]*)\Z")


class Fault(NamedTuple):
    """Why a text is no host. `ascii_form` is set where the cure is a rewrite to A-labels."""

    reason: str
    cure: str = ""
    ascii_form: str = ""


def fault(host: str) -> Fault | None:
    """What is wrong with `host` as it stands in a file; None where nothing is."""
    if not host:
        return Fault("it is empty")
    if len(host) > MAX_NAME:
        return Fault(_too_long(host))
    if not host.isascii():
        return _fault_of_international(host)
    if not host.isprintable():
        return Fault("it holds a control character")
    if host != host.strip():
        bare = host.strip()
        return fault(bare) or Fault("a blank stands at its end or its beginning", f"write {bare}")
    if ":" in host or host.startswith("["):
        return _fault_of_ipv6(host)
    labels = host.split(".")
    if _NUMERIC.match(labels[-1]):
        return _fault_of_ipv4(host)
    return _fault_of_name(host, labels)


def _too_long(host: str) -> str:
    return f"it has {len(host)} characters, a host name at most {MAX_NAME}"


def _fault_of_ipv6(host: str) -> Fault | None:
    if host.startswith("["):
        return Fault("an IPv6 address stands here without brackets", _bare(host))
    if "%" in host:
        return Fault("a zone is not allowed in it", "take the % and what follows out")
    if "/" in host:
        return Fault("this is a network, not one address", "take the / and what follows out")
    scheme = re.match(r"(sips?):", host, re.IGNORECASE)
    if scheme:
        return Fault("this is a SIP URI, not a host", f"take {scheme[0]} out")
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        port = re.fullmatch(r"([^:]+):([0-9]+)", host)
        if port:
            return Fault("the port has a field of its own", f"host {port[1]}, port {port[2]}")
        return Fault("it is not an IPv6 address")
    return None


def _bare(host: str) -> str:
    return f"write {host.strip('[]')}" if host.endswith("]") else "the port has a field of its own"


def _fault_of_ipv4(host: str) -> Fault | None:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        cure = "write four numbers from 0 to 255 without leading zeros, as in 192.0.2.1"
        return Fault("a name cannot end in a number, and this is no IPv4 address", cure)
    return None


def _fault_of_name(host: str, labels: list[str]) -> Fault | None:
    if host.endswith("."):
        return Fault("it must not end with a dot", f"write {host.rstrip('.')}")
    for label in labels:
        reason = _fault_of_label(label)
        if reason:
            return Fault(reason, _NAME_CURE)
    return None


_NAME_CURE = "use letters, digits and hyphens with single dots between, or the server's IP address"


def _fault_of_label(label: str) -> str | None:
    if not label:
        return "two dots stand side by side, or one stands first"
    if len(label) > MAX_LABEL:
        counted = f"has {len(label)} characters, at most {MAX_LABEL} are allowed"
        return f'the label "{label[:12]}…" {counted}'
    if not _LABEL.match(label):
        odd = re.search(r"[^A-Za-z0-9-]", label)
        if odd:
            return f"{names.quoted(odd[0])} is not allowed in a host name"
        return f'the label "{label}" must not begin or end with a hyphen'
    if label[:4].casefold() == "xn--":
        return _fault_of_a_label(label)
    return None


def _fault_of_a_label(label: str) -> str | None:
    import idna

    try:
        idna.ulabel(label)
    except (idna.IDNAError, UnicodeError):
        return f'"{label}" is not a valid A-label (RFC 5890, section 2.3.2.1)'
    return None


def _fault_of_international(host: str) -> Fault:
    try:
        ascii_form = to_ascii(host)
    except ValueError as error:
        return Fault(str(error), _cure_of_international(host))
    return Fault("it is not written as A-labels", f"write {ascii_form}", ascii_form)


def _cure_of_international(host: str) -> str:
    """What was meant, if it is a host: IDNA 2008 takes no capitals, and no letter in two parts."""
    from unicodedata import normalize

    meant = normalize("NFC", host.strip().lower())
    try:
        return f"write {to_ascii(meant)}" if meant != host else ""
    except ValueError:
        return ""


def to_ascii(host: str) -> str:
    """`host` with every U-label written as its A-label (RFC 5891, section 4); ASCII stays as it is.

    No look-alike is mapped and only U+002E separates labels. Raises ValueError with the reason
    where a label is not a U-label by IDNA 2008.
    """
    if host.isascii():
        return host
    if len(host) > MAX_NAME:  # A-labels are never shorter
        raise ValueError(_too_long(host))
    import idna

    try:
        labels = [x if x.isascii() else idna.alabel(x).decode("ascii") for x in host.split(".")]
    except (idna.IDNAError, UnicodeError) as error:
        raise ValueError(f"it is not an international host name: {error}") from None
    result = ".".join(labels)
    refused = fault(result)
    if refused:
        raise ValueError(refused.reason)
    return result


def to_unicode(host: str) -> str:
    """`host` with every A-label written as its U-label; a label that is none stays as it is."""
    if "xn--" not in host.lower():
        return host
    return ".".join(map(_u_label, host.split(".")))


def _u_label(label: str) -> str:
    if label[:4].lower() != "xn--":
        return label
    import idna

    try:
        return idna.ulabel(label)
    except (idna.IDNAError, UnicodeError):
        return label


def compared(host: str) -> str:
    """A form in which two spellings of one host are equal: lower case, addresses compressed."""
    if ":" in host:
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError:
            return host.lower()
    return host.lower()


def with_port(host: str, port: object) -> str:
    """`host:port`; an IPv6 address stands in brackets before a port (RFC 3986, section 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
