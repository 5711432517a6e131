"""Python's side of the navigation benchmark: the same grid world and the same network in NumPy, PyTorch and Gymnasium.

    navigation_peer.py check FOLDER
        holds what both worlds and the network do against the trace of Creode's in FOLDER; ends with 1 where they differ
    navigation_peer.py time FOLDER UNITS AGENTS CORES SECONDS
        prints, for each way, its name, agent steps a second, processes and threads a process, and of how many
        agent steps a wall was run into and an episode ended; UNITS 0: moves from a list, without a network
"""

import json
import multiprocessing
import random
import sys
import time
from pathlib import Path

import gymnasium
import numpy as np
import torch

SIDE, PADDING = 15, 2
WIDTH = SIDE + 2 * PADDING
PLACES = WIDTH * WIDTH
GOALS = ((9, 5), (9, 13))
TIME_LIMIT = 8 * SIDE
CUE_AXIS = 19
CHANNELS = 9 + 4 + 2 * CUE_AXIS
ALPHA = 0.5
# Up, right, down, left.
OFFSETS = (-WIDTH, 1, WIDTH, -1)
PATCH = (-WIDTH - 1, -WIDTH, -WIDTH + 1, -1, 0, 1, WIDTH - 1, WIDTH, WIDTH + 1)
# Steps after which the list of scripted moves begins again.
SCRIPTED_STEPS = 256
# An episode takes as many steps at most; all sides go through as many before they are timed, but for no more seconds than this.
LONGEST_WARM_UP = 3
# The largest |difference| of an observation, a reward or an output that rounding explains.
TOLERANCE = 1e-4


def cue(goal):
    channels = np.arange(CUE_AXIS)
    return np.concatenate([-0.1 * (channels - p * CUE_AXIS / (SIDE + 4)) ** 2 for p in GOALS[goal]])


CUES = np.stack([cue(goal) for goal in range(2)]).astype(np.float32)


def values_of(goal):
    """What each cell of the padded room is to the sensors: wall -1, free 0, goal 1."""
    values = np.full((WIDTH, WIDTH), -1, np.float32)
    values[PADDING:-PADDING, PADDING:-PADDING] = 0
    values[GOALS[goal]] = 1
    return values


class Rooms:
    """Many agents moved at once, each step a few NumPy operations on all of them."""

    def __init__(self, agents, rng):
        self.rng = rng
        self.values = np.stack([values_of(goal) for goal in range(2)]).ravel()
        self.offsets, self.patch = np.array(OFFSETS), np.array(PATCH)
        self.here = np.zeros(agents, np.int64)
        self.ticks = np.zeros(agents, np.int64)
        self.observations = np.zeros((agents, CHANNELS), np.float32)
        self.all = np.arange(agents)
        self.restart(self.all)

    def restart(self, agents):
        y, x = self.rng.integers(PADDING, PADDING + SIDE, (2, len(agents)))
        self.put(agents, self.rng.integers(0, 2, len(agents)), y, x)

    def put(self, agents, goal, y, x):
        """Begins an episode of each of these agents."""
        self.here[agents] = goal * PLACES + y * WIDTH + x
        self.ticks[agents] = 0
        self.observations[agents, :9] = self.values[self.here[agents, None] + self.patch]
        self.observations[agents, 9:13] = 0
        self.observations[agents, 13:] = CUES[goal]

    def step(self, moves):
        """Rewards, who is at the end of an episode, and who ran into a wall."""
        to = self.here + self.offsets[moves]
        self.ticks += 1
        collided = self.values[to] < 0
        rewards = np.where(collided, -0.5, -0.01)
        bounced = np.flatnonzero(collided)
        if len(bounced):
            self.ticks[bounced] += 1
            around = self.here[bounced, None] + self.offsets
            free = (self.values[around] >= 0).cumsum(1)
            drawn = self.rng.integers(0, free[:, -1])
            to[bounced] = around[self.all[: len(bounced)], (free > drawn[:, None]).argmax(1)]
        self.here = to
        arrived = self.values[to] > 0
        late = self.ticks >= TIME_LIMIT
        rewards[late] = -1
        rewards[arrived] = 1
        self.observations[:, :9] = self.values[to[:, None] + self.patch]
        self.observations[:, 9:13] = 0
        self.observations[self.all, 9 + moves] = 1
        return rewards, arrived | late, collided


class Room(gymnasium.Env):
    """One agent."""

    metadata = {}
    values = [values_of(goal) for goal in range(2)]

    def __init__(self, seed=0):
        self.observation_space = gymnasium.spaces.Box(-100, 100, (CHANNELS,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(4)
        self.random = random.Random(seed)

    def reset(self, *, seed=None, options=None):
        if seed is not None:
            self.random = random.Random(seed)
        draw = self.random.randrange
        self.put(draw(2), PADDING + draw(SIDE), PADDING + draw(SIDE))
        return self.observation, {}

    def put(self, goal, y, x):
        self.room, self.goal = self.values[goal], GOALS[goal]
        self.y, self.x, self.ticks = y, x, 0
        self.observation = np.zeros(CHANNELS, np.float32)
        self.observation[13:] = CUES[goal]
        self.observation[:9] = self.room[y - 1 : y + 2, x - 1 : x + 2].reshape(9)

    def step(self, move):
        y, x = self.beside(move)
        self.ticks += 1
        reward = -0.01
        self.collided = not self.is_free(y, x)
        if self.collided:
            self.ticks += 1
            reward = -0.5
            free = [cell for cell in map(self.beside, range(4)) if self.is_free(*cell)]
            y, x = free[self.random.randrange(len(free))]
        self.y, self.x = y, x
        arrived = (y, x) == self.goal
        late = self.ticks >= TIME_LIMIT
        if arrived:
            reward = 1.0
        elif late:
            reward = -1.0
        seen = self.observation
        seen[:9] = self.room[y - 1 : y + 2, x - 1 : x + 2].reshape(9)
        seen[9:13] = 0
        seen[9 + move] = 1
        return seen, reward, arrived, late and not arrived, {}

    def beside(self, move):
        if move == 0:
            return self.y - 1, self.x
        if move == 1:
            return self.y, self.x + 1
        if move == 2:
            return self.y + 1, self.x
        return self.y, self.x - 1

    @staticmethod
    def is_free(y, x):
        return PADDING <= y < PADDING + SIDE and PADDING <= x < PADDING + SIDE


class Network:
    """h' = (1 - alpha) h + alpha tanh(W h + B u + b), and the largest of four outputs."""

    def __init__(self, folder, units, agents):
        values = torch.from_numpy(np.fromfile(folder / f"weights-{units}.f32", "<f4"))
        sizes = [units * CHANNELS, units * units, units, 4 * units, 4]
        of_inputs, recurrent, self.bias, readout, self.readout_bias = values.split(sizes)
        self.of_inputs = of_inputs.view(units, CHANNELS).T.contiguous()
        self.recurrent = recurrent.view(units, units).T.contiguous()
        self.readout = readout.view(4, units).T.contiguous()
        self.state = torch.zeros(agents, units)

    def restart(self, agents):
        self.state[torch.from_numpy(agents)] = 0

    def outputs(self, observations):
        drive = torch.addmm(self.bias, torch.from_numpy(observations), self.of_inputs)
        drive.addmm_(self.state, self.recurrent).tanh_()
        self.state.lerp_(drive, ALPHA)
        return torch.addmm(self.readout_bias, self.state, self.readout)

    def moves(self, observations):
        return self.outputs(observations).argmax(1).numpy()


class Script:
    """Moves from a list, whatever is perceived."""

    def __init__(self, agents, rng):
        self.table = rng.integers(0, 4, (SCRIPTED_STEPS, agents))
        self.at = 0

    def restart(self, agents):
        pass

    def moves(self, observations):
        self.at = (self.at + 1) % SCRIPTED_STEPS
        return self.table[self.at]


def mover(folder, units, agents, rng):
    return Network(folder, units, agents) if units else Script(agents, rng)


def loop(folder, units, agents, seed):
    """One step of all agents in the plain loop: (how many ran into a wall, how many episodes ended)."""
    rng = np.random.default_rng(seed)
    rooms, by = Rooms(agents, rng), mover(folder, units, agents, rng)

    def step():
        _, over, collided = rooms.step(by.moves(rooms.observations))
        ended = np.flatnonzero(over)
        if len(ended):
            rooms.restart(ended)
            by.restart(ended)
        return np.count_nonzero(collided), len(ended)

    return step


def vectorised(kind):
    """The same with a vector of Gymnasium, whose rooms begin anew in the step that ends an episode."""

    def begin(folder, units, agents, seed):
        make = [lambda number=number: Room(1000 * seed + number) for number in range(agents)]
        rooms = kind(make, autoreset_mode=gymnasium.vector.AutoresetMode.SAME_STEP)
        by = mover(folder, units, agents, np.random.default_rng(seed))
        observations, _ = rooms.reset()

        def step():
            nonlocal observations
            observations, rewards, arrived, late, _ = rooms.step(by.moves(observations))
            ended = np.flatnonzero(arrived | late)
            if len(ended):
                by.restart(ended)
            return np.count_nonzero(rewards == -0.5), len(ended)

        step.close = rooms.close
        return step

    return begin


WAYS = {
    "loop": loop,
    "sync": vectorised(gymnasium.vector.SyncVectorEnv),
    "async": vectorised(gymnasium.vector.AsyncVectorEnv),
}


def work(way, folder, units, agents, seed, threads, seconds, barrier, results):
    torch.set_num_threads(threads)
    with torch.inference_mode():
        step = WAYS[way](folder, units, agents, seed)
        latest = time.perf_counter() + LONGEST_WARM_UP
        for _ in range(TIME_LIMIT):
            if time.perf_counter() < latest:
                step()
        barrier.wait()
        begun = time.perf_counter()
        steps, bounces, ends = 0, 0, 0
        while (elapsed := time.perf_counter() - begun) < seconds:
            bounced, ended = step()
            steps, bounces, ends = steps + 1, bounces + bounced, ends + ended
    results.put((steps * agents, elapsed, bounces, ends))
    if hasattr(step, "close"):
        step.close()


def measured(way, folder, units, agents, processes, threads, seconds):
    """Agent steps a second of so many processes, each with its part of the agents; shares of bounces and ends."""
    fork = multiprocessing.get_context("fork")
    barrier, results = fork.Barrier(processes), fork.Queue()
    parts = [agents // processes + (part < agents % processes) for part in range(processes)]
    workers = [
        fork.Process(target=work, args=(way, folder, units, part, seed, threads, seconds, barrier, results))
        for seed, part in enumerate(parts)
    ]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=60 + 2 * seconds) for _ in workers]
    for worker in workers:
        worker.join()
    steps = sum(steps for steps, *_ in found)
    rate = steps / max(elapsed for _, elapsed, *_ in found)
    return rate, sum(found[2] for found in found) / steps, sum(found[3] for found in found) / steps


def time_all(folder, units, agents, cores, seconds):
    # One process with one thread, one with all, one thread in each of as many processes as there are cores.
    layouts = {(1, 1), (cores, 1)} | ({(1, cores)} if units else set())
    for way in WAYS:
        if way == "async" and agents > 100:
            continue  # a process for each agent
        for processes, threads in sorted(layouts if way != "async" else {(1, 1)}):
            rate, bounces, ends = measured(way, folder, units, agents, processes, threads, seconds)
            print(way, rate, processes, threads, bounces, ends, flush=True)


def differ(what, found, expected):
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    if found.shape != expected.shape or not np.allclose(found, expected, rtol=0, atol=TOLERANCE):
        sys.exit(f"the sides differ in {what}: {found.tolist()} here, {expected.tolist()} in Creode")


def check(folder):
    trace = json.loads((folder / "trace.json").read_text())
    starts = np.array(trace["starts"])
    agents = len(starts)
    rooms = Rooms(agents, np.random.default_rng(0))
    rooms.put(rooms.all, *starts.T)
    single = [Room() for _ in starts]
    for room, (goal, y, x) in zip(single, starts.tolist()):
        room.put(goal, y, x)
    networks = [(name, Network(folder, int(name), agents)) for name in trace["steps"][0]["outputs"]]
    alive = np.ones(agents, bool)
    for number, step in enumerate(trace["steps"]):
        seen = np.array(step["observations"], np.float32)
        # Where an episode is over Creode shows nothing, and nothing is asked here.
        differ(f"what is seen before step {number}", rooms.observations[alive], seen[alive])
        differ(f"what one agent sees before step {number}", [r.observation for r, a in zip(single, alive) if a], seen[alive])
        for name, network in networks:
            with torch.inference_mode():
                differ(f"the outputs of {name} units at step {number}", network.outputs(seen), step["outputs"][name])
        moves = np.array(step["moves"])
        rewards, over, _ = rooms.step(moves)
        cells = np.stack([rooms.here % PLACES // WIDTH, rooms.here % WIDTH], 1)
        differ(f"rewards of step {number}", rewards[alive], np.array(step["rewards"])[alive])
        differ(f"ends of step {number}", over[alive], np.array(step["over"])[alive])
        differ(f"cells after step {number}", cells[alive], np.array(step["cells"])[alive])
        differ(f"clocks after step {number}", rooms.ticks[alive], np.array(step["ticks"])[alive])
        for agent in np.flatnonzero(alive):
            room = single[agent]
            _, reward, arrived, late, _ = room.step(int(moves[agent]))
            found = [reward, arrived or late, room.y, room.x, room.ticks]
            expected = [step["rewards"][agent], step["over"][agent], *step["cells"][agent], step["ticks"][agent]]
            differ(f"agent {agent} alone at step {number}", found, expected)
        alive &= ~np.array(step["over"])
        # The two sides of an episode that is over part here.
        for agent in np.flatnonzero(~alive):
            rooms.put(np.array([agent]), *starts[agent, :, None])
    check_bounces(trace["bounces"])
    print("same")


def check_bounces(bounces):
    """Agents that run into a wall: where they come to, how often, and at what cost."""
    goal, y, x = bounces["start"]
    count, move = bounces["count"], bounces["move"]
    rooms = Rooms(count, np.random.default_rng(1))
    rooms.put(rooms.all, *(np.full(count, of) for of in (goal, y, x)))
    rewards, _, collided = rooms.step(np.full(count, move))
    together = [rooms.here % PLACES // WIDTH, rooms.here % WIDTH, rooms.ticks, rewards]
    alone = []
    for number in range(count):
        room = Room(number)
        room.put(goal, y, x)
        _, reward, *_ = room.step(move)
        alone.append((room.y, room.x, room.ticks, reward))
    for found in (list(zip(*together)), alone):
        kinds = {tuple(ends["is"]): ends for ends in bounces["ends"]}
        rows = [tuple(np.round(row, 6).tolist()) for row in found]
        if set(rows) != set(kinds):
            sys.exit(f"the sides differ in bounces: {sorted(set(rows))} here, {sorted(kinds)} in Creode")
        for kind, ends in kinds.items():
            # Five deviations of the difference of two counts.
            if abs(rows.count(kind) - ends["count"]) > 5 * (2 * ends["count"]) ** 0.5:
                sys.exit(f"the sides differ in bounces to {kind}: {rows.count(kind)} here, {ends['count']} in Creode")
    if not collided.all():
        sys.exit("the sides differ in bounces: no wall here")


if __name__ == "__main__":
    command, folder, *rest = sys.argv[1:]
    if command == "check":
        check(Path(folder))
    else:
        units, agents, cores, seconds = *map(int, rest[:3]), float(rest[3])
        time_all(Path(folder), units, agents, cores, seconds)
