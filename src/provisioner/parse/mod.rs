//! What a template tells without running Terraform: its variables, its readme and its
//! workspace tags, all from files of the root module.
//! Source: spec/provisioning.md section 1.9.

mod json;
mod native;

use std::{fs, io, path::Path};

use crate::domain::provisioning::{ParsedTemplate, TemplateVariable};

/// Why a template cannot be parsed.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// A file cannot be read.
    #[error("cannot read {file}: {source}")]
    Io {
        /// The file's name.
        file: String,
        /// What the system says.
        source: io::Error,
    },
    /// Files are not Terraform's language; one line for each fault.
    #[error("load module: {}", .0.join("\n"))]
    Syntax(Vec<String>),
    /// A tags block lacks its tags.
    #[error("\"tags\" attribute is required by coder_workspace_tags")]
    MissingTags,
    /// The tags are no map.
    #[error("\"tags\" attribute is expected to be a key-value map")]
    TagsNoMap,
    /// A tag is defined twice.
    #[error("workspace tag {0:?} is defined multiple times")]
    DuplicateTag(String),
}

/// A fault of one place in a file.
struct Fault {
    line: usize,
    summary: String,
    detail: String,
}

/// A variable with the place that orders it.
struct Declared {
    line: usize,
    variable: TemplateVariable,
}

/// The language of a file.
#[derive(Clone, Copy)]
enum Syntax {
    Native,
    Json,
}

/// Parses the root module in `directory`. Blocks; call it where that is allowed.
///
/// # Errors
/// [`ParseError`] when a file is unreadable or tags are malformed.
pub fn parse(directory: &Path) -> Result<ParsedTemplate, ParseError> {
    let mut template = ParsedTemplate {
        readme: read_readme(directory)?,
        ..ParsedTemplate::default()
    };
    let mut faults = Vec::new();
    let mut native_files = Vec::new();
    for (name, syntax) in source_files(directory)? {
        let source = read(directory, &name)?;
        let declared = match syntax {
            Syntax::Json => json::variables(&source),
            Syntax::Native => native::NativeFile::read(&source).and_then(|file| {
                let declared = file.variables();
                native_files.push(file);
                declared
            }),
        };
        match declared {
            Ok(mut declared) => {
                declared.sort_by_key(|declared| declared.line);
                let variables = declared.into_iter().map(|declared| declared.variable);
                template.variables.extend(variables);
            }
            Err(fault) => faults.push(fault.describe(&name)),
        }
    }
    if !faults.is_empty() {
        return Err(ParseError::Syntax(faults));
    }
    for file in &native_files {
        file.collect_tags(&mut template.workspace_tags)?;
    }
    Ok(template)
}

/// The root module's files, sorted by name.
fn source_files(directory: &Path) -> Result<Vec<(String, Syntax)>, ParseError> {
    let in_directory = |source| ParseError::Io {
        file: "the template".to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(in_directory)? {
        let entry = entry.map_err(in_directory)?;
        let is_file = entry.file_type().map_err(in_directory)?.is_file();
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let syntax = if name.strip_suffix(".tf").is_some() {
            Syntax::Native
        } else if name.strip_suffix(".tf.json").is_some() {
            Syntax::Json
        } else {
            continue;
        };
        if is_file && !name.starts_with('.') {
            files.push((name, syntax));
        }
    }
    files.sort_by(|left, right| left.0.cmp(&right.0));
    Ok(files)
}

fn read(directory: &Path, name: &str) -> Result<String, ParseError> {
    fs::read(directory.join(name))
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .map_err(|source| ParseError::Io {
            file: name.to_owned(),
            source,
        })
}

fn read_readme(directory: &Path) -> Result<String, ParseError> {
    match read(directory, "README.md") {
        Err(ParseError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(String::new())
        }
        readme => readme,
    }
}

impl Fault {
    fn describe(&self, file: &str) -> String {
        let mut text = format!("ERROR: {} ({file}:{})", self.summary, self.line);
        for line in wrap(&self.detail, 78) {
            text.push_str("\n> ");
            text.push_str(&line);
        }
        text
    }
}

/// Breaks a text at blanks into lines of at most `width` characters where words allow it.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A default value as the API shows it: text as it is, everything else as compact JSON with
/// sorted keys; `None` stands for null.
fn default_text(value: serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text),
        other => Some(sorted(other).to_string()),
    }
}

fn sorted(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Array(items) => items.into_iter().map(sorted).collect(),
        serde_json::Value::Object(mut fields) => {
            fields.sort_keys();
            fields
                .into_iter()
                .map(|(key, field)| (key, sorted(field)))
                .collect()
        }
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Parses a template made of these files.
    fn parse_files(files: &[(&str, &str)]) -> Result<ParsedTemplate, ParseError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("parse-{}-{number}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        for (name, content) in files {
            fs::write(directory.join(name), content).unwrap();
        }
        let parsed = parse(&directory);
        fs::remove_dir_all(&directory).unwrap();
        parsed
    }

    #[test]
    fn variables_come_with_type_text_and_default() {
        let parsed = parse_files(&[
            (
                "b.tf",
                r#"
                variable "list" {
                  type    = list( object({ a = string }) )
                  default = [{ b = 1, a = "x" }, true]
                }
                variable "secret" {
                  sensitive = true
                }
                variable "nothing" {
                  type    = string
                  default = null
                }
                "#,
            ),
            (
                "a.tf",
                r#"
                variable "zone" {
                  type        = string
                  description = "Where it stands"
                  default     = "north"
                }
                variable "count" {
                  type    = "number"
                  default = 3
                }
                "#,
            ),
        ])
        .unwrap();
        insta::assert_json_snapshot!(parsed.variables);
    }

    #[test]
    fn json_files_declare_variables_too() {
        let parsed = parse_files(&[(
            "main.tf.json",
            r#"{"variable": {"x": {"type": "string", "default": "d"}, "y": {"sensitive": true}}}"#,
        )])
        .unwrap();
        insta::assert_json_snapshot!(parsed.variables);
    }

    #[test]
    fn the_readme_is_optional() {
        assert_eq!(parse_files(&[]).unwrap().readme, "");
        assert_eq!(
            parse_files(&[("README.md", "# Hi\n")]).unwrap().readme,
            "# Hi\n"
        );
    }

    #[test]
    fn tags_keep_their_source() {
        let parsed = parse_files(&[(
            "main.tf",
            r#"
            data "coder_workspace_tags" "t" {
              tags = {
                "zone"  = "developers"
                runtime = data.coder_parameter.runtime.value
                "mix"   = "${var.a}-${upper(var.b)}"
              }
            }
            "#,
        )])
        .unwrap();
        let tags: Vec<_> = parsed
            .workspace_tags
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            tags,
            [
                ("mix", r#""${var.a}-${upper(var.b)}""#),
                ("runtime", "data.coder_parameter.runtime.value"),
                ("zone", r#""developers""#),
            ]
        );
    }

    #[test]
    fn malformed_tags_are_refused() {
        let refused = |block: &str| {
            let file = format!("data \"coder_workspace_tags\" \"t\" {{\n{block}\n}}\n");
            parse_files(&[("main.tf", &file)]).unwrap_err().to_string()
        };
        assert_eq!(
            refused(""),
            r#""tags" attribute is required by coder_workspace_tags"#
        );
        assert_eq!(
            refused("tags = \"x\""),
            r#""tags" attribute is expected to be a key-value map"#
        );
        assert_eq!(
            refused("tags = {\n a = 1\n \"a\" = 2\n}"),
            r#"workspace tag "a" is defined multiple times"#
        );
    }

    #[test]
    fn faults_name_file_and_line() {
        let error =
            parse_files(&[("main.tf", "variable \"x\" {\n  type = = string\n}\n")]).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("load module: ERROR: "), "{text}");
        assert!(text.contains("(main.tf:2)\n> "), "{text}");
        let error = parse_files(&[("x.tf.json", "{\n oops")]).unwrap_err();
        assert!(error.to_string().contains("(x.tf.json:2)"), "{error}");
    }

    #[test]
    fn unusual_but_valid_files_are_read() {
        let file = "\u{feff}# comment\r\nvariable \"x\" {\r\n  description = <<-EOT\r\n    two\r\n    lines\r\n  EOT\r\n  validation {\r\n    condition     = can(regex(\"^%{ if true }a%{ endif }$${x}\", var.x)) && !contains([for s in [\"a\"] : upper(s)], var.x)\r\n    error_message = \"no\"\r\n  }\r\n}\r\nlocals { y = provider::terraform::encode_expr(1) }\r\noutput \"z\" {\r\n  value = terraform_data.a[*].b.0.c[\"d\"]\r\n}\r\n/* more */ // rest\r\n";
        let parsed = parse_files(&[("main.tf", file)]).unwrap();
        assert_eq!(parsed.variables.len(), 1);
        assert!(parsed.variables[0].description.starts_with("two"));
    }

    #[test]
    fn a_default_must_be_a_constant() {
        let error =
            parse_files(&[("main.tf", "variable \"x\" {\n  default = var.y\n}\n")]).unwrap_err();
        assert!(error.to_string().contains("(main.tf:2)"), "{error}");
    }
}
