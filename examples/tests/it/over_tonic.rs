//! Behind a server of tonic, with calls of its own client.

use bulla::AuditOutcome::{Denied, Failure, Success};
use bulla::capture::tower::AuditLayer;
use http::uri::PathAndQuery;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::server::TcpConnectInfo;
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Status};

use crate::greeter::{GREET, Greeter, Texts};
use crate::{Recorded, code, status};

async fn serve(audit: AuditLayer) -> Channel {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder().layer(audit).add_service(Greeter);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap()
}

async fn call(channel: &Channel, path: &'static str, name: &str) -> Result<String, Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let answer = client.unary(Request::new(name.to_owned()), PathAndQuery::from_static(path), Texts).await;
    answer.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn the_outcome_of_a_call_is_its_grpc_status() {
    let mut recorded = Recorded::new();
    let audit = AuditLayer::new(recorded.log.clone())
        .peer_from(|info: &TcpConnectInfo| info.remote_addr().map(|address| address.ip()));
    let channel = serve(audit).await;
    for (path, name, expected) in [
        (GREET, "alice", (Success, None)),
        (GREET, "mallory", (Denied, Some("grpc_permission_denied"))),
        ("/example.Greeter2/Greet", "alice", (Failure, Some("grpc_unimplemented"))),
    ] {
        let answer = call(&channel, path, name).await;
        assert_eq!(answer.is_ok(), expected.1.is_none(), "{answer:?}");
        let entry = recorded.next().await;
        assert_eq!((entry.outcome, code(&entry)), expected);
        assert_eq!(entry.action, format!("POST {path}"));
        assert_eq!(status(&entry), Some(200));
        assert_eq!(entry.request.unwrap().peer_ip.as_deref(), Some("127.0.0.1"));
        assert_eq!(entry.principal.as_deref(), (path == GREET).then_some(name));
    }
}

#[tokio::test]
async fn a_log_that_was_closed_is_unavailable() {
    let recorded = Recorded::new();
    let channel = serve(AuditLayer::new(recorded.log.clone()).fail_closed()).await;
    call(&channel, GREET, "alice").await.unwrap();
    recorded.log.close().await.unwrap();
    let refused = call(&channel, GREET, "alice").await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.message()),
        (Code::Unavailable, "the audit log cannot record this request")
    );
}
