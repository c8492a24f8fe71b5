"""Providers whose customers all send from the same addresses, by the domains of their SPF records.

What lives here: the list, and finding a name in it. What does not: the check that led to the name (`spf`).

A pass by way of such an include says "one of their customers", not which. One name too many only asks for DKIM as well.
"""

from collections.abc import Iterable

_MAILBOXES = """
    outlook.com outlook.de hotmail.com office365.us partner.outlook.cn _spf.google.com _netblocks.google.com
    _netblocks2.google.com _netblocks3.google.com googlemail.com mail.yahoo.com icloud.com messagingengine.com zoho.com
    zoho.eu zoho.in zoho.com.au zohomail.com transmail.net emailsrvr.com secureserver.net registrar-servers.com
    privateemail.com web-hosting.com mx.ovh.com perfora.net kundenserver.de ionos.com rzone.de gandi.net infomaniak.ch
    protonmail.ch migadu.com mailbox.org yandex.net mail.ru titan.email mail.hostinger.com dreamhost.com bluehost.com
    websitewelcome.com one.com mailspamprotection.com mail.qq.com mxhichina.com hostedemail.com
"""
_SENDERS_FOR_OTHERS = """
    amazonses.com sendgrid.net mailgun.org mandrillapp.com mcsv.net mtasv.net sparkpostmail.com smtp2go.com
    sendinblue.com brevo.com mailjet.com elasticemail.com createsend.com constantcontact.com mailersend.net mlsend.com
    email-od.com turbo-smtp.com sendpulse.com emsd1.com aweber.com bmsend.com getresponse.com sender.net zcsend.net
    hubspotemail.net mktomail.com exacttarget.com pardot.com salesforce.com zendesk.com freshemail.io freshdesk.com
    helpscoutemail.com atlassian.net shopify.com
"""
_FILTERS = """
    pphosted.com ppe-hosted.com mimecast.com messagelabs.com mailcontrol.com hornetsecurity.com antispameurope.com
    barracudanetworks.com trendmicro.com iphmx.com mailanyone.net exclaimer.net mxlogic.net mtaroutes.com
    antispamcloud.com sophos.com
"""
SHARED = frozenset((_MAILBOXES + _SENDERS_FOR_OTHERS + _FILTERS).split())


def shared_among(domains: Iterable[str], shared: frozenset[str] = SHARED) -> str:
    """The first domain that is one of these or stands below one; empty when none does."""
    return next((domain for domain in domains if not shared.isdisjoint(_itself_and_above(domain))), "")


def _itself_and_above(domain: str) -> list[str]:
    labels = domain.lower().rstrip(".").split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]
