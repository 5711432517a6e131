"""Writes `trials.parquet` as pandas does and `trials.npz` as NumPy does: the same four trials, for `src/task/file/tests.rs`."""

import numpy as np
import pandas as pd

TRIALS, STEPS = 4, 5
trial, time = np.divmod(np.arange(TRIALS * STEPS), STEPS)
inputs = (np.arange(TRIALS * STEPS * 2).reshape(TRIALS, STEPS, 2) / 8).astype(np.float32)
labels = np.array([[-1, -1, -1, kind, kind] for kind in (0, 2, 1, 2)], dtype=np.int8)
conditions, names = np.array([0, 1, 0, 1], dtype=np.uint8), np.array(["links", "rechts Δ"])
is_test = np.array([False, False, True, False])
np.savez("trials.npz", inputs=inputs, labels=labels, conditions=conditions, condition_names=names, is_test=is_test)
pd.DataFrame(
    {
        "trial": trial,
        "time": time * 0.02,
        "input_0": inputs[:, :, 0].ravel(),
        "input_1": inputs[:, :, 1].ravel(),
        "label": labels.ravel(),
        "condition": pd.Categorical(names[conditions][trial]),
        "is_test": is_test[trial],
    }
).to_parquet("trials.parquet")
