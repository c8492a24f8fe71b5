"""Memory as a fork wants it, and where the process begins that forks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from renderers import forkable
from renderers.confine import run_confined

TOP = Path(__file__).parents[2]
SIZES = Path("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size")
MUCH = """
from renderers import forkable
with forkable.gathered():
    kept = [bytes(300) for _ in range(100_000)]
    print(forkable.settle())
"""
COMING_AND_GOING = """
import gc
from renderers import forkable

def deep(left):
    return deep(left - 1) + 1 if left else 0

early = [bytes(300) for _ in range(50_000)]
with forkable.gathered():
    del early[::2]
    for size in (50, 300, 500) * 3:
        much = [bytes(size) for _ in range(100_000)]
        del much
    gc.collect()
    print(deep(900))
print(len([bytes(300) for _ in range(100_000)]))
"""
large = pytest.mark.skipif(
    not SIZES.exists() or int(SIZES.read_text()) != forkable.LARGE, reason="a system without large pieces of memory"
)


def printed(program: str) -> str:
    surroundings = {**os.environ, "PYTHONPATH": str(TOP)}
    return subprocess.run(
        [sys.executable, "-c", program], env=surroundings, check=True, capture_output=True, text=True
    ).stdout.strip()


@large
def test_what_is_loaded_lies_in_large_pieces() -> None:
    assert int(printed(MUCH)) >= (30_000_000 // forkable.LARGE) - 1


def test_memory_comes_and_goes_before_in_and_after() -> None:
    assert printed(COMING_AND_GOING).split() == ["900", "100000"]


@pytest.mark.parametrize(
    ("maps", "begins"),
    [
        ("00200000-00800000 rw-p 00000000 00:00 0                                  [heap]\n", [2, 4, 6]),
        ("00201000-00800000 rw-p 00000000 00:00 0 \n", [4, 6]),
        ("00200000-007ff000 rw-p 00000000 00:00 0 \n", [2, 4]),
        ("00200000-003ff000 rw-p 00000000 00:00 0 \n", []),
        ("00200000-00800000 r-xp 00000000 00:00 0 \n", []),
        ("00200000-00800000 rw-p 00000000 fe:00 26723                      /usr/lib/libpython3.11.so.1.0\n", []),
        ("00200000-00800000 rw-s 00000000 00:00 0 \n", []),
    ],
)
def test_large_pieces_begin_at_whole_ones_in_memory_that_is_ours_alone(maps: str, begins: list[int]) -> None:
    assert [begin >> 20 for begin in forkable._places(maps)] == begins


def test_nothing_is_done_where_no_memory_is() -> None:
    assert not forkable._made_large(forkable.LARGE)  # where nothing is ever mapped


def test_random_numbers_of_no_two_children_are_the_same() -> None:
    assert len({run_confined(eval, "__import__('random').random()") for _ in range(3)}) == 3


def test_nothing_is_done_after_a_fork_that_is_for_threads() -> None:
    told = [sys.executable, "-m", "renderers.nursery", "0", "tests.forking"]
    ended = subprocess.run(told, stdin=subprocess.DEVNULL, cwd=TOP, capture_output=True, text=True, check=False)

    assert ended.stdout == "forked\n"
