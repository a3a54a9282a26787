//! A gRPC server with tonic whose every call is in an audit log, with the status that stands in its trailers.

#![expect(clippy::print_stdout, reason = "an example says what it got")]

mod greeter;

use bulla::AuditLog;
use bulla::capture::tower::AuditLayer;
use greeter::{GREET, Greeter, Texts};
use http::uri::PathAndQuery;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Request;
use tonic::transport::server::TcpConnectInfo;
use tonic::transport::{Channel, Server};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let log = AuditLog::open("audit")?;
    let audit = AuditLayer::new(log.clone())
        .peer_from(|info: &TcpConnectInfo| info.remote_addr().map(|address| address.ip()));

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = Server::builder().layer(audit).add_service(Greeter);
    let server = tokio::spawn(
        server.serve_with_incoming_shutdown(TcpListenerStream::new(listener), async { drop(stopped.await) }),
    );

    let channel = Channel::from_shared(format!("http://{address}"))?.connect().await?;
    for name in ["alice", "mallory"] {
        let mut client = tonic::client::Grpc::new(channel.clone());
        client.ready().await?;
        let request = Request::new(name.to_owned());
        let answer = client.unary(request, PathAndQuery::from_static(GREET), Texts).await;
        println!("{name}: {:?}", answer.map(tonic::Response::into_inner).map_err(|status| status.code()));
    }
    drop(channel);
    let _ = stop.send(());
    server.await??;
    for entry in log.recent(2).await {
        println!("{} {} by {:?}: {:?}", entry.action, entry.outcome, entry.principal, entry.reason);
    }
    Ok(log.close().await?)
}
