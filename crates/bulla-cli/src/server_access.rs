//! Reaching a server instead of a log directory: its address, the token, and whose certificates to trust.

use std::io::Read;
use std::net::IpAddr;
use std::path::Path;

use anyhow::Context;
use bulla_client::Client;

use crate::args::RemoteArgs;
use crate::output::talk;

/// 64 KiB: a token is one short line.
const TOKEN_FILE_BYTES_MAX: u64 = 64 << 10;
/// 4 MiB: more certificates than any system trusts.
const CA_FILE_BYTES_MAX: u64 = 4 << 20;
/// The token, when no file is named. There is no option for it: others can see the arguments of a program.
const TOKEN_VARIABLE: &str = "BULLA_TOKEN";

/// Whether what was typed is the address of a server, and not a directory.
pub(crate) fn is_url(text: &Path) -> bool {
    text.to_str().is_some_and(|text| text.starts_with("http://") || text.starts_with("https://"))
}

/// The server at `url`, with the credential that the user has.
pub(crate) fn client(url: &str, args: &RemoteArgs) -> anyhow::Result<Client> {
    let mut builder = Client::builder(url);
    if let Some(token) = token(args.token_file.as_deref())? {
        if url.starts_with("http://") && !is_this_machine(url) {
            talk::warn("the token goes to the server readable for all on the way: use https");
        }
        builder = builder.token(token);
    }
    if let Some(path) = &args.ca_file {
        builder = builder.certificates(small_file(path, CA_FILE_BYTES_MAX)?);
    }
    Ok(builder.build()?)
}

fn token(file: Option<&Path>) -> anyhow::Result<Option<String>> {
    let Some(path) = file else {
        return Ok(std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.is_empty()));
    };
    let bytes = small_file(path, TOKEN_FILE_BYTES_MAX)?;
    let token =
        String::from_utf8(bytes).ok().with_context(|| format!("{} holds no token", path.display()))?;
    Ok(Some(token.trim().to_owned()))
}

fn small_file(path: &Path, bytes_max: u64) -> anyhow::Result<Vec<u8>> {
    let read = || {
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(bytes_max + 1).read_to_end(&mut bytes).map(|_| bytes)
    };
    let bytes = read().with_context(|| format!("read {}", path.display()))?;
    anyhow::ensure!(bytes.len() as u64 <= bytes_max, "{} is longer than {bytes_max} bytes", path.display());
    Ok(bytes)
}

fn is_this_machine(url: &str) -> bool {
    let host = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_directories() {
        for (text, expected) in [
            ("http://h", true),
            ("https://h", true),
            ("audit", false),
            ("http:", false),
            ("./http://h", false),
        ] {
            assert_eq!(is_url(Path::new(text)), expected, "{text}");
        }
    }

    #[test]
    fn this_machine_is_known_by_its_loopback_names() {
        for (url, expected) in [
            ("http://127.0.0.1:2852", true),
            ("http://localhost/x", true),
            ("http://[::1]:2852", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example", false),
            ("http://[::2]", false),
        ] {
            assert_eq!(is_this_machine(url), expected, "{url}");
        }
    }
}
