"""Any 5-star or 3-class checkpoint as the opinion model: a tiny one is made here. What runs it needs torch."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, PreTrainedTokenizerFast

from nlp import checkpoint, opinion
from nlp.checkpoint import CheckpointError, order_of, read_card
from service.errors import ServiceError
from service.reader import Reader

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "livraison", "rapide", "nul", "bien", "great", "late", ".")
STARS = ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"]
MOODS = ["negative", "neutral", "positive"]


def described(folder: Path, labels: Sequence[str], **parts: Any) -> Path:
    """A folder with the configuration of a checkpoint, and no weights."""
    folder.mkdir(exist_ok=True)
    config = {"architectures": ["BertForSequenceClassification"], "id2label": dict(enumerate(labels)), **parts}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def trained(folder: Path, labels: Sequence[str], bias: Sequence[float] | None = None) -> Path:
    """A whole checkpoint with random weights; with a `bias`, it always answers by it."""
    torch = pytest.importorskip("torch", reason='torch is not installed: pip install "oyez[torch]"')
    from transformers import BertForSequenceClassification

    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=200,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )
    network = BertForSequenceClassification(config)
    with torch.no_grad():
        network.classifier.weight.mul_(0 if bias else 40)
        if bias:
            network.classifier.bias.copy_(torch.tensor(bias))
    network.save_pretrained(folder)
    inner = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("labels", "order"),
    [
        (STARS, [0, 1, 2, 3, 4]),
        (STARS[::-1], [4, 3, 2, 1, 0]),
        (["1", "2", "3", "4", "5"], [0, 1, 2, 3, 4]),
        (["5 étoiles", "1 étoile", "2 étoiles", "3 étoiles", "4 étoiles"], [1, 2, 3, 4, 0]),
        ([f"LABEL_{n}" for n in range(5)], [0, 1, 2, 3, 4]),
        (["Very Negative", "Negative", "Neutral", "Positive", "Very Positive"], [0, 1, 2, 3, 4]),
        (MOODS, [0, 1, 2]),
        (["POSITIVE", "NEGATIVE", "NEUTRAL"], [1, 2, 0]),
        (["pos", "neu", "neg"], [2, 1, 0]),
        ([f"LABEL_{n}" for n in range(3)], [0, 1, 2]),
    ],
)
def test_labels_are_put_in_order_from_the_worst(labels: list[str], order: list[int], tmp_path: Path) -> None:
    config = json.loads((described(tmp_path, labels) / "config.json").read_text(encoding="utf-8"))
    assert order_of(config) == order


@pytest.mark.parametrize(
    "labels",
    [
        ["NEGATIVE", "POSITIVE"],
        ["joy", "anger", "fear"],
        ["1 star", "2 stars", "3 stars", "4 stars"],
        ["1 star", "1 star", "2 stars", "3 stars", "4 stars"],
        ["negative", "neutral", "positive", "mixed"],
        ["LABEL_1", "LABEL_2", "LABEL_0"],
        ["LABEL_0"],
        [],
    ],
)
def test_other_labels_are_refused_with_those_that_were_found(labels: list[str], tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=", ".join(labels) or "none") as refused:
        read_card(described(tmp_path, labels))
    assert "negative, neutral and positive" in refused.value.remedy


def test_what_is_no_classifier_of_one_answer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="BertForMaskedLM"):
        read_card(described(tmp_path, STARS, architectures=["BertForMaskedLM"]))
    with pytest.raises(CheckpointError, match="several at once"):
        read_card(described(tmp_path, MOODS, problem_type="multi_label_classification"))


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 5000])
def test_a_broken_configuration_is_an_error_with_a_remedy(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointError) as refused:
        read_card(tmp_path)
    assert refused.value.remedy


@pytest.mark.parametrize("name", ["no/such-model", "not a name!", "/nowhere/at/all"])
def test_a_model_that_is_not_there_is_never_fetched_and_says_what_to_do(name: str) -> None:
    with pytest.raises(ServiceError) as refused:
        Reader(name)
    assert f"hf download {name}" in refused.value.remedy


def test_the_card_has_a_version_that_changes_with_the_files_and_measured_nothing(tmp_path: Path) -> None:
    first = read_card(described(tmp_path / "my@model", MOODS))
    assert first.name == "my-model"
    assert first == read_card(tmp_path / "my@model")
    assert first.systematic_error == {}
    (tmp_path / "my@model" / "model.safetensors").write_bytes(b"other")
    assert read_card(tmp_path / "my@model").version != first.version


def test_without_torch_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint.importlib.util, "find_spec", lambda name: None)
    reader = Reader(str(described(tmp_path, STARS)))
    with pytest.raises(ServiceError, match="needs torch") as refused:
        reader.annotate(["bien"])
    assert "oyez[torch]" in refused.value.remedy


def test_a_relative_folder_begins_at_the_home_folder(tmp_path: Path) -> None:
    described(tmp_path / "mine", MOODS)
    assert Reader("mine", tmp_path).name == "mine"


def test_five_classes_give_stars_and_sentiment_and_leave_the_rest_null(tmp_path: Path) -> None:
    model = opinion.load(trained(tmp_path, STARS[::-1], [0.0, 1.0, 2.0, 3.0, 4.0]))
    [said] = model.annotate(["livraison rapide"], ["fr"])
    assert said.stars is not None
    assert said.sentiment is not None
    expected = np.exp([4, 3, 2, 1, 0]) / np.exp([4, 3, 2, 1, 0]).sum()
    assert said.stars.probabilities == pytest.approx(expected, abs=1e-6)
    assert said.sentiment.negative == pytest.approx(expected[:2].sum(), abs=1e-6)
    shown = said.to_json()
    assert (shown["language"], shown["model"], shown["touchpoints"]) == ("fr", tmp_path.name, [])
    silent = ("recommendation", "explicit_recommendation", "effort", "churn_intent", "sarcasm", "relevance")
    assert [shown[field] for field in silent] == [None] * 6


def test_three_classes_give_sentiment_and_no_stars(tmp_path: Path) -> None:
    model = opinion.load(trained(tmp_path, ["positive", "neutral", "negative"], [3.0, 0.0, 0.0]))
    [said] = model.annotate(["nul"])
    assert said.stars is None
    assert said.sentiment is not None
    assert said.sentiment.label == "positive"


def test_a_text_is_read_the_same_alone_and_in_a_batch_and_in_order(tmp_path: Path) -> None:
    model = opinion.load(trained(tmp_path, STARS))
    texts = ["nul", "livraison rapide . bien", "", "great " * 30, "late", "bien " * 500, "   ", "rapide"]
    together = model.annotate(texts)
    alone = [model.annotate([text])[0] for text in texts]
    for one, other in zip(together, alone, strict=True):
        assert (one.stars is None) == (other.stars is None)
        if one.stars and other.stars:
            assert one.stars.probabilities == pytest.approx(other.stars.probabilities, abs=1e-5)
    assert [said.stars is None for said in together] == [not text.strip() for text in texts]


@pytest.mark.parametrize("text", ["\x00", "\ud800 bien", "👍", "a" * 200_000, "bien. " * 20_000, "\u202e\u200b"])
def test_odd_texts_get_an_answer_or_nulls(tmp_path: Path, text: str) -> None:
    [said] = opinion.load(trained(tmp_path, MOODS)).annotate([text])
    if said.sentiment:
        assert said.sentiment.negative + said.sentiment.neutral + said.sentiment.positive == pytest.approx(1)


def test_weights_that_were_never_fine_tuned_are_refused(tmp_path: Path) -> None:
    trained(tmp_path, STARS)
    from safetensors.torch import load_file, save_file

    weights = load_file(tmp_path / "model.safetensors")
    kept = {name: value for name, value in weights.items() if not name.startswith("classifier")}
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="lack classifier"):
        opinion.load(tmp_path)


def test_the_languages_must_match_the_texts(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1 texts but 2 languages"):
        opinion.load(trained(tmp_path, MOODS)).annotate(["bien"], ["fr", "en"])


def test_analyze_runs_it_and_the_figures_bear_the_widest_error(tmp_path: Path) -> None:
    from tests.service.commands import oyez

    trained(tmp_path / "mine", STARS)
    rows = tmp_path / "rows.csv"
    rows.write_text("text,shop\nlivraison rapide,A\n,A\n👍,B\nnul,B\n", encoding="utf-8")
    told = oyez("analyze", rows, "--model", tmp_path / "mine", "--format", "jsonl").stdout
    said = [json.loads(line) for line in told.splitlines()]
    assert [row["model"] for row in said] == ["mine"] * 4
    assert [row["stars"] is None for row in said] == [False, True, False, False]
    scored = oyez("analyze", rows, "--model", tmp_path / "mine", "--by", "shop", "--format", "json").stdout
    card = json.loads(scored)[0]
    assert card["nps"] is None
    assert card["csat"]["high"] - card["csat"]["low"] > 15
