"""Telephone numbers: from what people write to E.164, by the number plan of whoever writes it.

What lives here: the destination type, the plan, exit codes, trunk prefixes, limits of length; countries are those of
libphonenumber. What does not: the address around a number (`addresses`), numbers that are never called (`forbidden`).

A number with its plus means the same everywhere. Plain digits are read as dialled from the home country: behind an
exit code as an international number, else as a national one with its trunk prefix where the country has one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberFormat, PhoneNumberType

from gateway.domain.errors import BadNumberError
from gateway.domain.forbidden import refuse_costly, refuse_costly_code, refuse_short_code

FORM = "write + and 7 to 15 digits with the country code, as in +12025550123@{domain}"
LEAST_DIGITS, MOST_DIGITS = 7, 15  # ITU-T E.164 6: fifteen at most
_NUMBER = re.compile(r"\+?[0-9][0-9.\-]*", re.ASCII)
_MARKS = re.compile(r"[.\-]")
_LINELESS_CODES = frozenset({878, 888})  # personal numbers; unassigned
_NANP = re.compile(r"[2-9][0-9]{2}[2-9][0-9]{6}", re.ASCII)  # area code and exchange are NXX
_LONGEST_EXIT = 9  # digits


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
class NumberFacts:
    """What is known of a number: its country (ISO 3166, empty where a code is shared) and its kind, in words."""

    country: str
    kind: str


@lru_cache(maxsize=2000)  # the same number is read when it is announced and again when its mail is there
def parse_number(text: str, plan: NumberPlan, form: str = FORM.format(domain="fax.example")) -> Destination:
    """Read a number as the sender's plan has it.

    Raises:
        BadNumberError: 5.1.3, no number, or one that its country does not have.
        RefusedError: 5.7.1, an emergency, service, premium-rate or satellite number.
    """
    if not _NUMBER.fullmatch(text):
        raise no_number(text, form)
    digits = _MARKS.sub("", text)
    refuse_short_code(digits, plan.country)
    if digits.startswith("+"):
        return Destination(_checked(digits, shown(text), form))
    if not plan.country:
        raise BadNumberError(f"the number must start with +: {form}")
    return Destination(_as_dialled(digits, plan, form))


def no_number(text: str, form: str) -> BadNumberError:
    """The error for what does not look like a number at all."""
    words = f"is not a fax number: {form}; an extension goes in /T33S="
    return BadNumberError(f"{shown(text)} {words}", plain=f"what stands before the @ {words}")


def describe(destination: Destination) -> NumberFacts:
    """Country and kind of a number, as libphonenumber knows them."""
    parsed = phonenumbers.parse(destination.number, None)
    kind = PhoneNumberType.to_string(phonenumbers.number_type(parsed))
    return NumberFacts(phonenumbers.region_code_for_number(parsed) or "", kind.lower().replace("_", " "))


def shown(text: str) -> str:
    """At most 20 characters, printable ASCII: the text goes into an SMTP reply."""
    return f"'{ascii(text)[1:-1][:20]}'"


def _checked(full: str, written: str, form: str) -> str:
    """The number in E.164, when its country has such numbers; libphonenumber may drop a trunk zero on the way."""
    if not LEAST_DIGITS <= len(full) - 1 <= MOST_DIGITS:
        count = "1 digit" if len(full) == 2 else f"{len(full) - 1} digits"  # with the plus
        raise BadNumberError(f"{written} has {count}: {form}")
    try:
        parsed = phonenumbers.parse(full, None)
    except phonenumbers.NumberParseException:
        raise BadNumberError(f"{written} has no known country code: {form}") from None
    refuse_costly_code(parsed)
    number = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    settled = phonenumbers.parse(number, None) == parsed  # several trunk zeros: read again it would be another number
    if not LEAST_DIGITS <= len(number) - 1 <= MOST_DIGITS or not settled or not _is_of_its_country(parsed):
        raise BadNumberError(f"{written} is not a number of its country: {form}")
    refuse_costly(parsed)
    return number


def _is_of_its_country(parsed: phonenumbers.PhoneNumber) -> bool:
    if parsed.country_code in _LINELESS_CODES or not phonenumbers.is_possible_number(parsed):
        return False
    return parsed.country_code != 1 or _NANP.fullmatch(str(parsed.national_number)) is not None


def _as_dialled(digits: str, plan: NumberPlan, form: str) -> str:
    """Plain digits to E.164: behind an exit code, else as a number of the home country.

    Raises:
        BadNumberError: neither, or they can be read in two ways (Hong Kong's exit codes are 00, 001, 002 ...).
    """
    readings: dict[str, None] = {}
    trouble: BadNumberError | None = None
    for rest in _behind_exit_code(digits, plan.country):
        refuse_short_code("+" + rest, "")
        try:
            readings[_checked("+" + rest, shown(digits), form)] = None
        except BadNumberError as error:
            trouble = error
    if len(readings) > 1:
        raise BadNumberError(f"{shown(digits)} can be read in more than one way: {form}")
    if readings:
        return next(iter(readings))
    national = _national(digits, plan)
    if national:
        return _checked(national, shown(digits), form)
    raise trouble or BadNumberError(f"{_home_form(plan)}; else {form}")


def _behind_exit_code(digits: str, country: str) -> Iterator[str]:
    """What may be the international number: once for each exit code of the country that the digits begin with."""
    codes = _exit_codes(country)
    for length in range(1, min(_LONGEST_EXIT, len(digits) - 1) + 1):
        if codes.fullmatch(digits[:length]):
            yield digits[length:]


@lru_cache(maxsize=300)
def _exit_codes(country: str) -> re.Pattern[str]:
    metadata = PhoneMetadata.metadata_for_region(country)
    return re.compile((metadata.international_prefix if metadata else None) or "(?!)")


def _national(digits: str, plan: NumberPlan) -> str:
    """The full number that these digits are at home, empty for none."""
    if phonenumbers.country_code_for_region(plan.country) == 1:
        return _national_of_one(digits, plan.area)
    trunk = _trunk_prefix(plan.country)
    if not digits.startswith(trunk):
        return ""
    try:
        parsed = phonenumbers.parse(digits, plan.country)
    except phonenumbers.NumberParseException:
        return ""
    as_dialled = trunk or phonenumbers.national_significant_number(parsed) == digits
    if not as_dialled or not phonenumbers.is_valid_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)


def _national_of_one(digits: str, area: str) -> str:
    """In +1: eleven digits beginning with 1, ten, or seven where an area code is set."""
    if len(digits) == 11 and digits.startswith("1"):
        return "+" + digits
    if len(digits) == 10:
        return "+1" + digits
    return f"+1{area}{digits}" if len(digits) == 7 and area else ""


@lru_cache(maxsize=300)
def _trunk_prefix(country: str) -> str:
    metadata = PhoneMetadata.metadata_for_region(country)
    return (metadata.national_prefix if metadata else None) or ""


def _home_form(plan: NumberPlan) -> str:
    if phonenumbers.country_code_for_region(plan.country) == 1:
        return "plain digits must be 10, or 11 starting with 1"
    trunk = _trunk_prefix(plan.country)
    return f"plain digits must be a number of {plan.country}" + (f" with its leading {trunk}" if trunk else "")
