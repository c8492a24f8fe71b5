"""Turns documents into fax pages. Knows nothing of the gateway or of cover pages."""
