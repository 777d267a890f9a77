"""Classifiers with attention, as the pure functions of `attnjax.types.AttentionModel`.

`build.build_model` makes one from a config, `weights` fills it with the released code's
weights, `inputs.single_inputs` makes something to run it on.
"""
