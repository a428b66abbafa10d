//! The database server under the journal: whether it keeps what it says it has, and whether its clock is ours.

use calendar::{Duration, Instant};
use journal::{Postgres, Reader};

use super::{Finding, machine};

/// Two clocks further apart than this disagree about what is due.
const CLOCKS_APART: Duration = Duration::from_secs(2);

pub(super) fn look(store: &Postgres, reader: &dyn Reader, now: Instant) -> Vec<Finding> {
    let mut findings = match store.server() {
        Ok(server) => judge(&server, now),
        Err(error) => vec![Finding::fail("server", error.to_string(), error.code().remedy)],
    };
    findings.extend([machine::chain(reader), machine::clock(reader, now), machine::descriptors()]);
    findings
}

fn judge(server: &journal::Server, now: Instant) -> Vec<Finding> {
    let mut findings = vec![match server.standby {
        true => Finding::fail("server", "it follows another server and takes no writes", "name the primary in the URL"),
        false => Finding::ok("server", format!("PostgreSQL {}, {} MB", server.version, server.bytes >> 20)),
    }];
    findings.push(match (server.syncs, server.full_pages) {
        (true, true) => Finding::ok("durability", "it syncs what it confirms"),
        (false, _) => {
            let says = "fsync is off: a crash of the server's machine loses what was answered, and perhaps everything";
            Finding::fail("durability", says, "set fsync = on and restart PostgreSQL")
        }
        (true, false) => {
            let says = "full_page_writes is off: a power cut can leave pages that are half old";
            Finding::fail("durability", says, "set full_page_writes = on")
        }
    });
    findings.push(match server.synchronous_commit.as_str() {
        weak @ ("off" | "local") => {
            let says = format!("synchronous_commit is {weak}; the journal's own transactions raise it to on");
            Finding::warn("commits", says, "set synchronous_commit = on, for whatever else writes there")
        }
        set => Finding::ok("commits", format!("synchronous_commit is {set}")),
    });
    let apart = server.now.since(now);
    let says = format!("the server's is {apart:#} from this machine's");
    findings.push(if apart > CLOCKS_APART || apart < -CLOCKS_APART {
        Finding::fail("server clock", says, "correct the clocks and keep them synchronised (NTP)")
    } else {
        Finding::ok("server clock", says)
    });
    findings
}

#[cfg(test)]
mod tests {
    use journal::Server;

    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn each_setting_that_loses_answers_is_found() {
        let now = Instant::from_micros(1_795_788_000_000_000);
        let good = Server {
            version: "15".to_owned(),
            syncs: true,
            full_pages: true,
            synchronous_commit: "on".to_owned(),
            standby: false,
            bytes: 9 << 20,
            now,
        };
        let cases = [
            (good.clone(), ""),
            (Server { syncs: false, ..good.clone() }, "Fail durability"),
            (Server { full_pages: false, ..good.clone() }, "Fail durability"),
            (Server { synchronous_commit: "local".to_owned(), ..good.clone() }, "Warn commits"),
            (Server { synchronous_commit: "remote_apply".to_owned(), ..good.clone() }, ""),
            (Server { standby: true, ..good.clone() }, "Fail server"),
            (Server { now: now + Duration::from_secs(3), ..good.clone() }, "Fail server clock"),
            (Server { now: now - Duration::from_secs(3), ..good }, "Fail server clock"),
        ];
        for (server, expected) in cases {
            let findings = judge(&server, now);
            let bad: Vec<&Finding> = findings.iter().filter(|finding| finding.verdict != Verdict::Ok).collect();
            let told: Vec<String> = bad.iter().map(|found| format!("{:?} {}", found.verdict, found.check)).collect();
            assert_eq!(told.join(", "), expected, "{server:?}");
            assert!(bad.iter().all(|finding| !finding.remedy.is_empty()));
        }
    }
}
