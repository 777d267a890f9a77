import io
import sys

from rich.console import Console

from attnjax.training.metrics import Scores
from attnjax.training.progress import Bar, Lines, make_display

SCORES = Scores(accuracy=0.75, f1=0.5, f1_macro=0.6, auc=0.875, loss=0.4)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_only_where_wanted_and_watched(monkeypatch):
    settings = {"num_epochs": 1, "num_steps": 2}
    assert isinstance(make_display("a", progress=True, **settings), Lines)
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert isinstance(make_display("a", progress=True, **settings), Bar)
    assert isinstance(make_display("a", progress=False, **settings), Lines)


def test_one_line_per_epoch(capsys):
    with Lines("train", num_epochs=8) as display:
        display.show_step(20, 0.7, 12345.6)
        display.show_epoch(1, 0.69, SCORES, 61.2)
    assert capsys.readouterr().err == (
        "train: epoch 2 of 8, loss 0.6900, dev accuracy 0.750, F1 0.500, AUC 0.875, "
        "12,346 tokens/s, 61 s left\n"
    )


def test_the_bar_shows_loss_scores_speed_and_time():
    output = Terminal()
    display = Bar("train", num_epochs=8, num_steps=100)
    display.bar.live.console = Console(file=output, force_terminal=True, width=160)
    with display:
        display.show_step(20, 0.7, 12345.6)
        display.show_epoch(1, 0.69, SCORES, 61.2)
    shown = output.getvalue()
    for part in ("epoch 2 of 8", "20/100 steps", "loss 0.7000", "AUC 0.875", "12,346 tokens/s"):
        assert part in shown
