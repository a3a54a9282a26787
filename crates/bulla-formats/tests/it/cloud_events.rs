//! AWS CloudTrail events.

use bulla_formats::import::ImportFormat::Cloudtrail;
use bulla_formats::import::Imported;

use crate::entry_of::{check, entries, import, refusal};

const DENIED: &str = r#"{"eventVersion":"1.08","userIdentity":{"type":"AssumedRole","principalId":"AROA1:i-0","arn":"arn:aws:sts::1:assumed-role/web/i-0","accessKeyId":"ASIA1","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::1:role/web","userName":"web"}}},"eventTime":"2026-11-23T12:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-central-1","sourceIPAddress":"10.0.0.1","userAgent":"aws-cli","errorCode":"AccessDenied","errorMessage":"Access Denied","requestID":"R1","eventID":"e-1","resources":[{"ARN":"arn:aws:s3:::b/k","type":"AWS::S3::Object"}],"recipientAccountId":"1"}"#;

#[test]
fn an_event_keeps_who_what_and_why() {
    check(
        Cloudtrail,
        DENIED,
        &[
            (0, "/id", r#""e-1""#),
            (0, "/timestamp", r#""2026-11-23T12:00:00Z""#),
            (0, "/category", r#""api""#),
            (0, "/action", r#""s3.amazonaws.com:GetObject""#),
            (0, "/event_name", r#""aws.s3.GetObject""#),
            (0, "/principal", r#""arn:aws:sts::1:assumed-role/web/i-0""#),
            (0, "/actor/type", r#""service_account""#),
            (0, "/actor/on_behalf_of/0/id", r#""arn:aws:iam::1:role/web""#),
            (0, "/actor/credential", r#"{"type":"api_key","id":"ASIA1"}"#),
            (0, "/outcome", r#""denied""#),
            (0, "/reason", r#"{"code":"AccessDenied","message":"Access Denied"}"#),
            (0, "/request", r#"{"id":"R1","client_ip":"10.0.0.1","user_agent":"aws-cli"}"#),
            (0, "/targets", r#"[{"type":"AWS::S3::Object","id":"arn:aws:s3:::b/k"}]"#),
            (0, "/labels", r#"{"aws.account":"1","aws.region":"eu-central-1"}"#),
            (0, "/detail/eventVersion", r#""1.08""#),
        ],
    );
}

#[test]
fn error_codes_become_outcomes() {
    for (code, outcome) in [
        ("AccessDenied", "denied"),
        ("AccessDeniedException", "denied"),
        ("Client.UnauthorizedOperation", "denied"),
        ("UnauthorizedAccess", "denied"),
        ("NoSuchBucket", "failure"),
        ("ThrottlingException", "failure"),
    ] {
        let line = DENIED.replace(r#""errorCode":"AccessDenied""#, &format!(r#""errorCode":"{code}""#));
        assert_eq!(entries(Cloudtrail, line.as_bytes())[0]["outcome"], outcome, "{code}");
    }
    let allowed = DENIED.replace(r#""errorCode":"AccessDenied","errorMessage":"Access Denied","#, "");
    assert_eq!(entries(Cloudtrail, allowed.as_bytes())[0]["outcome"], "success");
}

#[test]
fn sign_ins_are_auth() {
    let login = r#"{"eventType":"AwsConsoleSignIn","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","eventTime":"2026-11-23T12:00:00Z","userIdentity":{"type":"IAMUser","userName":"alice"},"responseElements":{"ConsoleLogin":"Failure"},"eventID":"e-2"}"#;
    let service = r#"{"eventSource":"sts.amazonaws.com","eventName":"AssumeRole","@timestamp":"2026-11-23T12:00:00Z","userIdentity":{"type":"AWSService","invokedBy":"ec2.amazonaws.com"},"sourceIPAddress":"ec2.amazonaws.com","eventID":"e-3"}"#;
    check(
        Cloudtrail,
        &format!("{login}\n{service}"),
        &[
            (0, "/category", r#""auth""#),
            (0, "/event_name", r#""auth.login""#),
            (0, "/outcome", r#""failure""#),
            (0, "/principal", r#""alice""#),
            (1, "/category", r#""auth""#),
            (1, "/actor/type", r#""system""#),
            (1, "/principal", r#""ec2.amazonaws.com""#),
            (1, "/request", "null"),
            (1, "/timestamp", r#""2026-11-23T12:00:00Z""#),
        ],
    );
}

#[test]
fn a_delivered_document_gives_each_of_its_records() {
    let second = DENIED.replace("e-1", "e-2");
    let document = format!(r#"{{"Records":[{DENIED},{second},7],"digest":"d"}}"#);
    let out = import(Cloudtrail, document.as_bytes());
    let [Imported::Event(first), Imported::Event(next), Imported::Unmapped(seven), Imported::Unmapped(rest)] =
        &out[..]
    else {
        panic!("{out:?}");
    };
    assert_eq!((first.id.as_str(), next.id.as_str()), ("e-1", "e-2"));
    assert_eq!(first.offset, r#"{"Records":["#.len() as u64);
    assert_eq!(seven.original, b"7");
    assert_eq!(rest.original, br#"{"digest":"d"}"#);
    assert_eq!(refusal(Cloudtrail, br#"{"Records":[]}"#), "document without records");
}

#[test]
fn an_object_that_is_no_cloudtrail_event_is_imported_all_the_same() {
    check(
        Cloudtrail,
        r#"{"userIdentity":"x","resources":{},"eventName":7}"#,
        &[(0, "/action", r#""aws:unknown""#), (0, "/outcome", r#""success""#), (0, "/principal", "null")],
    );
}
