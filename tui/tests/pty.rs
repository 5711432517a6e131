//! The dashboard in a real terminal.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};

mod support;

/// How long a picture may take before the test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program in a terminal of 120×36.
struct Session {
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn std::io::Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
    bytes: Arc<Mutex<Vec<u8>>>,
    _master: Box<dyn portable_pty::MasterPty + Send>,
}

impl Session {
    fn start(arguments: &[&str], folder: &Path, variables: &[(&str, &str)]) -> Self {
        let size = PtySize {
            rows: 36,
            cols: 120,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_creode"));
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
            _master: pair.master,
        }
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    fn contents(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Waits until the screen says so.
    fn expect(&self, text: &str) {
        let begun = Instant::now();
        while !self.contents().contains(text) {
            assert!(
                begun.elapsed() < PATIENCE,
                "no {text:?} on\n{}",
                self.contents()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until the output has this text.
    fn expect_written(&self, text: &str) {
        let begun = Instant::now();
        let has = || String::from_utf8_lossy(&self.bytes.lock().unwrap()).contains(text);
        while !has() {
            assert!(begun.elapsed() < PATIENCE, "no {text:?} written");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Leave the alternate screen; show the cursor.
const RESTORED: &str = "\u{1b}[?1049l\u{1b}[?25h";

#[test]
fn replay_starts_scrubs_and_gives_the_terminal_back() {
    let folder = tempfile::tempdir().unwrap();
    support::write_run(&folder.path().join("traces/grown"));
    let mut session = Session::start(&["replay", "grown"], folder.path(), &[]);
    session.expect("checkpoint 1 of 3");
    session.expect("1 fixed point:");
    assert!(session.screen.lock().unwrap().screen().alternate_screen());
    session.press("\u{1b}[C");
    session.expect("checkpoint 2 of 3");
    session.expect("3 fixed points:");
    session.press("q");
    assert!(session.child.wait().unwrap().success());
    session.expect_written(RESTORED);
    assert!(!session.screen.lock().unwrap().screen().alternate_screen());
}

#[test]
fn no_color_and_ascii_are_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    support::write_run(&folder.path().join("traces/grown"));
    for (variables, has_color, is_ascii) in [
        (&[][..], true, false),
        (&[("NO_COLOR", "1")][..], false, false),
        (&[("CREODE_ASCII", "1")][..], true, true),
    ] {
        let mut session = Session::start(&["replay", "grown"], folder.path(), variables);
        session.expect("1 fixed point:");
        session.press("q");
        session.child.wait().unwrap();
        session.expect_written(RESTORED);
        let written = String::from_utf8_lossy(&session.bytes.lock().unwrap()).into_owned();
        assert_eq!(written.contains("38;5;"), has_color, "{variables:?}");
        assert_eq!(written.is_ascii(), is_ascii, "{variables:?}");
    }
}

#[test]
fn watch_follows_a_run_that_grows_and_ends_on_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let writer = support::create(&folder.path().join("traces/grown"));
    let mut session = Session::start(&["watch", "grown"], folder.path(), &[]);
    session.expect("waiting for the first checkpoint");
    for checkpoint in 0..3 {
        support::write_checkpoint(&writer, checkpoint);
        session.expect(&format!("checkpoint {0} of {0}", checkpoint + 1));
    }
    session.child.clone_killer().kill().unwrap();
    session.child.wait().unwrap();
    session.expect_written(RESTORED);
}

#[test]
fn an_unknown_run_is_an_error_with_the_nearest_name() {
    let folder = tempfile::tempdir().unwrap();
    support::write_run(&folder.path().join("traces/grown"));
    let mut session = Session::start(&["replay", "grwn"], folder.path(), &[]);
    assert_eq!(session.child.wait().unwrap().exit_code(), 2);
    session.expect("did you mean grown?");
}
