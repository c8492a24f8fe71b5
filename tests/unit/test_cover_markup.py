"""What an uploaded template may hold: hostile and careless ones are refused by line, and readers agree on the rest."""

import base64
import io
import re
from pathlib import Path

import pytest
import tinyhtml5
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from coverpages.cover import shipped
from coverpages.language import TemplateError, fill
from coverpages.markup import MOST_BYTES, check, read_template

GOOD = "<p>Fax {{ recipient_number }}</p>\n"


def problems(template: str) -> list[str]:
    """What is wrong with it; nothing when it may be used."""
    try:
        check(template)
    except TemplateError as error:
        return list(error.problems)
    return []


def picture(kind: str = "png") -> str:
    content = io.BytesIO()
    Image.new("1", (8, 8)).save(content, kind)
    return f"data:image/{kind};base64,{base64.b64encode(content.getvalue()).decode()}"


# What may be.


@pytest.mark.parametrize("name", sorted(shipped()))
def test_what_ships_would_be_taken(name: str) -> None:
    assert read_template(shipped()[name].html.encode()) == shipped()[name].html


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[2] / "samples" / "covers").iterdir()), ids=str)
def test_the_samples_would_be_taken_and_are_described(path: Path) -> None:
    assert read_template(path.read_bytes())
    assert path.name in (path.parents[1] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "template",
    [
        f'<img src="{picture()}" width="80" alt="our logo">',
        f"<div style=\"background: url('{picture('gif')}')\">x</div>",
        f"<style>.a {{ list-style-image: url({picture('jpeg')}) }}</style>",
        "<style>@page :first { margin: 2cm; @bottom-left { content: counter(page) } }</style>",
        "<style>@media print { p { margin: 0 } }</style>",
        "<!DOCTYPE html><html lang=de><head><meta charset=utf-8><title>x</title></head><body>&lt; &amp;</body></html>",
        "<!-- our cover of May --><p class='a b' dir=rtl>x<br/>y",
        "<table><tr>{{#date}}<td>{{ date }}</td>{{/date}}</tr></table>",
        "<table>" + "<tr><td>x" * 500 + "</table>" + "<ul>" + "<li>x" * 500,
        "<p>5 > 4, {x}, }} and & alone</p>",
        "<style>p { color: rgb(0 0 0 / 50%); width: calc(100% - 2cm) } .a:not(.b) > p::before { content: '>' }</style>",
    ],
)
def test_ordinary_templates_are_taken(template: str) -> None:
    assert problems(GOOD + template) == []


def test_line_ends_and_a_byte_order_mark_are_made_plain() -> None:
    assert read_template(b"\xef\xbb\xbf<p>\r\n{{ subject }}\r</p>") == "<p>\n{{ subject }}\n</p>"


# What may not. The line is the second, for the first is good.

FETCHED = "nothing is fetched"
REFUSED = [
    ("<script>x()</script>", "<script> may not stand in a cover page: it runs nothing"),
    ("<ScRiPt src=//x.example></ScRiPt>", "<script> may not"),
    ("<iframe src=x></iframe>", "<iframe> may not stand in a cover page: it runs nothing"),
    ("<object data=x></object>", "<object> may not"),
    ("<svg onload=x()></svg>", f"<svg> may not stand in a cover page: {FETCHED}"),
    ("<link rel=stylesheet href=//fonts.example/css>", f"<link> may not stand in a cover page: {FETCHED}"),
    ("<base href=//x.example>", "<base> may not"),
    ("<form action=x><input></form>", "<form> may not"),
    ("<math><mi>x</mi></math>", "<math> may not"),
    ("<template>x</template>", "<template> may not"),
    ("<meta http-equiv=refresh content='0;url=//x.example'>", "attribute 'http-equiv' of <meta>"),
    ("<meta charset=latin1>", "charset 'latin1': a cover page is UTF-8"),
    ("<p onclick='x()'>x</p>", "event handler onclick of <p>"),
    ("<body\nONLOAD=x>", "event handler onload of <body>"),
    ("<img src='https://x.example/a.png'>", f"src of <img> refers to 'https://x.example/a.png': {FETCHED}"),
    ("<img src=cid:logo>", "refers to 'cid:logo'"),
    ("<img src='file:///etc/passwd'>", "src of <img>"),
    ("<img src='data:image/svg+xml;base64,AAAA'>", "src of <img>"),
    ("<img src='data:image/png;base64,AAAA'>", "refers to 'data:image/png;base64,AAAA': nothing is fetched"),
    ("<img src='data:image/png;base64,iVBORw0KGgo'>", "src of <img>"),
    ("<img src='data:image/gif;base64,iVBORw0KGgo='>", "src of <img>"),
    ("<img src='data:text/html;base64,AAAA'>", "src of <img>"),
    ("<img src='data&colon;image/png;base64,<script>'>", "src of <img>"),
    ("<img srcset='a.png 2x'>", "srcset of <img>"),
    ("<td background=//x.example/a.png>", "background of <td>"),
    ("<p data-x=1>", "attribute 'data-x' of <p>"),
    ("<p style='background: url(//x.example/a)'>", f"url('//x.example/a'): {FETCHED}"),
    ("<p style='background: \\75 rl(//x.example/a)'>", "url('//x.example/a')"),
    ("<p style='background: url(\"//x.example/a\")'>", "url('//x.example/a')"),
    ("<p style='content: attr(class)'>", "attr() may not stand"),
    ("<p style='background: image-set(\"a.png\" 1x)'>", "image-set() may not"),
    ("<style>@import '//x.example/a.css';</style>", f"@import: {FETCHED}"),
    ("<style>@\\69mport '//x.example/a.css';</style>", f"@import: {FETCHED}"),
    ("<style>@import url(a.css);</style>", "@import"),
    ("<style>@font-face { font-family: A; src: url(//x.example/a.woff) }</style>", "@font-face: fonts are those of"),
    ("<style>@namespace svg url(x);</style>", "@namespace may not"),
    ("<style>p { background: url(//x.example/a) }</style>", "url('//x.example/a')"),
    ("<style>p { width: expression(alert(1)) }</style>", "expression() may not"),
    ("<style>p { background: url(a b) }</style>", "the style is no CSS"),
    ("<style>p } </style>", "the style is no CSS"),
    ("<style>a</style x><script>", ": "),
    ("<style>p { margin: 0 }", "<style> is never closed"),
    ("<title>x", "<title> is never closed"),
    ("<style><!-- </style>", "write &lt; for a <"),
    ("<![CDATA[ <p> ]]>", "may not stand in a cover page"),
    ("<?xml version='1.0'?>", "may not stand in a cover page"),
    ("<!-- a > b -->", "a comment may hold neither"),
    ("a < b", "write &lt; for a <"),
    ("<p", "write &lt; for a <"),
    ("\x00", "control character U+0000"),
    ("\x1b[31m", "control character U+001B"),
    ("{{ sendr }}", "unknown field 'sendr'; known are sender, "),
    ("{{ sender", "{{ is not closed by }}"),
    ("{{#date}}", "{{#date}} is never closed"),
    ("<p title='{{ subject }}'>", "{{ subject }} stands inside a tag: a field may stand in text only"),
    ("<p {{#date}}class=x{{/date}}>", "{{#date}} stands inside a tag"),
    ("<{{#date}}{{/date}}script>x", "write &lt; for a <"),
    ("<style>p { content: '{{ subject }}' }</style>", "{{ subject }} stands inside <style>"),
    ("<title>{{ subject }}</title>", "{{ subject }} stands inside <title>"),
    ("<!-- {{ subject }} -->", "{{ subject }} stands inside a comment"),
    ("<!{{#date}}--{{/date}}>", "stands inside a comment"),
]


@pytest.mark.parametrize(("template", "words"), REFUSED, ids=[template for template, _ in REFUSED])
def test_what_may_not_stand_there_is_refused_by_line(template: str, words: str) -> None:
    found = problems(GOOD + template)

    assert any(problem.startswith("line 2: ") and words in problem for problem in found), found


def test_a_problem_deep_in_a_sheet_names_its_own_line() -> None:
    template = f"{GOOD}<style>\np {{ margin: 0 }}\n\n\nh1 {{ background: url(x) }}\n</style>"

    assert [problem.split(":")[0] for problem in problems(template)] == ["line 6"]


def test_all_problems_come_in_the_order_of_lines() -> None:
    template = f"{GOOD}<script>\n</script>\n{{{{ x }}}}\n<p onclick=x>\n{{{{ y }}}}"

    assert [problem.split(":")[0] for problem in problems(template)] == ["line 2", "line 4", "line 5", "line 6"]


def test_elements_within_elements_end_somewhere() -> None:
    assert "line 1: <div> is nested too deep" in problems("<div>" * 3000 + "{{ subject }}")


def test_a_template_without_any_field_is_none() -> None:
    assert problems("<p>hello</p>") == ["line 1: no field is used: a cover page says at least {{ recipient_number }}"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"x" * (MOST_BYTES + 1), f"{MOST_BYTES + 1} bytes are too many"),
        (b"<p>\n\nGr\xfc\xdfe</p>", "line 3: byte 0xfc is not UTF-8"),
        ("<p>{{ subject }}".encode("utf-16"), "line 1: byte 0xff is not UTF-8"),
        (b" \n", "there is nothing in it"),
        (b"", "there is nothing in it"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "line 2: byte 0xe2 is not UTF-8"),
    ],
)
def test_what_is_no_template_at_all_is_told_so(content: bytes, words: str) -> None:
    with pytest.raises(TemplateError) as caught:
        read_template(content)

    assert words in str(caught.value)


# What passes the check is to the reader that lays pages out what it was to the check.

FRAGMENTS = st.sampled_from(
    [
        "<p>", "</p>", "<b", ">", "<", "<style>p</style x>", "<style></ style>",
        "<script>x", "&#", "</", "/>", "<!--", "-->", "--!>", "<!", "<?", "]]>", "<title>", "</title>",
        "<style>", "</style>", "</style ", "<table>", "<tr>", "<td>", "<script>", "</script>", "<svg>", "<img ",
        "src=", "x", "'", '"', "onload=", "=", " ", "\n", "&lt;", "&#60;", "&", "{{ subject }}", "{{#date}}",
        "{{/date}}", "{{", "}}", "{{ body }}", "url(", "@import ", "\\", "/*", "*/", "style=", "class=", "\t", "\x00",
    ]
)  # fmt: skip
VALUES = st.sampled_from(["", "x", "<script>", "--><script>", "' onload=x", "</style><script>", "שבת <b>\n\nx"])


@given(parts=st.lists(FRAGMENTS, max_size=14), subject=VALUES, body=VALUES, date=st.sampled_from(["", "x"]))
def test_no_template_that_passes_gives_the_layout_anything_to_run_or_fetch(
    parts: list[str], subject: str, body: str, date: str
) -> None:
    template = "{{ subject }}" + "".join(parts)
    if problems(template):
        return

    document = tinyhtml5.parse(fill(template, {"subject": subject, "body": body, "date": date}))

    for element in document.iter():
        tag = str(element.tag).rpartition("}")[2]
        assert tag not in {"script", "svg", "link", "iframe", "object"}
        assert not any(re.match(r"on|src|href", name) for name in element.attrib)


def test_the_property_above_meets_templates_that_pass() -> None:
    passing = [
        "<p>",
        "{{ body }}",
        "</p>",
        "<title>",
        "x",
        "</title>",
        "<!--",
        "x",
        "-->",
        "{{#date}}",
        "<td>",
        "{{/date}}",
    ]

    assert problems("{{ subject }}" + "".join(passing)) == []
