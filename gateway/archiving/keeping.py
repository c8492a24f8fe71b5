"""Puts a parcel into a folder so that a name never shows half a file, and never two faxes.

What lives here: the order of the steps, the same for every protocol: look, write beside, check, rename. What does not:
the protocols (`ftp`, `sftp`).
"""

from collections.abc import Sequence

from gateway.archiving.parcel import Folder, Named, NotKeptError, Parcel, TakenError, digest_of
from gateway.domain.archive_names import numbered

MOST_NAMES = 50  # of one stem that may be taken by other things
MOST_LEFT = 20  # earlier turns whose half-done files are looked for


async def keep(folder: Folder, parcel: Parcel) -> str:
    """Put the parcel there; the name of its document.

    What an earlier try has left whole is taken as it is, so a copy that was made, and of which nobody learned, is not
    made twice. A name that something else has is left alone, and the next one is taken.

    Raises:
        NotReachedError: the connection broke.
        NotKeptError: the server did not keep it; says why.
    """
    mark = parcel.mark()
    for earlier in range(max(1, parcel.turn - MOST_LEFT), parcel.turn):
        await folder.remove(_passing(mark, earlier))
    for copy in range(1, MOST_NAMES + 1):
        files = parcel.files(numbered(parcel.stem, copy))
        try:
            if await _put_all(folder, files, _passing(mark, parcel.turn)):
                return files[-1].name
        except TakenError:
            continue
    raise NotKeptError(f"{MOST_NAMES} files are named like this copy, and none is it: clear them away")


def _passing(mark: str, turn: int) -> str:
    return f"faxgw-{mark}-{turn}.part"


async def _put_all(folder: Folder, files: Sequence[Named], passing: str) -> bool:
    """Write those that are missing; false when something else has one of the names."""
    missing = []
    for file in files:
        found = await folder.octets(file.name)
        if found is None:
            missing.append(file)
        elif not await _is_the_same(folder, found, file):
            return False
    for file in missing:
        await _put(folder, file, passing)
    return True


async def _is_the_same(folder: Folder, octets: int, file: Named) -> bool:
    if octets not in (-1, file.path.stat().st_size):
        return False
    return await folder.digest(file.name) == digest_of(file.path)


async def _put(folder: Folder, file: Named, passing: str) -> None:
    await folder.write(passing, file.path)
    written, whole = await folder.octets(passing), file.path.stat().st_size
    if written not in (None, -1, whole):  # a box that shows nothing has told that it took the file
        await folder.remove(passing)
        raise NotKeptError(f"the server has {written} of {whole} octets")
    try:
        await folder.rename(passing, file.name)
    except (TakenError, NotKeptError):
        await folder.remove(passing)
        raise
