//! The libraries of others that the peers stand on, in a folder below `target`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where the scripts and the lists of libraries are.
pub fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop")
}

/// The folder that node looks for libraries in.
pub fn node_path() -> &'static Path {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let folder = installed("node", "package.json", |folder| {
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-audit", "--no-fund", "--no-package-lock"])
                .current_dir(folder);
            npm
        });
        folder.join("node_modules")
    })
}

/// The folder that Python looks for libraries in.
pub fn python_path() -> &'static Path {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        installed("python", "requirements.txt", |folder| {
            let mut pip = Command::new("python3");
            pip.args(["-m", "pip", "install", "--quiet", "--upgrade", "--target"])
                .arg(folder)
                .arg("-r")
                .arg(folder.join("requirements.txt"));
            pip
        })
    })
}

/// Installs what `list` names, unless the folder has it from an earlier run.
fn installed(name: &str, list: &str, command: impl Fn(&Path) -> Command) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("interop")
        .join(name);
    let wanted = fs::read_to_string(here().join(list)).unwrap();
    let done = folder.join("installed");
    if fs::read_to_string(&done).is_ok_and(|found| found == wanted) {
        return folder;
    }
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(list), &wanted).unwrap();
    let mut command = command(&folder);
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; ./test installs what is missing"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    fs::write(&done, &wanted).unwrap();
    folder
}
