"""The T.30 procedure: no clock, no socket, no thread."""
