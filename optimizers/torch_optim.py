"""LLQR, SAM and others as torch.optim optimisers, for training loops of one's own.

    optimizer = SAM(LLQR(model.parameters(), lr=0.05, module=model), rho=0.1)   # either of the two also by itself
    for x, y in batches:
        def closure():
            outputs = model(x)
            return F.cross_entropy(outputs, y), outputs
        loss = optimizer.step(closure)

NaturalGradient, KFAC and Shampoo take LLQR's place, alone or inside SAM, and Lion that of torch.optim.AdamW; SAM takes
the probes and mixes of the library, SSAM-F among them, around any of these and of torch's own. Descent, heavy ball and
Nesterov are torch.optim.SGD; Adam, AdamW and Muon have their names there (Muon takes matrices alone, and multiplies in
bfloat16). SAM(NaturalGradient(…), probe=probes.SAM(norm="matrix")) is Riemannian SAM in the metric of its U.

`step(closure)` does all of a step: a refresh of U where one is due (one more forward pass, in eval mode where `module`
is given), one backward pass at θ and, with SAM, one at θ + ε. The numbers are those of optimizers.rule.

The closure may call backward() on the loss itself, after a zero_grad(), as torch's documentation and Lightning have it;
what it does to the gradients then (clipping) counts. It returns the loss, and for a metric of the outputs ("ngd",
"ngd-mean") the outputs as well, or calls the `module` once. Such a metric is that of a cross-entropy over the last
axis; another loss LLQR is told (`loss=nn.MSELoss()`, a function, or a kind: "squared error", …), or refuses.

Where a closure is too narrow (gradient accumulation, another batch for the refresh, mixed precision with a scaler) the
same step is made by hand:

    if llqr.refresh_due: llqr.refresh(closure)           # on a batch of your choice; it leaves .grad alone
    optimizer.zero_grad(); loss_of(…).backward(); …      # as often as wanted: gradients add up
    optimizer.probe()                                    # with SAM only: moves the parameters to θ + ε
    optimizer.zero_grad(); loss_of(…).backward(); …      # with SAM only: the gradients there
    optimizer.step()                                     # from θ, with the gradients just made

Mixed precision: under torch.autocast with bfloat16 nothing else is needed; parameters and U stay in float32. A
GradScaler (float16) works by hand only: `scaler.scale(loss).backward()`, `optimizer.probe(scaler)` after the first
pass, `scaler.step(optimizer)`, `optimizer.restore()` (a step that the scaler skips leaves the parameters at θ + ε) and
`scaler.update()`; the refresh takes the unscaled loss, best outside autocast. A compiled module has no second
derivative: give the refresh a closure that calls the module as it was before torch.compile.
"""

from optimizers.torch.kfac import KFAC
from optimizers.torch.lion import Lion
from optimizers.torch.llqr import LLQR
from optimizers.torch.natural_gradient import NaturalGradient
from optimizers.torch.sam import SAM
from optimizers.torch.shampoo import Shampoo

__all__ = ["KFAC", "LLQR", "SAM", "Lion", "NaturalGradient", "Shampoo"]
