"""Networks of the registry: shapes, layers, second derivatives; own networks and checkpoints, good and bad."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from geometry.architectures import ARCHITECTURES, build_network, parameter_count
from geometry.architectures.plain import convnet, mlp, vgg
from geometry.architectures.pyramidnet import PyramidNet
from geometry.architectures.resnet import ResNet
from geometry.architectures.transformer import CharacterTransformer, VisionTransformer, attention
from geometry.architectures.wide_resnet import WideResNet
from geometry.checkpoints import load_weights, read_weights, save_weights
from geometry.own_objective import find_function, load_own_objective

IMAGES = tuple(key for key, row in ARCHITECTURES.items() if "images" in row.kinds)


def examples(key: str, number: int = 3) -> tuple[tuple[int, ...], torch.Tensor, int]:
    generator = torch.Generator().manual_seed(0)
    if "characters" in ARCHITECTURES[key].kinds:
        return (12,), torch.randint(20, (number, 12), generator=generator), 20
    return (1, 8, 8), torch.rand(number, 1, 8, 8, generator=generator), 10


@pytest.mark.parametrize("key", ARCHITECTURES)
def test_shapes_count_and_seed(key: str) -> None:
    shape, inputs, classes = examples(key)
    module = build_network(key, shape, classes, seed=1)
    expected = (3, 12, 20) if shape == (12,) else (3, 10)
    assert module(inputs).shape == expected
    assert ARCHITECTURES[key].parameter_count(shape, classes) == parameter_count(module) > 0
    again, other = build_network(key, shape, classes, seed=1), build_network(key, shape, classes, seed=2)
    assert all(torch.equal(a, b) for a, b in zip(module.parameters(), again.parameters(), strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(module.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize("key", ARCHITECTURES)
def test_each_layer_is_one_child_at_the_top(key: str) -> None:
    shape, _, classes = examples(key)
    module = build_network(key, shape, classes)
    assert not list(module.parameters(recurse=False))
    for name, child in module.named_children():
        assert not list(child.children()), f"{name} holds more than one layer"


def test_without_shortcuts_the_layers_are_the_same_and_nothing_goes_around_them() -> None:
    _, images, _ = examples("resnet8")
    found = {}
    for shortcuts in (True, False):
        torch.manual_seed(0)
        module = ResNet((1, 8, 8), 10, shortcuts=shortcuts)
        with torch.no_grad():  # the first block passes nothing on
            module.stage1_block1_norm2.weight.zero_()
            found[shortcuts] = [(name, p.shape) for name, p in module.named_parameters()], module(images).std(0).max()
    assert found[True][0] == found[False][0]
    assert found[True][1] > 1e-4 and found[False][1] == 0


@pytest.mark.parametrize("key", ARCHITECTURES)
def test_second_derivatives_pass_through(key: str) -> None:
    """A Hessian product by two passes backwards is that of central differences of the gradient, in float64.

    Central differences with step h along a unit direction err by h²·(third derivative) and 1e-16/h; h = 1e-6 leaves
    about 1e-9 where no ReLU changes sign, hence 1e-5 relative with room.
    """
    shape, inputs, classes = examples(key, 4)
    module = build_network(key, shape, classes).double().eval()
    inputs = inputs.double() if inputs.is_floating_point() else inputs
    parameters = list(module.parameters())
    generator = torch.Generator().manual_seed(1)
    direction = [torch.randn(p.shape, generator=generator, dtype=torch.float64) for p in parameters]
    length = sum(d.square().sum() for d in direction).sqrt()
    direction = [d / length for d in direction]

    def gradient(create_graph: bool) -> tuple[torch.Tensor, ...]:
        scores = module(inputs).flatten(0, -2)
        targets = torch.arange(scores.shape[0]) % classes
        loss = nn.functional.cross_entropy(scores, targets)
        return torch.autograd.grad(loss, parameters, create_graph=create_graph)

    exact = torch.autograd.grad(gradient(True), parameters, direction)
    sides = []
    for sign in (1, -1):
        with torch.no_grad():
            for parameter, d in zip(parameters, direction, strict=True):
                parameter += sign * 1e-6 * d
        sides.append(gradient(False))
        with torch.no_grad():
            for parameter, d in zip(parameters, direction, strict=True):
                parameter -= sign * 1e-6 * d
    difference = torch.cat([(a - b).flatten() / 2e-6 for a, b in zip(*sides, strict=True)])
    exact_flat = torch.cat([e.flatten() for e in exact])
    assert torch.linalg.norm(difference - exact_flat) <= 1e-5 * torch.linalg.norm(exact_flat)


@pytest.mark.parametrize("key", [key for key in ARCHITECTURES if "batchnorm" not in key])
def test_vectorised_parameters(key: str) -> None:
    """Many parameter vectors at once by vmap give what one at a time gives."""
    shape, inputs, classes = examples(key)
    modules = [build_network(key, shape, classes, seed=seed).eval() for seed in (0, 1)]
    stacked = {
        name: torch.stack([dict(module.named_parameters())[name] for module in modules])
        for name, _ in modules[0].named_parameters()
    }
    out = torch.func.vmap(lambda p: torch.func.functional_call(modules[0], p, (inputs,)))(stacked)
    for index, module in enumerate(modules):
        # float32 sums in another order
        assert torch.allclose(out[index], module(inputs), atol=1e-5)


@pytest.mark.parametrize("key", IMAGES)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])
def test_other_image_sizes(key: str, shape: tuple[int, ...]) -> None:
    assert build_network(key, shape, 7).eval()(torch.rand(2, *shape)).shape == (2, 7)


def test_the_causal_transformer_does_not_look_ahead() -> None:
    module = build_network("character-transformer", (12,), 20)
    inputs = torch.arange(12)[None] % 20
    changed = inputs.clone()
    changed[0, 8:] = 3
    before, after = module(inputs), module(changed)
    assert torch.allclose(before[0, :8], after[0, :8], atol=1e-6)
    assert not torch.allclose(before[0, 8:], after[0, 8:], atol=1e-3)


def test_attention_is_the_fused_one() -> None:
    """softmax(QKᵀ/√d)V written out equals PyTorch's own, to rounding."""
    q, k, v = torch.randn(3, 2, 4, 5, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for causal in (False, True):
        fused = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
        assert torch.allclose(attention(q, k, v, causal), fused, atol=1e-12)


def test_the_global_random_state_is_left_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    build_network("mlp", (64,), 10, seed=9)
    assert torch.equal(torch.rand(3), expected)


def test_sizes_that_the_benchmarks_name() -> None:
    assert parameter_count(build_network("mlp", (64,), 10)) == 64 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10
    assert parameter_count(build_network("convnet", (1, 8, 8), 10)) == 19178


@pytest.mark.parametrize(
    ("depth", "widen", "millions"),
    [(40, 1, 0.6), (40, 2, 2.2), (16, 4, 2.75), (40, 4, 8.9), (16, 8, 11.0), (22, 8, 17.2), (28, 10, 36.5)],
)
def test_wide_residual_nets_have_the_paper_s_counts(depth: int, widen: int, millions: float) -> None:
    """The parameters for CIFAR-10 in the tables of Zagoruyko and Komodakis, to the digits given there."""
    with torch.device("meta"):
        count = parameter_count(WideResNet((3, 32, 32), 10, depth, widen, norm="batch"))
    assert round(count / 1e6, 2 if millions == 2.75 else 1) == millions


@pytest.mark.parametrize(("alpha", "millions", "last"), [(48, 1.7, 64), (84, 3.8, 100), (270, 28.3, 286)])
def test_pyramidal_nets_have_the_paper_s_counts(alpha: int, millions: float, last: int) -> None:
    """Depth 110 for CIFAR-10, as the authors list it: channels at the end exactly, and the parameters, which are given
    as 1.7, 3.8 and 28.3 million, within 3 % (theirs are cut off after the first digit or the like: 3.86 is "3.8")."""
    with torch.device("meta"):
        module = PyramidNet((3, 32, 32), 10, 110, alpha, norm="batch")
    assert module.output.in_features == last
    assert parameter_count(module) == pytest.approx(millions * 1e6, rel=0.03)


def test_each_block_of_a_pyramidal_net_is_wider_by_the_same() -> None:
    module = PyramidNet((1, 8, 8), 10, depth=20, alpha=45)
    widths = [module.get_submodule(f"{name}_conv2").out_channels for name, _ in module.plan]
    assert widths == [21, 26, 31, 36, 41, 46, 51, 56, 61]


@pytest.mark.parametrize("make", [WideResNet, PyramidNet])
def test_what_a_block_adds_vanishes_with_its_convolutions(make: type[nn.Module]) -> None:
    """With every 3×3 convolution of its blocks at zero a pyramidal net is its stem, made smaller by means and wider by
    zeros; of a wide one the blocks that keep the shape are the identity."""
    module = make((1, 8, 8), 10, **({"depth": 16} if make is WideResNet else {})).double().eval()
    x = torch.rand(2, 1, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    seen: dict[str, torch.Tensor] = {}
    with torch.no_grad():
        for name, layer in module.named_children():
            if name.endswith(("conv1", "conv2")):
                layer.weight.zero_()
            layer.register_forward_hook(
                lambda _, got, out, name=name: seen.update({name: got[0], f"after {name}": out})
            )
        module(x)
    if make is WideResNet:
        assert torch.equal(seen["stage1_block2_norm1"], seen["stage2_block1_norm1"])
        assert not torch.equal(seen["stage1_block1_norm1"], seen["stage1_block2_norm1"][:, :16])
        return
    means = nn.functional.avg_pool2d(nn.functional.avg_pool2d(seen["after stem_norm"], 2), 2)
    assert torch.allclose(seen["last_norm"][:, :16], means)
    assert not seen["last_norm"][:, 16:].any()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: build_network("lenet", (1, 8, 8), 10), "unknown network 'lenet'; choose one of mlp"),
        (lambda: build_network("mlp", (8,), 1), "at least 2 classes"),
        (lambda: mlp((8,), 2, activation="step"), "activation must be one of relu"),
        (lambda: convnet((64,), 10), "takes images"),
        (lambda: vgg((1, 8, 8), 10, norm="layer"), "'group' or 'batch'"),
        (lambda: ResNet((1, 8, 8), 10, depth=18), "depth must be 8, 14, 20"),
        (lambda: WideResNet((1, 8, 8), 10, depth=12), "depth must be 10, 16, 22"),
        (lambda: WideResNet((1, 8, 8), 10, widen=0), "widen must be at least 1"),
        (lambda: WideResNet((64,), 10), "takes images"),
        (lambda: PyramidNet((1, 8, 8), 10, depth=10), "depth must be 8, 14, 20"),
        (lambda: PyramidNet((1, 8, 8), 10, alpha=-1), "alpha must be at least 0"),
        (lambda: VisionTransformer((1, 8, 8), 10, patch=3), "must divide"),
        (lambda: VisionTransformer((1, 8, 8), 10, width=30), "multiple of heads"),
        (lambda: CharacterTransformer((1, 8, 8), 10), "takes sequences"),
    ],
)
def test_what_does_not_fit_is_said(make: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()  # type: ignore[operator]


# ----------------------------------------------------------------------------------------------- own networks


OWN = """
import torch
from torch import nn
def make():
    return nn.Linear(3, 2), torch.zeros(5, 3), torch.zeros(5, dtype=torch.int32)
def wrong(): return 3
def uneven(): return nn.Linear(3, 2), torch.zeros(5, 3), torch.zeros(4, dtype=torch.int64)
def floats(): return nn.Linear(3, 2), torch.zeros(5, 3), torch.zeros(5)
def complex_targets(): return nn.Linear(3, 2), torch.zeros(5, 3), torch.zeros(5, dtype=torch.complex64)
def frozen(): return nn.ReLU(), torch.zeros(5, 3), torch.zeros(5, dtype=torch.int64)
def listed(): return nn.Linear(3, 2), [[1, 2, 3]], torch.zeros(1, dtype=torch.int64)
def no_module(): return 1, 2, 3
value = 7
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine_for_test.py").write_text(OWN)
    (tmp_path / "needy_for_test.py").write_text("import a_package_that_is_not_there")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("mine_for_test", "needy_for_test"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.usefixtures("own")
def test_own_objective() -> None:
    own = load_own_objective("mine_for_test:make")
    assert isinstance(own.module, nn.Linear) and own.targets.dtype == torch.int64 and own.loss_function is None
    assert [x.shape for x in own.inputs] == [(5, 3)] and own.names == ()


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("mine_for_test", "not of the form 'module:function'"),
        ("mine_for_test:", "not of the form"),
        ("../mine:make", "not of the form"),
        ("mine for test:make", "not of the form"),
        ("not_there:make", "there is no module 'not_there'"),
        ("needy_for_test:make", "needs the package 'a_package_that_is_not_there'"),
        ("mine_for_test:none", "has no function 'none'"),
        ("mine_for_test:value", "has no function 'value'"),
        ("mine_for_test:wrong", r"must return \(module, inputs, targets\)"),
        ("mine_for_test:uneven", "one target for every input"),
        ("mine_for_test:floats", "are real numbers and no class probabilities .* name the loss"),
        ("mine_for_test:complex_targets", "must be class numbers or real numbers; got torch.complex64"),
        ("mine_for_test:frozen", "no parameter to train"),
        ("mine_for_test:listed", "must be a tensor or an array"),
        ("mine_for_test:no_module", "must return a torch.nn.Module"),
    ],
)
def test_own_objective_that_does_not_fit(name: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        load_own_objective(name)


# ------------------------------------------------------------------------------------------------ checkpoints


@pytest.mark.parametrize("form", ["safetensors", "state dict", "nested", "data parallel"])
def test_checkpoints_come_back(tmp_path: Path, form: str) -> None:
    source, target = (
        build_network("resnet8-batchnorm", (1, 8, 8), 10, 0),
        build_network("resnet8-batchnorm", (1, 8, 8), 10, 1),
    )
    path = tmp_path / ("w.safetensors" if form == "safetensors" else "w.pt")
    if form == "safetensors":
        save_weights(source, path, seed="0")
    elif form == "nested":
        torch.save({"epoch": 3, "state_dict": source.state_dict()}, path)
    elif form == "data parallel":
        torch.save({f"module.{k}": v for k, v in source.state_dict().items()}, path)
    else:
        torch.save(source.state_dict(), path)
    load_weights(target, path)
    for name, value in source.state_dict().items():
        assert torch.equal(value, target.state_dict()[name])


class Trap:
    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path(self.path),))  # type: ignore[return-value]


def test_a_checkpoint_never_runs(tmp_path: Path) -> None:
    torch.save({"weight": Trap(tmp_path / "ran")}, tmp_path / "evil.pt")
    with pytest.raises(ValueError, match="only weights are read"):
        read_weights(tmp_path / "evil.pt")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("suffix", [".pt", ".safetensors", ".bin"])
@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04", b"\x80\x04.", b"\xff" * 64])
def test_broken_checkpoints(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="broken"):
        read_weights(path)


def test_checkpoints_of_another_network(tmp_path: Path) -> None:
    module = nn.Linear(3, 2)
    before = module.weight.detach().clone()
    save_weights(nn.Linear(4, 2), tmp_path / "wide.safetensors")
    with pytest.raises(ValueError, match=r"weight has shape \(2, 4\)"):
        load_weights(module, tmp_path / "wide.safetensors")
    save_weights(nn.Linear(3, 2, bias=False), tmp_path / "bare.safetensors")
    with pytest.raises(ValueError, match="it lacks bias"):
        load_weights(module, tmp_path / "bare.safetensors")
    save_weights(nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2)), tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match=r"the network does not have 0\.bias"):
        load_weights(module, tmp_path / "other.safetensors")
    assert torch.equal(module.weight, before)
    with pytest.raises(ValueError, match="does not exist"):
        read_weights(tmp_path / "none.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(ValueError, match="holds no state dict"):
        read_weights(tmp_path / "list.pt")
    np.save(tmp_path / "array.pt.npy", np.zeros(3))
    with pytest.raises(ValueError, match="npy"):
        read_weights(tmp_path / "array.pt.npy")


def test_a_file_of_the_current_folder_is_found_after_all_that_is_installed(tmp_path, monkeypatch) -> None:
    (tmp_path / "mine_beside.py").write_text("def make():\n    return 'mine'\n")
    (tmp_path / "wave.py").write_text("def open():\n    return 'not that of Python'\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [place for place in sys.path if place not in ("", str(tmp_path))])
    for name in ("mine_beside", "wave"):  # what is imported already is not looked for
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert find_function("mine_beside:make")() == "mine"
    assert find_function("wave:open").__code__.co_filename != str(tmp_path / "wave.py")
    assert sys.path[-1] == str(tmp_path)
