"""Cover pages: the closed language of templates and the one that ships."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverpages import cover
from coverpages.cover import FIELDS, TemplateError, fill, templates, used_fields

FULL = {name: f"value of {name}" for name in FIELDS}


def template(folder: Path, source: str | bytes) -> str:
    content = source.encode() if isinstance(source, str) else source
    (folder / "template.html").write_bytes(content)
    return str(folder)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())


def read(html: str) -> _Words:
    reader = _Words()
    reader.feed(html)
    return reader


def test_a_field_becomes_its_value(tmp_path: Path) -> None:
    assert (
        fill(template(tmp_path, "<p>{{ subject }} / {{pages}}</p>"), {"subject": "Hi", "pages": "3"}) == "<p>Hi / 3</p>"
    )


def test_values_are_escaped(tmp_path: Path) -> None:
    filled = fill(template(tmp_path, '<p title="{{subject}}">{{ body }}</p>'), {"subject": '"><b', "body": "<script>&"})
    assert filled == '<p title="&quot;&gt;&lt;b">&lt;script&gt;&amp;</p>'


@given(value=st.text(max_size=80))
def test_no_value_can_add_markup(value: str) -> None:
    plain, filled = fill("builtin", {"subject": "x"}), fill("builtin", {"subject": "x" + value})
    assert read(filled).tags == read(plain).tags


def test_braces_in_a_value_are_not_read_as_fields() -> None:
    assert "{{ sender }}" in fill("builtin", {"subject": "{{ sender }}", "sender": "Nobody"})


def test_a_field_without_value_is_empty(tmp_path: Path) -> None:
    assert fill(template(tmp_path, "a{{subject}}b"), {}) == "ab"


@pytest.mark.parametrize(("value", "shown"), [("Dr. X", "<b>Dr. X</b>"), ("", ""), ("  \n", "")])
def test_a_section_is_left_out_with_its_value(tmp_path: Path, value: str, shown: str) -> None:
    folder = template(tmp_path, "{{#sender}}<b>{{ sender }}</b>{{/sender}}")
    assert fill(folder, {"sender": value}) == shown


def test_a_section_of_several_fields_stays_for_any_of_them(tmp_path: Path) -> None:
    folder = template(
        tmp_path, "{{#sender_phone|sender_fax}}call {{sender_phone}}{{sender_fax}}{{/sender_phone|sender_fax}}"
    )
    assert fill(folder, {"sender_fax": "12"}) == "call 12"
    assert fill(folder, {}) == ""


def test_sections_nest(tmp_path: Path) -> None:
    folder = template(tmp_path, "{{#sender}}a{{#subject}}b{{/subject}}c{{/sender}}")
    assert fill(folder, {"sender": "x"}) == "ac"
    assert fill(folder, {"subject": "x"}) == ""
    assert fill(folder, {"sender": "x", "subject": "y"}) == "abc"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("one\ntwo {{ sendr }}", "line 2: unknown field 'sendr'"),
        ("{{#nobody}}x{{/nobody}}", "line 1: unknown field 'nobody'"),
        ("{{#sender|ghost}}x{{/sender|ghost}}", "unknown field 'ghost'"),
        ("{{ }}", "line 1: unknown field ''"),
        ("{{ 7*7 }}", "unknown field"),
        ("{{ sender.__class__ }}", "unknown field"),
        ("a\n{{#sender}}b", "line 2: {{#sender}} is never closed"),
        ("a{{/sender}}", "line 1: {{/sender}} closes no open section"),
        ("{{#sender}}{{#subject}}\n{{/sender}}{{/subject}}", "line 2: {{/sender}} closes no open section"),
    ],
)
def test_a_broken_template_names_line_and_field(tmp_path: Path, source: str, words: str) -> None:
    folder = template(tmp_path, source)
    for act in (lambda: fill(folder, FULL), lambda: used_fields(folder)):
        with pytest.raises(TemplateError) as caught:
            act()
        assert words in str(caught.value)


def test_an_unknown_field_lists_those_known(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="recipient_name, recipient_company"):
        fill(template(tmp_path, "{{ recipient }}"), {})


def test_a_field_that_the_caller_invents_is_the_callers_mistake() -> None:
    with pytest.raises(KeyError, match="colour"):
        fill("builtin", {"colour": "red"})


def test_a_template_that_is_not_there_is_named() -> None:
    with pytest.raises(TemplateError, match="no cover page 'fancy'"):
        fill("fancy", {})


def test_a_template_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="not UTF-8"):
        fill(template(tmp_path, "Grüße".encode("latin-1")), {})


def test_the_builtin_template_ships() -> None:
    assert "builtin" in templates()


@pytest.mark.parametrize("name", templates())
def test_every_shipped_template_shows_every_field_it_asks_for(name: str) -> None:
    words = " ".join(read(fill(name, FULL)).words)
    assert all(f"value of {field}" in words for field in used_fields(name))


@pytest.mark.parametrize("name", templates())
def test_every_shipped_template_has_what_a_fax_needs(name: str) -> None:
    assert {"sender", "recipient_name", "recipient_number", "subject", "body", "pages", "date"} <= set(
        used_fields(name)
    )


@pytest.mark.parametrize("name", templates())
def test_no_shipped_template_reaches_outside_or_runs_anything(name: str) -> None:
    source = (Path(cover.__file__).parent / "templates" / name / "template.html").read_text("utf-8").lower()
    assert not any(word in source for word in ("http:", "https:", "<script", "@import", "<link", "url("))


def test_rows_without_values_are_left_out() -> None:
    words = read(fill("builtin", {"recipient_number": "+14155550100", "pages": "2"})).words
    assert "Reference" not in words
    assert "Date" not in words
    assert not any("Phone" in word for word in words)
    assert "Fax +14155550100" in words


def test_every_field_says_what_it_is() -> None:
    assert all(words and not words.endswith(".") for words in FIELDS.values())
