"""SAM around LLQR and the recorder inside others' trainers: each must end where a plain loop ends.

The classes and functions here are what the manual shows. Every one trains the same small network on the same batches,
in their order, and keeps the weights on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from geometry.networks import NetworkLoss
from geometry.recording import Recorder, lightning_callback, read_path, transformers_callback
from optimizers.torch_optim import LLQR, SAM

EXAMPLES, BATCH, EPOCHS = 24, 6, 2


def network() -> nn.Module:
    """With running statistics, so that a pass too many shows."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 3))


def data() -> TensorDataset:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(EXAMPLES, 4, generator=generator)
    return TensorDataset(x, torch.randint(0, 3, (EXAMPLES,), generator=generator))


def loader() -> DataLoader[Any]:
    return DataLoader(data(), BATCH)


def optimizer_of(module: nn.Module) -> SAM:
    """LLQR inside SAM; U is learned anew every third step."""
    return SAM(LLQR(module.parameters(), lr=0.05, module=module, refresh_every=3, inner_learning_rate=0.02), rho=0.05)


def train_plainly(folder: Path) -> nn.Module:
    """The loop that all are compared with."""
    module, recorder = network(), Recorder(folder, every=3)
    optimizer, step = optimizer_of(module), 0
    recorder(0, module)
    for _ in range(EPOCHS):
        for x, y in loader():

            def closure(x: Tensor = x, y: Tensor = y) -> tuple[Tensor, Tensor]:
                scores = module(x)
                return F.cross_entropy(scores, y), scores

            loss, step = optimizer.step(closure), step + 1
            recorder(step, module, loss=loss)
    recorder.keep(step, module)
    return module


def lightning_module(manual: bool) -> Any:
    """A LightningModule around the network."""
    import lightning.pytorch as lightning

    class Automatic(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = network()

        def training_step(self, batch: list[Tensor], index: int) -> Tensor:
            x, y = batch
            return F.cross_entropy(self.network(x), y)

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return optimizer_of(self.network)

    class Manual(Automatic):
        def __init__(self) -> None:
            super().__init__()
            self.automatic_optimization = False

        def training_step(self, batch: list[Tensor], index: int) -> Tensor:
            x, y = batch
            optimizer = self.optimizers()

            def closure() -> Tensor:
                optimizer.zero_grad()
                loss = F.cross_entropy(self.network(x), y)
                self.manual_backward(loss)
                return loss

            return optimizer.step(closure)

    return Manual() if manual else Automatic()


def train_by_lightning(folder: Path, manual: bool = False) -> nn.Module:
    """Its Trainer makes the closure, or with `manual` the module does."""
    import lightning.pytorch as lightning

    module = lightning_module(manual)
    trainer = lightning.Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        callbacks=[lightning_callback(Recorder(folder, every=3))],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=str(folder.parent),
    )
    trainer.fit(module, loader())
    return module.network


def train_by_lightning_manually(folder: Path) -> nn.Module:
    """With `automatic_optimization = False`."""
    return train_by_lightning(folder, manual=True)


def train_by_accelerate(folder: Path) -> nn.Module:
    """accelerate takes the loop as it is; its optimiser hands the closure on."""
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=True)
    module, recorder = network(), Recorder(folder, every=3)
    model, optimizer, batches = accelerator.prepare(module, optimizer_of(module), loader())
    step = 0
    recorder(0, model)
    for _ in range(EPOCHS):
        for x, y in batches:

            def closure(x: Tensor = x, y: Tensor = y) -> Tensor:
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x), y)
                accelerator.backward(loss)
                return loss

            loss, step = optimizer.step(closure), step + 1
            recorder(step, model, **({} if loss is None else {"loss": loss}))
    recorder.keep(step, model)
    return accelerator.unwrap_model(model)


class Scores(nn.Module):
    """The network as transformers' Trainer wants it: inputs by name, and a loss in what it returns."""

    def __init__(self) -> None:
        super().__init__()
        self.network = network()

    def forward(self, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
        logits = self.network(x)
        return {"loss": F.cross_entropy(logits, labels), "logits": logits}


def trainer_class() -> type:
    """transformers' Trainer calls step() without a closure, so the pass at θ + ε and the refresh are made by hand."""
    import transformers

    class ProbingTrainer(transformers.Trainer):
        def training_step(self, model: nn.Module, inputs: dict[str, Any], *more: Any) -> Tensor:
            sam = getattr(self.optimizer, "optimizer", self.optimizer)  # what accelerate has wrapped
            if sam.base.refresh_due:

                def scored() -> tuple[Tensor, Tensor]:
                    loss, outputs = self.compute_loss(model, self._prepare_inputs(inputs), return_outputs=True)
                    return loss, outputs["logits"]

                sam.base.refresh(scored)
            sam.zero_grad()
            super().training_step(model, inputs, *more)
            sam.probe()
            sam.zero_grad()
            return super().training_step(model, inputs, *more)

    return ProbingTrainer


def train_by_transformers(folder: Path) -> nn.Module:
    """Batches in order, no decay, no schedule, no clipping."""
    import transformers

    class InOrder(trainer_class()):  # type: ignore[misc]
        def _get_train_sampler(self, *_: Any) -> Any:
            return torch.utils.data.SequentialSampler(self.train_dataset)

    module = Scores()
    module.train()
    optimizer = optimizer_of(module.network)
    settings = transformers.TrainingArguments(
        output_dir=str(folder.parent / "transformers"),
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=BATCH,
        max_grad_norm=0.0,
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        logging_strategy="no",
    )
    trainer = InOrder(
        model=module,
        args=settings,
        train_dataset=[{"x": x, "labels": y} for x, y in data()],
        optimizers=(optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: 1.0)),
        callbacks=[transformers_callback(Recorder(folder, every=3))],
    )
    trainer.train()
    return module.network


TRAINERS: dict[str, tuple[str, Callable[[Path], nn.Module]]] = {
    "Lightning, automatic": ("lightning", train_by_lightning),
    "Lightning, manual": ("lightning", train_by_lightning_manually),
    "accelerate": ("accelerate", train_by_accelerate),
    "transformers' Trainer": ("transformers", train_by_transformers),
}


def state_apart(ours: nn.Module, theirs: nn.Module) -> float:
    """The largest absolute difference of weights and running statistics."""
    pairs = zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True)
    return max(float((a.double() - b.double()).abs().max()) for a, b in pairs)


def check_recording(folder: Path, module: nn.Module) -> list[int]:
    """The recorded steps; AssertionError where the last is not the module as it is."""
    x, y = data().tensors
    path = read_path(folder, NetworkLoss(network(), x, y))
    theta = torch.nn.utils.parameters_to_vector(module.parameters()).detach()
    assert torch.equal(path.positions[-1], theta), "what was recorded last is not what was trained"
    return path.steps.tolist()
