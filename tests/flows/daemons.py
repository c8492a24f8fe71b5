"""A gateway in a folder of its own for end-to-end tests, its people made through the store, which is quick."""

from pathlib import Path

from gateway.admin import tree, users
from gateway.store.migrate import open_store
from samples.demo import Demo
from tests.actors import root

AMELIA, BEN, CARLA = "amelia.ross@acme.example", "ben.ortiz@acme.example", "carla.ruiz@acme.example"
CARLAS_PASSWORD = "Correct-h0rse"


def demo_with_people(folder: Path) -> Demo:
    """Acme with Amelia, Ben, and Carla, who has a password; not running yet."""
    demo = Demo(folder)
    demo.prepare()
    store = folder / "store"
    db = open_store(f"sqlite:///{store / 'faxgw.sqlite'}", store)
    tree.add_company(root(db), "Acme")
    for name, address in (("Amelia Ross", AMELIA), ("Ben Ortiz", BEN), ("Carla Ruiz", CARLA)):
        first, last = name.split()
        password = CARLAS_PASSWORD if address == CARLA else ""
        users.add_user(root(db), users.UserForm("Acme", first, last, [address], user_name=first, password=password))
    db.close()
    return demo
