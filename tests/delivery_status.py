"""What is wrong with a message/delivery-status, by RFC 3464 read anew: not one line of it is our writer's."""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime

# RFC 3464 2.2 and 2.3: the fields there are, and which a group must have.
OF_THE_MAIL = {"original-envelope-id", "reporting-mta", "dsn-gateway", "received-from-mta", "arrival-date"}
OF_A_RECIPIENT = {
    "original-recipient", "final-recipient", "action", "status", "remote-mta", "diagnostic-code", "last-attempt-date",
    "final-log-id", "will-retry-until",
}  # fmt: skip
ACTIONS = {"failed": "45", "delayed": "4", "delivered": "2", "relayed": "2", "expanded": "2"}  # and classes of status
DATES = {"arrival-date", "last-attempt-date", "will-retry-until"}
_TYPED = re.compile(r"[A-Za-z][A-Za-z0-9-]*; *\S.*", re.DOTALL)
_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
    r"\d\d:\d\d:\d\d [+-]\d{4}"
)
Group = dict[str, str]


def groups(body: bytes) -> list[Group]:
    """The groups of fields, names in lower case, values unfolded (RFC 3464 2.1: the first is of the mail)."""
    text = body.decode("ascii").replace("\r\n", "\n")
    unfolded = re.sub(r"\n[ \t]+", " ", text)
    return [_group(group) for group in re.split(r"\n{2,}", unfolded.strip("\n"))]


def problems(body: bytes) -> list[str]:
    """Everything that a strict reader would complain of; nothing when all is well."""
    if not body.isascii():
        return ["it is not ASCII"]
    found = groups(body)
    if len(found) < 2:
        return ["no recipient is reported on"]
    told = [f"the mail: {words}" for words in _wrong(found[0], OF_THE_MAIL, {"reporting-mta"})]
    for number, group in enumerate(found[1:], 1):
        wrong = [*_wrong(group, OF_A_RECIPIENT, {"final-recipient", "action", "status"}), *_at_odds(group)]
        told += [f"recipient {number}: {words}" for words in wrong]
    return told


def _group(text: str) -> Group:
    lines = (line.partition(":") for line in text.split("\n"))
    return {name.lower(): value.strip() for name, _, value in lines}


def _wrong(group: Group, known: set[str], needed: set[str]) -> list[str]:
    told = [f"{name} is missing" for name in sorted(needed - set(group))]
    told += [f"{name} is no field" for name in group if name not in known and not name.startswith("x-")]
    told += [f"{name} is no date: {group[name]}" for name in DATES & set(group) if not _is_date(group[name])]
    typed = {"reporting-mta", "final-recipient", "original-recipient", "diagnostic-code", "remote-mta"} & set(group)
    return told + [
        f"{name} names no type: {group[name]}" for name in sorted(typed) if not _TYPED.fullmatch(group[name])
    ]


def _at_odds(group: Group) -> list[str]:
    action, status = group.get("action", "").lower(), group.get("status", "")
    told = []
    if not re.fullmatch(r"[245]\.(?:0|[1-9]\d{0,2})\.(?:0|[1-9]\d{0,2})", status):
        told.append(f"{status!r} is no status")
    if status[:1] not in ACTIONS.get(action, ""):
        told.append(f"{action} and {status} do not go together")
    if "will-retry-until" in group and action != "delayed":
        told.append("it is retried, and not called delayed")
    return told


def _is_date(text: str) -> bool:
    return bool(_DATE.fullmatch(text)) and isinstance(parsedate_to_datetime(text), datetime)
