//! What the user says of a file of weights, and the network that it then is.

use std::path::Path;

use anyhow::Context as _;
use clap::Args;
use creode::cell::spec::Activation;
use creode::foreign::{CellName, ForeignNetwork, GateOrder, Options, Origin, Role, tensors};

use crate::arguments::not_negative;
use crate::say::say;

/// Options for files of weights; a run says all of this itself.
#[derive(Debug, Args)]
#[command(next_help_heading = "Files of weights")]
pub(super) struct NetworkArgs {
    /// Cell: vanilla, leaky-rates, leaky-currents, ugrnn, gru, gru-reset-before, lstm, piecewise-linear, almost-linear,
    /// shallow-plrnn, clipped-shallow-plrnn [default: by names and the shape of the recurrent weights]
    #[arg(long)]
    cell: Option<CellName>,
    /// Time step over time constant of a leaky cell
    #[arg(long, value_name = "A", value_parser = not_negative)]
    alpha: Option<f64>,
    /// Nonlinearity of a vanilla, leaky or low-rank cell: tanh, relu, softplus (of β 5: softplus:5), sigmoid, retanh, elu, gelu,
    /// gelu-tanh, identity [default: that of the framework]
    #[arg(long)]
    activation: Option<Activation>,
    /// Framework that wrote the file: pytorch, equinox, keras, flax, haiku, psychrnn, nn4n, plrnn, creode, plain [default: by its
    /// names]
    #[arg(long, value_name = "NAME")]
    origin: Option<Origin>,
    /// Matrices multiply from the right, [inputs, units]
    #[arg(long)]
    transpose: bool,
    /// Order of the blocks of a gated cell, a letter each: zrh, rzn, ifgo, ijfo
    #[arg(long, value_name = "LETTERS")]
    gates: Option<GateOrder>,
    /// The product of low-rank factors is divided by the number of units, W = m nᵀ/N
    #[arg(long)]
    scale_by_units: bool,
    /// Rectified units of an almost-linear cell, the last ones
    #[arg(long, value_name = "P")]
    rectified: Option<usize>,
    /// Which tensor plays which part, or a formula of tensors, as in recurrent=J+W_fb*W_out; parts: recurrent, input, bias,
    /// hidden-bias, outward and inward (m and n of a low-rank network), diagonal, projection, hidden, alpha, random-part,
    /// readout, readout-bias
    #[arg(long = "map", value_name = "PART=NAME", value_parser = part)]
    names: Vec<(Role, String)>,
}

fn part(text: &str) -> Result<(Role, String), String> {
    let (role, name) = text.split_once('=').ok_or("write PART=NAME")?;
    Ok((role.parse()?, name.to_owned()))
}

impl NetworkArgs {
    /// The first option that was given, if any was.
    pub(super) fn given(&self) -> Option<&'static str> {
        let given = [
            ("--cell", self.cell.is_some()),
            ("--alpha", self.alpha.is_some()),
            ("--activation", self.activation.is_some()),
            ("--origin", self.origin.is_some()),
            ("--transpose", self.transpose),
            ("--gates", self.gates.is_some()),
            ("--scale-by-units", self.scale_by_units),
            ("--rectified", self.rectified.is_some()),
            ("--map", !self.names.is_empty()),
        ];
        let found = given.iter().find(|(_, is_given)| *is_given);
        found.map(|(option, _)| *option)
    }

    /// What the library is told.
    pub(super) fn options(&self) -> Options {
        Options {
            cell: self.cell,
            alpha: self.alpha,
            activation: self.activation,
            origin: self.origin,
            transpose: self.transpose,
            gates: self.gates.clone(),
            scale_by_units: self.scale_by_units,
            rectified: self.rectified,
            names: self.names.iter().cloned().collect(),
        }
    }

    /// The network of a file; what the reader of the file did that is not plain is said.
    pub(super) fn read(&self, path: &Path) -> anyhow::Result<ForeignNetwork> {
        let contents = tensors::read_contents(path)?;
        for note in &contents.notes {
            say!("note: {note}");
        }
        ForeignNetwork::new(&contents.tensors, &self.options())
            .with_context(|| path.display().to_string())
    }
}
