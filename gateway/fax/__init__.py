"""Calls: the transport interface, the T.30 engine and the line simulator."""
