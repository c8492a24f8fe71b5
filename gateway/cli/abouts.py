"""What each command does, in one paragraph: so that a list of commands needs none of their modules, which take seconds.

What lives here: the table. What does not: the commands, whose own help says the same; a test compares them.
"""

from collections.abc import Mapping

ABOUTS: Mapping[str, str] = {
    "serve": "Run the gateway: take mail, render, call, and send notices, until interrupted.",
    "nodes": "The processes of the gateway that share this store, on one machine or on several.",
    "doctor": "Check this machine and the settings file; exit status 1 when a piece is missing.",
    "completion": "Write the script that makes SHELL complete commands and options.",
    "db": "The store and the contents: status, check, sweep, backup, restore, upgrade.",
    "company": "Companies, the top of the tree.",
    "dept": "Departments, nested to any depth.",
    "user": "Users: who sends and receives faxes.",
    "admin": "Administrators of companies and departments.",
    "rights": "What administrators may see and do.",
    "policy": "Password and session policies; which one holds where says the setting security.policy.",
    "password": "Passwords of users and administrators.",
    "number": "Numbers that we own: who has them, and where faxes to them go.",
    "block": "Numbers that a company's users may not fax.",
    "settings": "Settings of companies, departments and users: what holds, and why.",
    "journal": "The journal: every change, by whom, when, from what to what, and why.",
    "outbound": "Outbound faxes.",
    "inbound": "Faxes that came in.",
    "queue": "The queue as a whole: what waits, what runs, what is stuck.",
    "trunk": "Trunks: the lines that calls go by.",
    "outbox": "Mails that we send: notices, received faxes; those that wait, and those that could not be sent.",
    "archive": "Copies of faxes that are kept elsewhere: those on their way, those that failed; where "
    "they go say settings.",
    "refused": "Mails that were refused when they came in.",
    "quarantine": "Numbers that are refused because the network said, more than once, that they are gone.",
    "covers": "Cover pages: those that ship, and those of companies and departments.",
    "notices": "How notices look: each company may have templates of its own.",
    "retention": "Documents are kept for so many days as the settings retention.* say, and erased.",
    "render": "Render FILES, in that order, to the pages that a fax of them would have.",
    "send": "Fax FILES to NUMBER by a mail through the running listener.",
    "simulate": "Calls on the simulated line, one at once and without a mail; call-in alone touches the "
    "running gateway.",
    "test": "Try out what the listener would do; nothing is kept or sent.",
}
