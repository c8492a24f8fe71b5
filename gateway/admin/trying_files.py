"""The mail in a file that somebody tries out, as a client would bring it over SMTP.

What lives here: line ends, and what is to be known of the header beforehand. What does not: the trial (`trying`).
"""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.domain.errors import NotFoundError
from gateway.domain.submission import HeaderFacts
from gateway.mail.header import read_header
from gateway.mail.smtp_data import HeaderRefusedError

_BARE_LF = re.compile(rb"(?<!\r)\n")


@contextmanager
def as_sent(message: Path) -> Iterator[Path]:
    """The mail, its lines ended by CR LF as any client sends them (RFC 5321 2.3.8): files often have LF alone.

    A header that has both is left as it is: that is what the listener refuses.

    Raises:
        NotFoundError: there is no such file, or it cannot be read.
    """
    try:
        octets = message.read_bytes()
    except OSError as error:
        raise _unreadable(message, error) from None
    if b"\n" not in octets or b"\r" in octets.partition(b"\n\n")[0]:
        yield message
        return
    with tempfile.TemporaryDirectory(prefix="faxgw-test-") as folder:
        copy = Path(folder) / message.name
        copy.write_bytes(_BARE_LF.sub(b"\r\n", octets))
        yield copy


def author_of(message: Path) -> str:
    """The one address of the From field; empty when there is not exactly one, or the header is refused.

    Raises:
        NotFoundError: there is no such file, or it cannot be read.
    """
    facts = _facts(message)
    return facts.from_addresses[0] if facts and len(facts.from_addresses) == 1 else ""


def named_in(message: Path, domains: frozenset[str]) -> tuple[str, ...]:
    """The addresses of To and Cc at our domains, which a mail program would have put into the envelope.

    Raises:
        NotFoundError: there is no such file.
    """
    facts = _facts(message)
    named = (*facts.to_addresses, *facts.cc_addresses) if facts else ()
    return tuple(text for text in named if text.rpartition("@")[2] in domains)


def _facts(message: Path) -> HeaderFacts | None:
    """None where the listener refuses the header; the trial says why."""
    try:
        return read_header(message)
    except HeaderRefusedError:
        return None
    except OSError as error:
        raise _unreadable(message, error) from None


def _unreadable(message: Path, error: OSError) -> NotFoundError:
    return NotFoundError(f"{message}: cannot be read ({error.strerror}); nothing was tried")
