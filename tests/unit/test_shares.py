"""What each of several processes may take, and the ports that are held for them."""

import socket
from contextlib import ExitStack
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import UnreachableError
from gateway.reserved_ports import ReservedPorts
from gateway.settings import Calling, Http, Inbound, Queue, Relay, Rendering, Settings
from gateway.shares import processors_of, shares_of


@given(st.integers(1, 64), st.integers(1, 200))
def test_all_together_have_what_the_settings_say_and_each_has_one(count: int, whole: int) -> None:
    settings = replace(
        Settings(),
        queue=Queue(processes=count),
        rendering=Rendering(workers=whole),
        relay=Relay(connections=whole),
        inbound=Inbound(lines=whole),
    )

    shares = shares_of(settings, 25)

    assert len(shares) == count
    for parts in (
        [share.rendering.workers for share in shares],
        [share.relay.connections for share in shares],
        [share.inbound.lines for share in shares],
    ):
        assert sum(parts) == max(whole, count)
        assert max(parts) - min(parts) <= 1


def test_lines_are_counted_in_the_store_and_pages_are_the_daemons() -> None:
    settings = replace(Settings(), queue=Queue(processes=2), calling=Calling(lines=9), http=Http(port=8026))

    shares = shares_of(settings, 2525)

    assert {share.calling.lines for share in shares} == {9}
    assert {(share.smtp.port, share.http.port) for share in shares} == {(2525, 0)}


@pytest.mark.parametrize(
    ("count", "ours", "kept"),
    [
        (1, (0, 1), (-1,)),  # one alone goes where the system puts it
        (2, (0, 1), (0, 1)),
        (2, (3, 5, 6, 7), (3, 5)),  # others are for renderers
        (3, (0, 1), (-1, -1, -1)),
        (2, (), (-1, -1)),
    ],
)
def test_each_process_keeps_to_a_processor_of_its_own_where_there_are_enough(
    count: int, ours: tuple[int, ...], kept: tuple[int, ...]
) -> None:
    assert processors_of(count, ours) == kept


def listening(port: int, *, shared: bool) -> socket.socket:
    with ExitStack() as leaving:
        made = leaving.enter_context(socket.socket())
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(("127.0.0.1", port))
        made.listen()
        leaving.pop_all()
        return made


def test_a_port_that_is_held_is_for_those_who_share_it_and_takes_no_connection_by_itself() -> None:
    held = ReservedPorts("127.0.0.1", (0,))
    [port] = held.taken

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)
    with pytest.raises(OSError, match="in use"):
        listening(port, shared=False)
    with listening(port, shared=True) as one, socket.create_connection(("127.0.0.1", port), 5):
        one.accept()[0].close()
    held.close()


def test_a_port_that_is_somebodys_is_refused_also_when_he_would_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.reserved_ports.PAUSE_SECONDS", 0.001)
    with listening(0, shared=True) as stranger:
        taken = stranger.getsockname()[1]
        with pytest.raises(UnreachableError, match=f"port {taken}: Address already in use; choose another port"):
            ReservedPorts("127.0.0.1", (0, taken))


def test_a_port_that_becomes_free_in_a_moment_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    dying = listening(0, shared=True)
    port = dying.getsockname()[1]
    monkeypatch.setattr("time.sleep", lambda _seconds: dying.close())

    held = ReservedPorts("127.0.0.1", (port,))

    assert held.taken == [port]
    held.close()


def test_a_host_of_two_families_has_the_same_port_in_both() -> None:
    held = ReservedPorts("", (0,))
    [port] = held.taken

    with pytest.raises(OSError, match="in use"):
        listening(port, shared=False)
    held.close()
