"""What people are told of each outcome: what happened, what it means, what to do next.

What lives here: one table of words. What does not: the status for machines (`statuses`), the shape of a notice
(`messages`) and its MIME (`notice_mail`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from gateway.domain.blocks import NUMBER_BLOCKED
from gateway.domain.call import Cause
from gateway.domain.outcome import Outcome
from gateway.mail.notice_facts import AttemptFacts, Awaited

TEXT_OFF = "text-off"  # the detail of a mail that is all text, where text is not faxed
OWNER_LOST = "owner-lost"  # the detail of a call whose process died
EXPIRED = "expired"  # the detail of a cancelled job whose time ran out
RENDER_CRASHES = "render-crashes"  # the detail of a mail that brought its converter down again and again
PAGES_MISSING = "pages-missing"  # the detail of a call that ended in order, with pages unconfirmed
NOTHING_TO_DO = "Nothing."  # what follows by itself is said behind it
WISH = "directives"  # the rule that refuses a mail for what it asks; also what an unmet wish is told as


@dataclass(frozen=True, slots=True)
class Words:
    """Three short paragraphs."""

    happened: str
    means: str
    next: str


WORDS = MappingProxyType(
    {
        Outcome.SUCCESS: Words(
            "Your fax was delivered.",
            "The receiving fax machine confirmed every page.",
            "There is nothing more to do.",
        ),
        Outcome.BUSY: Words(
            "The number was busy every time we called.",
            "The line was in use by somebody else. The number itself works.",
            "Send the fax again later, or ask the recipient for another fax number.",
        ),
        Outcome.ECM_RETRANSMIT: Words(
            "The line was too poor to get a page across, even after repeating it many times.",
            "The recipient may have some of the pages, but not all of them.",
            "Send the fax again later. If it fails again, ask the recipient to check their line.",
        ),
        Outcome.FAST_BUSY: Words(
            "The telephone network had no free line to this number.",
            "The call never reached the recipient. This mostly passes by itself.",
            "Send the fax again later. If it happens often, tell your fax administrator.",
        ),
        Outcome.GENERAL_ERROR: Words(
            "Something went wrong that we could not put a name to.",
            "The fax was not delivered as a whole.",
            "Send the fax again. If it fails again, give your fax administrator the job number.",
        ),
        Outcome.INVALID_ATTACHMENT: Words(
            "Something in your mail could not be turned into fax pages.",
            "Nothing was sent: a fax goes out whole or not at all.",
            "Correct or remove the part named below and send your mail again. PDF files work best.",
        ),
        Outcome.INVALID_NUMBER: Words(
            "The telephone network says that this number does not exist.",
            "Nobody can be reached under it, so we do not call it again.",
            "Check the number with the recipient and send the fax to the right one, with the country code.",
        ),
        Outcome.CANCELLED: Words(
            "The fax was cancelled before it was delivered.",
            "It will not be sent, and no further calls are made.",
            "To send it after all, send your mail again. If you did not cancel it, ask your fax administrator.",
        ),
        Outcome.NEGOTIATION_FAILED: Words(
            "A fax machine answered, but it and we could not agree on how to send.",
            "The line may be poor, or the machine may be set up in an unusual way.",
            "Send the fax again later. If it fails again, ask the recipient to check their machine.",
        ),
        Outcome.NO_ANSWER: Words(
            "Nobody picked up: the number rang and was not answered.",
            "The machine may be switched off, out of paper or not connected.",
            "Ask the recipient to check their machine, then send the fax again.",
        ),
        Outcome.NO_ATTACHMENT: Words(
            "There was nothing to fax in your mail.",
            "It had no attachment that we could send, and no text, which would have been faxed, too.",
            "Attach the document, or write the text of the fax into the mail, and send it again.",
        ),
        Outcome.NOT_A_FAX: Words(
            "The call was answered, but not by a fax machine.",
            "The number may belong to a telephone, or the machine may be set not to receive.",
            "Check the fax number with the recipient, then send the fax again.",
        ),
        Outcome.SIT_TONE: Words(
            "The telephone network answered with an announcement instead of the recipient.",
            "The number may have changed or may be out of order.",
            "Check the fax number with the recipient, then send the fax again.",
        ),
        Outcome.TRANSMISSION_FAILED: Words(
            "The call broke off while pages were being sent.",
            "The recipient may have some of the pages, but not all of them.",
            "Send the fax again later. If it fails again, ask the recipient to check their line.",
        ),
        Outcome.UNAUTHORIZED: Words(
            "Your address may not send faxes here.",
            "Nothing was sent.",
            "Ask your fax administrator to add your address, or send from the address that is registered.",
        ),
        Outcome.VOICE_ANSWER: Words(
            "A person or an answering machine picked up, not a fax machine.",
            "We do not call again, so that nobody is disturbed by fax tones.",
            "Check the fax number with the recipient, then send the fax to the right one.",
        ),
        Outcome.UNCONFIRMED: Words(
            "All pages were sent, but the last confirmation was lost.",
            "The recipient probably has the whole fax. We do not send it again by ourselves, so that it is not "
            "there twice.",
            "Ask the recipient whether the last page arrived. If it did not, send the fax again.",
        ),
    }
)
_UNPROVEN = Words(
    "We could not be sure that a mail in your name came from you.",
    "Nothing was sent. A part of what proves a sender here was missing; the reason below says which.",
    "Send through your own mail server, or sign in with SMTP AUTH. If you did, show this to your fax administrator.",
)
# Where the detail says more than the outcome, these words stand instead. Of a refusal, it is the rule.
DETAIL_WORDS = MappingProxyType(
    {
        (Outcome.UNAUTHORIZED, "locked"): Words(
            "Your address may not send faxes here at present.",
            "Nothing was sent: the user it belongs to is locked.",
            "Ask your fax administrator why.",
        ),
        (Outcome.UNAUTHORIZED, "proof"): _UNPROVEN,
        (Outcome.UNAUTHORIZED, "smtp-auth"): _UNPROVEN,
        (Outcome.UNAUTHORIZED, "replay"): Words(
            "A mail of yours that was faxed already came again, for another number that it does not name.",
            "Nothing was sent. If it was not you, somebody has a copy of your mail and tried to fax it elsewhere.",
            "To fax the same document to that number, write a new mail.",
        ),
        (Outcome.GENERAL_ERROR, WISH): Words(
            "Your mail asks for something that cannot be done.",
            "Nothing was sent, so that no fax goes out other than you meant it.",
            "Correct what the reason below names and send your mail again.",
        ),
        (Outcome.NO_ATTACHMENT, TEXT_OFF): Words(
            "There was nothing to fax in your mail.",
            "It had no attachment that we could send. The text of a mail is not faxed: that is switched off for you.",
            "Attach the document that you want to fax and send the mail again.",
        ),
        (Outcome.CANCELLED, EXPIRED): Words(
            "The fax could not be delivered in time.",
            "The time allowed for it ran out before a call succeeded, and no further calls are made.",
            "Send the fax again later, or ask the recipient for another fax number.",
        ),
        (Outcome.CANCELLED, NUMBER_BLOCKED): Words(
            "Your company has blocked this fax number.",
            "The fax was not sent, and no calls are made to that number.",
            "Ask your fax administrator why. If you need to reach the recipient, use another way.",
        ),
        (Outcome.UNCONFIRMED, OWNER_LOST): Words(
            "We were interrupted when every page had been sent, and before the last one was confirmed to us.",
            "The recipient probably has the whole fax. We do not send it again by ourselves, so that it is not "
            "there twice.",
            "Ask the recipient whether the last page arrived. If it did not, send the fax again.",
        ),
        (Outcome.GENERAL_ERROR, RENDER_CRASHES): Words(
            "The programs that turn documents into fax pages failed on your mail, more than once.",
            "Nothing was sent.",
            "Save your documents as PDF and send them again. If that fails too, show this to your fax administrator.",
        ),
        (Outcome.GENERAL_ERROR, PAGES_MISSING): Words(
            "The call ended in order, but the fax machine did not confirm every page.",
            "The recipient may have some of the pages, but not all of them.",
            "Ask the recipient which pages arrived, then send the fax again.",
        ),
        (Outcome.GENERAL_ERROR, Cause.PROTOCOL.value): Words(
            "The fax machine answered in a way that we do not understand.",
            "The recipient may have some of the pages, but not all of them.",
            "Send the fax again later. If it fails again, ask the recipient to check their machine.",
        ),
        (Outcome.GENERAL_ERROR, Cause.LOCAL_ERROR.value): Words(
            "Something went wrong on our side.",
            "The fax was not delivered as a whole. The recipient's machine and number are not to blame.",
            "Send the fax again. If it fails again, give your fax administrator the job number.",
        ),
        (Outcome.NEGOTIATION_FAILED, Cause.INCOMPATIBLE.value): Words(
            "A fax machine answered, but it cannot receive pages like these.",
            "Their size or their resolution is more than the machine can do.",
            "Send the fax again with %{Normal} in the subject. If that fails too, ask for another fax number.",
        ),
        (Outcome.TRANSMISSION_FAILED, Cause.PAGE_REFUSED.value): Words(
            "The fax machine refused a page as unreadable, however often we sent it.",
            "The line may be poor. The recipient may have some of the pages, but not all of them.",
            "Send the fax again later. If it fails again, ask the recipient to check their line.",
        ),
        (Outcome.TRANSMISSION_FAILED, Cause.DISCONNECTED_AFTER_PAGE.value): Words(
            "The recipient's fax machine hung up before it had all pages.",
            "It may be out of paper or memory. The recipient may have some of the pages, but not all of them.",
            "Ask the recipient to check their machine, then send the fax again.",
        ),
        (Outcome.NOT_A_FAX, Cause.DATA_MODEM.value): Words(
            "The call was answered by a computer's modem, not by a fax machine.",
            "The number is not one for faxes, or the machine behind it is not set to receive them.",
            "Check the fax number with the recipient, then send the fax again.",
        ),
        (Outcome.SIT_TONE, Cause.SIT_NO_CIRCUIT.value): WORDS[Outcome.FAST_BUSY],
        (Outcome.SIT_TONE, Cause.SIT_REORDER.value): WORDS[Outcome.FAST_BUSY],
        (Outcome.SIT_TONE, Cause.SIT_VACANT.value): WORDS[Outcome.INVALID_NUMBER],
        (Outcome.SIT_TONE, Cause.SIT_INTERCEPT.value): Words(
            "The telephone network says that this number has changed or is no longer in use.",
            "Nobody can be reached under it, so we do not call it again.",
            "Ask the recipient for the new fax number and send the fax to that one.",
        ),
        (Outcome.NOT_A_FAX, Cause.CANNOT_RECEIVE.value): Words(
            "A fax machine answered, but it is set not to receive.",
            "It may be out of paper or memory, or set up for sending only.",
            "Ask the recipient to check their machine, then send the fax again.",
        ),
    }
)


def what_follows(awaited: Awaited) -> str:
    """What a sender who need do nothing will hear of the fax."""
    if awaited.success and awaited.failure:
        return "You get another mail when the fax has been delivered, or could not be."
    if awaited.failure:
        return "You get another mail only if the fax could not be delivered."
    if awaited.success:
        return "You get another mail when the fax has been delivered, and none if it could not be."
    return "You get no other mail on it: mails on how a fax ended are switched off for you."


def words_for(outcome: Outcome, detail: str = "") -> Words:
    """What to tell of an outcome, by its detail where that says more."""
    return DETAIL_WORDS.get((outcome, detail), WORDS[outcome])


def sent_again(attempts: Sequence[AttemptFacts]) -> str:
    """That pages were sent again because an earlier call's last answer was lost; empty where none was."""
    doubtful = [str(attempt.number) for attempt in attempts[:-1] if attempt.outcome is Outcome.UNCONFIRMED]
    if not doubtful:
        return ""
    which = f"call {doubtful[0]}" if len(doubtful) == 1 else f"calls {' and '.join(doubtful)}"
    return f"the last answer in {which} was lost, and what it was for was sent again: it may be there twice"
