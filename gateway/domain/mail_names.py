"""Mail addresses in the one form that we compare and send: the domain in ASCII, as the DNS has it (RFC 5890).

What lives here: that form, and the one that people read. What does not: what may be an address at all (`nodes`,
`gateway.mail.authors`), mapping what people type for the DNS (`gateway.mail.proof.dns`).
"""

import re
import unicodedata

import idna

# Scripts that are written together (UTS 39 5.2, highly restrictive, but for Latin letters among them).
_TOGETHER = (
    frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}),
    frozenset({"CJK", "BOPOMOFO"}),
    frozenset({"CJK", "HANGUL"}),
)
# The Latin letters of living spellings, without those that a fax cannot tell from plain ones.
_LATIN = re.compile("[a-z\u00df-\u00f6\u00f8-\u0130\u0132-\u0137\u0139-\u017e\u0218-\u021b\u1ea0-\u1ef9]+")
# Small letters of other scripts that look Latin: a name of nothing else would be taken for a Latin one.
_LOOKS_LATIN = frozenset("асԁеһіјӏорԛѕԝхуъьгпѵ" + "αγικνορτυχω" + "հոսցօզ")  # noqa: RUF001 - Cyrillic, Greek, Armenian


def ascii_address(address: str) -> str:
    """The address with its domain in A-labels; its local part, which only its host may map, as it is.

    Letters that are written in two ways count as one (NFC, RFC 6532 3.1). A domain alone may be given, too.
    """
    if address.isascii():
        return address
    local, at, domain = unicodedata.normalize("NFC", address).rpartition("@")
    return f"{local}{at}{_ascii_domain(domain)}"


def readable_address(address: str) -> str:
    """The address as its owner writes it, where nobody can take it for another: else with the A-labels it has."""
    if "xn--" not in address:
        return address
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{'.'.join(_u_label(label) for label in domain.split('.'))}"


def _ascii_domain(domain: str) -> str:
    """A label that is none by IDNA stays as it is: look-alikes in full width or with other dots are not mapped."""
    return ".".join(label if label.isascii() else _a_label(label) for label in domain.split("."))


def _a_label(label: str) -> str:
    try:
        return idna.alabel(label).decode("ascii")
    except idna.IDNAError:
        return label


def _u_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        written = idna.ulabel(label)
    except (idna.IDNAError, UnicodeError):
        return label
    return written if _is_plain(written) else label


def _is_plain(label: str) -> bool:
    """Whether it is of one script, or of some that are written together, and does not look Latin where it is not."""
    letters = "".join(sign for sign in label if not (sign.isascii() and (sign.isdigit() or sign == "-")))
    scripts = {unicodedata.name(sign, "?").partition(" ")[0] for sign in letters}
    if "LATIN" in scripts:
        return _LATIN.fullmatch(letters) is not None
    return not _LOOKS_LATIN.issuperset(letters) and (len(scripts) == 1 or any(scripts <= some for some in _TOGETHER))
