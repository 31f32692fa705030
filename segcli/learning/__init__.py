"""How networks learn: what they are shown, what they are blamed for."""
