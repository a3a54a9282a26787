//! The parts of an entry that say who, on what, through what and why. Every part keeps fields it does not know.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Fields of a part that this version does not know, kept as they came.
pub type OtherFields = Map<String, Value>;

/// Declares a part of the record: public fields, absent when unset, unknown ones kept in `other`.
macro_rules! part {
    (
        $(#[$doc:meta])*
        $name:ident { $( $(#[$field_doc:meta])* $field:ident : $type:ty $(as $rename:literal)? ),* $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name {
            $(
                $(#[$field_doc])*
                #[serde(skip_serializing_if = "crate::entry::context::Unset::is_unset" $(, rename = $rename)?)]
                pub $field: $type,
            )*
            /// Fields that this version does not know, kept as they came.
            #[serde(flatten)]
            pub other: OtherFields,
        }
    };
}

/// Whether a field has no value and is therefore left out of the stored line.
pub(crate) trait Unset {
    fn is_unset(&self) -> bool;
}

impl<T> Unset for Option<T> {
    fn is_unset(&self) -> bool {
        self.is_none()
    }
}

impl<T> Unset for Vec<T> {
    fn is_unset(&self) -> bool {
        self.is_empty()
    }
}

part! {
    /// Who did it, in more words than `principal`. Never a secret, only its fingerprint.
    Actor {
        /// `user service_account api_key agent subagent skill plugin system anonymous unknown`, or any other.
        kind: Option<String> as "type",
        /// Identity within its kind.
        id: Option<String>,
        /// Name for people.
        name: Option<String>,
        /// Whom the actor acts for, nearest first.
        on_behalf_of: Vec<Value>,
        /// The agent: name, version, parent and what else is known.
        agent: Option<Value>,
        /// What it authenticated with.
        credential: Option<Credential>,
    }
}

part! {
    /// What an actor authenticated with: its kind and a fingerprint, never the secret.
    Credential {
        /// `api_key bearer_token session certificate` or any other.
        kind: Option<String> as "type",
        /// Fingerprint or public id.
        id: Option<String>,
    }
}

part! {
    /// Something that was acted on.
    Target {
        /// `file table bucket host user` or any other.
        kind: Option<String> as "type",
        /// Identity within its kind.
        id: Option<String>,
        /// Name for people.
        name: Option<String>,
        /// Address.
        uri: Option<String>,
    }
}

part! {
    /// The request that led to the act.
    Request {
        /// The server's or the client's id of the request.
        id: Option<String>,
        /// HTTP method or RPC name.
        method: Option<String>,
        /// Route template, such as `/v1/tasks/{id}`.
        route: Option<String>,
        /// Path as it was sent, without the query.
        path: Option<String>,
        /// HTTP status code.
        status_code: Option<u16>,
        /// Address of the connection's other end.
        peer_ip: Option<String>,
        /// Address of the client by the trusted-proxy rule.
        client_ip: Option<String>,
        /// As the client sent it.
        user_agent: Option<String>,
    }
}

part! {
    /// [W3C trace context](https://www.w3.org/TR/trace-context/).
    Trace {
        /// 32 hexadecimal digits.
        trace_id: Option<String>,
        /// 16 hexadecimal digits.
        span_id: Option<String>,
    }
}

part! {
    /// A tool call, with its three layers of failure kept apart; `outcome` is the worst of them.
    Tool {
        /// Name of the tool.
        name: Option<String>,
        /// The caller's id of this call; joins the entry before the call with the one after it.
        call_id: Option<String>,
        /// `function shell mcp` or any other.
        kind: Option<String>,
        /// Server that offers the tool.
        server: Option<String>,
        /// Protocol method, such as `tools/call`.
        method: Option<String>,
        /// First layer: did the message arrive.
        transport_status: Option<String>,
        /// Second layer: the protocol's own error.
        rpc_error: Option<Value>,
        /// Third layer: the tool says that it failed.
        is_error: Option<bool>,
    }
}

part! {
    /// A model's turn, in the words of the OpenTelemetry GenAI conventions.
    Model {
        /// `gen_ai.provider.name`.
        provider: Option<String>,
        /// Model that was asked for.
        request: Option<String>,
        /// Model that answered.
        response: Option<String>,
        /// Tokens read.
        input_tokens: Option<u64>,
        /// Tokens written.
        output_tokens: Option<u64>,
    }
}

part! {
    /// Why an act was allowed, denied or failed.
    Reason {
        /// Short stable code.
        code: Option<String>,
        /// Sentence for people.
        message: Option<String>,
        /// Policy that decided.
        policy_id: Option<String>,
        /// Rule within it.
        rule: Option<String>,
        /// Person who approved.
        approver: Option<String>,
    }
}

impl Reason {
    /// The reason in words, or its code.
    pub fn why(&self) -> Option<&str> {
        self.message.as_deref().or(self.code.as_deref()).filter(|why| !why.is_empty())
    }
}

part! {
    /// One value that the act changed.
    Change {
        /// [JSON Pointer](https://www.rfc-editor.org/rfc/rfc6901) of the value.
        path: String,
        /// `add remove replace` or any other.
        op: Option<String>,
        /// Value before.
        before: Option<Value>,
        /// Value after.
        after: Option<Value>,
    }
}

part! {
    /// Content that lies beside the log.
    Payload {
        /// What it is; for a string moved out of the entry, the JSON Pointer of its place.
        name: String,
        /// Media type, such as `text/plain; charset=utf-8`.
        media_type: Option<String>,
        /// Bytes of content.
        size: Option<u64>,
        /// SHA-256, in hexadecimal, of the payload file: 32 bytes of salt, then the content.
        sha256: Option<String>,
        /// Who may read it, in the user's own words.
        disclosure: Option<String>,
        /// Name of the payload file.
        reference: Option<String> as "ref",
    }
}

part! {
    /// Something that a rule removed before the entry was stored.
    Redacted {
        /// JSON Pointer of the removed value.
        path: String,
        /// Name of the rule.
        rule: String,
    }
}

part! {
    /// Something that was shortened before the entry was stored.
    Truncation {
        /// JSON Pointer of the shortened value.
        path: String,
        /// Bytes before.
        size: Option<u64>,
    }
}

impl Unset for String {
    /// Text of a required field is written even when empty.
    fn is_unset(&self) -> bool {
        false
    }
}
