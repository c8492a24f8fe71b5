"""Mail addresses in the one form that we compare and send: the domain in ASCII, as the DNS has it (RFC 5890).

What lives here: that form. What does not: what may be an address at all (`nodes`, `gateway.mail.authors`), mapping what
people type for the DNS (`gateway.mail.proof.dns`).
"""

import idna


def ascii_address(address: str) -> str:
    """The address with its domain in A-labels; its local part, which only its host may map, as it is."""
    if address.isascii():
        return address
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{_ascii_domain(domain)}"


def _ascii_domain(domain: str) -> str:
    """A label that is none by IDNA stays as it is: look-alikes in full width or with other dots are not mapped."""
    return ".".join(label if label.isascii() else _a_label(label) for label in domain.split("."))


def _a_label(label: str) -> str:
    try:
        return idna.alabel(label).decode("ascii")
    except idna.IDNAError:
        return label
