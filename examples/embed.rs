//! An audit log in ten lines: record, get a receipt, prove it.

#![expect(clippy::print_stdout, reason = "an example shows what it got")]

use bulla::{AuditEntry, AuditLog, AuditOutcome::Success};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let log = AuditLog::open("audit")?;
    let entry = AuditEntry::tool("bash").principal("alice").outcome(Success).detail(json!({"exit_code": 0}));
    let receipt = log.record(entry).await?; // on disk and synced when this returns
    println!("entry {} is {:?}, leaf {}", receipt.seq(), receipt.state(), receipt.leaf_hash());
    println!("{}", log.prove(receipt.seq()).await?); // a proof that anyone can check with the log's public key
    Ok(log.close().await?)
}
