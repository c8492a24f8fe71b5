"""Every event that we log, and what may be said of it: the one list, which the documents show.

What lives here: names, meanings and fields. What does not: the look of a line (`logs`); events are logged at the doors.
No field is for a subject, a text, a file's name or a secret. An event that is not listed here is logged by its name
alone, and a field that is not listed with it is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogEvent:
    """What an event means, and its fields. Where an error is logged, its kind and place are told with any event."""

    about: str
    fields: tuple[str, ...] = ()


def _event(about: str, *fields: str) -> LogEvent:
    return LogEvent(about, fields)


EVENTS: Mapping[str, LogEvent] = {
    # The daemon.
    "started": _event("the daemon takes mail and works; kind: its roles", "owner", "kind"),
    "store-late": _event("the store has not answered at the start yet; it is waited for half a minute at most"),
    "store-starting": _event("the database server starts or recovers; it is waited for some minutes at most"),
    "not-reloaded": _event("a SIGHUP changed nothing: settings are read at the start"),
    "hurried": _event("it was asked to stop once more: calls that run hang up", "owner"),
    "stopped": _event("it has ended in order", "owner"),
    "walled": _event("documents cannot reach the network, or files; kind: which, detail: by what", "kind", "detail"),
    "not-walled": _event("they could; detail says what to do", "kind", "detail"),
    "process-died": _event("a process that the daemon keeps has ended, and is started anew", "kind", "detail"),
    "process-failed": _event("such a process cannot go on", "error", "detail"),
    "process-silent": _event("such a process was silent for long, and is killed; kind: its number", "kind", "seconds"),
    "processes-late": _event("not all such processes are ready yet; kind: which", "kind", "count"),
    "processes-ready": _event("all of the daemon's equal processes are; kind: their roles", "count", "kind"),
    "http-listening": _event("metrics, health and readiness are answered", "port"),
    "http-not-listening": _event("they are not, for the port is not to be had; all else goes on", "port", "detail"),
    "http-broken-off": _event("who asked for a page left before the answer"),
    "library": _event("a library complains; kind: its name. What it says is left out: it may quote mails", "kind"),
    # Workers.
    "step-failed": _event("a worker could not do its step, and tries again later", "worker", "error"),
    "claim-gone": _event("work ended early: it was cancelled, or given back at a stop or a lost lease", "worker"),
    "step-crashed": _event("a worker's step met a fault of ours; it tries again later", "worker", "error", "at"),
    "step-cut": _event("a worker's step was broken off", "worker"),
    "claim-owed": _event("claimed work could not be given back yet", "error", "count"),
    "forgotten": _event("rows that are kept for some days only were deleted", "count"),
    "delays-told": _event("senders were told that their faxes take longer than expected", "count"),
    "swept": _event("contents that no row names were put aside; erased: those put aside before", "count", "erased"),
    "documents-erased": _event("the time of a fax's documents was over; count: contents", "job", "kind", "count"),
    "sweep-broken-off": _event("a sweep met a store, disk or bucket out of reach; a later one begins anew", "error"),
    # Several processes.
    "lease-lost": _event("this process was given up for dead, and ends", "owner"),
    "lease-over": _event("this process could not renew its lease in time; it hangs up and claims nothing", "owner"),
    "lease-not-renewed": _event("the lease could not be renewed this time", "owner", "error"),
    "strays-released": _event("work that nobody in this process does was given back", "owner", "count"),
    "time-stepped": _event("the machine's clock was set; for a while no lease is judged", "seconds"),
    "process-lost": _event("what dead processes had claimed was taken back", "count"),
    # Faxes.
    "submission-accepted": _event(
        "a mail became jobs; rule: why it was let in", "peer", "submission", "job", "size", "rule"
    ),
    "submission-refused": _event("a mail was refused; rule: why", "rule", "peer", "reply"),
    "submission-rendered": _event("its pages are ready", "submission", "pages", "job"),
    "submission-failed": _event("it cannot be faxed", "submission", "outcome"),
    "render-cut-off": _event("a document brought its converter down, or took too long", "submission", "detail"),
    "postmaster-mail": _event("a letter to the postmaster was taken", "peer", "size"),
    "call-ended": _event(
        "a call is over; seconds by the gateway's clock",
        "job", "attempt", "destination", "trunk", "outcome", "detail", "pages", "seconds",
    ),
    "operator": _event("who runs the trunk should look; kind: why", "kind", "trunk", "job"),
    # Faxes that come in.
    "call-answered": _event("a call to one of our numbers was answered", "fax", "destination", "caller"),
    "call-turned-away": _event("a call was let ring, or heard busy; kind: why", "kind", "destination"),
    "fax-received": _event(
        "a call that we answered is over, and settled", "fax", "destination", "outcome", "detail", "pages", "seconds"
    ),
    "reception-damaged": _event("pages of a call that broke off are not in the spool: see faxgw db check", "fax"),
    "fax-forwarded": _event("a received fax became mails in the outbox; count: so many", "fax", "pages", "count"),
    "fax-not-forwarded": _event("it did not: see faxgw inbound show; kind: first time or again", "fax", "kind"),
    # Notices.
    "mail-sent": _event("the relay took a notice; reply: its code", "kind", "reply", "attempt"),
    "mail-delayed": _event("the relay did not take it now", "kind", "reply", "attempt"),
    "mail-undeliverable": _event("it was given up", "kind", "reply", "attempt"),
    "relay.unreachable": _event("no connection to the relay for so long; told each ten minutes", "error", "seconds"),
    "relay.reached": _event("it answers again, after so long", "seconds"),
    "relay.no_smtputf8": _event("it has no SMTPUTF8, which a recipient's address needs: the notice is given up"),
    "relay.broken_off": _event("the connection broke after so many notices; likewise", "error", "count", "seconds"),
    # The archive.
    "fax-archived": _event("a copy is there; kind: direction, detail: the way", "fax", "kind", "detail", "attempt"),
    "archive-delayed": _event("the server did not keep it; see faxgw archive list", "fax", "kind", "attempt"),
    "archive-unreachable": _event("nobody answered there; all copies for that place wait", "fax", "kind", "attempt"),
    "archive-given-up": _event("it was tried for too long, or there is no place", "fax", "kind", "attempt"),
    "archive-lost": _event("the fax was erased before it could be copied", "fax", "kind", "attempt"),
    # Alarms.
    "alarm-raised": _event("something is stuck; kind: what", "kind", "detail"),
    "alarm-over": _event("it is stuck no longer", "kind"),
    # The listener.
    "smtp.listening": _event("mail is taken; detail: address and ports", "detail"),
    "smtp.stopped": _event("mail is taken no longer"),
    "smtp.mail": _event("answered, and no fax: kind is the box", "peer", "size", "count", "kind", "reply"),
    "smtp.bounce": _event("a bounce was swallowed; count: so far", "peer", "size", "count"),
    "smtp.timeout": _event("a client said nothing for too long", "peer"),
    "smtp.client_gone": _event("a client left in the middle of a text", "peer"),
    "smtp.tls_failed": _event("TLS could not be agreed upon", "peer", "detail"),
    "smtp.turned_away": _event("a client was sent away", "peer", "reply"),
    "smtp.sign_in_failed": _event("wrong user name or password", "peer"),
    "smtp.not_announced": _event("a balancer did not say for whom it connects", "peer"),
    "smtp.notes_dropped": _event("refusals came faster than they could be kept", "count"),
    "smtp.few_descriptors": _event("the system allows fewer open files than connections", "count", "detail"),
    "smtp.storage_failed": _event("a mail could not be kept: 451", "detail"),
    "smtp.fault": _event("a fault of ours in a session: 451"),
}  # fmt: skip
