"""The peers of the fixed-point benchmark: `fixed_points_peer.py FOLDER CELL UNITS CORES LIMIT_SECS [PEER…]`, by default all.

FOLDER holds starts.f64 and the weights as raw little-endian numbers. All peers look for zeros of x - F(x) from the
same starts, in f64, with all cores:

hybr: scipy.optimize.root(method="hybr") with the analytic Jacobian, one start after the other in each of CORES processes.
adam: Adam on the mean of q = |x - F(x)|^2 / 2 over all starts at once, the learning rate lowered whenever q stalls, at
      most 5000 iterations (the method, number of iterations and schedule of FixedPointFinder; its learning rate of 1
      is lowered to 0.1, with which more starts converge).
newton: damped Newton steps on all starts at once, one batched factorisation (torch.linalg.solve) an iteration, with the
      analytic Jacobian; a GRU in its reduced form x - n(x), which has the same zeros. A step is halved until q falls, at
      most 6 times; a start that has converged, or has gone 100 iterations, is done.

Each prints: name, seconds, CPU seconds of all its processes, starts tried, starts that ended with q < 1e-24, distinct points
among these, iterations. The end of each start is written to FOLDER as PEER.f64, of hybr of those it came to.
When LIMIT_SECS are over a peer stops; seconds are then scaled to all starts (hybr), or are those used so far (adam).
"""

import os
import resource
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"
import multiprocessing

import numpy

folder, cell, units, cores, limit_secs = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
peers = sys.argv[6:] or ["hybr", "newton", "adam"]
load = lambda name, *shape: numpy.fromfile(f"{folder}/{name}.f64").reshape(shape)
gates = 1 if cell == "vanilla" else 3
W = load("recurrent", gates * units, units)
from_input, hidden_bias = load("from_input", -1), load("hidden_bias", -1)
starts = load("starts", -1, units)
sigmoid = lambda a: 1 / (1 + numpy.exp(-a))


def residual(h):
    if cell == "vanilla":
        return h - numpy.tanh(W @ h + from_input)
    r, z, m = (W @ h + hidden_bias).reshape(3, units)
    a_r, a_z, a_n = from_input.reshape(3, units)
    z = sigmoid(z + a_z)
    return (1 - z) * (h - numpy.tanh(a_n + sigmoid(r + a_r) * m))


def jacobian(h):
    if cell == "vanilla":
        t = numpy.tanh(W @ h + from_input)
        return numpy.eye(units) - (1 - t * t)[:, None] * W
    r, z, m = (W @ h + hidden_bias).reshape(3, units)
    a_r, a_z, a_n = from_input.reshape(3, units)
    r, z = sigmoid(r + a_r), sigmoid(z + a_z)
    n = numpy.tanh(a_n + r * m)
    W_r, W_z, W_n = W.reshape(3, units, units)
    d_n = (1 - n * n)[:, None] * (r[:, None] * W_n + (m * r * (1 - r))[:, None] * W_r)
    d_z = (z * (1 - z))[:, None] * W_z
    return numpy.eye(units) - ((h - n)[:, None] * d_z + (1 - z)[:, None] * d_n + numpy.diag(z))


def hybr(place):
    if time.perf_counter() > deadline:
        return None
    return root(residual, starts[place], jac=jacobian, method="hybr", tol=1e-14).x


def cpu_secs():
    own, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def report(name, secs, cpu, tried, ends, iterations):
    q = numpy.array([0.5 * (residual(x) ** 2).sum() for x in ends])
    numpy.array(ends, float).tofile(f"{folder}/{name}.f64")
    found = [x for x, good in zip(ends, q < 1e-24) if good]
    distinct = []
    for x in found:
        if not any(abs(x - y).max() < 1e-6 for y in distinct):
            distinct.append(x)
    print(name, secs, cpu, tried, len(found), len(distinct), iterations, flush=True)


if "hybr" in peers:
    from scipy.optimize import root

    deadline = time.perf_counter() + limit_secs
    begun, cpu_begun = time.perf_counter(), cpu_secs()
    with multiprocessing.get_context("fork").Pool(cores) as pool:
        ends = [end for end in pool.imap(hybr, range(len(starts)), chunksize=4) if end is not None]
        pool.close()
        pool.join()
    share = len(starts) / len(ends)
    secs, cpu = (time.perf_counter() - begun) * share, (cpu_secs() - cpu_begun) * share
    report("hybr", secs, cpu, len(ends), ends, 0)

import torch

torch.set_num_threads(cores)
tW, t_input, t_hidden = (torch.from_numpy(a) for a in (W, from_input, hidden_bias))


def q_of(h):
    if cell == "vanilla":
        return 0.5 * ((h - torch.tanh(h @ tW.T + t_input)) ** 2).sum(1)
    r, z, m = (h @ tW.T + t_hidden).chunk(3, 1)
    a_r, a_z, a_n = t_input.chunk(3)
    z = torch.sigmoid(z + a_z)
    return 0.5 * (((1 - z) * (h - torch.tanh(a_n + torch.sigmoid(r + a_r) * m))) ** 2).sum(1)


def residuals(h):
    if cell == "vanilla":
        return h - torch.tanh(h @ tW.T + t_input)
    r, _, m = (h @ tW.T + t_hidden).chunk(3, 1)
    a_r, _, a_n = t_input.chunk(3)
    return h - torch.tanh(a_n + torch.sigmoid(r + a_r) * m)


def jacobians(h):
    if cell == "vanilla":
        t = torch.tanh(h @ tW.T + t_input)
        J = -(1 - t * t)[:, :, None] * tW
    else:
        r, _, m = (h @ tW.T + t_hidden).chunk(3, 1)
        a_r, _, a_n = t_input.chunk(3)
        r = torch.sigmoid(r + a_r)
        n = torch.tanh(a_n + r * m)
        W_r, _, W_n = tW.chunk(3, 0)
        J = -(1 - n * n)[:, :, None] * (r[:, :, None] * W_n + (m * r * (1 - r))[:, :, None] * W_r)
    J.diagonal(dim1=1, dim2=2).add_(1)
    return J


def newton(h):
    end, places = h.clone(), torch.arange(len(h))
    g = residuals(h)
    for iteration in range(100):
        q = 0.5 * (g * g).sum(1)
        going = q > 1e-28
        end[places] = h
        h, g, q, places = h[going], g[going], q[going], places[going]
        if len(h) == 0:
            break
        step = -torch.linalg.solve(jacobians(h), g)
        length = torch.ones(len(h), 1, dtype=h.dtype)
        for _ in range(7):
            tried = h + length * step
            after = residuals(tried)
            worse = ~(0.5 * (after * after).sum(1) < q)
            if not worse.any():
                break
            length[worse] *= 0.5
        # Where no step lowers q above rounding, there is nothing more to gain.
        keep = ~worse
        end[places[worse]] = h[worse]
        h, g, places = tried[keep], after[keep], places[keep]
    return end, iteration + 1


if "newton" in peers:
    begun, cpu_begun = time.perf_counter(), cpu_secs()
    with torch.no_grad():
        together = max(1, 2**28 // (8 * units * units))
        ends, iterations = zip(*[newton(part) for part in torch.from_numpy(starts.copy()).split(together)])
    report("newton", time.perf_counter() - begun, cpu_secs() - cpu_begun, len(starts), torch.cat(ends).numpy(), max(iterations))

if "adam" in peers:
    begun, cpu_begun = time.perf_counter(), cpu_secs()
    h = torch.from_numpy(starts.copy()).requires_grad_()
    adam = torch.optim.Adam([h], lr=0.1)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(adam, factor=0.95, patience=5, threshold=0.0)
    for iteration in range(5000):
        adam.zero_grad()
        q = q_of(h)
        if q.max() < 1e-24 or time.perf_counter() - begun > limit_secs:
            break
        q.mean().backward()
        adam.step()
        schedule.step(q.mean().item())
    report("adam", time.perf_counter() - begun, cpu_secs() - cpu_begun, len(starts), h.detach().numpy(), iteration + 1)
