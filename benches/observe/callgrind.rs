//! Instructions per message, counted by valgrind: the same number on every run.

use super::time::SCENES;
use std::process::Command;

/// Runs each scene once under valgrind and prints what it counted.
pub(crate) fn count() {
    println!("instructions per message, all of `handle` and its timers, by callgrind");
    for scene in &SCENES {
        match instructions(scene.name) {
            Ok(each) => println!("  {:<44} {each:>6}", scene.name),
            Err(problem) => println!("  {:<44} {problem}", scene.name),
        }
    }
}

fn instructions(scene: &str) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=*measured*")
        .arg(program)
        .arg(format!("--only={scene}"))
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    let counted = told.lines().find_map(|line| line.split("Collected :").nth(1));
    let counted: u64 = counted
        .and_then(|count| count.trim().parse().ok())
        .ok_or_else(|| format!("valgrind told no count: {told}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let messages: u64 = said
        .split_whitespace()
        .next()
        .and_then(|count| count.parse().ok())
        .ok_or_else(|| format!("no count of messages in {said:?}"))?;
    Ok(counted / messages.max(1))
}
