//! Files that claim what is not so, and curricula that ask for more than there is: exit code 2 with a message that names
//! the file or the key, and no more than 512 MiB of memory on the way.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use crate::shell::Folder;
use arrow_array::{
    ArrayRef, Float64Array, RecordBatch, StringArray, UInt16Array, UInt32Array, UInt64Array,
};
use creode::trace::Table;
use parquet::arrow::ArrowWriter;

const MOST_BYTES: u64 = 512 << 20;

/// What a command came to: exit code, what it said, and the most memory that it held.
struct Ran {
    code: i32,
    said: String,
    peak_bytes: u64,
}

#[allow(clippy::zombie_processes)] // It is waited for by `wait4`, which knows its memory.
fn run(folder: &Folder, arguments: &[&str]) -> Ran {
    let mut command = folder.command(arguments);
    // Files, not pipes: nobody need read while the process is waited for.
    let said = folder.0.path().join("said");
    let file = File::create(&said).unwrap();
    command
        .stdout(Stdio::from(file.try_clone().unwrap()))
        .stderr(Stdio::from(file));
    let child = command.spawn().unwrap();
    let (mut status, mut usage) = (0, unsafe { std::mem::zeroed::<libc::rusage>() });
    // SAFETY: both point to memory of their types, and the child is this process's own.
    let waited = unsafe { libc::wait4(child.id() as i32, &raw mut status, 0, &raw mut usage) };
    assert_eq!(waited, child.id() as i32);
    Ran {
        code: if libc::WIFEXITED(status) {
            libc::WEXITSTATUS(status)
        } else {
            -libc::WTERMSIG(status)
        },
        said: fs::read_to_string(said).unwrap_or_default(),
        peak_bytes: usage.ru_maxrss as u64 * 1024,
    }
}

/// A table of spectra with so many rows, all alike: some kilobytes whatever their number.
fn alike(path: &Path, rows: usize) {
    let batch_rows = 1_000_000.min(rows);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(UInt32Array::from(vec![0; batch_rows])),
        Arc::new(UInt64Array::from(vec![0; batch_rows])),
        Arc::new(StringArray::from(vec!["rest"; batch_rows])),
        Arc::new(UInt32Array::from(vec![0; batch_rows])),
        Arc::new(UInt16Array::from(vec![0; batch_rows])),
        Arc::new(Float64Array::from(vec![0.5; batch_rows])),
        Arc::new(Float64Array::from(vec![0.0; batch_rows])),
    ];
    let schema = Table::Spectra.schema();
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, schema, None).unwrap();
    for _ in 0..rows.div_ceil(batch_rows) {
        writer.write(&batch).unwrap();
    }
    writer.close().unwrap();
}

/// A Parquet file whose footer claims many more rows than it has.
fn with_lying_footer(path: &Path) {
    alike(path, 77);
    let bytes = fs::read(path).unwrap();
    let length_at = bytes.len() - 8;
    let length = u32::from_le_bytes(bytes[length_at..length_at + 4].try_into().unwrap()) as usize;
    let (data, footer) = bytes[..length_at].split_at(length_at - length);
    // 77 as a Thrift i64 of the next field, and then 10¹².
    let true_rows = [0x16, 0x9a, 0x01];
    let claimed = [0x16, 0x80, 0xc0, 0xa8, 0xca, 0x9a, 0x3a];
    let mut lying = Vec::new();
    let mut rest = footer;
    while let Some(at) = rest.windows(3).position(|window| window == true_rows) {
        lying.extend_from_slice(&rest[..at]);
        lying.extend_from_slice(&claimed);
        rest = &rest[at + 3..];
    }
    lying.extend_from_slice(rest);
    assert_ne!(lying.len(), footer.len());
    let tail = [&(lying.len() as u32).to_le_bytes()[..], b"PAR1"].concat();
    fs::write(path, [data, &lying, &tail].concat()).unwrap();
}

/// An npz that holds one square matrix of zeros.
fn zeros_npz(path: &Path, units: usize, descr: &str) {
    let mut zip = zip::ZipWriter::new(File::create(path).unwrap());
    let options = zip::write::SimpleFileOptions::default().large_file(true);
    zip.start_file("weight_hh.npy", options).unwrap();
    let mut header =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({units}, {units}), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    zip.write_all(b"\x93NUMPY\x01\x00").unwrap();
    zip.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
    zip.write_all(header.as_bytes()).unwrap();
    let row = vec![0; 8 * units];
    (0..units).for_each(|_| zip.write_all(&row).unwrap());
    zip.finish().unwrap();
}

/// An older run, whose manifest does not name its derived tables, with another `events.parquet`.
fn older_with(folder: &Folder, name: &str, make: impl FnOnce(&Path)) {
    let older = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/older-run");
    let dir = folder.0.path().join("traces").join(name);
    copy(&older, &dir);
    make(&dir);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn sparse(path: &Path, bytes: u64) {
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .unwrap()
        .set_len(bytes)
        .unwrap();
}

/// Safetensors with a header, and how long it says that it is.
fn safetensors(header: &str, claimed: u64, data: usize) -> Vec<u8> {
    [
        &claimed.to_le_bytes()[..],
        header.as_bytes(),
        &vec![0; data],
    ]
    .concat()
}

#[test]
fn no_claim_of_a_file_is_believed() {
    let folder = Folder::new();
    let path = |name: &str| folder.0.path().join(name);
    older_with(&folder, "rows-lie", |run| {
        with_lying_footer(&run.join("events.parquet"));
    });
    older_with(&folder, "many-rows", |run| {
        alike(&run.join("branches.parquet"), 20_000_000);
    });
    older_with(&folder, "sparse-table", |run| {
        sparse(&run.join("events.parquet"), 1 << 40);
    });
    older_with(&folder, "sparse-manifest", |run| {
        sparse(&run.join("manifest.jsonl"), 1 << 40);
    });
    older_with(&folder, "sparse-config", |run| {
        sparse(&run.join("run.toml"), 1 << 40);
    });
    older_with(&folder, "sparse-marks", |run| {
        sparse(&run.join("marks.jsonl"), 1 << 40);
    });
    older_with(&folder, "sparse-log", |run| {
        sparse(&run.join("log.txt"), 1 << 40);
    });
    zeros_npz(&path("bomb.npz"), 22_000, "<f8");
    zeros_npz(&path("integers.npz"), 22_000, "<i8");
    let npy_header = |header: &str| {
        [
            b"\x93NUMPY\x02\x00",
            &u32::MAX.to_le_bytes()[..],
            header.as_bytes(),
        ]
        .concat()
    };
    fs::write(path("header.npy"), npy_header("{}")).unwrap();
    let huge = "{\"weight_hh\":{\"dtype\":\"F64\",\"shape\":[99999999,99999999],\"data_offsets\":[0,79999998400000008]}}";
    fs::write(
        path("shape.safetensors"),
        safetensors(huge, huge.len() as u64, 64),
    )
    .unwrap();
    fs::write(path("header.safetensors"), safetensors("{}", u64::MAX, 0)).unwrap();
    sparse(&path("sparse.safetensors"), 1 << 40);
    sparse(&path("sparse.npz"), 1 << 40);
    sparse(&path("sparse.toml"), 1 << 40);
    let lines = |line: fn(u32) -> String| (0..100_000).map(line).collect::<Vec<_>>().join("\n");
    fs::write(path("bad.toml"), lines(|n| format!("no = TOML {n}"))).unwrap();
    fs::write(path("keys.toml"), lines(|n| format!("k{n} = 1"))).unwrap();
    let set = |change: &'static str| ["--set", change];
    let many = [
        set("training.trials_per_step=1048576"),
        set("stage.0.trial_steps=100000"),
    ]
    .concat();
    let wide = [
        set("network.cell=lstm"),
        set("network.units=16384"),
        set("analysis.starts=1000000"),
    ]
    .concat();
    let train = |changes: &[&'static str]| [&["train", "small.toml"], changes].concat();
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (vec!["verify", "rows-lie"], "events.parquet"),
        (
            vec!["picture", "rows-lie", "--screen", "diagram"],
            "events.parquet",
        ),
        (vec!["verify", "many-rows"], "branches.parquet"),
        (
            vec!["picture", "many-rows", "--screen", "diagram"],
            "branches.parquet",
        ),
        (vec!["verify", "sparse-table"], "events.parquet"),
        (vec!["picture", "sparse-table"], "events.parquet"),
        (vec!["verify", "sparse-manifest"], "manifest.jsonl"),
        (vec!["analyze", "sparse-config"], "run.toml"),
        (vec!["picture", "sparse-marks"], "marks.jsonl"),
        (vec!["analyze", "bomb.npz"], "numpy.savez"),
        (vec!["analyze", "integers.npz"], "numpy.savez"),
        (vec!["analyze", "header.npy"], "its header claims"),
        (vec!["analyze", "shape.safetensors"], "its tensors claim"),
        (vec!["analyze", "header.safetensors"], "its header claims"),
        (vec!["analyze", "sparse.safetensors"], "invalid header"),
        (vec!["analyze", "sparse.npz"], "sparse.npz"),
        (vec!["train", "sparse.toml"], "at most"),
        (vec!["train", "bad.toml"], " more"),
        (vec!["train", "keys.toml"], " more"),
        (train(&many), "training.trials_per_step"),
        (train(&wide), "analysis.starts"),
        (
            vec!["picture", "rows-lie", "--size", "65535x65535"],
            "--size",
        ),
        (
            vec!["picture", "rows-lie", "--screen", "nonsense"],
            "no screen nonsense",
        ),
    ];
    println!("{:>6} MiB  exit  command", "peak");
    for (arguments, word) in cases {
        let ran = run(&folder, &arguments);
        println!(
            "{:>6}      {:>4}  creode {}",
            ran.peak_bytes >> 20,
            ran.code,
            arguments.join(" ")
        );
        let end = &ran.said[ran.said.len().saturating_sub(2000)..];
        assert_eq!(ran.code, 2, "{arguments:?}: {end}");
        assert!(
            ran.said.contains(word),
            "{arguments:?}: no {word:?} in {end}"
        );
        assert!(!ran.said.contains("panicked"), "{arguments:?}: {end}");
        assert!(
            ran.peak_bytes < MOST_BYTES,
            "{arguments:?} took {} MiB",
            ran.peak_bytes >> 20
        );
    }
    // The log is read from its end.
    let ran = run(&folder, &["picture", "sparse-log", "--screen", "learning"]);
    assert!(ran.code == 0 && ran.peak_bytes < MOST_BYTES, "{}", ran.said);
}

#[test]
fn memory_that_is_not_there_is_exit_2_with_a_message_and_no_abort() {
    let folder = Folder::new();
    zeros_npz(&folder.0.path().join("wide.npz"), 4096, "<f8");
    let creode = env!("CARGO_BIN_EXE_creode");
    let script = format!("ulimit -v 350000; exec {creode} analyze wide.npz");
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder.0.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("memory"), "{said}");
}
