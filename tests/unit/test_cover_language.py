"""The language of cover templates: fields, sections, and values that never become anything but text."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverpages.cover import shipped
from coverpages.fields import FIELDS, SAMPLE
from coverpages.language import TemplateError, fill, used_fields

FULL = {name: f"value of {name}" for name in FIELDS}
PLAIN = shipped()["plain"].html


class Words(HTMLParser):
    """What a reader of HTML finds."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_comment(self, data: str) -> None:
        self.tags.append(("!", [(data, None)]))

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())


def read(html: str) -> Words:
    reader = Words()
    reader.feed(html)
    reader.close()
    return reader


def test_a_field_becomes_its_value() -> None:
    assert fill("<p>{{ subject }} / {{pages}}</p>", {"subject": "Hi", "pages": "3"}) == "<p>Hi / 3</p>"


def test_values_are_escaped() -> None:
    filled = fill("<p>{{subject}} {{ body }}</p>", {"subject": "\"'><b", "body": "<script>&"})

    assert filled == "<p>&quot;&#x27;&gt;&lt;b &lt;script&gt;&amp;</p>"


HOSTILE = st.lists(
    st.sampled_from(
        ["<", ">", "&", "'", '"', "-->", "<!--", "</style>", "<script>", "{{ sender }}", "{{#body}}", "]]>"]
    )
    | st.text(max_size=5)
).map("".join)


@given(value=HOSTILE, name=st.sampled_from(sorted(FIELDS)), cover=st.sampled_from(sorted(shipped())))
def test_no_value_of_any_field_can_add_markup(value: str, name: str, cover: str) -> None:
    ours = [("span", [("dir", "rtl"), ("style", "display: block; direction: rtl; text-align: right")])]
    ours += [("span", [("style", "display: block")])]

    tags = read(fill(shipped()[cover].html, {name: "x" + value})).tags

    assert [tag for tag in tags if tag not in ours] == read(fill(shipped()[cover].html, {name: "x"})).tags


@given(value=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=60))
def test_what_a_value_says_is_what_is_read(value: str) -> None:
    words = "".join(read(fill("<p>{{ subject }}</p>", {"subject": value})).words)

    assert words.strip("\u2067\u2069").split() == value.strip("\u2067\u2069").split()


@given(value=st.text(max_size=40))
def test_a_filled_page_can_always_be_written(value: str) -> None:
    written = fill("<p>{{ subject }}</p>", {"subject": value}).encode("utf-8")

    assert not any(byte < 32 and byte not in b"\t\n\r" for byte in written)


def test_braces_in_a_value_are_not_read_as_fields() -> None:
    assert "{{ sender }}" in fill(PLAIN, {"subject": "{{ sender }}", "sender": "Nobody"})


def test_a_field_without_value_is_empty() -> None:
    assert fill("a{{subject}}b", {}) == "ab"


# From right to left.


def test_one_line_from_right_to_left_keeps_its_full_stop_at_its_end() -> None:
    assert fill("{{ subject }}", {"subject": "שבת."}) == "\u2067שבת.\u2069"


def test_lines_from_right_to_left_are_set_so_and_the_others_are_not() -> None:
    lines = fill("{{ body }}", {"body": "Dear all,\n\nשבת <b>"}).split("</span>")

    assert lines[0] == '<span style="display: block">Dear all,'
    assert lines[1] == '<span style="display: block">&nbsp;'
    assert lines[2].startswith('<span dir="rtl"')
    assert lines[2].endswith("שבת &lt;b&gt;")


@pytest.mark.parametrize("text", ["Dear all,\nbye", "拝啓\n감사합니다", "Über שבת", ""])
def test_what_begins_from_left_to_right_is_plain_text(text: str) -> None:
    assert fill("{{ body }}", {"body": text}) == text


# Sections.


@pytest.mark.parametrize(("value", "shown"), [("Dr. X", "<b>Dr. X</b>"), ("", ""), ("  \n", "")])
def test_a_section_is_left_out_with_its_value(value: str, shown: str) -> None:
    assert fill("{{#sender}}<b>{{ sender }}</b>{{/sender}}", {"sender": value}) == shown


def test_a_section_of_several_fields_stays_for_any_of_them() -> None:
    html = "{{#sender_phone|sender_fax}}call {{sender_phone}}{{sender_fax}}{{/sender_phone|sender_fax}}"

    assert fill(html, {"sender_fax": "12"}) == "call 12"
    assert fill(html, {}) == ""


def test_sections_nest() -> None:
    html = "{{#sender}}a{{#subject}}b{{/subject}}c{{/sender}}"

    assert fill(html, {"sender": "x"}) == "ac"
    assert fill(html, {"subject": "x"}) == ""
    assert fill(html, {"sender": "x", "subject": "y"}) == "abc"


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
def test_a_broken_template_names_line_and_field(source: str, words: str) -> None:
    with pytest.raises(TemplateError) as caught:
        fill(source, FULL)

    assert words in str(caught.value)


def test_every_problem_is_there_and_the_first_five_are_told() -> None:
    with pytest.raises(TemplateError) as caught:
        fill("\n".join(f"{{{{f{number}}}}}" for number in range(1, 8)), {})

    assert len(caught.value.problems) == 7
    assert "line 5: unknown field 'f5'" in str(caught.value)
    assert "'f6'" not in str(caught.value)
    assert str(caught.value).endswith("; and 2 more")


def test_an_unknown_field_lists_those_known() -> None:
    with pytest.raises(TemplateError, match="recipient_name, recipient_company"):
        fill("{{ recipient }}", {})


def test_a_field_that_the_caller_invents_is_the_callers_mistake() -> None:
    with pytest.raises(KeyError, match="colour"):
        fill(PLAIN, {"colour": "red"})


def test_used_fields_come_in_the_order_of_the_list() -> None:
    assert used_fields("{{ pages }}{{#sender|subject}}{{ pages }}{{/sender|subject}}") == ["sender", "subject", "pages"]


# The fields themselves.


def test_every_field_says_what_it_is() -> None:
    assert all(words and not words.endswith(".") for words in FIELDS.values())


def test_every_field_has_a_value_to_preview_with() -> None:
    assert set(SAMPLE) == set(FIELDS)
