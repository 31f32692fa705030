"""Finding the method, its settings and its steps that fit pictures with a truth."""
