"""Page coding after T.4 and T.6, by libtiff."""
