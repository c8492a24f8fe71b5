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
# The emergency numbers of all countries, by libphonenumber 9.0; a test compares. They are refused whatever the home
# country is: a trunk abroad, or a stray one, may take them for its own.
_LISTED = (
    "000 001 002 003 01 011 019 02 022 03 033 050 060 065 066 068 080 085 088 100 101 10111 10177 102 103 104 105 106 "
    "107 108 110 111 112 1122 113 114 115 116 117 118 119 120 122 1220 123 124 124422 125 127 127799 128 129 1298 13 "
    "130 131 132 133 14 140 144 1444 15 150 151 152 153 154 155 156 157 158 159 16 160 166 1669 17 170 171 172 1730 "
    "175 177 18 180 188 19 190 191 192 193 194 195 197 198 199 201606 201917 202099 202914 211 2611 311 320221 333 "
    "355 511 555 666 723141 819 888 90 90000 901 902 903 91 911 912 913 917 919 92 922 93 933 939 94 955 977 990 991 "
    "992 993 994 995 996 997 998 999 9999"
)
_EMERGENCY = frozenset(_LISTED.split()) | {f"13{last:02}" for last in range(100)}  # Gabon has a hundred of them


def refuse_short_code(digits: str, country: str) -> None:
    """Refuse what is an emergency number anywhere, or a service code at home.

    Args:
        digits: as written, without marks; with its plus, if any.
        country: the sender's home country, empty for none.

    Raises:
        RefusedError: 5.7.1, not permitted.
    """
    bare = digits.removeprefix("+")
    if bare in _EMERGENCY or (bare == digits and _is_short_code(bare, country)):
        raise _not_permitted("emergency and service numbers take no faxes")
    rest = _behind_country_code(bare)
    if (bare[:1] == "1" and rest in _NANP_CODES) or (bare != digits and rest in _EMERGENCY):
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


def _behind_country_code(bare: str) -> str:
    """What follows the country code that digits begin with: +44 999 is an emergency number, too."""
    for length in (1, 2, 3):
        if bare[:length].isdigit() and int(bare[:length]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return bare[length:]
    return ""
