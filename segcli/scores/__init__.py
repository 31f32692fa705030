"""How well a prediction agrees with the truth: rows in `table`, one function each."""
