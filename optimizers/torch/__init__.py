"""The rule as torch optimisers, for training loops of one's own; the door is optimizers.torch_optim."""
