//! Authorities, certificates and their files.

use super::*;
use base::Timestamp;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn node(name: &str) -> Subject {
    Subject::new(Role::Node, name).unwrap()
}

fn load(authority: &Authority, issued: &Issued, now: Timestamp) -> Result<Credentials, CredentialsError> {
    Credentials::from_pem(authority.certificate_pem(), &issued.certificate_pem, &issued.key_pem, now)
}

#[test]
fn a_certificate_speaks_for_its_subject_until_it_ends() {
    let authority = Authority::make(NOW).unwrap();
    let issued = authority.issue(&node("a"), NOW, 30 * DAY).unwrap();
    let credentials = load(&authority, &issued, NOW).unwrap();
    assert_eq!(credentials.subject(), &node("a"));
    let end = Timestamp(NOW.0 + 30 * DAY.as_millis() as u64);
    assert_eq!(credentials.end(), end);
    let late = load(&authority, &issued, Timestamp(end.0 + 1_000)).unwrap_err();
    assert!(matches!(&late, CredentialsError::Expired { end: at, .. } if *at == end), "{late}");
    assert!(late.to_string().contains("admin certs"));
}

#[test]
fn nothing_outlives_its_authority() {
    let authority = Authority::make(NOW).unwrap();
    let years = 10 * 365 * DAY;
    let issued = authority.issue(&node("a"), NOW, 2 * years).unwrap();
    let end = Timestamp(NOW.0 + years.as_millis() as u64);
    assert_eq!(load(&authority, &issued, NOW).unwrap().end(), end);
    let late = authority.issue(&node("a"), Timestamp(end.0 + 1_000), DAY).err();
    let Some(AuthorityError::Mismatch(CredentialsError::Authority(reason))) = late else {
        panic!("{late:?}")
    };
    assert!(reason.contains("its time ended"), "{reason}");
}

#[test]
fn another_authoritys_certificate_is_not_believed() {
    let (ours, theirs) = (Authority::make(NOW).unwrap(), Authority::make(NOW).unwrap());
    let issued = theirs.issue(&node("a"), NOW, DAY).unwrap();
    assert!(matches!(load(&ours, &issued, NOW), Err(CredentialsError::Refused { .. })));
}

#[test]
fn an_authority_is_told_from_its_files() {
    let folder = tempfile::tempdir().unwrap();
    write_authority(folder.path(), &Authority::make(NOW).unwrap()).unwrap();
    let authority = load_authority(folder.path()).unwrap();
    let files =
        write_member(folder.path(), &node("a"), &authority.issue(&node("a"), NOW, DAY).unwrap()).unwrap();
    assert_eq!(files, CertFiles::in_folder(folder.path(), &node("a")));
    assert_eq!(files.load(NOW).unwrap().subject(), &node("a"));
    for entry in folder.path().read_dir().unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let twice = write_authority(folder.path(), &authority).unwrap_err();
    assert!(twice.to_string().contains("ca-key.pem"), "{twice}");
}

#[test]
fn an_authority_with_the_key_of_another_issues_nothing() {
    let (one, two) = (Authority::make(NOW).unwrap(), Authority::make(NOW).unwrap());
    let mixed = Authority::from_pem(one.certificate_pem(), &two.key_pem()).unwrap();
    assert!(matches!(mixed.issue(&node("a"), NOW, DAY), Err(AuthorityError::Mismatch(_))));
}

#[test]
fn what_is_wrong_with_files_is_said_with_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let files = CertFiles::in_folder(folder.path(), &node("a"));
    let missing = files.load(NOW).unwrap_err().to_string();
    assert!(missing.contains("ca.pem") && missing.contains("admin certs"), "{missing}");
    let authority = Authority::make(NOW).unwrap();
    write_authority(folder.path(), &authority).unwrap();
    let (a, b) =
        (authority.issue(&node("a"), NOW, DAY).unwrap(), authority.issue(&node("b"), NOW, DAY).unwrap());
    let mixed = Issued { certificate_pem: a.certificate_pem, key_pem: b.key_pem };
    let files = write_member(folder.path(), &node("a"), &mixed).unwrap();
    let error = files.load(NOW).unwrap_err();
    assert!(error.to_string().contains("shard-a-key.pem"), "{error}");
    let CertFilesError::Unusable { source, .. } = error else { panic!("{error}") };
    assert!(matches!(*source, CredentialsError::Key(_)), "{source}");
}
