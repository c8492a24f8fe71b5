"""The tree: effective settings among 100,000 users ten levels deep, 10,000 users from a file, a push to 10,000 users.

Run: python -m tests.bench.bench_tree
"""

import csv
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from gateway.admin import bulk, settings, tree
from gateway.admin.acts import Door
from gateway.store import bulk as rows
from gateway.store import named, node_settings
from gateway.store.database import Database
from gateway.store.known_tree import KnownTree
from gateway.store.people import NewUser
from tests.actors import AT, root
from tests.filled_store import opened

USERS, LEVELS, BRANCHES = 100_000, 10, 20
IMPORTED = 10_000
ASKED = 2_000


def grow(door: Door) -> list[int]:
    """A company with branches ten levels deep, every level with settings of its own; the users at the tips."""
    tree.add_company(door, "Acme", [("fax.paper", "a4"), ("date.time_zone", "Europe/Berlin")])
    found: list[int] = []
    for branch in range(BRANCHES):
        path = "Acme"
        for level in range(1, LEVELS - 1):
            given = [("retry.dials", str(level)), ("fax.station_id", f"{branch} {level}")]
            path = tree.add_department(door, path, f"d{branch}-{level}", given).answer.path
        found += fill(door.db, named.named(door.db, path).id, branch)
    return found


def fill(db: Database, parent: int, branch: int) -> list[int]:
    inherited = {parent: rows.inherited(db, parent)}
    numbers = range(USERS // BRANCHES)
    found: list[int] = []
    for start in range(0, len(numbers), bulk.AT_ONCE):
        some = [
            rows.Newcomer(number, parent, person(branch, number), {"notify.initial_success": "off"})
            for number in numbers[start : start + bulk.AT_ONCE]
        ]
        found += rows.enter(db, some, inherited, AT).nodes.values()
    return found


def person(branch: int, number: int) -> NewUser:
    name = f"u{branch}-{number}"
    return NewUser("", "Anna", f"Smith {number}", (f"{name}@acme.example",), user_name=name)


def users_file(path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["parent", "first_name", "last_name", "sending", "receiving", "user_name", "city", "fax.paper"])
        for number in range(IMPORTED):
            address = f"new{number}@bolt.example"
            writer.writerow(["Bolt/Sales", "Ben", f"Ortiz {number}", address, address, f"new{number}", "Boston", "a4"])
    return path


@contextmanager
def told(words: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    sys.stdout.write(f"{words}: {time.perf_counter() - began:.2f} s\n")
    sys.stdout.flush()


def ask(db: Database, users: list[int]) -> None:
    """Effective settings of one user after another, in milliseconds, read anew each time."""
    step = max(1, len(users) // ASKED)
    times = []
    for user in users[::step]:
        began = time.perf_counter()
        node_settings.effective(db, user)
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    sys.stdout.write(f"effective settings of one user: median {median(times):.3f} ms, ")
    sys.stdout.write(f"99 of 100 within {times[len(times) * 99 // 100]:.3f} ms\n")
    known, began = KnownTree(db), time.perf_counter()
    for _ in range(ASKED):
        known.now().ask(node_settings.effective, users[0])
    sys.stdout.write(f"the same, remembered: {(time.perf_counter() - began) / ASKED * 1000:.4f} ms\n")


def import_users(door: Door, folder: Path) -> None:
    tree.add_company(door, "Bolt")
    tree.add_department(door, "Bolt", "Sales")
    file = users_file(folder / "users.csv")
    with told(f"{IMPORTED} users from a file"):
        bulk.add_users(door, file)


def memory_of_import(folder: Path) -> None:
    """The most that Python held while it read a file of half the users, and of all."""
    for share in (2, 1):
        with tempfile.TemporaryDirectory() as place, opened(Path(place)) as db:
            lines = users_file(folder / "users.csv").read_text(encoding="utf-8").splitlines()[: IMPORTED // share + 1]
            part = folder / "part.csv"
            part.write_text("\n".join(lines), encoding="utf-8")
            door = root(db)
            tree.add_company(door, "Bolt")
            tree.add_department(door, "Bolt", "Sales")
            tracemalloc.start()
            bulk.add_users(door, part)
            sys.stdout.write(f"memory for {len(lines) - 1} users: {tracemalloc.get_traced_memory()[1] / 1e6:.1f} MB\n")
            tracemalloc.stop()


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name, opened(Path(name)) as db:
        folder, door = Path(name), root(db)
        with told(f"a tree of {USERS} users, {LEVELS} levels deep"):
            users = grow(door)
        ask(db, users)
        import_users(door, folder)
        with told(f"push to {IMPORTED} users"):
            settings.push_down(door, "Bolt", "fax.paper", "legal")
        with told(f"trial of a push to {USERS} users"):
            settings.push_down(root(db, dry_run=True), "Acme", "fax.paper", "legal")
        memory_of_import(folder)


if __name__ == "__main__":
    main()
