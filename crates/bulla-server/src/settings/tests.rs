//! What a settings file may say, and what it is told when it says something else.

use super::*;

#[test]
fn a_wrong_key_or_value_names_its_line() {
    for (text, line, word) in [
        ("lisen = \"127.0.0.1:1\"\n", 1, "lisen"),
        ("listen = \"127.0.0.1:1\"\n\n[limits]\nbody_byte = 1\n", 4, "body_byte"),
        ("listen = \"nowhere\"\n", 1, "socket address"),
        ("public = true\n[scrub]\ninterval_s = \"soon\"\n", 3, "string"),
        ("public = true\npublic = false\n", 2, "duplicate"),
        ("[record]\nreads = \"some\"\n", 2, "some"),
    ] {
        let (found, problem) = SettingsFile::parse(text).unwrap_err();
        assert_eq!(found, line, "{text:?}: {problem}");
        assert!(problem.contains(word), "{problem}");
    }
}

#[test]
fn a_file_changes_what_it_names_and_nothing_else() {
    let text = "log = \"/var/lib/bulla\"\npublish_interval_ms = 250\n[limits]\nscans = 9\n[scrub]\nenabled = false\n";
    let settings = Settings::default().with_file(SettingsFile::parse(text).unwrap()).unwrap();
    assert_eq!(settings.log, PathBuf::from("/var/lib/bulla"));
    assert_eq!(settings.publish_interval, Duration::from_millis(250));
    assert_eq!(settings.limits, Limits { scans: 9, ..Limits::default() });
    assert_eq!(settings.scrub, None);
    assert_eq!(settings.listen, Settings::default().listen);
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let beyond = Settings { listen: "0.0.0.0:2852".parse().unwrap(), ..Settings::default() };
    assert!(matches!(beyond.check(), Err(InvalidSettings::PlainBeyondLoopback(_))));
    assert_eq!(Settings { insecure_http: true, ..beyond.clone() }.check(), Ok(()));
    let tls = Some((PathBuf::from("cert.pem"), PathBuf::from("key.pem")));
    assert_eq!(Settings { tls, ..beyond }.check(), Ok(()));
    let disk = DiskLimits { warn_bytes: 1, refuse_bytes: 2 };
    let refused = Settings { disk, ..Settings::default() }.check();
    assert!(matches!(refused, Err(InvalidSettings::RefusesBeforeWarning { .. })));
    let limits = Limits { connections: 0, ..Limits::default() };
    let refused = Settings { limits, ..Settings::default() }.check();
    assert_eq!(refused, Err(InvalidSettings::TooSmall("limits.connections", 0, 1)));
    let half = SettingsFile::parse("[tls]\ncert = \"a\"\n").unwrap();
    assert_eq!(Settings::default().with_file(half).unwrap_err(), InvalidSettings::HalfTls);
}

#[test]
fn the_defaults_are_valid() {
    assert_eq!(Settings::default().check(), Ok(()));
    assert!(Settings::default().listen.ip().is_loopback());
}
