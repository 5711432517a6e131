//! The program `creode`.

use std::process::ExitCode;

use creode_tui::memory::Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn main() -> ExitCode {
    creode_tui::cli::main()
}
