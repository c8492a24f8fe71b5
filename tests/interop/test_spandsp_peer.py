"""libspandsp against itself and against our packet codec: what the tests of interoperation stand on."""

from pathlib import Path

import pytest

from gateway.domain.call import Coding
from gateway.fax.t4 import codec
from gateway.fax.t4.classf import PageFile, write_pages
from gateway.fax.t38 import ifp
from gateway.fax.t38.packets import Fields, Indicator
from tests import spandsp_library, spandsp_peer
from tests.fax_calls import text_bitmap
from tests.packet_line import Conditions, OverUdptl, PacketLine
from tests.spandsp_library import Completion
from tests.spandsp_peer import Peer, PeerOptions

pytestmark = pytest.mark.skipif(
    not spandsp_library.present(), reason=f"needs {spandsp_library.PACKAGE}: make setup installs it"
)


def ends(folder: Path, options: PeerOptions) -> tuple[Peer, Peer]:
    write_pages(folder / "sent.tif", [codec.encode(text_bitmap(), Coding.MMR)])
    return spandsp_peer.caller(folder / "sent.tif", options), spandsp_peer.answerer(folder / "received.tif", options)


class Overheard(Peer):
    """A peer whose packets are kept."""

    heard: list[bytes]

    def deliver(self, packet: bytes) -> None:
        self.heard.append(packet)
        super().deliver(packet)


@pytest.mark.parametrize("ecm", [True, False])
def test_a_page_goes_between_two_peers(tmp_path: Path, ecm: bool) -> None:
    caller, answerer = ends(tmp_path, PeerOptions(ecm=ecm, repeats=False))
    PacketLine(caller, answerer).run()
    for end in (caller, answerer):
        end.close()
    received = PageFile(tmp_path / "received.tif")
    assert caller.report.result == Completion.OK == answerer.report.result
    assert (caller.report.pages_sent, answerer.report.pages_received, answerer.report.ecm) == (1, 1, ecm)
    assert codec.decode(received.page(0))[0] == text_bitmap()


def test_a_lossy_line_without_redundancy_costs_repetitions_and_with_it_none(tmp_path: Path) -> None:
    repeats = {}
    for redundancy in (0, 2):
        (tmp_path / "received.tif").unlink(missing_ok=True)
        peers = ends(tmp_path, PeerOptions(repeats=True))
        wrapped = [OverUdptl(peer, redundancy, redundancy) for peer in peers]
        line = PacketLine(wrapped[0], wrapped[1], Conditions(loss=0.02, seed=3))
        line.run()
        for peer in peers:
            peer.close()
        assert line.lost > 5
        repeats[redundancy] = peers[0].report.ecm_repeats
    assert repeats[0] > 0 == repeats[2]


@pytest.mark.parametrize("version", [0, 1, 2, 3])
@pytest.mark.parametrize("ecm", [True, False])
def test_our_codec_reads_each_packet_of_the_peer_and_writes_it_alike(tmp_path: Path, version: int, ecm: bool) -> None:
    options = PeerOptions(version=version, ecm=ecm, station_id="0123456789")
    write_pages(tmp_path / "sent.tif", [codec.encode(text_bitmap(), Coding.MH)])
    caller = Overheard(calls=True, tiff=tmp_path / "sent.tif", options=options)
    answerer = Overheard(calls=False, out=tmp_path / "received.tif", options=options)
    caller.heard, answerer.heard = [], []
    PacketLine(caller, answerer).run()
    for packet in caller.heard + answerer.heard:
        assert ifp.encode(ifp.decode(packet, version), version) == packet
    kinds = {type(ifp.decode(packet, version)) for packet in answerer.heard}
    assert kinds == {Indicator, Fields}
