"""The gateway: decides, stores and moves faxes. The layout is in README.md beside this file."""

import gc

# Loading makes half a million objects that all stay. Looking through them again and again for garbage took a fifth of
# the time until a command or daemon began; a daemon looks as often as is good for it (`event_loop.settle_in`).
gc.set_threshold(50_000, 20, 100)
