"""A module for the warm parent's start: it wants something done after each fork, forks, and ends it all."""

import os

os.register_at_fork(after_in_child=lambda: os.write(1, b"in the child\n"))
if os.fork() == 0:
    os._exit(0)
os.wait()
os.write(1, b"forked\n")
os._exit(0)
