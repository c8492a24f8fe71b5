"""What a cover page may show: the closed list of fields, and values to preview a template with.

What lives here: names and words. What does not: how a template asks for them (`language`), where values come from.
"""

from collections.abc import Mapping
from types import MappingProxyType

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "sender": "the sender's name",
        "sender_email": "the sender's mail address",
        "sender_company": "the sender's company",
        "sender_phone": "the sender's telephone number",
        "sender_fax": "the sender's fax number",
        "sender_address": "the sender's postal address, line by line",
        "recipient_name": "the recipient's name",
        "recipient_company": "the recipient's company",
        "recipient_number": "the fax number called",
        "subject": "the subject of the mail, without tokens",
        "body": "the text of the mail, line by line",
        "pages": "the number of pages, with the cover",
        "date": "the date and time of sending, in the sender's format",
        "job_id": "the number of the job",
        "reference": "the sender's own reference",
        "custom_1": "custom field 1 of the sender",
        "custom_2": "custom field 2 of the sender",
        "custom_3": "custom field 3 of the sender",
        "custom_4": "custom field 4 of the sender",
    }
)

# People, addresses and numbers that do not exist (RFC 2606; the 555 01xx range of the North American plan).
SAMPLE: Mapping[str, str] = MappingProxyType(
    {
        "sender": "Dorothea Lindqvist",
        "sender_email": "d.lindqvist@lindqvist-brandt.example",
        "sender_company": "Lindqvist & Brandt LLP",
        "sender_phone": "+1 212 555 0142",
        "sender_fax": "+12125550143",
        "sender_address": "410 Harbor Street, Suite 900, New York NY 10004, United States",
        "recipient_name": "Adaeze Okafor",
        "recipient_company": "Northgate Logistics",
        "recipient_number": "+14155550100",
        "subject": "Signed agreement for the Harbor Street lease",
        "body": "Dear Ms. Okafor,\n\nplease find the signed agreement with this page. Page 4 needs your initials in "
        "the margin.\n\nKind regards\nDorothea Lindqvist",
        "pages": "6",
        "date": "11-22-2026 8:31 PM",
        "job_id": "1047",
        "reference": "HN-2231",
        "custom_1": "Matter 88-1021",
        "custom_2": "Cost center 410",
        "custom_3": "",
        "custom_4": "",
    }
)
