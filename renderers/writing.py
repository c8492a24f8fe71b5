"""Whether decoded text reads like writing: what tells the right charset from the wrong ones.

What lives here: one number for a text, from its letters and their neighbors. What does not: charsets (`charsets`).
"""

import unicodedata
from functools import cache

_EVERYDAY = frozenset("äöüÄÖÜßéèàçñêâîôûáíóúåæøÅÆØãõÉÈÀÇÑ€–—“”„‘’‚«»…°§£·•™©®½¼¾№¿¡ ")
_CENTRAL = frozenset("řěščžůąęłśżźćńőűďťňřŘŠČŽĚŮŁŚŻŹĆŃŐŰĐđşţğıİŞĞ")
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "HEBREW", "ARABIC", "THAI", "HANGUL", "HIRAGANA", "KATAKANA", "CJK")
_JAPANESE = frozenset({"HIRAGANA", "KATAKANA"})
_OFTEN, _SELDOM = frozenset("оеаинтсрвлкмдпуяыьзбгійαοιετσνηυρπκμλςίόάέήώύ"), frozenset("щъфцэюђѓѕјљњћџ")
_ODD_NEIGHBOR, _ODD_CASE, _SIGN_IN_WORD, _TWO_ACCENTS = -2.0, -1.5, -1.5, -0.8


def naturalness(text: str) -> float:
    """The mean worth of the characters beyond ASCII: about 1 for writing, below 0 for rubbish; 1 for plain ASCII."""
    total, count = 0.0, 0
    before = " "
    for character in text:
        if character > "\x7f" or before > "\x7f":
            total += _together(before, character)
        if character > "\x7f":
            total += _worth(character)
            count += 1
        before = character
    return (total + _mixture(text)) / count if count else 1.0


def _together(before: str, character: str) -> float:
    """What two neighbors say of each other."""
    one, other = _script(before), _script(character)
    if one and other and one != other and not {one, other} <= {"HIRAGANA", "KATAKANA", "CJK", "HANGUL"}:
        return _ODD_NEIGHBOR
    if before.islower() and character.isupper():
        return _ODD_CASE
    if (one and _is_sign(character, one)) or (other and _is_sign(before, other)):
        return _SIGN_IN_WORD
    accents = one == other == "LATIN" and before > "\x7f" and character > "\x7f" and before != character
    return _TWO_ACCENTS if accents else 0.0


@cache
def _script(character: str) -> str:
    if character.isascii():
        return "LATIN" if character.isalpha() else ""
    name = unicodedata.name(character, "")
    return next((script for script in _SCRIPTS if name.startswith(script)), "")


@cache
def _is_sign(character: str, script: str) -> bool:
    """Whether no word of the script has it inside; in Latin words not even East Asian punctuation stands."""
    if character.isascii():
        return False
    kind = unicodedata.category(character)
    return kind in {"So", "Sk", "No", "Cc", "Co", "Cn", "Cf"} or (script == "LATIN" and "\u3000" < character < "\u3020")


@cache
def _worth(character: str) -> float:
    kind = unicodedata.category(character)
    if kind in {"Cc", "Co", "Cn"}:
        return -5.0
    if character in _EVERYDAY:
        return 1.0
    return _ideograph(character) if ord(character) >= 0x2E80 else _letter(character, kind)


def _letter(character: str, kind: str) -> float:
    script = _script(character)
    if script == "LATIN":
        return 1.0 if character in _CENTRAL else 0.4
    if script in {"CYRILLIC", "GREEK"}:
        small = character.lower()
        return (1.1 if small in _OFTEN else 0.5 if small in _SELDOM else 0.9) - 0.1 * character.isupper()
    if script:
        return 0.8 if script == "THAI" else 1.0
    return 0.5 if kind.startswith("P") else -0.5


def _ideograph(character: str) -> float:
    """Of the ideographs those count that everyday lists hold: GB 2312, Big 5 and JIS X 0208, first levels."""
    if "HALFWIDTH" in unicodedata.name(character, ""):
        return -0.8
    script = _script(character)
    if script == "HANGUL":
        return 1.1 if "가" <= character <= "힣" and _in_row(character, "euc_kr", 0xB0, 0xC8) else -0.5
    if script in _JAPANESE:
        return 1.1
    if script == "CJK":
        common = (("gb2312", 0xB0, 0xD7), ("big5", 0xA4, 0xC6), ("euc_jp", 0xB0, 0xCF))
        return 0.9 if any(_in_row(character, *rows) for rows in common) else -0.7
    return 0.7 if unicodedata.category(character).startswith("P") else 0.2


def _in_row(character: str, charset: str, first: int, last: int) -> bool:
    try:
        return first <= character.encode(charset)[0] <= last
    except UnicodeError:
        return False


def _mixture(text: str) -> float:
    """No writing puts Hangul or ideographs that Japan has not beside kana, or many ideographs beside Hangul."""
    scripts = [(_script(character), character) for character in text if ord(character) >= 0x2E80]
    kinds = [script for script, _ in scripts]
    hangul, kana, han = (kinds.count(one) for one in ("HANGUL", "HIRAGANA", "CJK"))
    foreign = sum(not _in_row(one, "euc_jp", 0xB0, 0xF4) for script, one in scripts if script == "CJK") if kana else 0
    return -2.0 * (min(hangul, kana) + foreign) - 0.5 * min(hangul, han)
