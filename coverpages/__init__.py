"""Fills the first page of a fax from a template. Knows nothing of the gateway or of the renderers."""
