//! `check` and `run`: what is doubtful in a configuration is told, and keeps nobody from running it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use rcgen::{CertificateParams, date_time_ymd};

use super::authority::Authority;
use super::{code, err, out, scratch, smppgate};

#[test]
fn a_certificate_that_has_expired_is_told_before_the_start_and_at_it() {
    let authority = Authority::new();
    let over = |params: &mut CertificateParams| params.not_after = date_time_ymd(2026, 1, 1);
    authority.issue_with("gw", &["localhost"], over);
    let config = format!(
        "[gateway]\ndata_dir = \"data\"\njournal = \"memory\"\n\
         [[listener]]\nname = \"esme\"\naddress = \"127.0.0.1:0\"\n\
         tls = {{ certificate = {}, key = {} }}\n\
         [[account]]\nsystem_id = \"acme\"\npassword = \"secret\"\n\
         [[route]]\nname = \"none\"\nreject = \"ESME_RINVDSTADR\"\n",
        authority.named("gw.pem"),
        authority.named("gw.key"),
    );
    let config = scratch("expired.toml", config.as_bytes());
    let config = config.to_str().unwrap();
    let expected = "listener[0].tls.certificate: ";
    let told = smppgate(&["check", "--config", config], "");
    assert_eq!(code(&told), 0, "{}", err(&told));
    assert!(out(&told).ends_with("(1 warning)\n"), "{}", out(&told));
    let finding = err(&told);
    assert!(finding.contains(expected), "{finding}");
    assert!(
        finding.contains("valid until 2026-01-01 00:00 UTC"),
        "{finding}"
    );

    let mut child = Command::new(env!("CARGO_BIN_EXE_smppgate"))
        .args(["run", "--config", config])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(child.stderr.take().unwrap());
    let mut lines = log.lines().map_while(Result::ok);
    let warned = lines.find(|line| line.contains(expected));
    let listens = lines.find(|line| line.contains("listening"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(warned.is_some_and(|line| line.contains("WARN")));
    assert!(listens.is_some());
}
