"""`python -m gateway` is the faxgw command."""

from gateway.cli.main import main

main()
