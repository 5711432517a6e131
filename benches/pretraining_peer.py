"""PyTorch's side of the benchmark of pretraining.

`FOLDER check` prints loss and length of the gradient; `FOLDER eager CORES REPEATS` the median milliseconds of an update and the
threads used; `FOLDER compiled …` the same through torch.compile.
"""

import json
import pathlib
import statistics
import sys
import time

import numpy
import torch

folder, way = pathlib.Path(sys.argv[1]), sys.argv[2]
about = json.loads((folder / "about.json").read_text())
steps, trials, units = about["steps"], about["trials"], about["units"]


def array(name, *shape):
    return torch.from_numpy(numpy.fromfile(folder / name, dtype=numpy.float32).reshape(shape).copy())


inputs = array("inputs", steps, trials, about["inputs"])
targets = array("targets", steps, trials, about["outputs"])
weights = array("weights", steps, trials, about["outputs"])
states = array("states", trials, units)
tensors = {of["name"]: array(of["name"], *of["shape"]) for of in about["tensors"]}
trained = [of["name"] for of in about["tensors"] if of["trained"]]
for name in trained:
    tensors[name].requires_grad_(True)


def forward(inputs, states, weight_ih, weight_hh, bias, readout, readout_bias):
    drive = torch.nn.functional.linear(inputs, weight_ih, bias)
    rates = []
    for now in drive:
        states = (1 - about["alpha"]) * states + about["alpha"] * torch.tanh(now + states @ weight_hh.T)
        rates.append(states)
    outputs = torch.nn.functional.linear(torch.stack(rates), readout, readout_bias)
    loss, count, first = 0.0, 0.0, 0
    for channels, sharpness, floor in about["groups"]:
        part = slice(first, first + channels)
        first += channels
        chosen = torch.softmax(sharpness * outputs[..., part], -1)
        weight = weights[..., part].mean(-1)
        loss = loss - (weight * (targets[..., part] * torch.log(chosen + floor)).sum(-1)).sum()
        count = count + weight.sum()
    return loss / count


ORDER = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "readout.weight", "readout.bias")
NAMES = [next(name for name in tensors if name.endswith(end)) for end in ORDER]

trained_inputs = torch.tensor(about["trained_inputs"], dtype=torch.float32)
if tensors[NAMES[0]].requires_grad:
    tensors[NAMES[0]].register_hook(lambda slopes: slopes * trained_inputs)


def loss_of(function):
    return function(inputs, states, *(tensors[name] for name in NAMES))


def median_millis(function, threads, repeats):
    torch.set_num_threads(threads)
    rate = about["learning_rate"]
    readout = [tensors[name] for name in trained if "readout" in name]
    rest = [tensors[name] for name in trained if "readout" not in name]
    groups = [{"params": rest, "lr": rate}, {"params": readout, "lr": rate * about["readout_factor"]}]
    optimiser = torch.optim.Adam(groups, lr=rate, weight_decay=about["weight_decay"])
    millis = []
    for step in range(repeats // 5 + repeats):
        begun = time.perf_counter()
        optimiser.zero_grad()
        loss_of(function).backward()
        torch.nn.utils.clip_grad_value_(rest + readout, about["clip_value"])
        optimiser.step()
        if step >= repeats // 5:
            millis.append(1e3 * (time.perf_counter() - begun))
    return statistics.median(millis)


if way == "check":
    loss = loss_of(forward)
    loss.backward()
    squares = sum(float((tensors[name].grad.double() ** 2).sum()) for name in trained)
    print(float(loss.detach()), squares**0.5)
else:
    cores, repeats = map(int, sys.argv[3:5])
    function = torch.compile(forward) if way == "compiled" else forward
    print(*min((median_millis(function, threads, repeats), threads) for threads in sorted({1, cores})))
