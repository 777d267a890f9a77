"""How to read each test, for someone who has not read the papers, and what the words mean."""

from collections.abc import Mapping
from typing import Any

from attnjax.report.tables import Table

INTRODUCTION = (
    "A classifier with attention gives every token of a text a weight; the weights sum to 1. It is "
    "tempting to read a large weight as “this token is why the model said so”. This report puts "
    "that reading on trial for one model, with the tests of Jain & Wallace (2019), Attention is "
    "not Explanation. It asks whether the weights are faithful (whether they tell what decided the "
    "output), not whether people find them plausible. It gives no verdict: each test answers one "
    "narrow question, and what its numbers do and do not show stands below it."
)

AGREEMENT = (
    "Attention orders the tokens of a text by weight. {Other} orders them too: {meaning}. If both "
    "say what mattered, the orders should be alike. Kendall's tau measures this text by text: of "
    "all pairs of tokens, the share that both put in the same order minus the share they put in "
    "opposite orders. 1 is the same order, -1 the opposite order, and 0 is what unrelated orders "
    "have on average. Compare the level with the yardstick below (how well gradient and "
    "leave-one-out agree with each other) rather than with 1: no two measures agree perfectly."
)

MEANINGS = {
    "gradient": (
        "it asks how much the output would change if a token's embedding changed a little (the "
        "size of the derivative along the embedding, with the attention weights held fixed)"
    ),
    "gradient_attached": (
        "it asks how much the output would change if a token's embedding changed a little (the "
        "size of the derivative along the embedding, through the attention weights as well)"
    ),
    "leave-one-out": (
        "it deletes one token at a time, lets the model read the shortened text afresh and notes "
        "how much the output changes"
    ),
}

YARDSTICK = (
    "Gradient and leave-one-out are two ways to measure a token's importance that do not look at "
    "the attention weights as a ranking. How well they agree with each other on this model is the "
    "yardstick for the taus of attention: if even they differ, attention cannot be blamed for "
    "differing from one of them."
)

RANDOM = (
    "The lower end of the scale: random scores for the tokens of each text, compared with the "
    "gradient just as attention is. A text with few tokens can have a large tau by chance, so the "
    "taus spread; their mean should be near 0."
)

PERMUTATION = (
    "If it matters which token gets which weight, the output should change when the weights are "
    "shuffled among the tokens of a text. Each text is shuffled {count} times; its number here is "
    "the median, over the shuffles, of the output change: the total variation distance between "
    "the two class distributions (for two classes the change of the probability), from 0 to 1. It "
    "is shown against the largest weight of the text, because shuffling weights that are nearly "
    "equal cannot do much, while a single large weight ends up elsewhere. In each violin the "
    "width shows how many instances lie there; the white dot is their median; bins with fewer "
    "than 10 instances show each as a dot."
)

ADVERSARY = (
    "Is there a very different attention that leaves the prediction as it is? For each text a "
    "search starts from {candidates} weightings ({starts}) and moves each away from the model's "
    "own attention for {steps}, {keeping} within ε = {epsilon:g} (total variation distance). "
    "The number of a text is the largest Jensen-Shannon divergence (JSD) "
    "among the candidates whose output changes by at most {limit:g}: 0 means the weights are the "
    "model's own, ln 2 = 0.69 that they share no token at all. What the paper asks is whether "
    "large values are common, above all where the attention was peaked and so seemed to say much."
)

SEARCH_STARTS = {
    "noise": "random ones",
    "pairs": "pairs of tokens that together leave the output about where it is, and random ones",
}

SEARCH_KEEPING = {
    "penalty": "while a penalty keeps the output",
    "projection": "along the attentions that keep the output",
}

EXACT = (
    "The attention farthest from the model's own (the largest JSD) whose output differs by at most "
    "ε = {epsilon:g}: not searched for, but computed. The log-odds of this model's two classes are "
    "a constant plus a mean of one number per token, weighed by the attention. The attentions "
    "within ε of the output therefore form a body with flat sides, whose farthest point is one of "
    "its corners, and a corner has all its weight on one or two tokens. Trying every token and "
    "every pair gives the maximum itself, where a search gives a lower bound. The curve shows it "
    "for stricter and for looser limits. The last figure asks the opposite: how far could any "
    "attention at all move the output? Where the answer is little, the output hardly depends on "
    "attention, and a distant adversary is no surprise."
)

CAPPED = (
    "The strongest adversary has all its weight on one or two tokens, chosen anew for every text: "
    "degenerate attentions, to which Wiegreffe & Pinter (2019) object. So the same question is "
    "asked of attentions that must be spread: with no single weight above a cap (a cap of c "
    "needs at least 1 / c tokens), or with an entropy of at "
    "least a share of the largest possible one, which is that of equal weights. The output still "
    "moves by at most ε = {epsilon:g}. The maximum under such a constraint has no closed form: "
    "what is given is the JSD of an attention that was found, and an upper bound that no "
    "attention under the constraint exceeds."
)

SEVERAL = (
    "The attention farthest from the model's own (the largest JSD) whose output differs by at "
    "most ε = {epsilon:g}. With more than two classes it has no closed form, so it is enclosed. "
    "From below stand attentions of a few tokens, tried one by one{search}: each keeps the output "
    "within ε, so the true maximum is at least as large. From above: an output within ε confines "
    "the log-odds of every group of classes, and the farthest attention that keeps to all of "
    "these can be computed, so the true maximum is no larger. Both hold for every instance."
)

PLANTED = (
    "The texts of this corpus are made by a generator that knows which tokens decide the label. "
    "So a score of the tokens can be compared with the truth: AUPRC (area under the "
    "precision-recall curve) is 1 where every evidence token is ranked above every other token; "
    "the level of a random ranking depends on how many tokens are evidence and is given beside "
    "it. Precision is the share of evidence among the k tokens ranked first, if the text has k "
    "evidence tokens."
)

PLAUSIBILITY = (
    "This section is about plausibility: do people agree? It is not about faithfulness, which all "
    "other sections ask for: what decided the output. People read these texts and marked the words "
    "that are their reasons for the label; a score of the tokens is compared with what they "
    "marked. AUPRC (area under the precision-recall curve) is 1 where every marked token is ranked "
    "above every other token; precision is the share of marked tokens among the k tokens ranked "
    "first, if people marked k. A random ranking reaches more the more words are marked, so its "
    "level is given beside both. No number of this section enters another one."
)

PERFORMANCE = (
    "Before asking what a model's attention explains, ask whether the model has learnt its task. "
    "The scores below are on texts that it was not trained on{selection}."
)

GLOSSARY = (
    ("attention", "The weights, one per token and summing to 1, by which the model averages the "
     "states of its encoder before the output layer."),
    ("Kendall's tau (tau-b)", "Agreement of two orders of the same tokens, from -1 to 1; the form "
     "b allows for ties. It is undefined where one of the two gives every token the same score, "
     "or a text has one token; such texts are counted and left out of means."),
    ("p ≤ 0.05", "A tau at least this far from 0 would come up by chance in at most 5% of texts of "
     "that length if the two orders were unrelated."),
    ("TVD", "Total variation distance, half the sum of the absolute differences of two class "
     "distributions; for two classes the change of the probability. From 0 to 1. All output "
     "changes in this report are TVDs."),
    ("JSD", "Jensen-Shannon divergence of two attentions, in nats: 0 for the same weights, ln 2 = "
     "0.69 for weights on different tokens altogether."),
    ("strongest adversary", "The attention with the largest JSD from the model's own among all "
     "that move the output by at most ε. With two classes it has all its weight on one or two "
     "tokens; among spread attentions, and with more classes, it is enclosed by two bounds."),
    ("epsilon (ε)", "The output change up to which a prediction counts as the same."),
    ("95% interval", "Bootstrap over the instances of the test split: how far the mean could be "
     "off because these texts and not others of their kind were drawn, the trained model staying "
     "the same. It does not cover training the model again with another seed. Of an accuracy: "
     "Wilson's score interval."),
    ("gradient", "Size of the derivative of the output along a token's embedding."),
    ("leave-one-out", "Output change when a token is deleted and the text is read again."),
    ("AUPRC", "Area under the precision-recall curve of a ranking of tokens against the known "
     "evidence, or against what people marked."),
    ("faithful, plausible", "Faithful: the explanation names what decided the output. Plausible: "
     "people find it convincing. Neither follows from the other."),
)  # fmt: skip

_SETTINGS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "data.filter": ("which texts are used", {
        "paper": "those that the authors' released code uses of this data set: by length, and as "
        "docs/data.md says; “Dropped” counts the others",
        "none": "all"}),
    "training.amsgrad": ("the optimizer's second moment", {
        "paper": "maximum of the uncorrected moment, as in PyTorch",
        "release": "maximum of the uncorrected moment, as in PyTorch",
        "fixed": "maximum of the bias-corrected moment, as in optax"}),
    "training.loss": ("the loss of a batch", {
        "paper": "sum over the batch", "release": "sum over the batch",
        "fixed": "mean over the batch"}),
    "training.first_epoch": ("whether the first epoch can be the best one", {
        "paper": "it can", "release": "it cannot", "fixed": "it can"}),
    "selection.split": ("the split that chooses the best epoch", {
        "dev": "as Jain & Wallace do", "test": "as the code of Wiegreffe & Pinter does"}),
    "gradient.target": ("what is differentiated", {
        "probability": "the probability, as in the paper and its code",
        "logit": "the log-odds, which do not saturate"}),
    "gradient.attention": ("the weights while differentiating", {
        "detached": "held fixed, as in the paper and its code",
        "attached": "change with the embeddings"}),
    "adversary.starts": ("where the search begins", {
        "paper": "at noise", "release": "at noise",
        "fixed": "at pairs of tokens that keep the output, and at noise"}),
    "adversary.constraint": ("how the search keeps the output", {
        "paper": "by a penalty", "release": "by a penalty",
        "fixed": "by steps along the attentions that keep it"}),
    "adversary.optimizer_epsilon": ("output change that the search aims at", {}),
    "adversary.filter_epsilon": ("largest output change that is accepted", {}),
    "adversary.keep": ("which iterate of the search counts", {
        "paper": "the last", "release": "the last", "fixed": "the best feasible one"}),
    "adversary.jsd": ("how the divergence is computed", {
        "paper": "by its definition", "release": "with 1e-10 added to every weight",
        "fixed": "by its definition"}),
    "trained_adversary.tvd": ("the output change in a trained adversary's loss", {
        "paper": "the total variation distance", "release": "half of it, for two classes",
        "fixed": "the total variation distance"}),
    "adversary.amsgrad": ("the search optimizer's second moment", {
        "paper": "maximum of the uncorrected moment",
        "release": "maximum of the uncorrected moment",
        "fixed": "maximum of the bias-corrected moment"}),
}  # fmt: skip


_COMMON = {
    "data.filter": "paper",
    "selection.split": "dev",
    "gradient.target": "probability",
    "gradient.attention": "detached",
}
"""What every source does where a setting is not named after a source."""


def protocol_table(protocol: Mapping[str, Any], search: Mapping[str, Any]) -> Table:
    """Return every setting in which the sources differ, and those that leave the run's own.

    Args:
        protocol: of `results.json`; it has `data.filter` where the papers leave texts out.
        search: the settings of the adversary's search, in numbers; empty where not run.

    Example:
        >>> protocol_table({"setting": "fixed", "adversary.keep": "release"}, {}).rows[0][3]
        'differs'
    """
    setting = protocol.get("setting", "fixed")
    rows = []
    for field, value in protocol.items():
        if field == "setting":
            continue
        what, meanings = _SETTINGS.get(field, ("", {}))
        in_numbers = search.get(field.removeprefix("adversary."))
        if field.startswith("adversary.") and isinstance(in_numbers, int | float):
            meaning = f"{in_numbers:g}"
        else:
            meaning = meanings.get(str(value), "")
        described = f"{what}: {meaning}" if what and meaning else what or meaning
        differs = value != _COMMON.get(field, setting)
        rows.append((field, str(value), described, "differs" if differs else ""))
    return Table(
        f"Protocol “{setting}”: every setting in which the paper, its released code and good "
        "practice differ",
        ("setting", "value", "what it means", f"beside “{setting}”"),
        tuple(rows),
    )
