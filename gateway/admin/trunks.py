"""What an administrator does with trunks: look at them, pause, resume and drain them.

What lives here: those steps. What does not: rows (`gateway.store.trunks`), writing answers (`gateway.cli`).
"""

from collections.abc import Sequence

from gateway.admin.acts import Act, Changed, Door
from gateway.domain.actors import SYSTEM
from gateway.domain.trunks import Trunk, TrunkState
from gateway.store import trunks


def listed(door: Door) -> Sequence[Trunk]:
    """All trunks, with the calls that run on them.

    Raises:
        NotAllowedError: the actor may not see them.
    """
    door.look(SYSTEM)
    return trunks.listing(door.db)


def change_state(door: Door, name: str, state: TrunkState) -> Changed[Trunk]:
    """Open, pause or drain a trunk; answers what it was before. Calls that run go on.

    Raises:
        NotFoundError: there is no such trunk.
        RefusedError: it is in that state already.
        NotAllowedError: the actor may not.
    """

    def work(act: Act) -> Trunk:
        before = trunks.set_state(act.db, name, state)
        act.note(f"trunk.{_DEEDS[state]}", f"trunk {name}", {"state": before.state.value}, {"state": state.value})
        return before

    return door.change(SYSTEM, None, work)


_DEEDS = {TrunkState.OPEN: "resume", TrunkState.PAUSED: "pause", TrunkState.DRAINING: "drain"}
