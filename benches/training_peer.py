"""PyTorch's side of the training benchmark: prints the median milliseconds of a step and the threads used."""

import statistics
import sys
import time

import torch

cell, units, cores, repeats = sys.argv[1], *map(int, sys.argv[2:5])
trials, steps = 64, 100
CELLS = {"vanilla": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
torch.manual_seed(0)
pulses = (torch.rand(steps, trials, 3) < 0.05).float() * torch.sign(torch.randn(steps, trials, 3))
target = torch.zeros(trials, 3)
targets = []
for pulse in pulses:
    target = torch.where(pulse != 0, pulse, target)
    targets.append(target)
targets = torch.stack(targets)
weights = (targets != 0).float()


def median_millis(threads):
    torch.set_num_threads(threads)
    network = CELLS[cell](3, units)
    readout = torch.nn.Linear(units, 3)
    optimiser = torch.optim.Adam([*network.parameters(), *readout.parameters()], lr=1e-3)
    millis = []
    for step in range(repeats // 5 + repeats):
        begun = time.perf_counter()
        optimiser.zero_grad()
        states, _ = network(pulses)
        loss = (weights * (readout(states) - targets) ** 2).sum() / weights.sum()
        loss.backward()
        optimiser.step()
        if step >= repeats // 5:
            millis.append(1e3 * (time.perf_counter() - begun))
    return statistics.median(millis)


print(*min((median_millis(threads), threads) for threads in sorted({1, cores})))
