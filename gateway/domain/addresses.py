"""Fax addresses: what may stand before the @, and the number it names.

What lives here: the grammar of a recipient's local part, number plans through libphonenumber, the destination type.
What does not: directives of the subject (`directives`), who may send (`decision`).

Grammar, after RFC 3191 and RFC 3192, widened by parameters that senders of other services know:

    fax-address = number-part *( "/" param ) "@" domain / "FAX=" number-part *( "/" param ) "@" domain
    number-part = [ "+" ] digit *( digit / "-" / "." )
    param       = "T33S=" sub-address / "ATTN=" text / "to=" text / "fr=" text / "co=" text / "cp=" on / off / name
"""

import re
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import phonenumbers

from gateway.domain.errors import BadDirectiveError, BadNumberError, RefusedError

FORM = "write + and 7 to 15 digits with the country code, as in +12025550123@{domain}"
MAX_TEXT = 64
_NUMBER = re.compile(r"\+?[0-9][0-9.\-]*", re.ASCII)
_SUB_ADDRESS = re.compile(r"[0-9*#]{1,20}", re.ASCII)
_TEXT = re.compile(r"[A-Za-z0-9!#$%&'*+\-=?^_`{|}~. ]{1,64}", re.ASCII)
_QUOTED = re.compile(r'"((?:[^"\\\x00-\x1f]|\\[\x20-\x7e])*)"')
# Codes of no country (ITU-T E.164 annex A): calls to them cost many times the usual, or
# no fixed line is there.
_COSTLY_CODES = MappingProxyType(
    {
        808: "shared-cost",
        870: "satellite",
        881: "satellite",
        882: "international network",
        883: "international network",
        979: "premium-rate",
    }
)
_LINELESS_CODES = frozenset({878, 888})  # personal numbers; unassigned
_NANP = re.compile(r"[2-9][0-9]{2}[2-9][0-9]{6}", re.ASCII)  # area code and exchange are NXX
_NANP_PREMIUM = re.compile(r"900[0-9]{7}|[0-9]{3}976[0-9]{4}", re.ASCII)
_TEXT_PARAMETERS = {"ATTN": "name", "TO": "name", "FR": "sender", "CO": "company"}


@dataclass(frozen=True, slots=True, order=True)
class Destination:
    """A number in E.164, with its plus (ITU-T E.164, at most 15 digits)."""

    number: str

    def __str__(self) -> str:
        return self.number

    def masked(self) -> str:
        """For logs: the country and the last two digits at most."""
        return f"{self.number[:3]}{'*' * max(0, len(self.number) - 5)}{self.number[-2:]}"


@dataclass(frozen=True, slots=True)
class NumberPlan:
    """How plain digits are read: the sender's country (ISO 3166, empty for none) and area code."""

    country: str = "US"
    area: str = ""


@dataclass(frozen=True, slots=True)
class FaxAddress:
    """A recipient address, taken apart. Empty strings mean not given; `cover` is on, off or a cover's name."""

    destination: Destination
    sub_address: str = ""
    name: str = ""
    sender: str = ""
    company: str = ""
    cover: str = ""


def parse_fax_address(address: str, domains: frozenset[str], plan: NumberPlan) -> FaxAddress:
    """Take apart a recipient address.

    Raises:
        BadNumberError: not one of our domains, or no number that a fax can be sent to; names the accepted form.
        BadDirectiveError: a parameter that the grammar does not know.
        RefusedError: an emergency, service, premium-rate or satellite number.
    """
    local, _, domain = address.rpartition("@")
    if domain.lower() not in domains:
        raise RefusedError(f"this gateway does not serve the domain {_shown(domain)}")
    form = FORM.format(domain=domain.lower())
    local = _unquoted(local, form)
    number, *parameters = local.split("/")
    if number[:4].upper() == "FAX=":
        number = number[4:]
        if not number.startswith("+"):
            raise BadNumberError(f"FAX= needs a global number (RFC 3192): {form}")
    destination = parse_number(number, plan, form)
    return FaxAddress(destination, **_parameters(parameters))


def parse_number(text: str, plan: NumberPlan, form: str = FORM.format(domain="fax.example")) -> Destination:
    """Read a number as the sender's plan has it; libphonenumber knows the countries.

    Raises:
        BadNumberError: no number, or one that its country does not have.
        RefusedError: an emergency, service, premium-rate or satellite number.
    """
    if not _NUMBER.fullmatch(text):
        raise BadNumberError(f"{_shown(text)} is not a fax number: {form}; an extension goes in /T33S=")
    digits = re.sub(r"[.\-]", "", text)
    _refuse_emergency_number(digits, plan)
    full = digits if digits.startswith("+") else _with_country(digits, plan, form)
    return Destination(_checked(full, _shown(text), form))


def _checked(full: str, shown: str, form: str) -> str:
    """The number in E.164, when its country has such numbers; libphonenumber may drop a trunk zero on the way."""
    if not 7 <= len(full) - 1 <= 15:
        raise BadNumberError(f"{shown} has {len(full) - 1} digits: {form}")
    try:
        parsed = phonenumbers.parse(full, None)
    except phonenumbers.NumberParseException:
        raise BadNumberError(f"{shown} has no known country code: {form}") from None
    _refuse_costly_code(parsed)
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    settled = phonenumbers.parse(number, None) == parsed  # several trunk zeros: read again it would be another number
    if len(number) - 1 < 7 or not settled or not _is_of_its_country(parsed):
        raise BadNumberError(f"{shown} is not a number of its country: {form}")
    _refuse_premium(parsed)
    return number


def _unquoted(local: str, form: str) -> str:
    if not local.startswith('"'):
        return local
    match = _QUOTED.fullmatch(local)
    if match is None:
        raise BadNumberError(f"the quoting before the @ is broken: {form}")
    return re.sub(r"\\(.)", r"\1", match.group(1))


def _shown(text: str) -> str:
    """At most 20 characters, printable ASCII: the text goes into an SMTP reply."""
    return f"'{ascii(text)[1:-1][:20]}'"


def _with_country(digits: str, plan: NumberPlan, form: str) -> str:
    """Plain digits to + form: exit codes first, then the home country's own lengths."""
    if not plan.country:
        raise BadNumberError(f"the number must start with +: {form}")
    code = phonenumbers.country_code_for_region(plan.country)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(plan.country)
    exit_code = metadata.international_prefix if metadata else None
    if exit_code and (match := re.match(exit_code, digits)):
        return "+" + digits[match.end() :]
    if code != 1:
        raise BadNumberError(f"the number must start with + or the exit code: {form}")
    return _with_country_one(digits, plan, form)


def _with_country_one(digits: str, plan: NumberPlan, form: str) -> str:
    if len(digits) == 11 and digits.startswith("1"):
        return "+" + digits
    if len(digits) == 10:
        return "+1" + digits
    if len(digits) == 7 and plan.area:
        return f"+1{plan.area}{digits}"
    raise BadNumberError(f"plain digits must be 10, or 11 starting with 1: {form}")


@cache
def _short_numbers(country: str) -> frozenset[str]:
    """Emergency and service codes that are refused everywhere, and those of the home country."""
    common = {"112", "911", "999", "000", "110", "113", "117", "118", "119"}
    us = {f"{n}11" for n in range(2, 9)}
    return frozenset(common | us) if country in ("", "US", "CA") else frozenset(common)


def _refuse_emergency_number(digits: str, plan: NumberPlan) -> None:
    bare = digits.lstrip("+")
    known = bare in _short_numbers(plan.country) or (bare[:1] == "1" and bare[1:] in _short_numbers("US"))
    if known or phonenumbers.is_emergency_number(bare, plan.country or "US"):
        raise RefusedError("not permitted: emergency and service numbers take no faxes")


def _is_of_its_country(parsed: phonenumbers.PhoneNumber) -> bool:
    if parsed.country_code in _LINELESS_CODES or not phonenumbers.is_possible_number(parsed):
        return False
    return parsed.country_code != 1 or _NANP.fullmatch(str(parsed.national_number)) is not None


def _refuse_costly_code(parsed: phonenumbers.PhoneNumber) -> None:
    kind = _COSTLY_CODES.get(parsed.country_code or 0)
    if kind is not None:
        raise RefusedError(f"not permitted: {kind} numbers are not called")


def _refuse_premium(parsed: phonenumbers.PhoneNumber) -> None:
    nanp = parsed.country_code == 1 and _NANP_PREMIUM.fullmatch(str(parsed.national_number))
    if nanp or phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.PREMIUM_RATE:
        raise RefusedError("not permitted: premium-rate numbers are not called")


def _parameters(parameters: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for parameter in parameters:
        key, separator, value = parameter.partition("=")
        field, value = _parameter(key.upper(), value if separator else "", parameter)
        if found.setdefault(field, value) != value:
            raise BadDirectiveError(f"the address gives {key!r} twice, with different values")
    return found


def _parameter(key: str, value: str, whole: str) -> tuple[str, str]:
    """The field of FaxAddress that a parameter fills, and its value."""
    if key == "T33S":
        if not _SUB_ADDRESS.fullmatch(value):
            raise BadDirectiveError("T33S takes 1 to 20 of the digits, * and #")
        return "sub_address", value
    if key not in _TEXT_PARAMETERS and key != "CP":
        known = "T33S, ATTN, to, fr, co, cp"
        raise BadDirectiveError(f"unknown address parameter {_shown(whole)}: {known} are known")
    if not _TEXT.fullmatch(value):
        raise BadDirectiveError(f"the value of {key.lower()} must be 1 to {MAX_TEXT} characters of plain text")
    if key == "CP":
        return "cover", value.lower() if value.lower() in ("on", "off") else value
    return _TEXT_PARAMETERS[key], value.replace("_", " ")
