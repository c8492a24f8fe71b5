"""What strangers' documents are kept in: no network, no deep calls to the kernel, no files but their own.

What lives here: walls that a process puts around itself and its descendants. What does not: limits of time and memory,
and who raises which wall (`warm`, `libreoffice.desk`, `libreoffice.listener`). It also runs under LibreOffice's own
Python, so only the standard library is used.
"""
