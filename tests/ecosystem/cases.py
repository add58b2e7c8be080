"""The networks of others that the library is compared on: small inputs, random weights, none from anywhere.

A case says what a user would: module, inputs, targets, and the loss in torch's own words. What NetworkLoss is told
beside them (a loss of its own, several inputs) is `loss_function`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Criterion = Callable[[Any, Tensor], Tensor]


@dataclass
class Brought:
    """What a user brings. criterion: (outputs, targets) → mean loss, in plain torch; loss_function: NetworkLoss's."""

    module: nn.Module
    inputs: Any
    targets: Tensor
    criterion: Criterion
    loss_function: Any = None

    def to(self, dtype: torch.dtype) -> Brought:
        """The same with all real numbers in this type."""

        def cast(x: Any) -> Any:
            if isinstance(x, dict):
                return {name: cast(value) for name, value in x.items()}
            if isinstance(x, tuple):
                return tuple(cast(value) for value in x)
            return x.to(dtype) if x.is_floating_point() else x

        return Brought(self.module.to(dtype), cast(self.inputs), cast(self.targets), self.criterion, self.loss_function)

    def outputs(self, module: nn.Module) -> Any:
        """What the module returns for the inputs."""
        if isinstance(self.inputs, dict):
            return module(**self.inputs)
        return module(*self.inputs) if isinstance(self.inputs, tuple) else module(self.inputs)


@dataclass(frozen=True)
class Case:
    """A row of the table. package: what must be installed, "" for torch alone."""

    name: str
    package: str
    make: Callable[[], Brought]

    @property
    def installed(self) -> bool:
        """Whether its package is there."""
        return not self.package or importlib.util.find_spec(self.package) is not None


def images(count: int, size: int, classes: int) -> tuple[Tensor, Tensor]:
    """Noise (count, 3, size, size) and class numbers."""
    return torch.randn(count, 3, size, size), torch.randint(0, classes, (count,))


def resnet18() -> Brought:
    from torchvision.models import resnet18 as make

    return Brought(make(num_classes=10), *images(6, 32, 10), F.cross_entropy)


def mobilenet() -> Brought:
    from torchvision.models import mobilenet_v3_small as make

    return Brought(make(num_classes=10), *images(6, 32, 10), F.cross_entropy)


def segmentation() -> Brought:
    """A dictionary of outputs, a class for each pixel, pixels without one."""
    from torchvision.models.segmentation import lraspp_mobilenet_v3_large as make

    module = make(weights=None, weights_backbone=None, num_classes=4)
    pixels = torch.randint(0, 4, (2, 32, 32))
    pixels[:, :4] = 255

    def criterion(outputs: Any, targets: Tensor) -> Tensor:
        return F.cross_entropy(outputs["out"], targets, ignore_index=255)

    return Brought(module, torch.randn(2, 3, 32, 32), pixels, criterion, criterion)


def vit() -> Brought:
    import timm

    module = timm.create_model("vit_tiny_patch16_224", img_size=32, patch_size=8, num_classes=10)
    return Brought(module, *images(4, 32, 10), F.cross_entropy)


def convnext() -> Brought:
    import timm

    return Brought(timm.create_model("convnext_atto", num_classes=10), *images(4, 32, 10), F.cross_entropy)


def regnet() -> Brought:
    import timm

    return Brought(timm.create_model("regnetx_002", num_classes=10), *images(8, 64, 10), F.cross_entropy)


def bert() -> Brought:
    """Inputs by name, with a mask of what is padding; the module's output is a structure of tensors."""
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        vocab_size=120, hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96, num_labels=3
    )
    mask = torch.ones(4, 10, dtype=torch.long)
    mask[1, 7:] = mask[3, 5:] = 0
    inputs = {"input_ids": torch.randint(0, 120, (4, 10)), "attention_mask": mask}

    def criterion(outputs: Any, targets: Tensor) -> Tensor:
        return F.cross_entropy(outputs.logits, targets)

    return Brought(BertForSequenceClassification(config), inputs, torch.randint(0, 3, (4,)), criterion, criterion)


def gpt2() -> Brought:
    """Next tokens; the table of embeddings is the head's as well."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=120, n_positions=16, n_embd=48, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=0, use_cache=False
    )
    tokens = torch.randint(0, 120, (4, 12))

    def criterion(outputs: Any, targets: Tensor) -> Tensor:
        return F.cross_entropy(outputs.logits[:, :-1].flatten(0, 1), targets[:, 1:].flatten())

    return Brought(GPT2LMHeadModel(config), {"input_ids": tokens}, tokens.clone(), criterion, criterion)


def t5() -> Brought:
    """An encoder and a decoder."""
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(
        vocab_size=90, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, decoder_start_token_id=0, use_cache=False
    )
    inputs = {"input_ids": torch.randint(1, 90, (3, 9)), "decoder_input_ids": torch.randint(1, 90, (3, 7))}

    def criterion(outputs: Any, targets: Tensor) -> Tensor:
        return F.cross_entropy(outputs.logits.movedim(-1, 1), targets)

    return Brought(T5ForConditionalGeneration(config), inputs, torch.randint(1, 90, (3, 7)), criterion, criterion)


def ring(nodes: int) -> Tensor:
    """Edges (2, 2·nodes + 6): a ring both ways, and three chords both ways."""
    there = torch.arange(nodes)
    chords = torch.randint(0, nodes, (2, 3))
    edges = torch.cat([torch.stack([there, (there + 1) % nodes]), chords], 1)
    return torch.cat([edges, edges.flip(0)], 1)


def graph_nodes() -> Brought:
    """Classes of a graph's nodes: as many edges as there are, which is not as many as there are nodes."""
    from torch_geometric.nn import GCNConv

    class Nodes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = GCNConv(8, 16), GCNConv(16, 3)

        def forward(self, x: Tensor, edges: Tensor) -> Tensor:
            return self.second(torch.tanh(self.first(x, edges)), edges)

    return Brought(Nodes(), (torch.randn(20, 8), ring(20)), torch.randint(0, 3, (20,)), F.cross_entropy)


def graph_regression() -> Brought:
    """A number for each of five graphs in one batch."""
    from torch_geometric.nn import GINConv, global_add_pool

    class Graphs(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = GINConv(nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 16)))
            self.head = nn.Linear(16, 1)

        def forward(self, x: Tensor, edges: Tensor, graph: Tensor) -> Tensor:
            return self.head(global_add_pool(torch.tanh(self.first(x, edges)), graph, size=5)).squeeze(-1)

    graph = torch.arange(20) // 4
    return Brought(Graphs(), (torch.randn(20, 8), ring(20), graph), torch.randn(5), F.mse_loss, F.mse_loss)


class LastOfSequence(nn.Module):
    """A class from the last of an LSTM's outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 12)
        self.cells = nn.LSTM(12, 16, num_layers=2, batch_first=True)
        self.head = nn.Linear(16, 4)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.cells(self.embedding(tokens))[0][:, -1])


def lstm() -> Brought:
    return Brought(LastOfSequence(), torch.randint(0, 20, (6, 9)), torch.randint(0, 4, (6,)), F.cross_entropy)


class Oscillator(nn.Module):
    """u″ + u of a network u(t): zero where u swings as cosine and sine do."""

    def __init__(self) -> None:
        super().__init__()
        self.u = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))

    def forward(self, t: Tensor) -> Tensor:
        """(N, 2): u″(t) + u(t) and u(0)."""

        def u(time: Tensor) -> Tensor:
            return self.u(time.reshape(1, 1)).reshape(())

        bent = torch.func.vmap(torch.func.grad(torch.func.grad(u)))(t[:, 0])
        return torch.stack([bent + self.u(t)[:, 0], u(torch.zeros_like(t[0])).expand(len(t))], 1)


def physics() -> Brought:
    """A physics-informed network: its loss holds its second derivative in time."""
    targets = torch.tensor([0.0, 1.0]).repeat(12, 1)
    return Brought(Oscillator(), torch.linspace(0, 3, 12)[:, None], targets, F.mse_loss, "squared error")


class Autoencoder(nn.Module):
    """A variational autoencoder, which draws its code in evaluation too."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(12, 2 * 3)
        self.decoder = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 12))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mean, log_variance = self.encoder(x).chunk(2, -1)
        code = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        return self.decoder(code), mean, log_variance


def variational() -> Brought:
    def criterion(outputs: Any, targets: Tensor) -> Tensor:
        decoded, mean, log_variance = outputs
        divergence = (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1) / 2
        return F.mse_loss(decoded, targets) + 0.1 * divergence.mean()

    x = torch.randn(10, 12)
    return Brought(Autoencoder(), x, x.clone(), criterion, criterion)


def regression() -> Brought:
    module = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.SiLU(), nn.Dropout(0.1), nn.Linear(16, 3))
    return Brought(module, torch.randn(16, 6), torch.randn(16, 3), F.huber_loss, nn.HuberLoss())


def several_labels() -> Brought:
    module = nn.Sequential(nn.Linear(6, 16), nn.LayerNorm(16), nn.GELU(), nn.Linear(16, 5))
    labels = torch.randint(0, 2, (16, 5)).float()
    bce = F.binary_cross_entropy_with_logits
    return Brought(module, torch.randn(16, 6), labels, bce, "binary cross-entropy")


CASES = (
    Case("torchvision resnet18", "torchvision", resnet18),
    Case("torchvision mobilenet_v3_small", "torchvision", mobilenet),
    Case("torchvision lraspp_mobilenet_v3, segmentation", "torchvision", segmentation),
    Case("timm vit_tiny", "timm", vit),
    Case("timm convnext_atto", "timm", convnext),
    Case("timm regnetx_002", "timm", regnet),
    Case("transformers BERT, a mask", "transformers", bert),
    Case("transformers GPT-2, next tokens", "transformers", gpt2),
    Case("transformers T5, encoder and decoder", "transformers", t5),
    Case("torch_geometric GCN, classes of nodes", "torch_geometric", graph_nodes),
    Case("torch_geometric GIN, a number a graph", "torch_geometric", graph_regression),
    Case("LSTM", "", lstm),
    Case("physics-informed network", "", physics),
    Case("variational autoencoder", "", variational),
    Case("regression, Huber loss", "", regression),
    Case("several labels", "", several_labels),
)
