#!/usr/bin/env python3
"""Makes a recording for `creode import recordings` of an NWB file:

    python nwb_to_recording.py SESSION.nwb OUT.npz --align COLUMN [--condition COLUMN] [--window FROM TO] [--bin SECONDS]

Spikes of all units are counted in bins around the time that COLUMN of the table of trials gives; another column of that table may name
the condition of a trial. Needs pynwb (`pip install pynwb`). What the animal was shown, `inputs`, stands in no fixed place in NWB: add it
to the npz file as `[trials, time, channels]` if networks are to be run on it.
"""

import argparse

import numpy as np


def counted(times, edges):
    """Counts of one unit's spikes, whose times are sorted, between neighbouring edges, [trials, bins]."""
    return np.diff(np.searchsorted(times, edges), axis=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("session")
    parser.add_argument("out")
    parser.add_argument("--align", required=True, metavar="COLUMN")
    parser.add_argument("--condition", metavar="COLUMN")
    parser.add_argument("--window", nargs=2, type=float, default=(0.0, 1.0), metavar=("FROM", "TO"))
    parser.add_argument("--bin", type=float, default=0.02, metavar="SECONDS")
    arguments = parser.parse_args()

    from pynwb import NWBHDF5IO

    with NWBHDF5IO(arguments.session, "r", load_namespaces=True) as file:
        session = file.read()
        trials = session.trials.to_dataframe()
        trials = trials[np.isfinite(trials[arguments.align].astype(float))]
        first, last = arguments.window
        bins = round((last - first) / arguments.bin)
        edges = trials[arguments.align].to_numpy(float)[:, None] + first + arguments.bin * np.arange(bins + 1)
        units = [np.sort(session.units["spike_times"][unit]) for unit in range(len(session.units))]
        spikes = np.stack([counted(times, edges) for times in units], axis=2)
        arrays = {"spikes": spikes.astype(np.uint16), "bin_secs": np.float64(arguments.bin)}
        if arguments.condition:
            names, numbers = np.unique(trials[arguments.condition].astype(str), return_inverse=True)
            arrays |= {"conditions": numbers, "condition_names": names}
    np.savez_compressed(arguments.out, **arrays)
    print(f"{arguments.out}: {spikes.shape[0]} trials × {bins} bins × {len(units)} units")


if __name__ == "__main__":
    main()
