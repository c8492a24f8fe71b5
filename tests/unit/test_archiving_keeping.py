"""Parcels on real servers of every kind: whole or not at all, never twice, over nothing; what goes wrong is told."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncssh
import pytest
import trustme

from gateway.archiving import ftp, sftp
from gateway.archiving.keeping import keep
from gateway.archiving.logins import read_logins
from gateway.archiving.parcel import Folder, NotKeptError, NotReachedError, Parcel
from gateway.domain.archive import parse_place
from tests.archive_servers import FTPHandler, House, Server, archive_house

COMPANY = "Acme"
STEM = "Offer äöü 7K3M9Q2P"


@pytest.fixture
def house() -> Iterator[House]:
    with archive_house() as found:
        yield found


async def started(house: House, way: str) -> Server:
    server = await house.sftp() if way == "sftp" else house.ftp(way)
    house.login(server.place(), COMPANY)
    return server


def parcel(house: House, content: bytes = b"pages" * 50_000, turn: int = 1, facts: bytes = b"<fax/>") -> Parcel:
    document = house.folder / "document.pdf"
    document.write_bytes(content)
    return Parcel(STEM, document, "pdf", lambda name: facts + name.encode(), turn)


async def bring(house: House, server: Server, one: Parcel, folder: str = "") -> str:
    return await house.carrier.bring(parse_place(server.place(folder)), COMPANY, one)


@asynccontextmanager
async def opened(house: House, server: Server) -> AsyncIterator[Folder]:
    place = parse_place(server.place())
    [login] = [one for one in read_logins(house.logins) if one.server.port == server.port]
    way = (
        sftp.open_folder(place, login, house.known_hosts)
        if server.way == "sftp"
        else ftp.open_folder(place, login, house.certificates)
    )
    async with way as folder:
        yield folder


EACH_WAY = pytest.mark.parametrize("way", ["ftp", "ftps", "sftp"])


@EACH_WAY
async def test_a_parcel_is_there_whole_with_its_facts_and_nothing_else(house: House, way: str) -> None:
    server = await started(house, way)
    (server.folder / "in").mkdir()

    assert await bring(house, server, parcel(house), "in") == f"{STEM}.pdf"

    assert server.names == [f"{STEM}.pdf", f"{STEM}.xml"]
    assert (server.folder / "in" / f"{STEM}.pdf").read_bytes() == b"pages" * 50_000
    assert (server.folder / "in" / f"{STEM}.xml").read_text() == f"<fax/>{STEM}.pdf"


@EACH_WAY
async def test_a_parcel_that_is_there_already_is_not_put_there_again(house: House, way: str) -> None:
    server = await started(house, way)
    await bring(house, server, parcel(house))
    times = [path.stat().st_mtime_ns for path in server.folder.iterdir()]

    assert await bring(house, server, parcel(house, turn=2)) == f"{STEM}.pdf"

    assert [path.stat().st_mtime_ns for path in server.folder.iterdir()] == times


@EACH_WAY
async def test_what_has_the_name_already_stays_and_the_parcel_gets_the_next_one(house: House, way: str) -> None:
    server = await started(house, way)
    (server.folder / f"{STEM}.pdf").write_bytes(b"another's")
    (server.folder / f"{STEM}-2.xml").write_bytes(b"another's, too")

    assert await bring(house, server, parcel(house)) == f"{STEM}-3.pdf"

    assert (server.folder / f"{STEM}.pdf").read_bytes() == b"another's"
    assert (server.folder / f"{STEM}-3.xml").read_text() == f"<fax/>{STEM}-3.pdf"


@EACH_WAY
async def test_what_an_earlier_turn_left_is_finished_and_cleared_away(house: House, way: str) -> None:
    server = await started(house, way)
    one = parcel(house, turn=4)
    (server.folder / f"{STEM}.xml").write_text(f"<fax/>{STEM}.pdf")
    (server.folder / f"faxgw-{one.mark()}-3.part").write_bytes(b"half")
    (server.folder / "faxgw-another-3.part").write_bytes(b"somebody else's")

    await bring(house, server, one)

    assert server.names == [f"{STEM}.pdf", f"{STEM}.xml", "faxgw-another-3.part"]


@EACH_WAY
async def test_a_wrong_password_is_told_and_nothing_of_it(house: House, way: str) -> None:
    server = await house.sftp() if way == "sftp" else house.ftp(way, auth_failed_timeout=0)
    house.login(server.place(), password="not-this-one")

    with pytest.raises(NotKeptError, match="does not let us in") as told:
        await bring(house, server, parcel(house))
    assert "not-this-one" not in str(told.value)


@EACH_WAY
async def test_a_folder_that_is_not_there_is_told_and_not_made(house: House, way: str) -> None:
    server = await started(house, way)

    with pytest.raises(NotKeptError, match="no such folder"):
        await bring(house, server, parcel(house), "nowhere")
    assert server.names == []


@pytest.mark.parametrize("way", ["ftp", "ftps", "sftp"])
async def test_nobody_at_the_port_is_not_reached(house: House, way: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"{way}://faxes@127.0.0.1:{free.getsockname()[1]}/"
        house.login(place)

        with pytest.raises(NotReachedError):
            await house.carrier.bring(parse_place(place), COMPANY, parcel(house))


async def test_an_sftp_server_whose_key_we_do_not_know_is_not_believed(house: House) -> None:
    server = await started(house, "sftp")
    house.known_hosts.write_text("")

    with pytest.raises(NotReachedError, match="not among those we know"):
        await bring(house, server, parcel(house))
    assert server.names == []


async def test_an_sftp_server_that_shows_another_key_is_not_believed(house: House) -> None:
    server = await started(house, "sftp")
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    house.known_hosts.write_text(f"[127.0.0.1]:{server.port} {other}")

    with pytest.raises(NotReachedError, match="not among those we know"):
        await bring(house, server, parcel(house))


async def test_the_key_that_a_server_shows_is_the_line_that_makes_it_known(house: House) -> None:
    server = await started(house, "sftp")
    lines = await sftp.key_lines(parse_place(server.place()))
    house.known_hosts.write_text("\n".join(lines) + "\n")

    assert await bring(house, server, parcel(house)) == f"{STEM}.pdf"


async def test_an_sftp_login_may_be_a_private_key(house: House) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    (house.folder / "id").write_bytes(key.export_private_key("pkcs8-pem", passphrase="open"))
    (house.folder / "id").chmod(0o600)
    (house.folder / "allowed").write_bytes(key.export_public_key())
    server = await house.sftp(users=asyncssh.SSHServer, authorized_client_keys=str(house.folder / "allowed"))
    house.login(server.place(), password="", more='key = "id"\npassphrase = "open"')

    assert await bring(house, server, parcel(house)) == f"{STEM}.pdf"


async def test_an_ftps_server_with_a_strangers_certificate_is_told_no_password(house: House) -> None:
    server = await started(house, "ftps")
    trustme.CA().cert_pem.write_to_path(str(house.certificates))

    with pytest.raises(NotReachedError, match="certificate is not to be believed"):
        await bring(house, server, parcel(house))
    assert "PASS" not in server.seen


async def test_an_ftp_server_that_cannot_tell_sizes_is_asked_for_its_names(house: House) -> None:
    server = house.ftp(
        proto_cmds={name: what for name, what in FTPHandler.proto_cmds.items() if name not in ("SIZE", "MLST")}
    )
    house.login(server.place())
    (server.folder / f"{STEM}.pdf").write_bytes(b"another's")

    assert await bring(house, server, parcel(house)) == f"{STEM}-2.pdf"
    assert await bring(house, server, parcel(house)) == f"{STEM}-2.pdf"


async def test_a_drop_box_that_shows_nothing_is_filled_all_the_same(house: House) -> None:
    server = house.ftp(permissions="ewf")  # it may be entered, written and renamed in, nothing more
    house.login(server.place())

    await bring(house, server, parcel(house))

    assert server.names == [f"{STEM}.pdf", f"{STEM}.xml"]


async def test_a_server_that_may_only_be_read_keeps_nothing(house: House) -> None:
    server = house.ftp(permissions="elr")
    house.login(server.place())

    with pytest.raises(NotKeptError, match="refuses"):
        await bring(house, server, parcel(house))


class _Full(asyncssh.SFTPServer):
    def write(self, _file: object, _offset: int, _data: bytes) -> int:
        raise asyncssh.SFTPFailure("no space left")


class _Losing(asyncssh.SFTPServer):
    """Says that all was written, and keeps half."""

    def write(self, file: object, offset: int, data: bytes) -> int:
        super().write(file, offset, data[: len(data) // 2])
        return len(data)


async def test_a_server_without_room_is_told_and_shows_no_name(house: House) -> None:
    server = await house.sftp(serve=_Full)
    house.login(server.place())

    with pytest.raises(NotKeptError, match="no space left"):
        await bring(house, server, parcel(house))
    assert [name for name in server.names if not name.endswith(".part")] == []


async def test_a_server_that_loses_octets_is_found_out_before_the_name_is_given(house: House) -> None:
    server = await house.sftp(serve=_Losing)
    house.login(server.place())

    with pytest.raises(NotKeptError, match="octets"):
        await bring(house, server, parcel(house))
    assert server.names == []


@EACH_WAY
async def test_a_name_that_is_taken_in_the_last_moment_is_left_alone(house: House, way: str) -> None:
    server = await started(house, way)
    async with opened(house, server) as folder:
        rename = folder.rename

        async def late(name: str, to: str) -> None:
            if to == f"{STEM}.pdf":
                (server.folder / to).write_bytes(b"another's")
            await rename(name, to)

        folder.rename = late  # type: ignore[method-assign]

        assert await keep(folder, parcel(house)) == f"{STEM}-2.pdf"

    assert (server.folder / f"{STEM}.pdf").read_bytes() == b"another's"
    assert [name for name in server.names if name.endswith(".part")] == []


async def test_who_is_cancelled_in_a_transfer_leaves_at_once_and_no_name(house: House) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    place = parse_place(f"ftp://faxes@127.0.0.1:{silent.getsockname()[1]}/")
    house.login(f"ftp://faxes@127.0.0.1:{silent.getsockname()[1]}/")
    task = asyncio.ensure_future(house.carrier.bring(place, COMPANY, parcel(house)))
    caller, _ = await asyncio.to_thread(silent.accept)  # it says no word of welcome

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)
    caller.close()
    silent.close()


async def test_a_server_that_is_endlessly_slow_is_left(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"ftp://faxes@127.0.0.1:{silent.getsockname()[1]}/"
        house.login(place)

        with pytest.raises(NotReachedError, match="not over after"):
            await replace(house.carrier, longest=0.1).bring(parse_place(place), COMPANY, parcel(house))


async def test_a_place_is_tried_out_and_left_as_it_was(house: House) -> None:
    server = await started(house, "sftp")

    await house.carrier.try_out(parse_place(server.place()), COMPANY, "trial")

    assert server.names == []
