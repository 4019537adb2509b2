//! Statements that keep what the import of a template version found in its archive.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::{PgConnection, types::Json};

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    ids::TemplateVersionId,
    provisioning::{ExternalAuthProvider, RichParameter, TemplateVariable},
};

/// Keeps a version's README.
pub async fn update_readme(
    conn: &mut PgConnection,
    version: TemplateVersionId,
    readme: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE template_versions SET readme = $2, updated_at = $3 WHERE id = $1",
        version as TemplateVersionId,
        readme,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps a version's workspace tags, unevaluated.
pub async fn insert_workspace_tags(
    conn: &mut PgConnection,
    version: TemplateVersionId,
    tags: &BTreeMap<String, String>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO template_version_workspace_tags (template_version_id, key, value)
         SELECT $1, t.key, t.value FROM jsonb_each_text($2) AS t
         ON CONFLICT (template_version_id, key) DO UPDATE SET value = excluded.value",
        version as TemplateVersionId,
        Json(tags) as _
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(Serialize)]
struct VariableRow<'a> {
    position: usize,
    value: &'a str,
    #[serde(flatten)]
    variable: &'a TemplateVariable,
}

/// Keeps a version's variables with their values.
pub async fn insert_variables(
    conn: &mut PgConnection,
    version: TemplateVersionId,
    variables: &[(&TemplateVariable, &str)],
) -> Result<(), StoreError> {
    let rows: Vec<VariableRow<'_>> = variables
        .iter()
        .enumerate()
        .map(|(position, (variable, value))| VariableRow {
            position,
            value,
            variable,
        })
        .collect();
    sqlx::query!(
        "INSERT INTO template_version_variables (template_version_id, position, name, description, type, value,
                                                 default_value, required, sensitive)
         SELECT $1, v.position, v.name, v.description, v.kind, v.value, v.default_value, v.required, v.sensitive
         FROM jsonb_to_recordset($2) AS v (position integer, name text, description text, kind text, value text,
              default_value text, required boolean, sensitive boolean)
         ON CONFLICT (template_version_id, name) DO UPDATE SET value = excluded.value",
        version as TemplateVersionId,
        Json(rows) as _
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(Serialize)]
struct ParameterRow<'a> {
    position: usize,
    #[serde(flatten)]
    parameter: &'a RichParameter,
}

/// Keeps a version's parameters.
pub async fn insert_parameters(
    conn: &mut PgConnection,
    version: TemplateVersionId,
    parameters: &[RichParameter],
) -> Result<(), StoreError> {
    let rows: Vec<_> = parameters
        .iter()
        .enumerate()
        .map(|(position, parameter)| ParameterRow {
            position,
            parameter,
        })
        .collect();
    sqlx::query!(
        r#"INSERT INTO template_version_parameters (template_version_id, position, name, display_name, description,
             type, mutable, default_value, icon, options, validation_regex, validation_error, validation_min,
             validation_max, validation_monotonic, required, ephemeral, display_order)
         SELECT $1, p.position, p.name, p.display_name, p.description, p.kind, p.mutable, p.default_value, p.icon,
                p.options, p.validation_regex, p.validation_error, p.validation_min, p.validation_max,
                p.validation_monotonic, p.required, p.ephemeral, p."order"
         FROM jsonb_to_recordset($2) AS p (position integer, name text, display_name text, description text,
              kind text, mutable boolean, default_value text, icon text, options jsonb, validation_regex text,
              validation_error text, validation_min integer, validation_max integer, validation_monotonic text,
              required boolean, ephemeral boolean, "order" integer)"#,
        version as TemplateVersionId,
        Json(rows) as _
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps which external auth providers a version names.
pub async fn update_external_auth(
    conn: &mut PgConnection,
    version: TemplateVersionId,
    providers: &[ExternalAuthProvider],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE template_versions SET external_auth_providers = $2, updated_at = $3 WHERE id = $1",
        version as TemplateVersionId,
        Json(providers) as _,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
