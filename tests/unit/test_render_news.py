"""Confined work tells how far it is."""

import socket
import time

from renderers import wire
from renderers.confine import run_confined
from renderers.news import NEWS, News


def test_news_are_heard_while_work_goes_on() -> None:
    heard: list[str] = []

    assert run_confined(_told, ["page 1", "page 2"], hear=heard.append) == 2
    assert heard == ["page 1", "page 2"]


def test_nobody_need_hear_them() -> None:
    assert run_confined(_told, ["page 1"]) == 1


def test_news_are_one_line_that_moves_no_terminal() -> None:
    heard: list[str] = []

    run_confined(_told, ["a\nb\x1b[2Jc\u202ed \u00fc", "x" * 9000], hear=heard.append)

    assert heard == ["a?b?[2Jc?d \u00fc", "x" * 500]


def test_news_are_not_told_too_often() -> None:
    times = iter([100.0, 100.4, 100.6, 100.9, 101.0, 101.2])
    ours, its = socket.socketpair()
    with ours, its:
        news = News(now=lambda: next(times))
        news.begin(its)
        for number in range(5):
            news.tell(f"page {number}")

        assert [wire.receive(ours) for _ in range(2)] == [(wire.NEWS, b"page 1"), (wire.NEWS, b"page 4")]


def test_without_a_line_news_go_nowhere() -> None:
    News().tell("page 1")


def test_a_listener_who_has_gone_is_no_trouble() -> None:
    ours, its = socket.socketpair()
    ours.close()
    with its:
        News(its).tell("page 1")


def _told(words: list[str]) -> int:
    for one in words:
        NEWS.last = time.monotonic() - 60
        NEWS.tell(one)
    return len(words)
