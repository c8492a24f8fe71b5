"""Ids as people see them: eight characters of Crockford's base 32, as in 7K3M9Q2P; of a received fax behind IN-.

What lives here: a fixed one-to-one scramble of the row's number, which is never used twice. So the id is unique by
construction, needs no column, and its neighbours cannot be guessed by counting. It is no secret: rights protect jobs.
What does not: looking jobs up (`jobs`).
"""

import hashlib

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U (https://www.crockford.com/base32.html)
LENGTH = 8
HALF_BITS = 20
HALF = (1 << HALF_BITS) - 1
ROUNDS = 6
RECEIVED = "IN-"  # tells a received fax from a job, and from a refusal, at first sight
_READ_AS = str.maketrans("ILO", "110", "- ")


def public_id(number: int) -> str:
    """The id of the job with this number, from 0 to 2**40 - 1."""
    left, right = number >> HALF_BITS, number & HALF
    for turn in range(ROUNDS):
        left, right = right, left ^ _mix(turn, right)
    scrambled = left << HALF_BITS | right
    return "".join(ALPHABET[scrambled >> shift & 31] for shift in range(5 * LENGTH - 5, -1, -5))


def job_number(text: str) -> int | None:
    """The number behind an id as typed: any case, I and L read as 1, O as 0, hyphens ignored; None when it is none."""
    letters = text.strip().upper().translate(_READ_AS)
    if len(letters) != LENGTH or any(letter not in ALPHABET for letter in letters):
        return None
    scrambled = sum(ALPHABET.index(letter) << 5 * place for place, letter in enumerate(reversed(letters)))
    left, right = scrambled >> HALF_BITS, scrambled & HALF
    for turn in reversed(range(ROUNDS)):
        left, right = right ^ _mix(turn, left), left
    return left << HALF_BITS | right


def received_id(number: int) -> str:
    """The id of the received fax with this number, from 0 to 2**40 - 1."""
    return f"{RECEIVED}{public_id(number)}"


def received_number(text: str) -> int | None:
    """The number behind the id of a received fax as typed, read as a job's is; None when it is none."""
    letters = text.strip().upper()
    rest = letters.removeprefix(RECEIVED.rstrip("-"))
    return job_number(rest) if rest != letters else None


def _mix(turn: int, half: int) -> int:
    """A Feistel round: any function will do, the exchange of halves makes it one-to-one."""
    digest = hashlib.blake2b(f"{turn}:{half}".encode(), digest_size=4, person=b"faxgw job id").digest()
    return int.from_bytes(digest) & HALF
