"""Proof of who sent a mail: DNS, SPF, DKIM, alignment with the author, and Authentication-Results."""
