"""PyTorch's side of the benchmark of engines: `peer.py DEVICE PRODUCTS TRIALS CELL:UNITS...` prints a line for each of the last: the
median milliseconds of a training step, or, of `peak:0`, the operations a second of one large matrix product.

Its own cells are `torch.nn`'s; the leaky one is a loop over time, which `torch.compile` compiles if `CREODE_BENCH_COMPILED` is set: that
takes a minute or more. On a CPU
the better of one thread and all counts, and from 256 units on all."""

import os
import statistics
import sys
import time

import torch

device, products, trials = sys.argv[1], sys.argv[2], int(sys.argv[3])
STEPS, ALPHA = 100, 0.2
CELLS = {"vanilla": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
is_gpu = device != "cpu"
torch.manual_seed(0)
torch.backends.cudnn.allow_tf32 = products != "f32"
torch.backends.cuda.matmul.allow_tf32 = products != "f32"


def wait():
    if is_gpu:
        torch.cuda.synchronize()


def median_millis(work, repeats):
    millis = []
    for call in range(repeats // 3 + 3 + repeats):
        wait()
        begun = time.perf_counter()
        work()
        wait()
        if call >= repeats // 3 + 3:
            millis.append(1e3 * (time.perf_counter() - begun))
    return statistics.median(millis)


class Leaky(torch.nn.Module):
    """h' = (1 - alpha) h + alpha tanh(W h + B u + b)."""

    def __init__(self, inputs, units):
        super().__init__()
        cell = torch.nn.RNN(inputs, units)
        self.inward, self.bias = cell.weight_ih_l0, cell.bias_ih_l0
        self.recurrent = cell.weight_hh_l0

    def forward(self, inputs):
        drive = torch.nn.functional.linear(inputs, self.inward, self.bias)
        state = torch.zeros(inputs.shape[1], self.recurrent.shape[0], device=inputs.device)
        states = []
        for step in drive.unbind(0):
            rate = torch.tanh(torch.addmm(step, state, self.recurrent.t()))
            state = torch.lerp(state, rate, ALPHA)
            states.append(state)
        return torch.stack(states), state


def training(network, units):
    pulses = (torch.rand(STEPS, trials, 3) < 0.05).float() * torch.sign(torch.randn(STEPS, trials, 3))
    target, targets = torch.zeros(trials, 3), []
    for pulse in pulses:
        target = torch.where(pulse != 0, pulse, target)
        targets.append(target)
    pulses, targets = pulses.to(device), torch.stack(targets).to(device)
    weights = (targets != 0).float()
    readout = torch.nn.Linear(units, 3).to(device)
    optimiser = torch.optim.Adam([*network.parameters(), *readout.parameters()], lr=1e-3)

    def work():
        optimiser.zero_grad()
        with torch.autocast(device.split(":")[0], torch.bfloat16, enabled=products == "bf16"):
            states, _ = network(pulses)
            outputs = readout(states).float()
        loss = (weights * (outputs - targets) ** 2).sum() / weights.sum()
        loss.backward()
        optimiser.step()
        return loss.item()

    return work


def step_millis(cell, units):
    repeats = 30 if units <= 256 else 10 if is_gpu or units <= 1024 else 3
    if cell in CELLS:
        network = CELLS[cell](3, units).to(device)
        return median_millis(training(network, units), repeats)
    network = Leaky(3, units).to(device)
    if os.environ.get("CREODE_BENCH_COMPILED"):
        network = torch.compile(network, mode="reduce-overhead" if is_gpu else "default")
    return median_millis(training(network, units), repeats)


def peak():
    size = 8192 if is_gpu else 2048
    kind = torch.bfloat16 if products == "bf16" else torch.float32
    left, right = (torch.randn(size, size, device=device, dtype=kind) for _ in range(2))
    return 2 * size**3 / (1e-3 * median_millis(lambda: left @ right, 10))


def measure(cell, units):
    if is_gpu:
        torch.cuda.empty_cache()
    return peak() if cell == "peak" else step_millis(cell, units)


most = torch.get_num_threads()
for asked in sys.argv[4:]:
    cell, units = asked.split(":")
    found = []
    for threads in [most] if is_gpu or int(units) >= 256 else sorted({1, most}):
        torch.set_num_threads(threads)
        found.append(measure(cell, int(units)))
    print(max(found) if cell == "peak" else min(found), flush=True)
