//! The services that a plugin of Terraform offers on its connection, found by their paths: the
//! provider itself, and those about the plugin as a process. Decides nothing about values.

use std::future::ready;

use futures::stream;
use http::{Request, Response};
use hyper::body::Incoming;
use prost::Message;
use tokio_util::sync::CancellationToken;
use tonic::{Status, body::Body, server::Grpc};
use tonic_prost::ProstCodec;
use tower::service_fn;

use super::{
    messages::{Empty, HealthResponse, StopResponse},
    provider::Provider,
};

/// The largest message in bytes, as other providers have it.
const LARGEST: usize = 256 << 20;
/// The plugin is well.
const SERVING: i32 = 1;

/// The plugin.
pub(super) struct Plugin {
    provider: Provider,
    end: CancellationToken,
}

impl Plugin {
    pub(super) fn new(provider: Provider) -> Self {
        Self {
            provider,
            end: CancellationToken::new(),
        }
    }

    /// Waits until Terraform wants no more.
    pub(super) async fn asked_to_end(&self) {
        self.end.cancelled().await;
    }

    /// Answers one call.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let provider = &self.provider;
        let path = request.uri().path().to_owned();
        let Some((service, method)) = path.trim_start_matches('/').split_once('/') else {
            return unknown();
        };
        match (service, method) {
            ("tfplugin5.Provider", "GetSchema") => {
                unary(request, |_: Empty| Provider::schemas()).await
            }
            ("tfplugin5.Provider", "PrepareProviderConfig") => {
                unary(request, |asked| provider.prepare(&asked)).await
            }
            ("tfplugin5.Provider", "Configure") => {
                unary(request, |asked| provider.configure(&asked)).await
            }
            ("tfplugin5.Provider", "ValidateResourceTypeConfig") => {
                unary(request, |asked| Provider::validate_resource(&asked)).await
            }
            ("tfplugin5.Provider", "ValidateDataSourceConfig") => {
                unary(request, |asked| Provider::validate_data(&asked)).await
            }
            ("tfplugin5.Provider", "UpgradeResourceState") => {
                unary(request, Provider::upgrade).await
            }
            ("tfplugin5.Provider", "ReadResource") => {
                unary(request, |asked| provider.read(asked)).await
            }
            ("tfplugin5.Provider", "PlanResourceChange") => unary(request, Provider::plan).await,
            ("tfplugin5.Provider", "ApplyResourceChange") => {
                unary(request, |asked| provider.apply(&asked)).await
            }
            ("tfplugin5.Provider", "ImportResourceState") => {
                unary(request, |asked| Provider::import(&asked)).await
            }
            ("tfplugin5.Provider", "ReadDataSource") => {
                unary(request, |asked| provider.read_data(&asked)).await
            }
            // Each call ends by itself within milliseconds.
            ("tfplugin5.Provider", "Stop") => {
                unary(request, |_: Empty| StopResponse::default()).await
            }
            ("grpc.health.v1.Health", "Check") => {
                unary(request, |_: Empty| HealthResponse { status: SERVING }).await
            }
            ("plugin.GRPCController", "Shutdown") => {
                let answer = unary(request, |_: Empty| Empty {}).await;
                self.end.cancel();
                answer
            }
            // Nothing is brokered or printed; both streams stay open and silent.
            ("plugin.GRPCBroker", "StartStream") | ("plugin.GRPCStdio", "StreamStdio") => {
                silent(request).await
            }
            _ => unknown(),
        }
    }
}

async fn unary<Asked, Answered>(
    request: Request<Incoming>,
    call: impl Fn(Asked) -> Answered,
) -> Response<Body>
where
    Asked: Message + Default + Send + 'static,
    Answered: Message + Default + Send + 'static,
{
    let service = service_fn(|asked: tonic::Request<Asked>| {
        ready(Ok(tonic::Response::new(call(asked.into_inner()))))
    });
    Grpc::new(ProstCodec::<Answered, Asked>::default())
        .max_decoding_message_size(LARGEST)
        .max_encoding_message_size(LARGEST)
        .unary(service, request)
        .await
}

async fn silent(request: Request<Incoming>) -> Response<Body> {
    let service = service_fn(|_: tonic::Request<tonic::Streaming<Empty>>| {
        ready(Ok::<_, Status>(tonic::Response::new(stream::pending::<
            Result<Empty, Status>,
        >())))
    });
    Grpc::new(ProstCodec::<Empty, Empty>::default())
        .streaming(service, request)
        .await
}

fn unknown() -> Response<Body> {
    Status::unimplemented("this call is not known").into_http()
}
