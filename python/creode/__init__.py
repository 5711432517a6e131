"""Fixed points and bifurcations of recurrent networks.

Three ways in:

- :func:`fixed_points` finds all fixed points of a network in memory: a PyTorch module, or a dictionary of arrays.
- :class:`Recorder` makes a run of a training while it goes on, in two lines; ``creode watch`` shows it live.
- :func:`open` reads a run or a population from disk: tables as pyarrow, weights as NumPy arrays.

>>> import creode, numpy
>>> points = creode.fixed_points({"recurrent": 2.0 * numpy.eye(2)})   # two units that excite themselves: h' = tanh(2 h)
>>> points.num_rows
9
>>> sorted(set(points["kind"].to_pylist()))
['repeller', 'saddle', 'stable_node']
"""

from ._native import CreodeError
from ._networks import Form, Landscape, Network, analyze, fixed_points, jacobian, states
from ._recorder import Recorder
from ._runs import Population, Run, open

__all__ = [
    "CreodeError",
    "Landscape",
    "Form",
    "Network",
    "Population",
    "Recorder",
    "Run",
    "analyze",
    "fixed_points",
    "jacobian",
    "open",
    "states",
]
