"""How the relay is reached, by the settings.

What lives here: making it. What does not: SMTP (`gateway.mail.relay`).
"""

from gateway.mail.relay import Relay, RelaySettings
from gateway.settings import Settings


def relay_of(settings: Settings) -> Relay:
    """The smart host that our mail goes through."""
    relay = settings.relay
    return Relay(
        RelaySettings(
            host=relay.host,
            port=relay.port,
            hostname=settings.smtp.hostname,
            start_tls=relay.start_tls,
            implicit_tls=relay.implicit_tls,
            user_name=relay.user_name,
            password=relay.password,
            mail_from=relay.mail_from,
            ca_bundle=relay.certificates or None,
            largest=relay.largest_mail,
        )
    )
