"""T.4 and T.6: coded pages, the files that hold them, and fitting them to what a far end takes."""
