# The smallest template there is: one resource that Terraform itself brings along, so that
# an import needs neither a provider nor a network. Replace it with a machine, a container
# or a volume, and give that a `coder_agent` to open terminals and editors in it.

terraform {
  required_version = ">= 1.4"
}

resource "terraform_data" "workspace" {
  input = "replace me with something that can be worked in"
}

output "note" {
  value = terraform_data.workspace.output
}
