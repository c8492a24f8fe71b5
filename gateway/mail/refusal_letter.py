"""The notice that a mail was refused: an initial failure, Unauthorized Sending Address.

What lives here: what is told, and the numbers as they were written. What does not: to whom and how often it is sent
(`gateway.refusal_notices`, `gateway.store.refusals`). It quotes nothing of the refused mail: perhaps somebody else
wrote that.
"""

from gateway.domain.errors import SmtpReply
from gateway.domain.mail_names import readable_address
from gateway.domain.outcome import Outcome
from gateway.domain.sender_proof import shown
from gateway.domain.submission import Refusal
from gateway.mail.letter import Letter, Table
from gateway.mail.notice_facts import NoticeFacts, NoticeKind, number_alone
from gateway.mail.notice_looks import look_of
from gateway.mail.notice_mail import Draft, Notice, Reported, report_notice
from gateway.mail.wording import words_for

DIRECTIVES = "directives"  # the one rule that is not about who has sent the mail
MOST_NUMBERS = 20  # told; a mail may ask for more


def refusal_letter(facts: NoticeFacts, refusal: Refusal, reply: SmtpReply) -> Notice:
    """A mail was refused in the SMTP session: what its author should know and do. `refusal` has its public id."""
    outcome = Outcome.GENERAL_ERROR if refusal.rule == DIRECTIVES else Outcome.UNAUTHORIZED
    words = words_for(outcome, refusal.rule)
    numbers = _numbers(refusal.recipients)
    letter = Letter(
        title=f"Fax to {_told(numbers)} could not be sent: {outcome.value}",
        happened=words.happened,
        means=words.means,
        next=words.next,
        good=False,
        rows=(
            ("Your mail of", facts.dates.write(facts.received)),
            ("Reason", _reason(refusal, reply)),
            ("Refusal", refusal.public_id),
        ),
        tables=(Table("Asked for", ("Fax number",), tuple((number,) for number in numbers)),) if numbers else (),
    )
    look = look_of(letter, NoticeKind.INITIAL_FAILURE, f"refusal {refusal.public_id}", facts.voice.dress)
    draft = Draft(NoticeKind.INITIAL_FAILURE, refusal.public_id, look)
    diagnostic = f"smtp; {reply.code} {reply.enhanced} {reply.text}"
    reported = [Reported(number, reply.enhanced, diagnostic) for number in numbers or ("unknown",)]
    return report_notice(draft, facts, reported)


def _reason(refusal: Refusal, reply: SmtpReply) -> str:
    """The reply's words, with the author's address as he reads it: replies have ASCII alone."""
    return reply.text.replace(shown(refusal.header_from), readable_address(refusal.header_from))


def _numbers(recipients: tuple[str, ...]) -> tuple[str, ...]:
    """The numbers alone, as they were written: what else an address says may be somebody else's words."""
    numbers = (number_alone(recipient) for recipient in recipients[:MOST_NUMBERS])
    return tuple(dict.fromkeys(number for number in numbers if number))


def _told(numbers: tuple[str, ...]) -> str:
    if len(numbers) == 1:
        return numbers[0]
    return f"{len(numbers)} numbers" if numbers else "your number"
