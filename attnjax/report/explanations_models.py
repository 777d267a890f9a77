"""How to read the tests that train other models, and what their words mean."""

from collections.abc import Mapping

MODELS = (
    "The sections above examine one model, here called the base, and change its weights from "
    "outside. Wiegreffe & Pinter (2019), Attention is not not Explanation, object that this proves "
    "little: attention has to matter to the task in the first place, and other weights ought to "
    "come from a model, not be put in place text by text while everything else is held fixed. So "
    "the tests below train other models and compare them with the base. {parts} In the drawing "
    "every box is a model of this run and every arrow says how it came from another."
)

MODEL_PARTS: Mapping[str, str] = {
    "uniform": "One has its attention held uniform: does the task need attention at all?",
    "seeds": "Others are trained as the base was from other seeds: how far does chance in training "
    "move the weights?",
    "guides": "A small model without context is given the weights of others: are they of use to a "
    "model that did not learn them?",
    "trained_adversary": "A trained adversary learns to predict as the base does with another "
    "attention: does such a model exist?",
    "mass_adversary": "The mass adversary learns to be right with hardly any weight on marked "
    "tokens (Pruthi et al., 2020): can what decides be hidden?",
}

UNIFORM = (
    "The same model is trained with an attention that it learns and with every token given the "
    "same weight, both from the same seeds. "
    "Both models of a seed predict the same texts, so their scores are compared in pairs. If "
    "uniform attention does as well, the task can be solved without choosing among tokens, and "
    "neither a distant adversary nor its absence says anything about weights that did not have to "
    "be. An interval that holds 0 means that the two cannot be told apart, not that they are as "
    "good as each other: then look at how large a difference it leaves room for."
)

SEEDS = (
    "The base is trained again {count} with nothing changed but the seed (of first weights, order "
    "of texts and dropout){besides}, and each model's attention to a text is compared with the "
    "base's. This spread is the yardstick for adversaries: an attention no farther from the base "
    "than another seed's is nothing that has to be explained. It is shown by the largest weight of "
    "the base, because a flat attention cannot move far, and a peaked one is what seems to say "
    "something."
)

GUIDES = (
    "A diagnostic model reads each token by itself (one layer over its embedding, no context; what "
    "is asked of a text it reads too) and "
    "averages the tokens with weights that are given to it and fixed: equal ones, those of another "
    "model, or, for comparison, weights it learns itself. It cannot repair bad weights by moving "
    "content between positions. If the base's weights make it better than uniform ones, they carry "
    "information about the task that does not depend on the model they come from; if an "
    "adversary's do not, those are no equal alternative."
)

TRAINED = (
    "An adversary is trained from scratch, on the training texts, to keep its output close to the "
    "base's (TVD) while moving its attention away (λ times the Kullback-Leibler divergence): the "
    "larger λ, the more distance is worth. Each λ gives one model and one point: distance of the "
    "attention (JSD) against change of the output (TVD), both means over the test texts. A point "
    "high up on the left is another attention with the same predictions, from a model that was "
    "trained.{beside}"
)

BESIDE = " What else this run knows of other attentions is on the same axes for comparison."

OTHER_BASE = (
    " The base of this sweep is the model of another run ({base}), so distances here are from that "
    "model and not from the one of the sections above."
)

MASS = (
    "The model is trained anew on the task with a penalty on the share of its attention (mass) "
    "that lies on marked tokens: {marked}. The larger the penalty, the less of its attention may "
    "be there. If it predicts as well with hardly any mass on tokens that matter, its weights hide "
    "what decides from whoever reads them."
)

NORMS = (
    "What a token contributes is its weight times its state, read by the layer that takes the "
    "average: the output layer or, where there is a question, the layer before it (the weights W_p "
    "of the decoder; what follows bends, so that their length says less). So a model can give a "
    "token a small weight and a large state, and its weights alone do not say what counts."
)

GLOSSARY = (
    ("base", "The model of this run, with the seed and the settings of its config."),
    ("guide", "Weights that are given to a model and fixed while the rest of it is trained."),
    ("lambda (λ)", "What a trained adversary gains by a distant attention, beside what it loses by "
     "another output."),
    ("mass", "The sum of the attention on marked tokens, from 0 to 1."),
    ("F1, AUC", "Scores of a classifier on texts it was not trained on: the mean of precision and "
     "recall (harmonic), and the area under the ROC curve. 1 is best."),
)  # fmt: skip
