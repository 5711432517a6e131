//! The terminal while the dashboard is up, and its return to what it was.

use std::io::{self, Stdout, stdout};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::execute;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use tui::Terminal;
use tui::backend::CrosstermBackend;
use tui::buffer::Buffer;

/// Whether the terminal is taken over.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// The alternate screen in raw mode, with the mouse; dropping it, or a panic, gives the terminal back.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal over.
    pub fn open() -> io::Result<Self> {
        restore_on_panic(thread::current().id());
        IS_TAKEN.store(true, Ordering::SeqCst);
        let opened = enable_raw_mode()
            .and_then(|()| {
                execute!(
                    stdout(),
                    EnterAlternateScreen,
                    EnableMouseCapture,
                    EnableBracketedPaste
                )
            })
            .and_then(|()| Terminal::new(CrosstermBackend::new(stdout())));
        match opened {
            Ok(terminal) => Ok(Self { terminal }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Gives the terminal back, whoever holds it: for a program that must end at once.
    pub fn give_back() {
        restore();
    }

    /// Draws a frame, of the size that the terminal has now.
    pub fn draw(&mut self, render: impl FnOnce(&mut Buffer)) -> io::Result<()> {
        self.terminal
            .draw(|frame| render(frame.buffer_mut()))
            .map(|_| ())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Best effort: there is nobody to tell of a failure. Once is enough, and more is harm: leaving the alternate screen puts the
/// cursor back where it was, on top of what a panic has printed since.
fn restore() {
    if !IS_TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    execute!(
        stdout(),
        DisableBracketedPaste,
        DisableMouseCapture,
        LeaveAlternateScreen,
        Show
    )
    .ok();
    disable_raw_mode().ok();
}

/// A panic of the thread that draws gives the terminal back before its message is printed; one of another thread
/// prints nothing, for it would print into the picture, and is told of on screen.
fn restore_on_panic(drawing_thread: ThreadId) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let default_hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let is_of_decoder = creode::guard::is_guarded();
            if thread::current().id() == drawing_thread && !is_of_decoder {
                restore();
                default_hook(panic);
            }
        }));
    });
}
