"""Remakes `cells.safetensors` beside this file: PyTorch's own recurrent cells in f64 on given weights and inputs, with
the outputs of a linear readout, a weighted squared error and its gradients. `tests/pytorch.rs` compares with it.

    .ci/setup-python torch && target/python/bin/python tests/pytorch/make_cells.py
"""

import json
import pathlib
import struct

import torch

UNITS, INPUTS, OUTPUTS, STEPS, TRIALS = 5, 3, 2, 7, 4
CELLS = {
    "vanilla-tanh": lambda: torch.nn.RNN(INPUTS, UNITS, nonlinearity="tanh"),
    "vanilla-relu": lambda: torch.nn.RNN(INPUTS, UNITS, nonlinearity="relu"),
    "gru": lambda: torch.nn.GRU(INPUTS, UNITS),
    "lstm": lambda: torch.nn.LSTM(INPUTS, UNITS),
}


def content():
    torch.manual_seed(1)
    torch.set_default_dtype(torch.float64)
    inputs = torch.randn(STEPS, TRIALS, INPUTS)
    targets = torch.randn(STEPS, TRIALS, OUTPUTS)
    weights = torch.randint(0, 3, (STEPS, TRIALS, OUTPUTS)).double()
    tensors = {"inputs": inputs, "targets": targets, "weights": weights}
    for name, make in CELLS.items():
        cell, readout = make(), torch.nn.Linear(UNITS, OUTPUTS)
        network = torch.nn.ModuleDict({"rnn": cell, "readout": readout})
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.7)
        outputs = readout(cell(inputs)[0])
        loss = (weights * (outputs - targets) ** 2).sum() / weights.sum()
        loss.backward()
        tensors[f"{name}/outputs"] = outputs.detach()
        tensors[f"{name}/loss"] = loss.detach()
        for key, parameter in network.named_parameters():
            tensors[f"{name}/{key}"] = parameter.detach()
            tensors[f"{name}/gradient/{key}"] = parameter.grad
    return tensors


def safetensors(tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, tensor in sorted(tensors.items()):
        raw = tensor.contiguous().numpy().astype("<f8").tobytes()
        offsets = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": "F64", "shape": list(tensor.shape), "data_offsets": offsets}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


path = pathlib.Path(__file__).with_name("cells.safetensors")
path.write_bytes(safetensors(content(), {"torch": torch.__version__}))
print(f"{path}: {path.stat().st_size} bytes, PyTorch {torch.__version__}")
