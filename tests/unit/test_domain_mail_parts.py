"""Pages shared out among mails: all of them, in order, and none too many for one mail."""

import base64
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.mail_parts import Share, mailed_octets, share_out

WEIGHTS = st.lists(st.integers(1, 1000), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("weights", "room", "shares"),
    [
        ([5, 5, 5], None, [Share(0, 3)]),
        ([5, 5, 5], 15, [Share(0, 3)]),
        ([5, 5, 5], 14, [Share(0, 2), Share(2, 1)]),
        ([5, 20, 5], 14, [Share(0, 1), Share(1, 1, fits=False), Share(2, 1)]),
        ([20], 14, [Share(0, 1, fits=False)]),
        ([20, 20], 0, [Share(0, 1, fits=False), Share(1, 1, fits=False)]),
    ],
)
def test_pages_are_shared_out_in_their_order(weights: list[int], room: int | None, shares: list[Share]) -> None:
    assert share_out(weights, room) == shares


@given(WEIGHTS, st.integers(0, 3000))
def test_every_page_is_in_one_mail_and_no_mail_is_too_full(weights: list[int], room: int) -> None:
    shares = share_out(weights, room)

    assert [page for share in shares for page in range(share.first, share.first + share.count)] == [
        *range(len(weights))
    ]
    for share in shares:
        weight = sum(weights[share.first : share.first + share.count])
        assert share.fits == (weight <= room)
        assert share.fits or share.count == 1


@given(WEIGHTS, st.integers(1000, 3000))
def test_two_mails_that_follow_one_another_would_not_have_fitted_in_one(weights: list[int], room: int) -> None:
    shares = share_out(weights, room)

    for share, following in pairwise(shares):
        assert sum(weights[share.first : following.first + 1]) > room


@given(st.integers(0, 500))
def test_base64_is_reckoned_to_the_octet(octets: int) -> None:
    assert (
        mailed_octets(octets)
        == len(base64.encodebytes(bytes(octets)).replace(b"\n", b"\r\n")) + (-(-octets // 57) * 57 - octets) // 3 * 4
    )
