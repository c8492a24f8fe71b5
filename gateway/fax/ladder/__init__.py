"""Ladder diagrams: a call's trace drawn between its two ends, for people to read."""
