"""The recipe's parts; skipped where the extra `training` is not installed."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the recipe needs the extra `training`: pip install oyez[training]")
pytest.importorskip("onnx", reason="the recipe needs the extra `training`: pip install oyez[training]")
pd = pytest.importorskip("pandas", reason="the recipe needs the extra `training`: pip install oyez[training]")

import onnxruntime  # noqa: E402
from transformers import BertConfig, BertModel  # noqa: E402

from nlp.annotation import TOUCHPOINTS  # noqa: E402
from nlp.training import aspects, average, graph, idioms, labels, objective, prepare, quantise  # noqa: E402
from nlp.training.export import arrays  # noqa: E402
from nlp.training.network import TASKS, Lower, Upper  # noqa: E402
from nlp.training.texts import batches  # noqa: E402
from nlp.training.train import rate_at, start_from  # noqa: E402


def small_encoder():
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50, hidden_size=32, num_hidden_layers=9, num_attention_heads=4, intermediate_size=64
    )
    return BertModel(config, add_pooling_layer=False).eval()


@pytest.fixture(scope="module", params=[8, 5])
def halves(request):
    encoder = small_encoder()
    return Lower(encoder, request.param).eval(), Upper(encoder, request.param).eval()


def run(model, pieces, mask):
    session = onnxruntime.InferenceSession(model.SerializeToString())
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"input_ids": pieces, "attention_mask": mask}), strict=True))


def some_texts():
    pieces = np.random.default_rng(0).integers(5, 50, (3, 7))
    mask = np.ones_like(pieces)
    mask[1, 4:] = 0
    return pieces, mask


def torch_outputs(halves, pieces, mask):
    lower, upper = halves
    mask = torch.from_numpy(mask)
    with torch.inference_mode():
        return {name: value.numpy() for name, value in upper(lower(torch.from_numpy(pieces), mask), mask).items()}


def test_the_written_graph_computes_what_the_network_does(halves):
    pieces, mask = some_texts()
    model = graph.write(*map(arrays, halves), list(TASKS), heads=4, epsilon=1e-12)
    said, wanted = run(model, pieces, mask), torch_outputs(halves, pieces, mask)
    assert said.keys() == wanted.keys()
    for name, value in wanted.items():
        np.testing.assert_allclose(said[name], value, atol=5e-3, err_msg=name)


def test_the_eight_bit_graph_stays_close(halves):
    pieces, mask = some_texts()
    below, above = quantise.measure(*halves, [row.tolist() for row in pieces])
    model = graph.write(arrays(halves[0]) | below, arrays(halves[1]) | above, list(TASKS), heads=4, epsilon=1e-12)
    said, wanted = run(model, pieces, mask), torch_outputs(halves, pieces, mask)
    assert (said["embedding"] * wanted["embedding"]).sum(1).min() > 0.99


def test_an_eight_bit_product_is_near_the_exact_one():
    rng = np.random.default_rng(1)
    weight, x = rng.normal(size=(16, 32)), rng.normal(size=(200, 32)) * np.geomspace(0.1, 20, 32)
    small = quantise.quantised(weight, x.min(0), x.max(0))
    whole = np.clip(np.rint(x / small.scale) + small.zero, 0, 255)
    said = (whole - float(small.zero)) @ small.weight.astype(float) * small.gain
    assert np.abs(said - x @ weight.T).mean() < 0.02 * np.abs(x @ weight.T).mean()
    assert np.abs(small.weight).max() <= quantise.LARGEST_WEIGHT


@pytest.mark.parametrize("stars", [1, 2, 3, 4, 5])
def test_star_targets_are_probabilities_with_some_weight_on_the_neighbours(stars):
    target = objective.star_targets(torch.tensor([stars]))[0]
    assert target.sum().item() == pytest.approx(1)
    assert target.argmax().item() == stars - 1


def test_being_further_off_costs_more():
    def cost(said: int) -> float:
        logits = torch.full((1, 5), 0.0)
        logits[0, said - 1] = 4.0
        return objective.ordinal(logits, torch.tensor([5])).item()

    assert cost(5) < cost(4) < cost(3) < cost(2) <= cost(1)


def test_a_text_counts_only_in_the_tasks_it_is_labelled_for():
    count = len(TOUCHPOINTS)
    unknown = objective.Labels(
        stars=torch.zeros(2, dtype=torch.long),
        sentiment=torch.full((2,), -1),
        read=torch.zeros(2, dtype=torch.bool),
        touchpoints=torch.full((2, count), objective.UNKNOWN),
        quotes=torch.zeros(2, count, 3),
        **{task: torch.full((2,), objective.UNKNOWN) for task in objective.READ_TASKS},
    )
    out = {task: torch.randn(2, classes) for task, classes in TASKS.items()}
    out |= {"touchpoints": torch.randn(2, count, 4), "attention": torch.rand(2, count, 3)}
    assert objective.loss(out, unknown).item() == 0


def test_a_later_stage_goes_on_from_an_earlier_one_with_fewer_open_layers(tmp_path):
    pieces, mask = some_texts()
    encoder = small_encoder()
    first = (Lower(encoder, 8).eval(), Upper(encoder, 8).eval())
    torch.save({"upper": first[1].state_dict(), "depth": 8}, tmp_path / "first.pt")
    encoder = small_encoder()
    second = (Lower(encoder, 3).eval(), Upper(encoder, 3).eval())
    start_from(second[1], tmp_path / "first.pt")
    wanted, said = torch_outputs(first, pieces, mask), torch_outputs(second, pieces, mask)
    for name, value in wanted.items():
        np.testing.assert_allclose(said[name], value, atol=1e-5, err_msg=name)


def test_the_mean_of_two_stages_lies_between_them(tmp_path, monkeypatch):
    monkeypatch.setattr(average, "load_encoder", lambda base: small_encoder())
    one, other = Upper(small_encoder(), 8), Upper(small_encoder(), 3)
    for number, upper in enumerate((one, other)):
        torch.save({"upper": upper.state_dict(), "depth": upper.depth}, tmp_path / f"{number}.pt")
    parts = [average.weights(tmp_path, tmp_path / f"{number}.pt", 3) for number in (0, 1)]
    arguments = ["--base", str(tmp_path), "--out", str(tmp_path / "mean.pt")]
    monkeypatch.setattr("sys.argv", ["average", *arguments, *(str(tmp_path / f"{n}.pt") for n in (0, 1))])
    average.main()
    mean = torch.load(tmp_path / "mean.pt", weights_only=True)
    assert mean["depth"] == 3
    for name, value in mean["upper"].items():
        np.testing.assert_allclose(value, (parts[0][name] + parts[1][name]) / 2, atol=1e-6)


def test_a_set_made_for_other_aspects_says_only_what_it_covers():
    examples = pd.DataFrame({
        "stars": [0, 0], "sentiment": [-1, -1], "read": ["", ""],
        "known": [aspects.known([("product", "positive"), ("staff", "negative"), ("staff", "positive")],
                                {"price", "product", "premises", "staff"}), '{"sarcasm": 1}'],
    })  # fmt: skip
    found = labels.whole_text(examples)
    said = dict(zip(TOUCHPOINTS, found["touchpoints"][0].tolist(), strict=True))
    unknown = objective.UNKNOWN
    assert said == dict.fromkeys(TOUCHPOINTS, unknown) | {"product": 2, "staff": 3, "price": 0}
    assert found["sarcasm"].tolist() == [unknown, 1]
    assert found["touchpoints"][1].tolist() == [unknown] * len(TOUCHPOINTS)


def test_categories_become_touchpoints_by_their_beginning():
    assert aspects.touchpoint_of("Logistics#Speed", "phone") == "delivery"
    assert aspects.touchpoint_of("hotel prices", "hotel") == "price"
    assert aspects.touchpoint_of("Mathematical_Related_Concept", "hotel") is None


def test_batches_hold_every_text_once_and_fit():
    lengths = np.sort(np.random.default_rng(0).integers(3, 96, 500))
    found = batches(lengths, 1_000)
    assert [row for part in found for row in range(part.start, part.stop)] == list(range(500))
    assert all(lengths[part].max() * (part.stop - part.start) <= 1_000 for part in found)


def test_the_learning_rate_climbs_and_falls_to_nothing():
    rates = [rate_at(step, 101) for step in range(1, 102)]
    assert max(rates) == 1
    assert rates[0] < rates[4]
    assert rates[-1] == 0


def test_balancing_puts_one_ceiling_on_every_source_and_star():
    rows = pd.DataFrame({"lang": "fr", "source": ["a"] * 900 + ["b"] * 100, "stars": [5] * 900 + [1] * 100})
    kept = prepare.balanced(rows, 300).groupby("source").size()
    assert kept["b"] == 100
    assert kept["a"] == 200


def test_held_out_companies_are_never_trained_on(shared):
    rows = prepare.gather(shared / "data", per_language=500, per_source=50)
    train = rows[rows.split == "train"]
    assert not set(train.group) & prepare.HELD_OUT_COMPANIES
    assert not set(train.source) & (prepare.HELD_OUT_SOURCES | prepare.LEFT_OUT)
    assert not set(train.text) & set(rows.text[rows.split == "dev"])


def test_idioms_are_labelled_in_both_languages():
    rows = idioms.rows()
    assert set(rows.lang) == {"fr", "en"}
    assert set(rows.sentiment) == {0, 2}
    assert ((rows.stars > 3) == (rows.sentiment == 2)).all()
