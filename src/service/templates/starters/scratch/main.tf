# The smallest template that shows everything: one resource that Terraform itself brings along
# stands for the machine. Replace it with a machine, a container or a volume that runs the
# agent's init script, and users can open terminals and editors in it.

terraform {
  required_version = ">= 1.4"

  required_providers {
    coder = {
      source = "coder/coder"
    }
  }
}

data "coder_workspace" "me" {}

data "coder_parameter" "size" {
  name         = "size"
  display_name = "Size"
  description  = "How large the machine is"
  type         = "string"
  default      = "small"
  mutable      = true

  option {
    name  = "Small"
    value = "small"
  }

  option {
    name  = "Large"
    value = "large"
  }
}

resource "coder_agent" "main" {
  os   = "linux"
  arch = "amd64"
}

resource "coder_app" "notes" {
  agent_id     = coder_agent.main.id
  slug         = "notes"
  display_name = "Notes"
  url          = "http://localhost:8080"
}

resource "terraform_data" "workspace" {
  count = data.coder_workspace.me.start_count
  input = "replace me with something that runs this: ${sha256(coder_agent.main.init_script)}"
}

resource "coder_metadata" "workspace" {
  count       = data.coder_workspace.me.start_count
  resource_id = terraform_data.workspace[0].id

  item {
    key   = "Size"
    value = data.coder_parameter.size.value
  }
}
