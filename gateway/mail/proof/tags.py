"""Lists of tags, as DKIM writes them in a signature and in a key record (RFC 6376 3.2).

What lives here: reading a list, strictly, and the base64 in it. What does not: what the tags mean.
"""

import binascii
import re

from dkim.util import InvalidTagValueList, parse_tag_value

_NAME = re.compile(rb"[A-Za-z][A-Za-z0-9_]*")
_SPACE = re.compile(rb"[ \t\r\n]+")


class TagError(Exception):
    """A list of tags, or a value in it, that cannot be read; its text says which."""


def read_tags(text: bytes) -> dict[str, bytes]:
    """The values by tag, without blanks at their ends. A name counts once and by its letters (RFC 6376 3.2).

    Raises:
        TagError: something that is no tag, or a tag given twice.
    """
    try:
        tags: dict[bytes, bytes] = parse_tag_value(_SPACE.sub(b" ", text))
    except InvalidTagValueList as error:
        raise TagError("the list of tags is malformed") from error
    if not all(_NAME.fullmatch(name) for name in tags):
        raise TagError("the list of tags is malformed")
    return {name.decode("ascii"): value for name, value in tags.items()}


def listed(tags: dict[str, bytes], name: str, default: str) -> tuple[str, ...]:
    """A value that is a list with colons, in lower case and without blanks."""
    value = tags.get(name, default.encode("ascii")).decode("ascii", "replace")
    return tuple(part.strip().lower() for part in value.split(":"))


def base64_of(tags: dict[str, bytes], name: str) -> bytes:
    """A value in base64, which blanks may break.

    Raises:
        TagError: it is none.
    """
    text = tags[name].replace(b" ", b"")
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error as error:
        raise TagError(f"{name}= is no base64") from error
