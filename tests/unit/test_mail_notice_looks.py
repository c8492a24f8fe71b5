"""A company's own looks: what a template may hold, what it must say, and what becomes of it when it is filled."""

from collections.abc import Mapping
from dataclasses import replace
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverpages.language import TemplateError
from gateway.domain.notice_templates import EVERY_KIND, Dress, NoticeTemplate
from gateway.mail.letter import Letter, Table, as_html, as_text
from gateway.mail.notice_looks import FIELDS, MOST_OCTETS, Look, check, look_of, read_template, start

LETTER = Letter(
    title="Fax to +1 202 555 0123 was not delivered: Busy",
    happened="The number was busy every time we called.",
    means="The line was in use by somebody else.",
    next="Send the fax again later.",
    good=False,
    rows=(("Job", "K7P2QX"), ("Answered as", "<b>Smith & Co</b>")),
    tables=(Table("Calls", ("No.", "Outcome"), (("1", "Busy"), ("2", "Busy"))),),
)
WHOLE = "{{ happened }} {{ next }} {{ facts }} {{ tables }}"
HTML = f"<html><body><h1>{{{{ company }}}}</h1>{WHOLE}</body></html>"


def dressed(kind: str = "delivery-failure", **templates: NoticeTemplate) -> Look:
    """The letter, in the dress of a company that has these templates; underscores stand for hyphens."""
    own = {name.replace("_", "-"): template for name, template in templates.items()}
    return look_of(LETTER, kind, "job K7P2QX", Dress("Acme & Sons", own))


def problems(template: NoticeTemplate) -> str:
    with pytest.raises(TemplateError) as caught:
        check(template)
    return "\n".join(caught.value.problems)


# Filling.


def test_without_a_dress_a_notice_looks_as_for_everybody() -> None:
    look = look_of(LETTER, "delivery-failure", "job K7P2QX")

    assert look == Look(f"{LETTER.title} (job K7P2QX)", as_text(LETTER), as_html(LETTER))


def test_a_template_is_filled_with_what_the_notice_says() -> None:
    own = NoticeTemplate("[{{ company }}] {{ title }}, {{ about }}", f"{{{{ company }}}}\n\n{WHOLE}\n", HTML)

    look = dressed(delivery_failure=own)

    assert look.subject == f"[Acme & Sons] {LETTER.title}, job K7P2QX"
    assert look.text.startswith(
        "Acme & Sons\n\nThe number was busy every time we called. Send the fax again later. Job:"
    )
    assert "<h1>Acme &amp; Sons</h1>" in look.html


def test_what_others_say_cannot_write_html_in_any_template() -> None:
    html = dressed(delivery_failure=NoticeTemplate(html=HTML)).html

    assert "&lt;b&gt;Smith &amp; Co&lt;/b&gt;" in html
    assert "<b>Smith" not in html


def test_pieces_that_are_not_given_look_as_for_everybody() -> None:
    look = dressed(delivery_failure=NoticeTemplate(html=HTML))

    assert (look.subject, look.text) == (f"{LETTER.title} (job K7P2QX)", as_text(LETTER))


def test_the_template_of_every_kind_counts_where_there_is_none_of_the_own_kind() -> None:
    every, own = NoticeTemplate("every {{ title }}", "", HTML), NoticeTemplate("own {{ title }}")

    of_this = dressed(**{EVERY_KIND: every, "delivery_failure": own})
    of_another = dressed("delivery-success", **{EVERY_KIND: every, "delivery_failure": own})

    assert (of_this.subject[:3], of_another.subject[:5]) == ("own", "every")
    assert "Acme &amp; Sons" in of_this.html


def test_sections_tell_good_news_from_bad() -> None:
    own = NoticeTemplate("{{#good}}Done: {{/good}}{{#bad}}Trouble: {{/bad}}{{ title }}")

    bad = look_of(LETTER, "x", "", Dress("Acme", {"x": own}))
    good = look_of(replace(LETTER, good=True), "x", "", Dress("Acme", {"x": own}))

    assert (bad.subject[:9], good.subject[:6]) == ("Trouble: ", "Done: ")


def test_a_section_that_is_left_out_leaves_no_gap_in_the_text() -> None:
    own = NoticeTemplate(
        text="{{ happened }}\n\n{{#good}}\nWell done.\n{{/good}}\n\n{{ next }} {{ facts }} {{ tables }}"
    )

    text = dressed(delivery_failure=own).text

    assert text.startswith("The number was busy every time we called.\n\nSend the fax again later.")


def test_a_template_that_cannot_be_filled_any_more_costs_no_notice() -> None:
    old = NoticeTemplate("{{ gone }}", "{{ gone }}", "{{#gone}}")

    assert dressed(delivery_failure=old) == look_of(LETTER, "delivery-failure", "job K7P2QX")


# Checking.


def test_a_template_that_tells_everything_is_taken() -> None:
    check(NoticeTemplate("{{ title }}", WHOLE, HTML))


def test_what_ships_to_begin_with_is_taken_and_says_the_same() -> None:
    begin = start()

    check(begin)

    look = dressed(delivery_failure=begin)
    assert look.text.replace("\n  ", "\n").split("\n")[:9] == as_text(LETTER).split("\n")[:9]
    assert "The number was busy every time we called." in look.html


@pytest.mark.parametrize(
    ("html", "words"),
    [
        (HTML + "{{ subject }}", "line 1: unknown field 'subject'; known are title, happened"),
        (HTML + "\n{{#good}}", "line 2: {{#good}} is never closed"),
        (HTML + "{{ title", "line 1: {{ is not closed by }}"),
        (HTML + "<script>alert(1)</script>", "<script> may not stand in a notice: it runs nothing"),
        (HTML + "<img src='https://x.example/dot.gif'>", "nothing is fetched"),
        (HTML + "<img src='//x.example/dot.gif'>", "nothing is fetched"),
        (HTML + "<a href='https://x.example'>here</a>", "<a> may not stand in a notice"),
        (HTML + "<p style='background: url(http://x.example/a.png)'>x</p>", "nothing is fetched"),
        (HTML + "<style>@import 'http://x.example/a.css';</style>", "@import: nothing is fetched"),
        (HTML + "<style>p { background: \\75rl(http://x.example/a) }</style>", "nothing is fetched"),
        (HTML + "<meta http-equiv='refresh' content='0;url=http://x.example'>", "attribute 'http-equiv'"),
        (HTML + "<p onclick='x()'>x</p>", "a notice runs nothing"),
        (HTML + "<p title='{{ title }}'>x</p>", "stands inside a tag"),
        (HTML + "<form action='http://x.example'><input></form>", "<form> may not stand in a notice"),
        (HTML + "<p>\x01</p>", "control character U+0001"),
    ],
)
def test_what_is_unknown_unsafe_or_remote_is_refused_by_line(html: str, words: str) -> None:
    assert words in problems(NoticeTemplate(html=html))


@pytest.mark.parametrize("name", ["happened", "next", "facts", "tables"])
def test_no_template_may_keep_what_must_be_told(name: str) -> None:
    without = NoticeTemplate(text=WHOLE.replace(f"{{{{ {name} }}}}", ""), html=HTML.replace(f"{{{{ {name} }}}}", ""))

    found = problems(without)

    assert f"{{{{ {name} }}}} is missing in the text of good news" in found
    assert f"{{{{ {name} }}}} is missing in the html of bad news" in found


def test_what_must_be_told_may_not_hide_in_a_section() -> None:
    hidden = NoticeTemplate(text=WHOLE.replace("{{ next }}", "{{#good}}{{ next }}{{/good}}"))

    assert problems(hidden) == "line 1: {{ next }} is missing in the text of bad news"


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("News", "{{ title }} is missing in the subject"),
        ("{{ title }} {{ facts }}", "unknown field 'facts'; known are title, company, about"),
        ("{{ title }}\nBcc: all@x.example", "a subject is one line"),
        ("{{ title }}" + "x" * 200, "at most 200 characters"),
    ],
)
def test_a_subject_is_one_line_with_the_title_in_it(subject: str, words: str) -> None:
    assert words in problems(NoticeTemplate(subject))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"x" * (MOST_OCTETS + 1), "bytes are too many"),
        (b"\xff\xfe", "is not UTF-8"),
        (b" \r\n ", "nothing in it"),
    ],
)
def test_a_file_that_is_no_template_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        read_template(content)


def test_line_ends_and_marks_of_other_systems_are_taken() -> None:
    assert read_template(b"\xef\xbb\xbfa\r\nb\rc") == "a\nb\nc"


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).map(str.strip).filter(bool)


@given(values=st.fixed_dictionaries(dict.fromkeys(("happened", "means", "next", "title"), WORDS)))
def test_any_words_come_through_a_template_as_words(values: Mapping[str, str]) -> None:
    letter = replace(LETTER, **values)
    template = NoticeTemplate("{{ title }}", WHOLE, f"<p>{{{{ happened }}}}</p>{WHOLE}")

    look = look_of(letter, "x", "", Dress("Acme", {"x": template}))

    assert look.subject == " ".join(values["title"].split())
    assert values["next"] in unescape(look.html).replace("\u2067", "").replace("\u2069", "")
    assert "<b>" not in look.html


def test_every_field_has_words_for_the_list() -> None:
    assert all(about and about[0].islower() for about in FIELDS.values())
