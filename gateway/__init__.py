"""The gateway: decides, stores and moves faxes. The layout is in README.md beside this file."""
