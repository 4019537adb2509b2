# What the seeded workspaces were built from: a volume that stays, and a machine with an agent.

terraform {
  required_providers {
    coder = { source = "coder/coder" }
  }
}

data "coder_workspace" "me" {}

data "coder_workspace_owner" "me" {}

data "coder_parameter" "region" {
  name    = "region"
  type    = "string"
  mutable = true
  default = "eu"

  option {
    name  = "Europe"
    value = "eu"
  }

  option {
    name  = "US"
    value = "us"
  }
}

data "coder_parameter" "cpus" {
  name    = "cpus"
  type    = "number"
  mutable = true
  default = "2"
}

resource "terraform_data" "volume" {
  input = data.coder_workspace.me.id
}

resource "terraform_data" "box" {
  count = data.coder_workspace.me.start_count
  input = coder_agent.main.id
}

resource "coder_metadata" "box" {
  count       = data.coder_workspace.me.start_count
  resource_id = terraform_data.box[0].id
  daily_cost  = 5

  item {
    key   = "region"
    value = data.coder_parameter.region.value
  }
}

resource "coder_agent" "main" {
  os             = "linux"
  arch           = "amd64"
  startup_script = "echo hello"

  metadata {
    key          = "load"
    display_name = "Load"
    script       = "cat /proc/loadavg"
    interval     = 10
    timeout      = 1
  }

  metadata {
    key          = "disk"
    display_name = "Disk"
    script       = "df -h /"
    interval     = 10
    timeout      = 1
  }
}

resource "coder_app" "web" {
  agent_id     = coder_agent.main.id
  slug         = "web"
  display_name = "Web"
  url          = "http://localhost:13337"
  share        = "owner"
}

resource "coder_app" "docs" {
  agent_id = coder_agent.main.id
  slug     = "docs"
  url      = "https://example.com/docs"
  external = true
}
