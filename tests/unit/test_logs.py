"""Logs: the two looks of a line, what is left out, what is masked; and that every event is in the list."""

import ast
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.log_events import EVENTS
from gateway.logs import FORMATS, JsonLines, TextLines, masked, start_logging

GATEWAY = Path(__file__).parents[2] / "gateway"
METHODS = {"debug", "info", "warning", "error", "exception", "log"}


def record(event: str, name: str = "gateway.flows", **fields: object) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.WARNING, "", 0, event, (), None)
    made.created = 1_772_463_845.678
    made.__dict__.update(fields)
    return made


def told(event: str, **fields: object) -> dict[str, object]:
    return json.loads(JsonLines().format(record(event, **fields)))  # type: ignore[no-any-return]


def calls_to_loggers() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(GATEWAY.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and is_of_a_logger(node.func):
                yield f"{path.relative_to(GATEWAY)}:{node.lineno}", node


def is_of_a_logger(function: ast.expr) -> bool:
    if not isinstance(function, ast.Attribute) or function.attr not in METHODS:
        return False
    return isinstance(function.value, ast.Name) and function.value.id in ("log", "logger")


def named_events(call: ast.Call) -> set[str]:
    """The texts among the positional arguments; where one of two is chosen, both."""
    return {node.value for one in call.args for node in ast.walk(one) if isinstance(node, ast.Constant)}


def test_a_line_of_json_has_time_level_event_and_the_events_fields() -> None:
    assert told("call-ended", job="7K3M9Q2P", outcome="Busy", seconds=12, trunk="one") == {
        "time": "2026-03-02T15:04:05.678+00:00",
        "level": "warning",
        "event": "call-ended",
        "job": "7K3M9Q2P",
        "trunk": "one",
        "outcome": "Busy",
        "seconds": 12,
    }


def test_a_line_for_eyes_has_the_same_and_quotes_what_has_spaces() -> None:
    line = TextLines().format(record("submission-rendered", submission=7, pages=3, job=["7K3M9Q2P", "7K3M9Q2R"]))
    other = TextLines().format(record("alarm-raised", kind="disk-low", detail="0.1 GB are free\nx"))

    assert line == (
        "2026-03-02T15:04:05.678+00:00 warning submission-rendered submission=7 pages=3 job=7K3M9Q2P,7K3M9Q2R"
    )
    assert other.endswith('alarm-raised kind=disk-low detail="0.1 GB are free\\nx"')


def test_a_field_that_the_event_does_not_have_is_left_out() -> None:
    line = told("submission-accepted", submission=7, subject="Offer", detail="private", file="offer.pdf")

    assert set(line) == {"time", "level", "event", "submission"}


def test_an_event_that_is_not_listed_is_told_by_its_name_alone() -> None:
    assert set(told("something-new", job="7K3M9Q2P", detail="private")) == {"time", "level", "event"}


def test_what_libraries_say_is_left_out_for_it_may_quote_a_mail() -> None:
    line = JsonLines().format(record("could not parse 'Dear Mr Smith'", name="asyncio", detail="Dear"))

    assert json.loads(line)["event"] == "library"
    assert json.loads(line)["kind"] == "asyncio"
    assert "Dear" not in line


@pytest.mark.parametrize("name", ["gatewayx", "gateway_more.x"])
def test_a_library_is_whoever_is_not_us(name: str) -> None:
    assert json.loads(JsonLines().format(record("hello", name=name)))["event"] == "library"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("call to +12025550123 broke", "call to +12*******23 broke"),
        ("+1 (202) 555-0123", "+1 ************23"),
        ("12025550123", "120******23"),
        ("from ann.lee+fax@acme.example, twice", "from *** twice"),
        ("127.0.0.1: 8025, 587", "127.0.0.1: 8025, 587"),
        ("exit status 7", "exit status 7"),
        ("1 2 3 4 5 6", "1 2 3 4 5 6"),
        ("+12*******23", "+12*******23"),
    ],
)
def test_numbers_and_addresses_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_masking_happens_whatever_a_caller_passes() -> None:
    line = told("call-ended", destination="+12025550123", detail="busy at +12025550123")

    assert (line["destination"], line["detail"]) == ("+12*******23", "busy at +12*******23")


def test_a_log_line_names_kind_and_place_of_an_exception_and_never_its_text() -> None:
    try:
        raise ValueError("diagnosis: private")
    except ValueError as error:
        fault = (ValueError, error, error.__traceback__)
    crashed = logging.LogRecord("gateway.x", logging.ERROR, "", 0, "smtp.fault", (), fault)

    written = JsonLines().format(crashed)

    assert json.loads(written)["error"] == "ValueError"
    assert json.loads(written)["at"].startswith("test_logs:")
    assert "private" not in written


@pytest.mark.parametrize("form", list(FORMATS))
def test_logging_starts_with_a_level_and_a_format(
    form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root, own = logging.getLogger(), logging.getLogger("gateway")
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    monkeypatch.setattr(own, "level", own.level)
    monkeypatch.setattr(own, "_cache", {})
    for name in ("_srcfile", "logThreads", "logProcesses", "logMultiprocessing"):
        monkeypatch.setattr(logging, name, getattr(logging, name))

    start_logging(logging.INFO, form)
    logging.getLogger("gateway.x").info("stopped", extra={"owner": 7})
    logging.getLogger("gateway.x").debug("http-broken-off")
    logging.getLogger("elsewhere").info("hello")
    sys.stderr.flush()

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert ("owner=7" if form == "text" else '"owner": 7') in lines[0]


def test_every_event_that_the_code_logs_is_listed_and_every_listed_one_is_logged() -> None:
    logged = {name for _, call in calls_to_loggers() for name in named_events(call)}

    elsewhere = {"library", "walled", "not-walled"}  # by the format; by a name that is chosen before
    assert logged - set(EVENTS) == set()
    assert set(EVENTS) - logged - elsewhere == set()


def test_no_event_is_logged_with_a_field_that_is_not_its_own() -> None:
    wrong = []
    for where, call in calls_to_loggers():
        given = [word.value for word in call.keywords if word.arg == "extra"]
        keys = {
            key.value for one in given if isinstance(one, ast.Dict) for key in one.keys if isinstance(key, ast.Constant)
        }
        allowed = {field for name in named_events(call) if name in EVENTS for field in EVENTS[name].fields}
        if named_events(call) and keys - allowed:
            wrong.append((where, keys - allowed))

    assert wrong == []


def test_no_field_is_made_for_what_is_private() -> None:
    fields = {field for event in EVENTS.values() for field in event.fields}

    assert not fields & {"subject", "body", "text", "file", "name", "filename", "password", "secret", "user", "address"}
