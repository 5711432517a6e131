//! The program in a pseudo-terminal, with an emulator that reads what it draws.

use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};

/// How long a picture may take before the test gives up on it.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A program in a terminal of 120×36.
pub(super) struct Session {
    pub(super) child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn std::io::Write + Send>,
    pub(super) screen: Arc<Mutex<vt100::Parser>>,
    pub(super) bytes: Arc<Mutex<Vec<u8>>>,
    master: Box<dyn portable_pty::MasterPty + Send>,
}

impl Session {
    pub(super) fn start(arguments: &[&str], folder: &Path, variables: &[(&str, &str)]) -> Self {
        Self::start_program(env!("CARGO_BIN_EXE_creode"), arguments, folder, variables)
    }

    pub(super) fn start_program(
        program: impl AsRef<std::ffi::OsStr>,
        arguments: &[&str],
        folder: &Path,
        variables: &[(&str, &str)],
    ) -> Self {
        let size = PtySize {
            rows: 36,
            cols: 120,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        command.env_remove("NO_COLOR");
        command.env_remove("CREODE_ASCII");
        command.env_remove("COLORTERM");
        command.env_remove("CREODE_TRACES");
        for (name, value) in variables {
            command.env(name, value);
        }
        command.cwd(folder);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let (rows, columns) = (NonZeroU16::new(36).unwrap(), NonZeroU16::new(120).unwrap());
        let screen = Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 0)));
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let mut output = pair.master.try_clone_reader().unwrap();
        let (screen_there, bytes_there) = (screen.clone(), bytes.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count) = output.read(&mut buffer) {
                if count == 0 {
                    return;
                }
                screen_there.lock().unwrap().process(&buffer[..count]);
                bytes_there
                    .lock()
                    .unwrap()
                    .extend_from_slice(&buffer[..count]);
            }
        });
        let keyboard = pair.master.take_writer().unwrap();
        Self {
            child,
            keyboard,
            screen,
            bytes,
            master: pair.master,
        }
    }

    pub(super) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Gives the terminal another size.
    pub(super) fn resize(&self, cols: u16, rows: u16) {
        let size = PtySize {
            rows,
            cols,
            pixel_width: 0,
            pixel_height: 0,
        };
        let (rows, cols) = (
            NonZeroU16::new(rows).unwrap(),
            NonZeroU16::new(cols).unwrap(),
        );
        // Held over both: what is drawn for the new size must not meet a screen of the old one.
        let mut screen = self.screen.lock().unwrap();
        screen.screen_mut().set_size(rows, cols);
        self.master.resize(size).unwrap();
    }

    /// Asserts that the terminal is what it was before.
    pub(super) fn expect_restored(&self) {
        for sequence in RESTORED {
            self.expect_written(sequence);
        }
        assert!(!self.screen.lock().unwrap().screen().alternate_screen());
    }

    pub(super) fn contents(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Whether the screen says so within some time.
    fn shows(&self, text: &str, patience: Duration) -> bool {
        let begun = Instant::now();
        while !self.contents().contains(text) {
            if begun.elapsed() >= patience {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        true
    }

    /// Waits until the screen says so.
    pub(super) fn expect(&self, text: &str) {
        let is_shown = self.shows(text, PATIENCE);
        assert!(is_shown, "no {text:?} on\n{}", self.contents());
    }

    /// Presses keys until the screen says so: again only where it says that they could do nothing yet.
    pub(super) fn press_until(&mut self, keys: &str, text: &str, refusal: &str) {
        self.press(keys);
        let begun = Instant::now();
        while !self.shows(text, Duration::from_secs(1)) && begun.elapsed() < PATIENCE {
            if self.contents().contains(refusal) {
                self.press(keys);
            }
        }
        self.expect(text);
    }

    /// Waits until the output has this text.
    pub(super) fn expect_written(&self, text: &str) {
        let begun = Instant::now();
        let has = || String::from_utf8_lossy(&self.bytes.lock().unwrap()).contains(text);
        while !has() {
            assert!(begun.elapsed() < PATIENCE, "no {text:?} written");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// No mouse, no alternate screen, a cursor.
const RESTORED: [&str; 3] = ["\u{1b}[?1000l", "\u{1b}[?1049l", "\u{1b}[?25h"];
