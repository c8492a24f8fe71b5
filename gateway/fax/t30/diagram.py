"""The state table as pictures, for `gateway/fax/README.md`.

What lives here: drawing the table as Mermaid state diagrams. What does not: the table (`table`).
"""

from collections import defaultdict

from gateway.fax.t30.moves import Move, Table
from gateway.fax.t30.receiver_moves import RECEIVER
from gateway.fax.t30.sender_moves import SENDER
from gateway.fax.t30.states import STANDARD, WAITS, State
from gateway.fax.t30.table import EVERYWHERE

_NAMES = {"sender": SENDER, "receiver": RECEIVER, "everywhere": EVERYWHERE}
_ANYWHERE = "anywhere"


def diagram(table: Table) -> str:
    """A Mermaid state diagram: one arrow for each pair of states, its events in the order of the table."""
    arrows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (state, event), move in table.items():
        start = _identifier(state)
        end = _identifier(move.to) if move.to is not None else start
        arrows[start, end].append(_label(event.value, move))
    states = dict.fromkeys(name for pair in arrows for name in pair)
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f"    {name} : {_caption(name)}" for name in states]
    lines += [f"    {start} --> {end} : {'<br>'.join(labels)}" for (start, end), labels in arrows.items()]
    return "\n".join([*lines, "```"])


def updated(readme: str) -> str:
    """The text with the diagrams behind its marks, such as `<!-- sender -->`, drawn anew."""
    for name, table in _NAMES.items():
        before, _, rest = readme.partition(f"<!-- {name} -->\n")
        _, _, after = rest.partition("<!-- end -->")
        readme = f"{before}<!-- {name} -->\n{diagram(table)}\n<!-- end -->{after}"
    return readme


def _label(event: str, move: Move) -> str:
    return event if move.cause is None else f"{event} ({move.cause.value})"


def _identifier(state: State | None) -> str:
    return _ANYWHERE if state is None else state.value.replace(" ", "_")


def _caption(name: str) -> str:
    """A state's name and the timer it waits on."""
    waits = {_identifier(state): wait for state, wait in WAITS.items()}
    if name not in waits:
        return name.replace("_", " ") if name == _ANYWHERE else name
    wait = waits[name]
    return f"{name}, {wait.value} {STANDARD.milliseconds(wait) / 1000:g} s"
