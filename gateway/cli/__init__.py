"""The faxgw command: click only, one module per group of nouns."""
