"""Fax addresses: what may stand before the @, and the parameters behind the number.

What lives here: the grammar of a recipient's local part, read and written. What does not: numbers (`numbers`,
`forbidden`), directives of the subject (`directives`), who may send (`decision`).

Grammar, after RFC 3191 and RFC 3192, widened by parameters that senders of other services know:

    fax-address = number-part *( "/" param ) "@" domain
                / [ "/" ] "FAX=" "+" number-part *( "/" param ) [ "/" ] "@" domain
    number-part = [ "+" ] digit *( digit / "-" / "." )
    param       = "T33S=" sub-address / "ATTN=" text / "to=" text / "fr=" text / "co=" text / "cp=" on / off / name
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from gateway.domain.errors import BadDirectiveError, BadNumberError, RefusedError
from gateway.domain.mail_names import ascii_address
from gateway.domain.numbers import FORM, Destination, NumberPlan, no_number, parse_number, shown

__all__ = [
    "FORM", "Destination", "FaxAddress", "NumberPlan", "distinct", "format_fax_address", "parse_fax_address",
    "parse_number", "repeated_numbers",
]  # fmt: skip
MAX_TEXT = 64
_SELECTOR = "FAX="
_SUB_ADDRESS = re.compile(r"[0-9*#]{1,20}", re.ASCII)
_TEXT = re.compile(r"[A-Za-z0-9!#$%&'*+\-=?^_`{|}~. ]{1,64}", re.ASCII)
_DOTTED = re.compile(r"[^. ]+(?:\.[^. ]+)*")  # what needs no quotes (RFC 5321 4.1.2)
_QUOTED = re.compile(r'"((?:[^"\\\x00-\x1f]|\\[\x20-\x7e])*)"')
_TEXT_PARAMETERS = MappingProxyType({"ATTN": "name", "TO": "name", "FR": "sender", "CO": "company", "CP": "cover"})
_WRITTEN = (("T33S", "sub_address"), ("to", "name"), ("fr", "sender"), ("co", "company"), ("cp", "cover"))
KNOWN = "T33S, ATTN, to, fr, co, cp"


@dataclass(frozen=True, slots=True)
class FaxAddress:
    """A recipient address, taken apart. Empty strings mean not given; `cover` is on, off or a cover's name."""

    destination: Destination
    sub_address: str = ""
    name: str = ""
    sender: str = ""
    company: str = ""
    cover: str = ""

    @property
    def line(self) -> str:
        """Whom the far end gives it to: the number, and the sub-address where there is one."""
        return f"{self.destination}/T33S={self.sub_address}" if self.sub_address else str(self.destination)


def parse_fax_address(address: str, domains: frozenset[str], plan: NumberPlan) -> FaxAddress:
    """Take apart a recipient address.

    Raises:
        BadNumberError: 5.1.3, no number that a fax can be sent to; names the accepted form.
        BadDirectiveError: 5.5.4, a parameter that the grammar does not know.
        RefusedError: 5.7.1, not one of our domains, or an emergency, service, premium-rate or satellite number.
    """
    local, _, domain = address.rpartition("@")
    domain = ascii_address(domain.lower())
    if domain not in domains:
        words = "this gateway does not serve the domain"
        raise RefusedError(f"{words} {shown(domain)}", plain=f"{words} of the address")
    form = FORM.format(domain=domain)
    number, *parameters = _split(_unquoted(local, form), form)
    return FaxAddress(parse_number(number, plan, form), **_parameters(parameters))


def no_fax_address(local: str, domain: str) -> BadNumberError:
    """The error for what stands before the @ of a domain of ours and is not even the local part of an address."""
    return no_number(local, FORM.format(domain=ascii_address(domain.lower())))


def format_fax_address(address: FaxAddress, domain: str) -> str:
    """Write an address so that `parse_fax_address` reads the same from it."""
    local = str(address.destination)
    for key, field in _WRITTEN:
        value = getattr(address, field)
        local += f"/{key}={value.replace(' ', '_')}" if value else ""
    return f"{local}@{domain}" if _DOTTED.fullmatch(local) else f'"{local}"@{domain}'


def distinct(addresses: Iterable[FaxAddress]) -> tuple[FaxAddress, ...]:
    """The same number twice is one job, and the first address wins; with another sub-address it is somebody else's."""
    first: dict[str, FaxAddress] = {}
    for address in addresses:
        first.setdefault(address.line, address)
    return tuple(first.values())


def repeated_numbers(addresses: Iterable[FaxAddress]) -> list[str]:
    """The numbers that more than one address names with the same sub-address, each once."""
    times = Counter((address.line, str(address.destination)) for address in addresses)
    return list(dict.fromkeys(number for (_, number), count in times.items() if count > 1))


def _split(local: str, form: str) -> list[str]:
    """The number, then the parameters. RFC 3191 lets a slash stand at both ends of a global number's form."""
    bare = local.removeprefix("/")
    if bare[: len(_SELECTOR)].upper() != _SELECTOR:
        return local.split("/")
    parts = bare[len(_SELECTOR) :].removesuffix("/").split("/")
    if not parts[0].startswith("+"):
        raise BadNumberError(f"FAX= needs a global number (RFC 3192): {form}")
    return parts


def _unquoted(local: str, form: str) -> str:
    if not local.startswith('"'):
        return local
    match = _QUOTED.fullmatch(local)
    if match is None:
        raise BadNumberError(f"the quoting before the @ is broken: {form}")
    return re.sub(r"\\(.)", r"\1", match.group(1))


def _parameters(parameters: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        field, value = _parameter(key.upper(), value, parameter)
        if found.setdefault(field, value) != value:
            raise BadDirectiveError(f"the address gives {key!r} twice, with different values")
    return found


def _parameter(key: str, value: str, whole: str) -> tuple[str, str]:
    """The field of FaxAddress that a parameter fills, and its value."""
    if key == "T33S":
        if not _SUB_ADDRESS.fullmatch(value):
            raise BadDirectiveError("T33S takes 1 to 20 of the digits, * and #")
        return "sub_address", value
    if key not in _TEXT_PARAMETERS:
        words = "unknown address parameter"
        raise BadDirectiveError(f"{words} {shown(whole)}: {KNOWN} are known", plain=f"{words}: {KNOWN} are known")
    text = " ".join(value.replace("_", " ").split())
    if not text or not _TEXT.fullmatch(value):
        raise BadDirectiveError(f"the value of {key.lower()} must be 1 to {MAX_TEXT} characters of plain text")
    if key == "CP" and text.lower() in ("on", "off"):
        text = text.lower()
    return _TEXT_PARAMETERS[key], text
