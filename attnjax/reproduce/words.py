"""What the page says around its tables."""

OPENING = """# *Attention is not Explanation*, run again

Written by `python -m attnjax.reproduce` from the records in `results/`; the command writes both
again. Each row is a model: a data set of Jain & Wallace (2019), an encoder and an attention.
Every row is one training (seed {seeds}; protocol "{protocols}", see architecture.md), so
intervals, which are 95% bootstrap intervals over the test texts, do not cover training again:
another seed can move a mean by more than its interval is wide.

Published taus are the means over all test texts in the authors' own result files. Scores are
those of the authors' later run, from their files too; the column of the paper's table 1 is from
memory of the paper and could not be compared with it. The paper shows shuffled and adversarial
attentions as figures only, so there is no number to set beside ours. Published figures stand
only beside runs on the same data with the settings of the plan.
"""

PERFORMANCE = """## How well the models predict

*How to read this.* The paper's measure is F1 of class 1 for classification and accuracy for
question answering and inference. An explanation of a model that predicts badly explains little.
"Aim" is what this project set itself before the runs, for the BiLSTM with additive attention.
"Test loss" is the mean cross-entropy in nats, "sure" the share of test texts whose class has a
probability above 0.99.
"""

AGREEMENT = """## Does attention agree with gradients and with leave-one-out?

*How to read this.* Kendall's tau of two rankings of a text's tokens: 1 where they agree, 0
where they have nothing to do with each other, -1 where one is the other upside down. The cell
is the mean with its interval over the test texts that have a tau; how many stands behind it
where not all have one, because the test was limited or all scores of a text are equal. The
published mean stands to its right. The last table of each attention is the yardstick: how far
gradients and leave-one-out agree with each other.
"""

CERTAINTY = """### Where a model is sure

*How to read this.* Mean tau of gradient and leave-one-out over the quarter of the test texts on
which the model is least sure, and over that on which it is surest. Where a probability is
nearly 0 or 1, it hardly moves whatever is deleted, and the ranking of tiny changes says little:
a model that is often sure has a low yardstick, and lower taus of attention with it. It explains
a part of what lies below the published means; how long a model was trained decides how sure it
is.
"""

COUNTERFACTUAL = """## Does another attention leave the output as it is?

*How to read this.* Output changes are total variation distances, from 0 to 1. "Change when
shuffled" is each text's median over shuffles of its attention, as the mean over the texts and
as that of the median text: near 0, the order of the weights hardly matters. JSD is the
divergence of an adversarial attention from the model's own, in nats, at most 0.693; the
adversary may move the output by epsilon. "Largest possible" is a certified maximum for two
classes, and bounds that enclose it for more.
"""

CLAIMS_OPENING = """## The paper's claims

*How to read this.* Each rule was written down before the runs; it may come out false. A data
set passes or fails where the whole 95% interval does (of two means: where the intervals lie
apart); else it is open. Models are those with additive attention unless the claim names
another. "Published means" is what the authors' own means give under the same rule, where they
have the numbers (means alone: no intervals).
"""

DATA_SETS = """## The data

*How to read this.* "Cut" are texts shortened to `data.max_length`; whatever was left out is
counted by its reason.
"""

COST = """## What it costs

*How to read this.* Seconds of each part, compilation included where it was not cached, and the
most memory of the host that the process held, on {devices}. Other work may have run beside
them: these are sizes, not benchmarks.
"""
