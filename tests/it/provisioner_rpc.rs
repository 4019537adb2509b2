//! A daemon on another machine: a real websocket, yamux and dRPC on it, from the other side.

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use prost::Message as _;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest as _};
use tokio_util::io::{CopyToBytes, SinkWriter, StreamReader};
use workspaced::{
    rpc::{
        drpc::{Call, CallError},
        messages::{
            provisioner::{Resource, TemplateVariable},
            provisionerd::{
                AcquiredJob, AcquiredJobType, CancelAcquire, CompletedJob,
                CompletedJobTemplateImport, CompletedJobType, Empty, FailedJob, Log,
                UpdateJobRequest, UpdateJobResponse,
            },
        },
        mux,
    },
    service::settings::Settings,
};

use crate::fixture::{Client, Options, TestApp, at};

const SECRET: &str = "a-secret-of-daemons";
const PATH: &str = "/api/v2/organizations/default/provisionerdaemons/serve";

async fn app() -> TestApp {
    let mut settings = Settings::new("http://127.0.0.1:3000".parse().unwrap());
    SECRET.clone_into(&mut settings.provisioner_daemon_psk);
    TestApp::with(Options {
        settings,
        ..Options::default()
    })
    .await
}

/// A daemon that is connected.
struct Daemon {
    control: tokio_yamux::Control,
}

impl Daemon {
    async fn connect(app: &TestApp) -> Self {
        let address = app.listen().await;
        let url = format!("ws://{address}{PATH}?version=1.2&name=far&provisioner=echo");
        let mut request = url.into_client_request().unwrap();
        let secret = SECRET.parse().unwrap();
        request
            .headers_mut()
            .insert("Coder-Provisioner-Daemon-PSK", secret);
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let (control, drive) = mux::client(Box::pin(bytes_of(socket)));
        tokio::spawn(drive);
        Self { control }
    }

    async fn begin(&mut self, name: &str) -> Call<mux::StreamHandle> {
        let stream = self.control.open_stream().await.unwrap();
        let path = format!("/provisionerd.ProvisionerDaemon/{name}");
        Call::invoke(stream, &path).await.unwrap()
    }

    async fn ask<A: prost::Message + Default>(
        &mut self,
        name: &str,
        question: impl prost::Message,
    ) -> Result<A, CallError> {
        let mut call = self.begin(name).await;
        call.send(question.encode_to_vec().into()).await?;
        call.close_send().await?;
        let answer = call.receive().await?.expect("an answer");
        let answer = A::decode(answer).unwrap();
        assert!(call.receive().await?.is_none(), "one answer only");
        call.close().await?;
        Ok(answer)
    }
}

fn bytes_of(
    socket: tokio_tungstenite::WebSocketStream<
        tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>,
    >,
) -> impl AsyncRead + AsyncWrite + Send {
    let (sink, stream) = socket.split();
    let incoming = stream.filter_map(async |message| match message {
        Ok(Message::Binary(bytes)) => Some(Ok(bytes)),
        Ok(_) => None,
        Err(reason) => Some(Err(std::io::Error::other(reason))),
    });
    let outgoing = sink
        .sink_map_err(std::io::Error::other)
        .with(async |bytes: Bytes| Ok::<_, std::io::Error>(Message::Binary(bytes)));
    tokio::io::join(
        StreamReader::new(Box::pin(incoming)),
        SinkWriter::new(CopyToBytes::new(Box::pin(outgoing))),
    )
}

/// Asks for an import by an engine that only the daemon has.
async fn import(app: &TestApp, owner: &Client) -> Value {
    let tar = tar::Builder::new(Vec::new()).into_inner().unwrap();
    let headers = [("Content-Type", "application/x-tar")];
    let file = owner
        .send(http::Method::POST, "/files", &headers, tar)
        .await
        .expect(201);
    let organization = app.organization(owner).await;
    let path = format!("/organizations/{organization}/templateversions");
    let body = json!({"storage_method": "file", "file_id": file["hash"], "provisioner": "echo"});
    owner.post(&path, body).await.expect(201)
}

#[tokio::test]
async fn a_daemon_takes_a_job_reports_on_it_and_ends_it() {
    let app = app().await;
    let owner = app.owner().await;
    let mut daemon = Daemon::connect(&app).await;
    let mut waiting = daemon.begin("AcquireJobWithCancel").await;
    let version = import(&app, &owner).await;

    let job = waiting.receive().await.unwrap().unwrap();
    let job = AcquiredJob::decode(job).unwrap();
    waiting.close().await.unwrap();
    assert_eq!(job.job_id, at(&version, "job.id").as_str().unwrap());
    assert_eq!(job.provisioner, "echo");
    assert_eq!(job.user_name, "admin");
    assert!(matches!(job.kind, Some(AcquiredJobType::TemplateImport(_))));

    let update = UpdateJobRequest {
        job_id: job.job_id.clone(),
        logs: vec![Log {
            stage: "Setting up".to_owned(),
            output: "hello".to_owned(),
            ..Log::default()
        }],
        template_variables: vec![TemplateVariable {
            name: "region".to_owned(),
            default_value: "here".to_owned(),
            ..TemplateVariable::default()
        }],
        ..UpdateJobRequest::default()
    };
    let answer: UpdateJobResponse = daemon.ask("UpdateJob", update).await.unwrap();
    assert!(!answer.canceled);
    assert_eq!(answer.variable_values[0].value, "here");

    let done = CompletedJob {
        job_id: job.job_id.clone(),
        kind: Some(CompletedJobType::TemplateImport(
            CompletedJobTemplateImport {
                start_resources: vec![Resource {
                    name: "box".to_owned(),
                    r#type: "machine".to_owned(),
                    ..Resource::default()
                }],
                ..CompletedJobTemplateImport::default()
            },
        )),
    };
    let Empty {} = daemon.ask("CompleteJob", done.clone()).await.unwrap();
    let again = daemon.ask::<Empty>("CompleteJob", done).await.unwrap_err();
    assert!(matches!(again, CallError::Remote(text) if text == "job already completed"));

    let path = format!("/templateversions/{}", version["id"].as_str().unwrap());
    let version = owner.get(&path).await.expect(200);
    assert_eq!(at(&version, "job.status"), "succeeded");
    let resources = owner.get(&format!("{path}/resources")).await.expect(200);
    assert_eq!(at(&resources, "0.name"), "box");
    let logs = owner.get(&format!("{path}/logs")).await.expect(200);
    assert_eq!(at(&logs, "0.output"), "hello");
}

#[tokio::test]
async fn a_daemon_may_stop_waiting_and_fail_a_job() {
    let app = app().await;
    let owner = app.owner().await;
    let mut daemon = Daemon::connect(&app).await;
    let mut waiting = daemon.begin("AcquireJobWithCancel").await;
    let nothing = CancelAcquire {}.encode_to_vec();
    waiting.send(nothing.into()).await.unwrap();
    let job = waiting.receive().await.unwrap().unwrap();
    assert_eq!(AcquiredJob::decode(job).unwrap(), AcquiredJob::default());
    waiting.close().await.unwrap();

    let version = import(&app, &owner).await;
    let job: AcquiredJob = daemon.ask("AcquireJob", Empty {}).await.unwrap();
    let failed = FailedJob {
        job_id: job.job_id,
        error: "it broke".to_owned(),
        ..FailedJob::default()
    };
    let Empty {} = daemon.ask("FailJob", failed).await.unwrap();
    let path = format!("/templateversions/{}", version["id"].as_str().unwrap());
    let version = owner.get(&path).await.expect(200);
    assert_eq!(at(&version, "job.status"), "failed");
    assert_eq!(at(&version, "job.error"), "it broke");

    let unknown = daemon.ask::<Empty>("Nothing", Empty {}).await.unwrap_err();
    assert!(matches!(unknown, CallError::Remote(text) if text.contains("unknown rpc")));
}

#[tokio::test]
async fn only_who_may_bring_daemons_gets_in() {
    let app = app().await;
    let owner = app.owner().await;
    let member = app.user(&owner, "bea").await;
    let nobody = app.anonymous();
    let path = "/organizations/default/provisionerdaemons/serve?provisioner=echo";
    let come = async |client: &Client, query: &str, headers: &[(&str, &str)]| {
        let path = format!("{path}{query}");
        let answer = client.send(http::Method::GET, &path, headers, "").await;
        answer.status.as_u16()
    };
    let secret = ("Coder-Provisioner-Daemon-PSK", SECRET);
    let wrong = ("Coder-Provisioner-Daemon-PSK", "guessed");
    let key = ("Coder-Provisioner-Daemon-Key", "key");
    assert_eq!(come(&nobody, "", &[]).await, 401);
    assert_eq!(come(&nobody, "", &[wrong]).await, 401);
    assert_eq!(come(&nobody, "", &[secret, key]).await, 400);
    // Whoever may come lacks nothing but the websocket.
    assert_eq!(come(&nobody, "", &[secret]).await, 426);
    assert_eq!(come(&owner, "", &[]).await, 426);
    assert_eq!(come(&member, "", &[]).await, 403);
    assert_eq!(come(&member, "&tag=scope=user", &[]).await, 426);
    for query in [
        "&tag=plain",
        "&provisioner=pulumi",
        "&version=2.0",
        "&version=x",
    ] {
        assert_eq!(come(&owner, query, &[]).await, 400, "{query}");
    }
}
