-- What a daemon does and did: shown in the list of daemons.
CREATE INDEX provisioner_jobs_worker_idx ON provisioner_jobs (worker_id, started_at DESC) WHERE worker_id IS NOT NULL;
