"""UDPTL: datagrams as octets, and streams put together again after loss, doubling and overtaking (T.38 9.1)."""

import random
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fax.t38 import udptl
from gateway.fax.t38.sequence import Lost, Receiver, Sender
from gateway.fax.t38.udptl import Datagram, Parity, UdptlError

CNG, SILENCE = b"\x02", b"\x00"
PACKETS = st.binary(min_size=1, max_size=300)
RECOVERIES = st.lists(PACKETS, max_size=5).map(tuple) | st.builds(
    Parity, st.integers(1, 9), st.lists(PACKETS, max_size=4).map(tuple)
)


def numbered(count: int) -> list[bytes]:
    """Packets that tell each from the other and are not all of one length."""
    return [number.to_bytes(3, "big") + b"\xaa" * (number % 7 + 1) for number in range(count)]


def sent(packets: list[bytes], sender: Sender) -> list[bytes]:
    return [sender.datagram(packet, control=True) for packet in packets]


def received(datagrams: list[bytes], receiver: Receiver) -> list[bytes | Lost]:
    return [each for datagram in datagrams for each in receiver.take(datagram)]


@pytest.mark.parametrize(
    ("octets", "datagram"),
    [
        ("00 01 01 02 00 01 01 00", Datagram(1, CNG, (SILENCE,))),
        ("00 00 01 00 00 00", Datagram(0, SILENCE)),
        ("ff ff 01 06 00 02 01 02 01 00", Datagram(0xFFFF, b"\x06", (CNG, SILENCE))),
        ("00 05 01 02 80 01 03 02 01 07 02 08 09", Datagram(5, CNG, Parity(3, (b"\x07", b"\x08\x09")))),
    ],
)
def test_a_datagram_is_these_octets_and_back(octets: str, datagram: Datagram) -> None:
    assert udptl.encode(datagram).hex(" ") == octets
    assert udptl.decode(bytes.fromhex(octets)) == datagram


@pytest.mark.parametrize(("size", "head"), [(127, "7f"), (128, "80 80"), (16383, "bf ff")])
def test_a_packet_from_128_octets_on_has_a_length_of_two_octets(size: int, head: str) -> None:
    octets = udptl.encode(Datagram(0, bytes(size)))

    assert octets[2:].hex(" ").startswith(head + " 00")
    assert udptl.decode(octets).primary == bytes(size)


def test_a_packet_that_would_need_fragments_is_refused_both_ways() -> None:
    with pytest.raises(UdptlError, match="16384"):
        udptl.encode(Datagram(0, bytes(16384)))
    with pytest.raises(UdptlError, match="fragments"):
        udptl.decode(bytes.fromhex("00 00 c1") + bytes(20000))


@given(st.builds(Datagram, st.integers(0, 0xFFFF), PACKETS, RECOVERIES))
def test_what_was_encoded_is_decoded(datagram: Datagram) -> None:
    octets = udptl.encode(datagram)

    assert udptl.decode(octets) == datagram
    assert udptl.decode(octets + b"\x55") == datagram


@given(st.builds(Datagram, st.integers(0, 0xFFFF), PACKETS, RECOVERIES), st.randoms(use_true_random=False))
def test_a_datagram_cut_short_is_refused(datagram: Datagram, chance: random.Random) -> None:
    octets = udptl.encode(datagram)

    with pytest.raises(UdptlError):
        udptl.decode(octets[: chance.randrange(len(octets))])


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_hostile_datagrams_raise_nothing_but_the_codecs_error(datagrams: list[bytes]) -> None:
    receiver = Receiver()

    for octets in datagrams:
        with suppress(UdptlError):
            assert all(isinstance(each, bytes | Lost) for each in receiver.take(octets))


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), PACKETS, RECOVERIES), max_size=8))
def test_hostile_numbers_do_not_upset_the_receiver(
    datagrams: list[tuple[int, bytes, tuple[bytes, ...] | Parity]],
) -> None:
    receiver = Receiver()

    for number, primary, recovery in datagrams:
        arrived = receiver.take(udptl.encode(Datagram(number, primary, recovery)))
        assert not arrived or arrived[-1] == primary


def test_a_clean_stream_arrives_as_it_was_sent_past_the_end_of_the_count() -> None:
    packets = numbered(66_000)
    sender, receiver = Sender(control=0), Receiver()

    assert received(sent(packets, sender), receiver) == packets
    assert (receiver.lost, receiver.late, receiver.recovered) == (0, 0, 0)


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_as_many_lost_in_a_row_as_there_are_secondaries_are_recovered(gone: int) -> None:
    packets = numbered(12)
    datagrams = sent(packets, Sender(control=3))
    receiver = Receiver()

    assert received(datagrams[:4] + datagrams[4 + gone :], receiver) == packets
    assert (receiver.recovered, receiver.lost) == (gone, 0)


def test_packets_that_nothing_brings_back_are_counted_where_they_miss() -> None:
    packets = numbered(12)
    datagrams = sent(packets, Sender(control=1))
    receiver = Receiver()

    arrived = received(datagrams[:4] + datagrams[8:], receiver)

    assert arrived == [*packets[:4], Lost(3), *packets[7:]]
    assert (receiver.recovered, receiver.lost) == (1, 3)


def test_doubled_and_overtaken_datagrams_do_no_harm() -> None:
    packets = numbered(6)
    first, second, third, *others = sent(packets, Sender())
    receiver = Receiver()

    arrived = received([first, first, third, second, third, *others], receiver)

    assert arrived == packets
    assert receiver.late == 3


def test_packets_lost_before_the_first_that_comes_are_taken_from_it() -> None:
    packets = numbered(4)

    assert received(sent(packets, Sender())[2:], Receiver()) == packets


def test_a_count_that_does_not_begin_at_zero_is_taken_up() -> None:
    receiver = Receiver()
    datagrams = [udptl.encode(Datagram(number % 0x10000, b"\x02")) for number in range(65_500, 65_600)]

    assert received(datagrams, receiver) == [b"\x02"] * 100
    assert receiver.lost == 0


def test_a_sender_that_counts_anew_is_heard_after_a_while() -> None:
    receiver = Receiver()
    received(sent(numbered(500), Sender()), receiver)

    arrived = received(sent(numbered(60), Sender(control=0)), receiver)

    assert arrived == numbered(60)[32:]


def test_what_was_overtaken_is_waited_for_and_then_in_its_place() -> None:
    packets = numbered(6)
    datagrams = sent(packets, Sender(control=0))
    receiver = Receiver(hold_ms=100)

    arrived = [receiver.take(datagrams[place], now) for now, place in ((0, 0), (10, 3), (20, 1), (30, 2), (40, 4))]

    assert arrived == [packets[:1], [], packets[1:2], packets[2:4], packets[4:5]]
    assert (receiver.lost, receiver.next_due) == (0, None)


def test_what_does_not_come_in_time_is_lost_and_what_waited_for_it_comes() -> None:
    packets = numbered(8)
    datagrams = sent(packets, Sender(control=0))
    receiver = Receiver(hold_ms=100)
    for now, place in ((0, 0), (10, 2), (60, 5)):
        receiver.take(datagrams[place], now)

    assert receiver.next_due == 110
    assert receiver.overdue(109) == []
    assert receiver.overdue(110) == [Lost(1), packets[2]]
    assert receiver.take(datagrams[6], 160) == [Lost(2), packets[5], packets[6]]
    assert receiver.take(datagrams[1], 170) == []
    assert (receiver.lost, receiver.late) == (3, 1)


def test_control_packets_that_leave_together_bring_one_another_along() -> None:
    sender = Sender(control=2)
    packets = numbered(6)
    datagrams = [sender.datagram(packet, control=True, together=number) for number, packet in enumerate(packets)]

    assert received(datagrams[:1] + datagrams[-1:], Receiver()) == packets
    assert [len(udptl.decode(octets).recovery) for octets in datagrams] == [0, 1, 2, 3, 4, 5]  # type: ignore[arg-type]


def test_an_empty_packet_keeps_the_count_and_says_nothing() -> None:
    receiver = Receiver()
    datagrams = [udptl.encode(Datagram(number, packet)) for number, packet in enumerate((b"\x02", b"", b"\x06"))]

    assert received(datagrams, receiver) == [b"\x02", b"\x06"]
    assert receiver.lost == 0


def test_an_empty_secondary_recovers_nothing() -> None:
    receiver = Receiver()
    datagrams = [udptl.encode(Datagram(0, b"\x02")), udptl.encode(Datagram(3, b"\x06", (b"", b"\x04")))]

    assert received(datagrams, receiver) == [b"\x02", b"\x04", Lost(1), b"\x06"]


def test_image_packets_carry_fewer_secondaries_than_control_packets() -> None:
    sender = Sender(control=3, image=1)
    sent(numbered(5), sender)

    image, control = sender.datagram(b"\x01", control=False), sender.datagram(b"\x02", control=True)

    assert [len(udptl.decode(octets).recovery) for octets in (image, control)] == [1, 3]  # type: ignore[arg-type]


def test_secondaries_that_do_not_fit_are_left_out_the_oldest_first() -> None:
    sender = Sender(control=3, max_datagram=400)
    packets = [bytes((number,)) * 120 for number in range(4)]

    last = udptl.decode(sent(packets, sender)[-1])

    assert last.recovery == (packets[2], packets[1])


def test_a_packet_too_long_for_any_datagram_is_refused_and_the_count_stays() -> None:
    sender = Sender(max_datagram=100)
    with pytest.raises(UdptlError, match="100 are allowed"):
        sender.datagram(bytes(200), control=True)

    assert udptl.decode(sender.datagram(b"\x02", control=True)) == Datagram(0, b"\x02")


@pytest.mark.parametrize("parity", [(3, 1), (3, 3), (2, 4), (5, 2)])
def test_parity_brings_back_one_packet_of_each_entry(parity: tuple[int, int]) -> None:
    packets = numbered(40)
    datagrams = sent(packets, Sender(parity=parity))
    gone = set(range(10, 10 + parity[1])) | {25}
    receiver = Receiver()

    arrived = received([octets for number, octets in enumerate(datagrams) if number not in gone], receiver)

    assert [each.rstrip(b"\0") if isinstance(each, bytes) else each for each in arrived] == packets
    assert (receiver.recovered, receiver.lost) == (len(gone), 0)


def test_parity_cannot_bring_back_two_packets_of_one_entry() -> None:
    packets = numbered(10)
    datagrams = sent(packets, Sender(parity=(3, 1)))

    arrived = received(datagrams[:4] + datagrams[6:], Receiver())

    assert arrived == [*packets[:4], Lost(2), *packets[6:]]


def test_parity_that_reaches_back_further_than_is_kept_repairs_nothing() -> None:
    receiver = Receiver()
    datagrams = [
        udptl.encode(Datagram(number, b"\x02", Parity(255, (b"\x07", b"\x07")) if number == 2 else ()))
        for number in (0, 2)
    ]

    assert received(datagrams, receiver) == [b"\x02", Lost(1), b"\x02"]


@given(st.integers(0, 2**32), st.sampled_from([None, (3, 3)]))
def test_whatever_a_line_does_packets_come_in_order_and_none_twice(seed: int, parity: tuple[int, int] | None) -> None:
    chance, packets = random.Random(seed), numbered(60)
    datagrams = [octets for octets in sent(packets, Sender(parity=parity)) if chance.random() > 0.2]
    disturbed = sorted(datagrams * 2, key=lambda octets: udptl.decode(octets).sequence + chance.uniform(0, 4))

    arrived = received(disturbed, Receiver())

    numbers = [packets.index(each.rstrip(b"\0")) for each in arrived if isinstance(each, bytes)]
    assert numbers == sorted(set(numbers))
    gaps = sum(each.count for each in arrived if isinstance(each, Lost))
    assert len(numbers) + gaps == numbers[-1] - numbers[0] + 1
