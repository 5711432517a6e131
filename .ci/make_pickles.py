#!/usr/bin/env python3
"""Makes what torch.save writes, of every kind, for the tests of the pickle reader, in tests/foreign_files. Needs torch and numpy.

Every number is exact in single precision and follows from its place (`ramp`), so the tests know it without PyTorch. Files are
small (4 KB at most), since they are committed. `.ci/make_framework_files.py` makes networks with the states that they go through.
"""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "foreign_files"
MOST_BYTES = 4096


def write(folder: Path) -> None:
    """State dicts, checkpoints of training loops, every type and layout of tensors."""
    import numpy
    import torch

    def ramp(*shape, first=-1.0):
        """first, first + 1/8, first + 2/8, ... by rows."""
        count = int(numpy.prod(shape))
        return (torch.arange(count, dtype=torch.float64) / 8 + first).reshape(shape).float()

    def filled(module):
        with torch.no_grad():
            for place, parameter in enumerate(module.parameters()):
                parameter.copy_(ramp(*parameter.shape, first=-1.0 + place))
        return module

    def save(value, name, **options):
        torch.save(value, folder / name, **options)

    rnn = filled(torch.nn.RNN(2, 3))
    save(rnn.state_dict(), "torch-state-dict.pt")
    save(rnn.state_dict(), "torch-legacy.pt", _use_new_zipfile_serialization=False)
    save(torch.nn.RNN(1, 1, bias=False), "torch-module.pt")

    # A training loop's checkpoint, and the same as Lightning lays it out.
    small = filled(torch.nn.RNN(1, 2, bias=False))
    optimizer = torch.optim.SGD(small.parameters(), lr=0.1, momentum=0.9)
    small(torch.ones(3, 1))[0].sum().backward()
    optimizer.step()
    filled(small)
    save(
        {
            "model": small.state_dict(),
            "optimizer": optimizer.state_dict(),
            "epoch": 7,
            "loss": 0.25,
            "losses": ramp(4),
        },
        "torch-loop.pth",
    )
    save(
        {
            "epoch": 3,
            "global_step": 1200,
            "pytorch-lightning_version": "2.5.0",
            "state_dict": {f"model.rnn.{name}": value for name, value in small.state_dict().items()},
            "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"current": {"ready": 4}}}},
            "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.5)}},
            "optimizer_states": [optimizer.state_dict()],
            "lr_schedulers": [],
            "hparams_name": "kwargs",
            "hyper_parameters": {"hidden_size": 2, "alpha": 0.1, "path": Path("data")},
        },
        "torch-lightning.ckpt",
    )

    whole = ramp(3, 4)
    save(
        {
            "whole": whole,
            "transposed": whole.T,
            "row": whole[1],
            "column": whole[:, 2],
            "block": whole[1:, 1:3],
            "expanded": whole[0, :1].expand(3),
            "number": torch.tensor(2.5),
            "empty": torch.zeros(0, 4),
            "parameter": torch.nn.Parameter(whole[2, 2:]),
            "nested": {"lists": [ramp(1), (ramp(2),)]},
        },
        "torch-views.pt",
    )
    numbers = [1.5, -2.0, float("nan"), float("inf")]
    save(
        {
            "half": torch.tensor(numbers, dtype=torch.float16),
            "bfloat16": torch.tensor(numbers, dtype=torch.bfloat16),
            "float64": torch.tensor(numbers, dtype=torch.float64),
            "e4m3": torch.tensor([1.5, -2.0, 448.0, 2.0**-9]).to(torch.float8_e4m3fn),
            "e5m2": torch.tensor([1.5, -2.0, 57344.0, 2.0**-16]).to(torch.float8_e5m2),
        },
        "torch-floats.pt",
    )
    save(
        {
            "int64": torch.tensor([1, -(2**53)]),
            "int8": torch.tensor([1, -128], dtype=torch.int8),
            "uint16": torch.tensor([1, 65535], dtype=torch.uint16),
            "bool": torch.tensor([True, False]),
            "too_large": torch.tensor([2**53 + 1]),
            "complex": torch.tensor([1j]),
        },
        "torch-integers.pt",
    )
    save(
        {
            "array": numpy.arange(6.0).reshape(2, 3),
            "by_columns": numpy.asfortranarray(numpy.arange(6, dtype=">f4").reshape(2, 3)),
            "integers": numpy.arange(3, dtype="u2"),
            "number": numpy.float32(0.5),
            "tensor": ramp(2),
        },
        "torch-numpy.pt",
    )
    save(
        {
            "array": numpy.arange(6.0).reshape(2, 3),
            "number": numpy.float64(0.5),
            "tensor": ramp(2),
            "size": torch.Size([2, 3]),
            "dtype": torch.float32,
            "device": torch.device("cpu"),
        },
        "torch-protocol-5.pt",
        pickle_protocol=5,
    )


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    write(FOLDER)
    for path in sorted(FOLDER.glob("torch-*")):
        size = path.stat().st_size
        print(f"{size:6d} {path.name}")
        if size > MOST_BYTES:
            sys.exit(f"make_pickles: {path.name} is larger than {MOST_BYTES} bytes")


if __name__ == "__main__":
    main()
