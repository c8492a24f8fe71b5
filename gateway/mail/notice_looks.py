"""How a notice looks: as for everybody, or by the templates of its sender's company; and what those may hold.

What lives here: the fields of such templates, checking and filling them. What does not: the language that they are
written in (`coverpages.language`), the look that ships (`letter`), where templates are kept.

A template cannot say more than its letter does: its fields are pieces of that letter, so minimal notices stay so.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from coverpages.language import TemplateError, escaped, fill
from coverpages.markup import decoded, language_problems, markup_problems, raise_for
from gateway.domain.notice_templates import Dress, NoticeTemplate
from gateway.mail.letter import Letter, Table, as_html, as_text, facts_as_html, facts_as_text, tables_as_html

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "title": "the notice in one line",
        "happened": "what happened, a sentence or two",
        "means": "what that means",
        "next": "what to do now",
        "facts": "the facts, a label and a value each: numbers, pages, times",
        "tables": "what takes several columns: jobs, parts of the mail, calls",
        "foot": "that nobody reads answers",
        "company": "the company's name",
        "about": "what the notice is on, as in job K7P2QX; empty where it is on several jobs",
        "good": "for sections: what stands between {{#good}} and {{/good}} is left out of bad news",
        "bad": "for sections: what stands between {{#bad}} and {{/bad}} is left out of good news",
    }
)
SUBJECT_FIELDS = MappingProxyType({name: FIELDS[name] for name in ("title", "company", "about", "good", "bad")})
_BLOCKS = frozenset({"facts", "tables"})  # HTML that we have written ourselves
MUST_BE_TOLD = ("happened", "next", "facts", "tables")
MOST_OCTETS, MOST_SUBJECT = 90_000, 200  # mail programs cut a mail off at 100 KB; characters
WHAT = "a notice"
Written = Callable[[str, str], str]
_SAMPLES = tuple(
    Letter(
        title="title-a",
        happened="happened-a",
        means="means-a",
        next="next-a",
        good=good,
        rows=(("label-a", "facts-a"),),
        tables=(Table("title-b", ("column-a",), (("tables-a",),)),),
    )
    for good in (True, False)
)


@dataclass(frozen=True, slots=True)
class Look:
    """A letter as it is read: its subject, as plain text and as HTML."""

    subject: str
    text: str
    html: str


def look_of(letter: Letter, kind: str, about: str = "", dress: Dress | None = None) -> Look:
    """The letter in the company's dress; what of that cannot be filled looks as for everybody.

    Args:
        letter: what is told.
        kind: of the notice.
        about: what it is on, as in "job K7P2QX"; empty where that is not one thing.
        dress: the company's templates.
    """
    subject = subject_line(letter, kind, about, dress)
    if dress is None:
        return Look(subject, as_text(letter), as_html(letter))
    own = dress.of(kind)
    return Look(
        subject,
        _paragraphs(_filled(own.text, _as_text(letter, about, dress.company))) or as_text(letter),
        _html(own.html, _as_html(letter, about, dress.company)) or as_html(letter),
    )


def subject_line(letter: Letter, kind: str, about: str = "", dress: Dress | None = None) -> str:
    """The subject alone, of the title and what the letter is on."""
    shipped = f"{letter.title} ({about})" if about else letter.title
    if dress is None:
        return shipped
    return _line(_filled(dress.of(kind).subject, _short(letter, about, dress.company), SUBJECT_FIELDS)) or shipped


def read_template(content: bytes) -> str:
    """The text of an uploaded template.

    Raises:
        TemplateError: it is too large, empty or no UTF-8.
    """
    if len(content) > MOST_OCTETS:
        raise TemplateError([f"{len(content)} bytes are too many: {WHAT} has at most {MOST_OCTETS}"])
    return decoded(content)


def start() -> NoticeTemplate:
    """What to begin a template of one's own with: it says all there is, and looks much as for everybody."""
    text, html = (Path(__file__).with_name("templates") / f"start.{ending}" for ending in ("txt", "html"))
    return NoticeTemplate(
        "{{ title }}{{#about}} ({{ about }}){{/about}}", text.read_text("utf-8"), html.read_text("utf-8")
    )


def check(template: NoticeTemplate) -> None:
    """Return when a template may be used: it fetches nothing, and no notice loses by it what must be told.

    Raises:
        TemplateError: every problem, with its line.
    """
    problems = list(_subject_problems(template.subject)) if template.subject else []
    if template.text:
        problems += language_problems(template.text, FIELDS)
    if template.html:
        problems += markup_problems(template.html, WHAT, FIELDS)
    raise_for(problems or list(_untold(template)))


def _subject_problems(subject: str) -> Iterator[str]:
    yield from language_problems(subject, SUBJECT_FIELDS)
    if "\n" in subject or len(subject) > MOST_SUBJECT:
        yield f"line 1: a subject is one line of at most {MOST_SUBJECT} characters"


def _untold(template: NoticeTemplate) -> Iterator[str]:
    """What good news or bad would not tell any more."""
    for letter in _SAMPLES:
        news = "good" if letter.good else "bad"
        look = look_of(letter, "", "", Dress("company-a", {"": template}))
        for where, written in (("text", look.text), ("html", look.html)):
            missing = [name for name in MUST_BE_TOLD if f"{name}-a" not in written]
            yield from (f"line 1: {{{{ {name} }}}} is missing in the {where} of {news} news" for name in missing)
        if template.subject and letter.title not in look.subject:
            yield f"line 1: {{{{ title }}}} is missing in the subject of {news} news"


def _short(letter: Letter, about: str, company: str) -> dict[str, str]:
    news = {"good": "yes", "bad": ""} if letter.good else {"good": "", "bad": "yes"}
    return {"title": letter.title, "about": about, "company": company, **news}


def _words(letter: Letter, about: str, company: str) -> dict[str, str]:
    told = {"happened": letter.happened, "means": letter.means, "next": letter.next, "foot": letter.foot}
    return _short(letter, about, company) | told


def _as_text(letter: Letter, about: str, company: str) -> dict[str, str]:
    tables = "\n\n".join("\n".join((table.title, "", *table.lines())) for table in letter.tables)
    return _words(letter, about, company) | {"facts": facts_as_text(letter), "tables": tables}


def _as_html(letter: Letter, about: str, company: str) -> dict[str, str]:
    return _words(letter, about, company) | {"facts": facts_as_html(letter), "tables": tables_as_html(letter)}


def _filled(template: str, fields: Mapping[str, str], known: Mapping[str, str] = FIELDS) -> str:
    return _tried(template, fields, known, lambda _name, value: value)


def _html(template: str, fields: Mapping[str, str]) -> str:
    return _tried(template, fields, FIELDS, lambda name, value: value if name in _BLOCKS else escaped(name, value))


def _tried(template: str, fields: Mapping[str, str], known: Mapping[str, str], written: Written) -> str:
    """Filled, or empty: what was taken once need not be what is taken now, and no notice is lost for its look."""
    try:
        return fill(template, fields, known, written)
    except TemplateError:
        return ""


def _line(text: str) -> str:
    return " ".join(text.split())


def _paragraphs(text: str) -> str:
    """Without the gaps that sections leave: no two empty lines follow each other, none stands at the ends."""
    lines: Sequence[str] = text.split("\n")
    kept = [
        line.rstrip() for number, line in enumerate(lines) if line.strip() or (number and lines[number - 1].strip())
    ]
    return "\n".join(kept).strip("\n") + "\n" if any(kept) else ""
