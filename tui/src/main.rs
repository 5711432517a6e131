//! The program `creode`.

use std::process::ExitCode;

fn main() -> ExitCode {
    creode_tui::cli::main()
}
