"""The workers that keep copies of faxes elsewhere.

What lives here: making them by the settings. What does not: their step (`gateway.flows.archive`).
"""

from datetime import timedelta

from gateway.archiving.carrier import Carrier, Trust
from gateway.flows.archive import Archive
from gateway.relaying import relay_of
from gateway.shared import Shared
from gateway.worker import Interest, Topic, Worker

COPIES = Interest((Topic.ARCHIVE,), (Topic.ARCHIVE,))


def archivists(shared: Shared) -> list[Worker]:
    """So many as connections are allowed at a time."""
    section = shared.settings.archive
    archive = Archive(
        db=shared.db,
        spool=shared.spool,
        clock=shared.clock,
        carrier=Carrier(Trust(*section.files)),
        relay=relay_of(shared.settings),
        voice=shared.composer.voice,
        process=shared.process.id,
        work=shared.work,
        patience=timedelta(days=section.give_up_days),
        owed=shared.owed,
        gate=shared.gate(COPIES, "archive_transfer"),
        tally=shared.tally,
    )
    return shared.workers("archive", section.connections, archive.next, COPIES)
