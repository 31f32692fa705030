"""The networks of the literature: rows in `registry`, one file an architecture."""
