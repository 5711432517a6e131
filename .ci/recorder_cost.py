#!/usr/bin/env python3
"""What `creode.Recorder` costs a PyTorch training: `recorder_cost.py [STEPS [PAIRS]]`, by default 2000 steps, once with and once
without it; the next pair in the other order.

Prints both times and by how much the second is longer; of the second how much the calls of the recorder took, and, by itself, the
time after the last step, in which the rest is analysed. On a busy machine only the calls tell anything.
"""

import statistics
import sys
import tempfile
import time

import torch

import creode

STEPS, PAIRS = (int(argument) for argument in (sys.argv[1:] + ["2000", "1"][len(sys.argv) - 1 :]))


def train(folder, steps=STEPS):
    torch.manual_seed(0)
    model = torch.nn.GRU(3, 64, batch_first=True)
    readout = torch.nn.Linear(64, 3)
    optimiser = torch.optim.Adam([*model.parameters(), *readout.parameters()], lr=1e-3)
    recorder = creode.Recorder(folder, model, every=100) if folder else None
    begun, telling = time.perf_counter(), 0.0
    for step in range(steps):
        inputs = torch.randn(64, 50, 3)
        loss = (readout(model(inputs)[0]) - inputs.cumsum(1).tanh()).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if recorder:
            before = time.perf_counter()
            recorder(step, loss=loss)
            telling += time.perf_counter() - before
    secs = time.perf_counter() - begun
    if recorder:
        recorder.close()
        then = time.perf_counter() - begun - secs
        print(f"with: {secs:.2f} s, of these {telling:.2f} s in the recorder, then {then:.2f} s; {len(recorder.skipped)} skipped", flush=True)
    elif steps == STEPS:
        print(f"without: {secs:.2f} s", flush=True)
    return secs


ratios = []
# Libraries are loaded and threads begun before anything is timed.
train(None, steps=STEPS // 10)
for pair in range(PAIRS):
    with tempfile.TemporaryDirectory() as folder:
        order = [f"{folder}/run", None]
        secs = {of: train(of) for of in (order if pair % 2 == 0 else reversed(order))}
        ratios.append(secs[order[0]] / secs[None])
print(f"{STEPS} steps of PyTorch on {torch.get_num_threads()} threads take {100 * (statistics.median(ratios) - 1):+.1f} % with a recorder")
