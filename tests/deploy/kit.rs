//! What the checks of the deployment share: the tools, and lookout asked what it makes of settings.

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(path: &str) -> String {
    let text = std::fs::read_to_string(root().join(path));
    text.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A program that scripts/deploy-tools brought.
pub fn tool(name: &str) -> PathBuf {
    let path = root().join("target/deploy").join(name);
    assert!(path.exists(), "{} is missing: run scripts/deploy-tools", path.display());
    path
}

/// What became of a program.
pub struct Ran {
    pub good: bool,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a program in the repository, without the `LOOKOUT_…` variables and whatever else of this
/// shell Compose would take in.
pub fn run(program: impl AsRef<Path>, arguments: &[&str], input: &str) -> Ran {
    let program = program.as_ref();
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("LOOKOUT_") || name.starts_with("COMPOSE_") {
            command.env_remove(&*name);
        }
    }
    // Debian keeps some where only root's PATH looks.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin:/sbin")).current_dir(root()).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{program:?}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A program that does not read to the end is not to be waited for.
    let feeding = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    Ran { good: output.status.success(), stdout, stderr }
}

/// The same, for what has to succeed; gives its stdout.
pub fn must(program: impl AsRef<Path>, arguments: &[&str], input: &str) -> String {
    let program = program.as_ref();
    let ran = run(program, arguments, input);
    assert!(ran.good, "{program:?} {arguments:?}:\n{}{}", ran.stdout, ran.stderr);
    ran.stdout
}

pub fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The strings of an array.
pub fn strings(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// What lookout makes of a file and of an environment. A variable that names a file of secrets
/// is given one that exists here.
pub fn check_config(file: &Path, environment: &[(String, String)]) {
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    std::fs::write(&secret, "open-sesame").unwrap();
    let tokens = directory.path().join("tokens");
    std::fs::write(&tokens, "operator 0123456789abcdef\n").unwrap();
    let authority = crate::authority::Authority::new();
    let ca = authority.path("ca");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LOOKOUT_") {
            command.env_remove(name);
        }
    }
    command.arg("check-config").arg(file);
    let mut known = 0;
    for (name, value) in environment.iter().filter(|(name, _)| name.starts_with("LOOKOUT_")) {
        let here = match name.as_str() {
            _ if value.is_empty() => "",
            "LOOKOUT_BROKER_CA_FILE" => ca.as_str(),
            "LOOKOUT_HTTP_TOKEN_FILE" => tokens.to_str().unwrap(),
            _ if name.ends_with("_FILE") => secret.to_str().unwrap(),
            _ => value,
        };
        command.env(name, here);
        known += 1;
    }
    assert!(known > 0, "{environment:?} has no setting of lookout");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {environment:?}: {said}", file.display());
}

/// Whether the page of settings has a variable for the token of those who may change something.
pub fn has_token_file() -> bool {
    must(env!("CARGO_BIN_EXE_lookout"), &["check-config", "--print-default"], "")
        .contains("token_file = ")
}
