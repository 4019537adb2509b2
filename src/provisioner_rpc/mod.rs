//! Provisioner daemons on other machines: their calls become calls of the jobs service. Owns
//! the protocol's order and its limits; what a report means is the service's.

mod give;

mod take;

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, stream::FuturesUnordered};
use prost::Message;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use uuid::Uuid;

use crate::{
    domain::{
        daemons::{SEEN_EVERY, Worker},
        ids::JobId,
        provisioning::{AcquiredJob, Failed},
    },
    lifecycle::Lifecycle,
    rpc::{
        drpc::{Call, CallError, frame::PACKET_LIMIT},
        messages::provisionerd::{
            self as wire, CommitQuotaResponse, Empty, UpdateJobRequest, UpdateJobResponse,
        },
        mux::{Server, StreamHandle},
    },
    service::jobs::{Jobs, ReportError},
};

/// What the paths of all calls begin with.
const SERVICE: &str = "/provisionerd.ProvisionerDaemon/";
/// A daemon that waits looks by itself this often, in case an event was lost.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How long daemons of old wait for a job in one call.
const SHORT_WAIT: Duration = Duration::from_secs(5);

/// Why a call is answered with an error.
#[derive(Debug, Error)]
enum Refused {
    #[error("the message cannot be read")]
    Decode(#[from] prost::DecodeError),
    #[error("{0:?} is not the id of a job")]
    JobId(String),
    #[error("the message lacks its kind")]
    NoKind,
    #[error("protocol error: unknown rpc: {0:?}")]
    UnknownCall(String),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error("no job could be looked for")]
    Claim,
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Serves a daemon until it leaves or the server drains.
pub async fn serve(
    jobs: &Jobs,
    worker: &Worker,
    bytes: impl AsyncRead + AsyncWrite + Unpin,
    lifecycle: &Lifecycle,
) {
    let session = Session { jobs, worker };
    tokio::select! {
        () = session.run(bytes, lifecycle) => {}
        () = session.live() => {}
    }
}

struct Session<'a> {
    jobs: &'a Jobs,
    worker: &'a Worker,
}

impl Session<'_> {
    async fn run(&self, bytes: impl AsyncRead + AsyncWrite + Unpin, lifecycle: &Lifecycle) {
        let mut server = Server::new(bytes);
        let mut calls = FuturesUnordered::new();
        let mut draining = Box::pin(lifecycle.draining());
        loop {
            tokio::select! {
                () = &mut draining => break,
                stream = server.accept() => match stream {
                    Ok(Some(stream)) => calls.push(self.answer(stream)),
                    Ok(None) => break,
                    Err(reason) => {
                        tracing::debug!(daemon.id = %self.worker.id, %reason, "a daemon's connection broke");
                        break;
                    }
                },
                Some(()) = calls.next(), if !calls.is_empty() => {}
            }
        }
        drop(server);
        // A job that was taken a moment ago is given back by the call that took it.
        while calls.next().await.is_some() {}
    }

    /// Notes every so often that the daemon lives; never ends.
    async fn live(&self) {
        let every = SEEN_EVERY.to_std().unwrap_or(LOOK_EVERY);
        loop {
            tokio::time::sleep(every).await;
            if let Err(reason) = self.jobs.seen(&[self.worker.id]).await {
                tracing::warn!(daemon.id = %self.worker.id, %reason, "a daemon could not be noted as alive");
            }
        }
    }

    async fn answer(&self, stream: StreamHandle) {
        let (path, mut call) = match Call::accept(stream).await {
            Ok(Some(begun)) => begun,
            Ok(None) => return,
            Err(reason) => {
                tracing::debug!(daemon.id = %self.worker.id, %reason, "a call could not be read");
                return;
            }
        };
        match self.dispatch(&path, &mut call).await {
            Ok(()) => {}
            Err(Refused::Call(reason)) => {
                tracing::debug!(daemon.id = %self.worker.id, %reason, call = path, "a call broke off");
            }
            Err(reason) => {
                tracing::debug!(daemon.id = %self.worker.id, %reason, call = path, "a call was refused");
                // Whoever has left needs no answer.
                let _ = call.fail(&reason.to_string()).await;
            }
        }
        call.finished().await;
    }

    async fn dispatch(&self, path: &str, call: &mut Call<StreamHandle>) -> Result<(), Refused> {
        match path.strip_prefix(SERVICE) {
            Some("AcquireJobWithCancel") => self.acquire(call, None).await,
            Some("AcquireJob") => {
                read::<Empty>(call).await?;
                self.acquire(call, Some(SHORT_WAIT)).await
            }
            Some("CommitQuota") => {
                let asked: wire::CommitQuotaRequest = read(call).await?;
                let job = job_id(&asked.job_id)?;
                let credits = self
                    .jobs
                    .commit_quota(self.worker.id, job, asked.daily_cost)
                    .await?;
                let answer = CommitQuotaResponse {
                    ok: credits.accepted,
                    credits_consumed: credits.consumed,
                    budget: credits.budget,
                };
                reply(call, &answer).await
            }
            Some("UpdateJob") => {
                let answer = self.update(read(call).await?).await?;
                reply(call, &answer).await
            }
            Some("FailJob") => {
                let (job, failed) = take::failed(read(call).await?)?;
                self.jobs.fail(self.worker.id, job, &failed).await?;
                reply(call, &Empty {}).await
            }
            Some("CompleteJob") => {
                let (job, done) = take::completed(read(call).await?)?;
                self.jobs.complete(self.worker.id, job, &done).await?;
                reply(call, &Empty {}).await
            }
            _ => Err(Refused::UnknownCall(path.to_owned())),
        }
    }

    /// Answers with a job as soon as there is one; with none when the daemon no longer wants
    /// one or the time is over.
    async fn acquire(
        &self,
        call: &mut Call<StreamHandle>,
        limit: Option<Duration>,
    ) -> Result<(), Refused> {
        let mut postings = self.jobs.postings();
        let over = async {
            match limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(over);
        loop {
            // Not inside the select below: a claim that is dropped half-way would lose its job.
            let claimed = self.jobs.claim(self.worker).await;
            let claimed = claimed.map_err(|reason| {
                tracing::warn!(daemon.id = %self.worker.id, %reason, "no job could be looked for");
                Refused::Claim
            })?;
            if let Some(job) = claimed {
                return self.hand_out(call, job).await;
            }
            tokio::select! {
                _ = postings.next() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = &mut over => return reply(call, &wire::AcquiredJob::default()).await,
                asked = call.receive(), if limit.is_none() => {
                    asked?;
                    return reply(call, &wire::AcquiredJob::default()).await;
                }
            }
        }
    }

    async fn hand_out(
        &self,
        call: &mut Call<StreamHandle>,
        job: AcquiredJob,
    ) -> Result<(), Refused> {
        let id = job.id;
        let message = Bytes::from(give::job(job).encode_to_vec());
        if message.len() > PACKET_LIMIT {
            let size = message.len();
            self.give_up(id, format!("payload was too big: {size} > {PACKET_LIMIT}"))
                .await?;
            return reply(call, &wire::AcquiredJob::default()).await;
        }
        let sent = async {
            call.send(message).await?;
            call.close_send().await
        };
        if let Err(reason) = sent.await {
            let text = "connection to provisioner daemon broken".to_owned();
            self.give_up(id, text).await?;
            return Err(reason.into());
        }
        Ok(())
    }

    async fn give_up(&self, job: JobId, error: String) -> Result<(), Refused> {
        let failed = Failed {
            error,
            ..Failed::default()
        };
        Ok(self.jobs.fail(self.worker.id, job, &failed).await?)
    }

    async fn update(&self, update: UpdateJobRequest) -> Result<UpdateJobResponse, Refused> {
        let job = job_id(&update.job_id)?;
        let lines: Vec<_> = update.logs.iter().map(take::line).collect();
        let canceled = if lines.is_empty() {
            self.jobs.heartbeat(self.worker.id, job).await?
        } else {
            self.jobs.append_logs(self.worker.id, job, lines).await?
        };
        let Some(parsed) = take::parsed(update) else {
            return Ok(UpdateJobResponse {
                canceled,
                variable_values: Vec::new(),
            });
        };
        let values = self.jobs.parsed(self.worker.id, job, &parsed).await?;
        Ok(UpdateJobResponse {
            canceled,
            variable_values: give::variables(values),
        })
    }
}

fn job_id(text: &str) -> Result<JobId, Refused> {
    Uuid::parse_str(text)
        .map(JobId)
        .map_err(|_not_an_id| Refused::JobId(text.to_owned()))
}

async fn read<M: Message + Default>(call: &mut Call<StreamHandle>) -> Result<M, Refused> {
    let message = call.receive().await?.ok_or(CallError::Gone)?;
    Ok(M::decode(message)?)
}

async fn reply(call: &mut Call<StreamHandle>, message: &impl Message) -> Result<(), Refused> {
    call.send(message.encode_to_vec().into()).await?;
    Ok(call.close_send().await?)
}
