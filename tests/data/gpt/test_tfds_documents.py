import pytest

from attnjax.data.gpt import tfds_documents
from attnjax.data.gpt.documents import pieces_of
from attnjax.data.gpt.tfds_documents import tfds_document
from attnjax.errors import DataError
from tests.data import toy_builders


def test_a_split_is_one_document(tmp_path, monkeypatch):
    assert toy_builders.AttnjaxToy.name == "attnjax_toy"
    monkeypatch.setattr(tfds_documents, "BLOCK", 7)
    found = tfds_document("attnjax_toy", "train", folder=tmp_path, column="sentence")
    texts = ["  " if i == 3 else f"Café number {i}!" for i in range(60)]
    assert list(found.lines()) == [f"{text}\n" for text in texts]
    assert "".join(piece.text for piece in pieces_of(found)) == "\n".join(texts) + "\n"
    assert found.name == "attnjax_toy train"
    assert found.digest == "attnjax_toy/1.0.0 train, 60 texts"


def test_wrong_names(tmp_path):
    with pytest.raises(DataError, match="column 'text': found no such column; expected one of"):
        tfds_document("attnjax_toy", "train", folder=tmp_path)
    with pytest.raises(DataError, match="split 'tain'"):
        tfds_document("attnjax_toy", "tain", folder=tmp_path, column="sentence")
