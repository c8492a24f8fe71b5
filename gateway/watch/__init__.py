"""Watching the gateway: figures, health, readiness and alarms of the daemon, and how they are asked for."""
