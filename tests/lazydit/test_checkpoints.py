"""Reading and writing DiT checkpoints: what loads, what is refused, and that no file runs code."""

import argparse
import hashlib
import json
import os
import pickle
import resource
import zipfile
from dataclasses import asdict

import pytest
import torch
from safetensors.torch import load_file, save_file

from lazydit.checkpoints import checkpoint_sha256, load_checkpoint, save_checkpoint
from lazydit.errors import LazyDiTError


def same_weights(model, other):
    mine, theirs = model.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(mine[name].equal(theirs[name]) for name in mine)


@pytest.fixture
def write_pt(tmp_path, random_dit):
    """Writes a model's weights as .pt after `change` has had them."""

    def write(change=lambda tensors: tensors, **shape):
        path = tmp_path / "model.pt"
        torch.save(change(dict(random_dit(**shape).state_dict())), path)
        return path

    return write


@pytest.mark.parametrize("guidance_channels", [3, None])
def test_model_and_config_survive_the_file(guidance_channels, random_dit, tmp_path):
    model = random_dit(learn_sigma=True, guidance_channels=guidance_channels, mlp_ratio=2.0)
    save_checkpoint(model, tmp_path / "model.safetensors")

    loaded = load_checkpoint(tmp_path / "model.safetensors")

    assert loaded.config == model.config
    assert same_weights(loaded, model)
    assert not loaded.training


def test_loading_draws_no_random_numbers(random_dit, tmp_path):
    save_checkpoint(random_dit(), tmp_path / "model.safetensors")
    before = torch.get_rng_state()
    load_checkpoint(tmp_path / "model.safetensors")
    assert torch.get_rng_state().equal(before)


def test_weights_stored_in_fp16_are_loaded_as_fp32(random_dit, tmp_path):
    model = random_dit(width=64)
    save_checkpoint(model, tmp_path / "full.safetensors")
    save_checkpoint(model, tmp_path / "half.safetensors", torch.float16)

    loaded = load_checkpoint(tmp_path / "half.safetensors").state_dict()

    half, full = ((tmp_path / f"{name}.safetensors").stat().st_size for name in ("half", "full"))
    assert half < 0.6 * full
    for name, tensor in model.state_dict().items():
        assert loaded[name].dtype == torch.float32
        assert loaded[name].equal(tensor.half().float())


@pytest.mark.parametrize(
    "wrap",
    [
        lambda tensors: tensors,
        lambda tensors: {"ema": tensors},
        lambda tensors: {"model": tensors, "epoch": 3, "args": argparse.Namespace(lr=1e-4)},
    ],
    ids=["plain", "ema", "model beside a Namespace"],
)
def test_published_layouts_load_unchanged(wrap, write_pt, random_dit):
    shape = {"in_channels": 4, "learn_sigma": True, "input_size": 16}
    loaded = load_checkpoint(write_pt(wrap, **shape), heads=4)
    assert loaded.config == random_dit(**shape).config
    assert same_weights(loaded, random_dit(**shape))


def test_averaged_weights_are_preferred(write_pt, random_dit):
    path = write_pt(lambda tensors: {"model": random_dit(seed=1).state_dict(), "ema": tensors})
    assert same_weights(load_checkpoint(path, heads=4), random_dit())


@pytest.mark.parametrize("hidden", [21, 85, 127])
def test_any_feedforward_width_is_read_off_the_weights(hidden, write_pt):
    loaded = load_checkpoint(write_pt(mlp_ratio=hidden / 32), heads=4)
    assert loaded.blocks[0].mlp.fc1.weight.shape == (hidden, 32)


def test_heads_of_a_preset_are_known(write_pt):
    assert load_checkpoint(write_pt(width=384, depth=12, heads=6)).config.heads == 6


def test_heads_must_be_given_where_no_preset_tells(write_pt):
    path = write_pt(heads=2)
    with pytest.raises(LazyDiTError, match="depth 2 and width 32.*--heads"):
        load_checkpoint(path)
    assert load_checkpoint(path, heads=2).config.heads == 2


def test_heads_that_contradict_the_file_are_refused(tmp_path, random_dit):
    save_checkpoint(random_dit(), tmp_path / "model.safetensors")
    with pytest.raises(LazyDiTError, match="made with 4 heads"):
        load_checkpoint(tmp_path / "model.safetensors", heads=8)


class Malicious:
    """Unpickling this would make a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("zipped", [True, False])
def test_loading_never_runs_code_from_the_file(zipped, tmp_path, random_dit):
    victim, path = tmp_path / "executed", tmp_path / "model.pt"
    content = {"model": random_dit().state_dict(), "args": Malicious(victim)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)

    with pytest.raises(LazyDiTError, match="no file of tensors alone, so it is not loaded"):
        load_checkpoint(path, heads=4)

    assert not victim.exists()


def test_a_refused_pickle_gives_no_warnings_beside_the_error(tmp_path, recwarn):
    (tmp_path / "model.pt").write_bytes(pickle.dumps(Malicious(tmp_path / "executed"), protocol=4))
    with pytest.raises(LazyDiTError, match="model.pt"):
        load_checkpoint(tmp_path / "model.pt")
    assert list(recwarn) == []


def without(name):
    return lambda tensors: {key: value for key, value in tensors.items() if key != name}


def with_tensor(name, tensor):
    return lambda tensors: {**tensors, name: tensor}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (without("blocks.1.attn.proj.bias"), "lacks blocks.1.attn.proj.bias"),
        (without("pos_embed"), "is not a DiT checkpoint"),
        (with_tensor("gate.weight", torch.zeros(1)), "holds gate.weight, which a DiT has not"),
        (
            with_tensor("blocks.0.mlp.fc2.bias", torch.zeros(7)),
            r"blocks.0.mlp.fc2.bias in .* is \(7,\) and should be \(32,\)",
        ),
        (with_tensor("blocks.999999999.mlp.fc1.weight", torch.zeros(1)), "lacks blocks.2"),
        (with_tensor("pos_embed", torch.tensor(0.0)), "is not a DiT checkpoint"),
        (with_tensor("x_embedder.proj.weight", torch.zeros(0, 3, 2, 2)), "is not a DiT checkpoint"),
        (lambda tensors: list(tensors.values()), "is not a DiT checkpoint"),
        (lambda tensors: {"weight": torch.zeros(3, 3)}, "is not a DiT checkpoint"),
    ],
)
def test_what_is_no_dit_is_refused(change, sentence, write_pt):
    with pytest.raises(LazyDiTError, match=sentence):
        load_checkpoint(write_pt(change), heads=4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (without("t_embedder.mlp.0.bias"), "lacks t_embedder.mlp.0.bias"),
        (with_tensor("extra", torch.zeros(1)), "holds extra"),
        (with_tensor("pos_embed", torch.zeros(1, 4, 32)), r"is \(1, 4, 32\) and should be"),
    ],
)
def test_tensors_that_contradict_the_config_are_named(change, sentence, tmp_path, random_dit):
    model = random_dit()
    metadata = {"format": "lazydit-dit-1", "config": json.dumps(asdict(model.config))}
    save_file(change(model.state_dict()), tmp_path / "model.safetensors", metadata)
    with pytest.raises(LazyDiTError, match=sentence):
        load_checkpoint(tmp_path / "model.safetensors")


@pytest.mark.parametrize("name", ["model.pt", "model.safetensors"])
@pytest.mark.parametrize("kept", [0.0, 0.001, 0.5, 0.99])
def test_truncated_files_are_refused(name, kept, tmp_path, random_dit):
    path = tmp_path / name
    if name.endswith(".pt"):
        torch.save(random_dit().state_dict(), path)
    else:
        save_checkpoint(random_dit(), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])

    with pytest.raises(LazyDiTError, match=name):
        load_checkpoint(path, heads=4)


def test_a_file_whose_pickle_is_damaged_is_refused(tmp_path):
    whole, damaged = tmp_path / "whole.pt", tmp_path / "damaged.pt"
    torch.save({}, whole)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(damaged, "w") as target:
        for name in source.namelist():
            # A tuple that never began, for which the unpickler raises IndexError.
            kept = b"\x80\x02K\x01t." if name.endswith("data.pkl") else source.read(name)
            target.writestr(name, kept)
    with pytest.raises(LazyDiTError, match="damaged.pt is not a readable checkpoint"):
        load_checkpoint(damaged)


@pytest.mark.parametrize("name", ["notes.pt", "notes.safetensors"])
def test_files_of_another_kind_are_refused(name, tmp_path):
    (tmp_path / name).write_text("Dear diary, today nothing was computed twice.\n")
    with pytest.raises(LazyDiTError, match=name):
        load_checkpoint(tmp_path / name)


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {"format": "lazydit-dit-2", "config": "{}"},
        {"format": "lazydit-dit-1"},
        {"format": "lazydit-dit-1", "config": "not json"},
        {"format": "lazydit-dit-1", "config": '{"input_size": "8"}'},
    ],
)
def test_safetensors_of_another_kind_are_refused(metadata, tmp_path):
    save_file({"weight": torch.zeros(3)}, tmp_path / "other.safetensors", metadata)
    with pytest.raises(LazyDiTError, match="is not a DiT checkpoint"):
        load_checkpoint(tmp_path / "other.safetensors")


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(LazyDiTError, match="there is no checkpoint at"):
        load_checkpoint(tmp_path / "absent.safetensors")
    with pytest.raises(LazyDiTError, match="is a folder: give the checkpoint file itself"):
        load_checkpoint(tmp_path)


def test_nothing_is_written_into_a_folder_that_is_not_there(random_dit, tmp_path):
    with pytest.raises(LazyDiTError, match="cannot write .*choose a folder that exists"):
        save_checkpoint(random_dit(), tmp_path / "absent" / "model.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_failing_write_leaves_the_old_file(tmp_path, random_dit):
    path = tmp_path / "model.safetensors"
    save_checkpoint(random_dit(), path)
    before = load_file(path)
    limit, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    # As on a full disk, writing fails half-way.
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, most))
    try:
        with pytest.raises(LazyDiTError, match=r"cannot write .*model\.safetensors"):
            save_checkpoint(random_dit(seed=1), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))

    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]
    assert all(tensor.equal(before[name]) for name, tensor in load_file(path).items())


def test_sha256_is_that_of_the_file(tmp_path):
    content = bytes(range(256)) * 10_000
    (tmp_path / "file").write_bytes(content)
    assert checkpoint_sha256(tmp_path / "file") == hashlib.sha256(content).hexdigest()
