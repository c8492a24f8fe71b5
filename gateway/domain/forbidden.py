"""Numbers that are never called: emergency and service codes, premium-rate and other costly ranges.

What lives here: the built-in lists, and those of libphonenumber. What does not: a company's own blocks, reading numbers
(`numbers`). A refusal here comes before any block: RFC 3463 5.7.1.
"""

import re
from functools import lru_cache
from types import MappingProxyType

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberType

from gateway.domain.errors import RefusedError

LEAST_NATIONAL = 5  # digits of the shortest premium-rate numbers, without the country code
LONGEST_SHORT = 6  # digits; emergency and service codes have at most so many
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
# Places that are reached by satellite alone.
_COSTLY_PLACES = MappingProxyType({"246": "satellite", "247": "satellite", "2908": "satellite"})
_COSTLY_TYPES = MappingProxyType(
    {
        PhoneNumberType.PREMIUM_RATE: "premium-rate",
        PhoneNumberType.PERSONAL_NUMBER: "personal",  # follow-me numbers, dear and a known fraud
        PhoneNumberType.PAGER: "pager",
        PhoneNumberType.VOICEMAIL: "voicemail",
    }
)
# In +1: area code 900 and exchange 976 are pay-per-call, 700 is whatever a carrier makes of it.
_NANP_PREMIUM = re.compile(r"[79]00[0-9]{7}|[0-9]{3}976[0-9]{4}", re.ASCII)
# An area code that is a service code would ring there; 555-1212 is directory assistance.
_NANP_SERVICE = re.compile(r"[2-9]11[0-9]{7}|[0-9]{3}5551212", re.ASCII)
_NANP_CODES = frozenset({"988", *(f"{first}11" for first in range(2, 10))})
_EVERYWHERE = frozenset({"112", "911", "999", "000", "110", "113", "117", "118", "119"})


def refuse_short_code(digits: str, country: str) -> None:
    """Refuse what is an emergency number anywhere, or a service code at home.

    Args:
        digits: as written, without marks; with its plus, if any.
        country: the sender's home country, empty for none.

    Raises:
        RefusedError: 5.7.1, not permitted.
    """
    bare = digits.removeprefix("+")
    if _is_emergency(bare) or (bare == digits and _is_short_code(bare, country)):
        raise _not_permitted("emergency and service numbers take no faxes")
    code, rest = _country_code(bare)
    if (bare != digits or code == 1) and _is_code_of(code, rest):
        raise _not_permitted("emergency and service numbers take no faxes")


def refuse_costly_code(parsed: phonenumbers.PhoneNumber) -> None:
    """Refuse a country code that no call is worth; before it is asked whether the number can be.

    Raises:
        RefusedError: 5.7.1, not permitted.
    """
    kind = _COSTLY_CODES.get(parsed.country_code or 0)
    if kind is not None:
        raise _not_permitted(f"{kind} numbers are not called")


def refuse_costly(parsed: phonenumbers.PhoneNumber) -> None:
    """Refuse premium-rate, personal, pager and voicemail ranges, and places that satellites alone reach.

    Raises:
        RefusedError: 5.7.1, not permitted.
    """
    full = f"{parsed.country_code}{phonenumbers.national_significant_number(parsed)}"
    if parsed.country_code == 1 and _NANP_SERVICE.fullmatch(full[1:]):
        raise _not_permitted("emergency and service numbers take no faxes")
    if parsed.country_code == 1 and _NANP_PREMIUM.fullmatch(full[1:]):
        raise _not_permitted("premium-rate numbers are not called")
    place = next((kind for prefix, kind in _COSTLY_PLACES.items() if full.startswith(prefix)), None)
    kind = place or _COSTLY_TYPES.get(_kind(parsed))
    if kind is not None:
        raise _not_permitted(f"{kind} numbers are not called")


def _kind(parsed: phonenumbers.PhoneNumber) -> int:
    """The kind of a number; of an unknown one, that of the number which it begins with.

    Digits behind a whole number do not keep a switch from connecting it.
    """
    kind = phonenumbers.number_type(parsed)
    national = phonenumbers.national_significant_number(parsed)
    while kind == PhoneNumberType.UNKNOWN and parsed.country_code != 1 and len(national) > LEAST_NATIONAL:
        national = national[:-1]
        kind = phonenumbers.number_type(_shortened(parsed, national))
    return kind


def _shortened(parsed: phonenumbers.PhoneNumber, national: str) -> phonenumbers.PhoneNumber:
    zeros = len(national) - len(national.lstrip("0"))
    return phonenumbers.PhoneNumber(
        country_code=parsed.country_code,
        national_number=int(national),
        italian_leading_zero=zeros > 0 or None,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )


def _not_permitted(why: str) -> RefusedError:
    return RefusedError(f"not permitted: {why}")


@lru_cache(maxsize=1000)
def _is_emergency(bare: str) -> bool:
    """Whether it is an emergency number in any country: a caller abroad, or a stray trunk, may reach it."""
    if not 2 <= len(bare) <= LONGEST_SHORT:
        return False
    if bare in _EVERYWHERE:
        return True
    return any(phonenumbers.is_emergency_number(bare, region) for region in phonenumbers.SUPPORTED_REGIONS)


@lru_cache(maxsize=1000)
def _is_short_code(bare: str, country: str) -> bool:
    """Whether it is a short code that can be called in that country; codes for text messages cannot."""
    if not country or not 2 <= len(bare) <= LONGEST_SHORT:
        return False
    if phonenumbers.country_code_for_region(country) == 1 and bare in _NANP_CODES:
        return True
    metadata = PhoneMetadata.short_metadata_for_region(country)
    if metadata is None:
        return False
    return _matches(metadata.short_code, bare) and not _matches(metadata.sms_services, bare)


def _matches(kind: phonenumbers.PhoneNumberDesc | None, bare: str) -> bool:
    pattern = kind.national_number_pattern if kind is not None else None
    return bool(pattern) and re.fullmatch(str(pattern), bare) is not None


def _country_code(bare: str) -> tuple[int, str]:
    """The country code that digits begin with, 0 for none, and what follows it."""
    for length in (1, 2, 3):
        if bare[:length].isdigit() and int(bare[:length]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return int(bare[:length]), bare[length:]
    return 0, bare


@lru_cache(maxsize=1000)
def _is_code_of(code: int, rest: str) -> bool:
    """Whether an emergency number follows the country code, as in +44 999; in +1 any service code."""
    if not 2 <= len(rest) <= LONGEST_SHORT:
        return False
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, ())
    return (code == 1 and rest in _NANP_CODES) or any(
        phonenumbers.is_emergency_number(rest, region) for region in regions if region != "001"
    )
