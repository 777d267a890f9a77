"""How far attention can be changed without the model noticing: shuffles and searches."""
