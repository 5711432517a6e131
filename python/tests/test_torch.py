"""PyTorch's modules, as they are: read as PyTorch runs them."""

import numpy as np
import pytest

import creode


def cells(torch):
    double = dict(dtype=torch.float64)
    return {
        "rnn": torch.nn.RNN(3, 5, **double),
        "rnn relu": torch.nn.RNN(3, 5, nonlinearity="relu", **double),
        "gru": torch.nn.GRU(3, 5, batch_first=True, **double),
        "lstm": torch.nn.LSTM(3, 5, **double),
        "rnn cell": torch.nn.RNNCell(3, 5, nonlinearity="relu", **double),
        "gru cell": torch.nn.GRUCell(3, 5, **double),
        "lstm cell": torch.nn.LSTMCell(3, 5, **double),
        "no bias": torch.nn.GRU(3, 5, bias=False, **double),
    }


def own_step(torch, module, state, input):
    """One step by PyTorch itself; of an LSTM the state is (h, c)."""
    h = torch.as_tensor(state)[None]
    input = torch.as_tensor(input, dtype=torch.float64)[None]
    is_cell, is_lstm = "Cell" in type(module).__name__, "LSTM" in type(module).__name__
    with torch.no_grad():
        parts = tuple(h.chunk(2, -1)) if is_lstm else h
        if is_cell:
            after = module(input, parts)
        elif is_lstm:
            after = module(input, parts)[1] if not module.batch_first else None
        else:
            after = module(input, parts)[1]
        after = torch.cat(after, -1) if is_lstm else after
    return after[0].numpy()


@pytest.mark.parametrize("name", ["rnn", "rnn relu", "gru", "lstm", "rnn cell", "gru cell", "lstm cell", "no bias"])
def test_a_step_is_that_of_pytorch(torch, rng, name):
    torch.manual_seed(0)
    module = cells(torch)[name]
    network = creode.Network(module)
    for _ in range(5):
        state, input = rng.normal(size=network.dim), rng.normal(size=3)
        assert network.step(state, input) == pytest.approx(own_step(torch, module, state, input), abs=1e-14)


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_fixed_points_are_those_of_pytorch(torch, name):
    torch.manual_seed(1)
    module = cells(torch)[name]
    with torch.no_grad():
        for parameter in module.parameters():
            parameter *= 4
    input = [0.5, 0.0, -0.5]
    points = creode.fixed_points(module, inputs=input)
    assert points.num_rows > 0
    for state in creode.states(points):
        assert own_step(torch, module, state, input) == pytest.approx(state, abs=1e-12)


def test_a_layer_within_a_model_is_found(torch):
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.core = torch.nn.RNN(2, 4, nonlinearity="relu")
            self.readout = torch.nn.Linear(4, 3)

    model = Model()
    points = creode.fixed_points(model)
    state = creode.states(points)[0]
    readout = model.readout(torch.tensor(state, dtype=torch.float32)).detach().numpy()
    assert points["readout"][0].as_py() == pytest.approx(readout, abs=1e-6)
    assert np.array_equal(creode.Network(model).step(-np.ones(4)) < 0, np.zeros(4, bool))


def test_half_precision_is_read_exactly(torch):
    for kind in (torch.float16, torch.bfloat16, torch.float32):
        module = torch.nn.GRU(2, 3).to(kind)
        jacobian = creode.jacobian(module, np.zeros(3))
        assert np.array_equal(jacobian, creode.jacobian(module.double(), np.zeros(3)))


def test_the_pair_of_an_lstm_is_a_start(torch):
    module = torch.nn.LSTM(2, 3)
    _, states = module(torch.randn(7, 5, 2))
    found = creode.analyze(module, starts=states)
    assert found.landscapes["n_starts"].to_pylist() == [5]


def test_states_of_a_trial_are_starts(torch):
    module = torch.nn.GRU(2, 3)
    states, _ = module(torch.randn(7, 5, 2))
    assert creode.analyze(module, starts=states).landscapes["n_starts"].to_pylist() == [35]


def test_a_module_in_training_stays_as_it_is(torch):
    module = torch.nn.GRU(2, 3)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    creode.fixed_points(module)
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert all(parameter.requires_grad for parameter in module.parameters())
