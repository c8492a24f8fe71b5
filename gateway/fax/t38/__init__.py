"""The packets that the engine speaks."""
