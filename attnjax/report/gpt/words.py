"""What the report of a pre-training says in the same words every time."""

INTRODUCTION = (
    "A GPT was trained to say which piece of text comes next (Radford et al., 2018), and is judged "
    "by whole documents that it was not trained on. This page says how well it predicts them, what "
    "models without depth reach on the same pieces, and what was left out."
)

CURVE = (
    "From left to right the model has seen more text; the lower a point, the better the text is "
    "predicted. Perplexity is, so to speak, among how many equally likely pieces the model still "
    "hesitates. The axis is logarithmic: equal distances are equal factors. The solid line with "
    "dots is the model on the held-out documents; the thin line is its loss on the text it is "
    "being trained on, with dropout if there is any, as the same kind of number. The dashed "
    "line is a trigram, "
    "which looks at two pieces only, counted on as many tokens as stand below it; the dotted line "
    "is a unigram, which knows how frequent each piece is and nothing else. A model below the "
    "trigram uses more than the last two pieces."
)

DOCUMENTS = (
    "Every token of a document but its first is predicted once. Perplexity depends on the pieces: "
    "numbers of two tokenizers cannot be compared. Bits per character can: what all predictions of "
    "a document cost together, over the characters of its text as it was read, line ends included. "
    "The pieces are of text in lower case with its spaces evened out, so a little of what a "
    "character carries is never asked for; that favours all rows of this table alike."
)

CORPUS = (
    "The training documents are what the model learns from; of the held-out ones it sees nothing "
    "before it is judged, and new pieces are not made of them either. An unknown piece stands for "
    "a sign that no piece has. Windows are taken from within documents or across their ends, as "
    "the config says; what fills no window or no batch is counted below, and is another part of "
    "the text in every epoch."
)

GLOSSARY = (
    ("Piece", "A part of a word, or a whole one, that a text is made of; also called token."),
    (
        "Perplexity",
        "The exponential of the mean of minus the logarithm of the probability that a model gave "
        "to each piece that came.",
    ),
    (
        "Bits per character",
        "Minus the sum of the binary logarithms of these probabilities over the number of "
        "characters: what a compressor that used the model would need.",
    ),
    ("Unigram", "A model that gives each piece its share of the training text, whatever came."),
    (
        "Trigram",
        "A model that looks at the last two pieces (interpolated Kneser-Ney; Chen & Goodman, "
        "1999).",
    ),
    (
        "MFU",
        "Model flops utilisation: the share of the devices' peak that goes into the operations "
        "that the model needs.",
    ),
)
