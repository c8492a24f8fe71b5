"""How a process stands by its own lease."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import LostClaimError
from gateway.domain.lease import GONE_AFTER, LATE_AFTER, Footing, footing
from gateway.lease import Lease, elapsed
from gateway.store import processes
from gateway.store.database import Database
from tests.filled_store import NOW, TTL, WALL, killed, no_mail, process

SECONDS = st.integers(1, 10_000)


@given(SECONDS, st.floats(0, 2))
def test_a_lease_is_firm_then_late_then_gone_and_gone_before_others_take_over(seconds: int, share: float) -> None:
    ttl = timedelta(seconds=seconds)

    found = footing(share * ttl, ttl)

    steps = [Footing.FIRM, Footing.LATE, Footing.GONE]
    wanted = (share * ttl >= LATE_AFTER * ttl) + (share * ttl >= GONE_AFTER * ttl)
    assert found is steps[wanted]
    assert GONE_AFTER < 1


def test_the_time_counts_from_before_the_store_was_asked(db: Database, tmp_path: Path) -> None:
    own = process(db, tmp_path)
    moments = iter([0.0, 10.0, 10.0 + TTL.total_seconds() / 2])
    lease = Lease(db, own, lambda: WALL, lambda: next(moments))

    lease.renew()

    assert lease.footing is Footing.LATE
    killed(own)


def test_a_lease_that_was_lost_is_gone_whatever_the_time(db: Database, tmp_path: Path) -> None:
    own, other = process(db, tmp_path), process(db, tmp_path / "elsewhere", host="elsewhere")
    lease = Lease(db, own, lambda: WALL, lambda: 0.0)
    processes.reap(db, other, WALL + TTL, NOW, no_mail)

    with pytest.raises(LostClaimError):
        lease.renew()

    assert lease.is_gone()
    assert not lease.is_firm()
    killed(own)
    killed(other)


def test_the_clock_of_the_lease_goes_on_by_itself() -> None:
    first = elapsed()

    assert elapsed() >= first > 0
