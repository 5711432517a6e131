//! The terminal while the dashboard is up, and its return to what it was.

use std::io::{self, Stdout, stdout};
use std::sync::Once;
use std::thread::{self, ThreadId};

use crossterm::cursor::Show;
use crossterm::execute;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use tui::backend::CrosstermBackend;
use tui::{Frame, Terminal};

/// The alternate screen in raw mode; dropping it, or a panic, gives the terminal back.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal over.
    pub(super) fn open() -> io::Result<Self> {
        restore_on_panic(thread::current().id());
        let opened = enable_raw_mode()
            .and_then(|()| execute!(stdout(), EnterAlternateScreen))
            .and_then(|()| Terminal::new(CrosstermBackend::new(stdout())));
        match opened {
            Ok(terminal) => Ok(Self { terminal }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Draws a frame, of the size that the terminal has now.
    pub(super) fn draw(&mut self, render: impl FnOnce(&mut Frame)) -> io::Result<()> {
        self.terminal.draw(render).map(|_| ())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Best effort: there is nobody to tell of a failure.
fn restore() {
    disable_raw_mode().ok();
    execute!(stdout(), LeaveAlternateScreen, Show).ok();
}

/// A panic of the thread that draws gives the terminal back before its message is printed; one of another thread
/// prints nothing, for it would print into the picture, and is told of on screen.
fn restore_on_panic(drawing_thread: ThreadId) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let default_hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if thread::current().id() == drawing_thread {
                restore();
                default_hook(panic);
            }
        }));
    });
}
