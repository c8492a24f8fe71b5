"""What holds for a mail from the moment it is taken, as text and back."""

import json

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.frozen import freeze, thaw
from gateway.domain.nodes import Contact, User
from gateway.domain.setting_catalog import CATALOG, Effective

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12)
CONTACTS = st.builds(Contact, WORDS, WORDS, WORDS, WORDS, WORDS, WORDS, WORDS)
USERS = st.builds(
    User,
    id=st.integers(1),
    user_name=WORDS,
    first_name=WORDS,
    last_name=WORDS,
    path=WORDS,
    parent_id=st.integers(1),
    company=WORDS,
    sending_addresses=st.lists(WORDS, min_size=1, max_size=3).map(tuple),
    receiving_addresses=st.lists(WORDS, max_size=3).map(tuple),
    fax_number=WORDS,
    locked=st.booleans(),
    contact=CONTACTS,
    custom=st.tuples(WORDS, WORDS, WORDS, WORDS),
)
CHOICES = [(setting.name, value) for setting in CATALOG.values() for value in setting.values or (setting.default,)]
VALUES = st.lists(st.sampled_from(CHOICES), max_size=10).map(dict)


@given(USERS, VALUES)
def test_sender_and_settings_come_back_as_they_were(sender: User, values: dict[str, str]) -> None:
    found = thaw(freeze(sender, Effective(values)))

    assert found.sender == sender
    assert found.settings.every() == Effective(values).every()


def test_what_a_later_version_no_longer_knows_or_allows_is_left_out() -> None:
    user = User(1, "anna", "Anna", "Smith", "Acme/anna", 2, "Acme", ("anna@acme.example",))
    text = json.loads(freeze(user, Effective({"fax.paper": "a4"})))
    text["settings"] |= {"fax.colour": "blue", "fax.resolution": "photo"}

    found = thaw(json.dumps(text)).settings

    assert (found.text("fax.paper"), found.text("fax.resolution")) == ("a4", "fine")
    assert dict(found.explicit) == {"fax.paper": "a4"}
