//! Reads the sources and keeps the architecture true: imports point downward,
//! files stay short and each says at its top what it owns.
//! It reads text only, so a layer that is named inside a macro counts as well.

use std::fs;
use std::path::{Path, PathBuf};

/// Each top module of the crate with the modules that it may use besides itself.
/// A module that is missing here fails the test: the list is the architecture.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("lifecycle", &[]),
    ("telemetry", &[]),
    ("rpc", &[]),
    ("listen", &["lifecycle"]),
    ("embedded_postgres", &["domain"]),
    ("config", &["domain"]),
    ("store", &["domain"]),
    ("pubsub", &["domain"]),
    ("wire", &["domain"]),
    ("outbound", &["domain"]),
    ("service", &["store", "pubsub", "outbound", "domain"]),
    ("provisioner", &["service", "domain", "lifecycle"]),
    ("workers", &["service", "domain", "lifecycle"]),
    (
        "provisioner_rpc",
        &["service", "rpc", "domain", "lifecycle"],
    ),
    ("terraform_provider", &["domain"]),
    ("http", &["wire", "service", "domain", "lifecycle"]),
    ("app", EVERYTHING),
    ("demo", EVERYTHING),
    ("bench_seed", &["store", "domain"]),
    ("main", EVERYTHING),
    ("lib", EVERYTHING),
];

const EVERYTHING: &[&str] = &[
    "app",
    "config",
    "demo",
    "domain",
    "embedded_postgres",
    "http",
    "lifecycle",
    "listen",
    "outbound",
    "provisioner",
    "provisioner_rpc",
    "pubsub",
    "rpc",
    "service",
    "store",
    "telemetry",
    "terraform_provider",
    "wire",
    "workers",
];

/// More lines than this and a file must be split.
const MOST_LINES: usize = 800;

#[test]
fn imports_point_downward() {
    let mut faults = Vec::new();
    for file in rust_files("src") {
        let module = module_path(&file);
        let layer = module[0].as_str();
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == layer) else {
            faults.push(format!(
                "{}: `{layer}` has no place among the layers",
                file.display()
            ));
            continue;
        };
        for (line, used) in imports(&read(&file), module.len()) {
            let known = MAY_USE.iter().any(|(name, _)| *name == used);
            if known && used != layer && !allowed.contains(&used.as_str()) {
                faults.push(format!(
                    "{}:{line}: `{layer}` must not use `{used}`",
                    file.display()
                ));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "imports that point upward:\n{}",
        faults.join("\n")
    );
}

#[test]
fn files_stay_short_and_say_what_they_own() {
    let mut faults = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for file in rust_files(folder) {
            let text = read(&file);
            let lines = text.lines().count();
            if lines > MOST_LINES {
                faults.push(format!(
                    "{}: {lines} lines, more than {MOST_LINES}",
                    file.display()
                ));
            }
            if !text.starts_with("//!") {
                faults.push(format!("{}: does not open with `//!`", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The modules of this crate that `text` names, each with its line, counted from 1.
/// `depth` is the number of names in the module's own path: as many `super` lead to the root.
fn imports(text: &str, depth: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut code = String::with_capacity(text.len());
    for line in text.lines() {
        // Comments may speak of any layer; the blank line keeps the count right.
        if !line.trim_start().starts_with("//") {
            code.push_str(line);
        }
        code.push('\n');
    }
    for root in ["crate::".to_owned(), "super::".repeat(depth)] {
        for (at, _) in code.match_indices(&root) {
            let inside_a_name = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if inside_a_name {
                continue;
            }
            let line = code[..at].matches('\n').count() + 1;
            found.extend(
                first_names(&code[at + root.len()..])
                    .into_iter()
                    .map(|name| (line, name)),
            );
        }
    }
    found
}

/// The first name of a path, or of each path in a braced group.
fn first_names(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else {
        return vec![name_at(path)];
    };
    let mut names = vec![name_at(group)];
    let mut open = 1;
    for (at, character) in group.char_indices() {
        match character {
            '{' => open += 1,
            '}' => open -= 1,
            ',' if open == 1 => names.push(name_at(&group[at + 1..])),
            _ => {}
        }
        if open == 0 {
            break;
        }
    }
    names
}

fn name_at(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// `src/http/sse.rs` is `["http", "sse"]`, `src/http/mod.rs` is `["http"]`.
fn module_path(file: &Path) -> Vec<String> {
    let mut names: Vec<String> = file
        .with_extension("")
        .components()
        .skip(1)
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    if names.last().is_some_and(|name| name == "mod") {
        names.pop();
    }
    names
}

/// Every `.rs` file in a folder of the project, with its path from the project's root.
fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(root().join(&folder)) else {
            continue;
        };
        for entry in entries {
            let entry = entry.expect("a readable folder");
            let path = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn read(file: &Path) -> String {
    fs::read_to_string(root().join(file)).expect("a readable source file")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

mod the_reader {
    //! The reader of imports is itself checked: a rule that sees nothing never fails.

    use super::{imports, module_path};
    use std::path::Path;

    fn names(text: &str, depth: usize) -> Vec<String> {
        imports(text, depth)
            .into_iter()
            .map(|(_, name)| name)
            .collect()
    }

    #[test]
    fn sees_plain_grouped_and_inline_paths() {
        assert_eq!(names("use crate::store::users;", 1), ["store"]);
        assert_eq!(
            names("use crate::{\n    domain::{ids, names},\n    http,\n};", 1),
            ["domain", "http", ""]
        );
        assert_eq!(
            names("let x = crate::wire::render(crate::app::it());", 1),
            ["wire", "app"]
        );
        assert_eq!(
            names("pub(crate) fn f() {} // crate", 1),
            Vec::<String>::new()
        );
    }

    #[test]
    fn follows_super_to_the_root_only() {
        assert_eq!(names("use super::super::http::reply;", 2), ["http"]);
        assert_eq!(names("use super::http;", 2), Vec::<String>::new());
    }

    #[test]
    fn skips_comments_and_counts_lines() {
        let text = "//! See crate::http.\n/// and [`crate::app`]\nuse crate::domain::ids;\n";
        assert_eq!(imports(text, 1), [(3, "domain".to_owned())]);
    }

    #[test]
    fn names_a_module_by_its_file() {
        assert_eq!(
            module_path(Path::new("src/http/extract/mod.rs")),
            ["http", "extract"]
        );
        assert_eq!(module_path(Path::new("src/pubsub.rs")), ["pubsub"]);
    }
}
