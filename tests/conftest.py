"""What all tests share: how properties are tried."""

from hypothesis import settings

# No deadline: a busy machine is no bug. The examples of a failure are printed, to be written down as a case.
settings.register_profile("faxgw", deadline=None, print_blob=True)
settings.load_profile("faxgw")
