"""The tables and the spool; hands out frozen domain objects only."""
