//! What counts as using a workspace.

use super::text_enum::text_enum;

text_enum! {
    /// An app through which a workspace is used.
    pub enum UsedApp {
        /// Visual Studio Code.
        VsCode = "vscode",
        /// An editor of `JetBrains`.
        JetBrains = "jetbrains",
        /// A terminal in a browser.
        Terminal = "reconnecting-pty",
        /// SSH.
        Ssh = "ssh",
    }
}
