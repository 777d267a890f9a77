"""GPT-1: a transformer decoder whose attention, of every layer and head, may be replaced.

`settings.GPTSettings` describes one, `model.build_gpt` makes it, `weights_release` and
`weights_huggingface` read its released weights, `parts` restricts what of its attention is
perturbed, `losses` is what it is trained for.
"""
