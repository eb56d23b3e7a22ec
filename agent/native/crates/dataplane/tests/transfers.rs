//! The memory of DNS answers, and data connections of FTP between the hosts that announced them.

use dataplane::model::Address;
use dataplane::names::dns::DnsNames;
use dataplane::names::transfers::{Ends, FlowRef, Transfers};
use dataplane::names::{List, Names};

const SERVER: Address = Address::v4([203, 0, 113, 21]);
const CLIENT: Address = Address::v4([192, 0, 2, 10]);
const OTHER: Address = Address::v4([198, 51, 100, 7]);
const CONTROL: Ends = Ends { server: SERVER, client: CLIENT };
const ACTIVE: Ends = Ends { server: CLIENT, client: SERVER };
const FLOW: FlowRef = FlowRef { slot: 7, generation: 1 };

fn claims(transfers: &mut Transfers, ends: Ends, port: u16) -> bool {
    transfers.claim(&ends, port, FLOW, &mut Names::default())
}

/// Of two names for one address the later counts.
#[test]
fn the_last_answer_names_an_address() {
    let mut names = DnsNames::default();
    names.learn(SERVER, "old.example".into());
    names.learn(SERVER, "new.example".into());

    assert_eq!(names.name_of(&SERVER).as_deref(), Some("new.example"));
    assert_eq!(names.name_of(&CLIENT), None);
}

/// The memory is bounded; being asked for keeps an address in it.
#[test]
fn the_address_unused_for_longest_is_forgotten() {
    let mut names = DnsNames::with_limit(2);
    names.learn(SERVER, "a.example".into());
    names.learn(CLIENT, "b.example".into());
    names.name_of(&SERVER);
    names.learn(OTHER, "c.example".into());

    assert_eq!(names.name_of(&SERVER).as_deref(), Some("a.example"));
    assert_eq!(names.name_of(&CLIENT), None);
    assert_eq!(names.name_of(&OTHER).as_deref(), Some("c.example"));
}

/// A mapped address that came as IPv6 is another address.
#[test]
fn a_mapped_address_is_another() {
    let mut names = DnsNames::default();
    names.learn(Address::v6(*SERVER.key()), "six.example".into());

    assert_eq!(names.name_of(&SERVER), None);
}

/// The name may be told before the flow opens, or after.
#[test]
fn a_file_is_named_on_the_flow_that_carries_it() {
    for opens_early in [true, false] {
        let (mut transfers, mut names) = (Transfers::default(), Names::default());
        let id = transfers.announce(&CONTROL, None, 40000);
        if opens_early {
            assert!(transfers.claim(&CONTROL, 40000, FLOW, &mut names));
            transfers.carries(id, b"citizens.csv");
            assert_eq!(transfers.take_told(), [(FLOW, b"citizens.csv".to_vec())]);
            assert!(names.list(List::FileNames).is_empty());
        } else {
            transfers.carries(id, b"citizens.csv");
            assert!(transfers.claim(&CONTROL, 40000, FLOW, &mut names));
            assert_eq!(names.list(List::FileNames), ["citizens.csv"]);
        }
        assert_eq!(names.app_protocol, Some("ftp-data"));
        assert!(transfers.take_told().is_empty());
    }
}

/// The address in a reply or a command counts where it is one of the two; behind address translation the server's does.
#[test]
fn a_transfer_is_between_the_hosts_of_its_control() {
    for (address, opened, not) in [
        (None, CONTROL, ACTIVE),
        (Some(SERVER), CONTROL, ACTIVE),
        (Some(OTHER), CONTROL, ACTIVE),
        (Some(CLIENT), ACTIVE, CONTROL),
    ] {
        let mut transfers = Transfers::default();
        transfers.announce(&CONTROL, address, 40000);

        assert!(!claims(&mut transfers, not, 40000));
        assert!(claims(&mut transfers, opened, 40000));
    }
}

/// Whatever a control connection says, it names no flow of others.
#[test]
fn no_one_names_the_flows_of_others() {
    let mut transfers = Transfers::default();
    for address in [None, Some(SERVER), Some(CLIENT), Some(OTHER)] {
        transfers.announce(&CONTROL, address, 40000);
    }

    for (server, client) in [(OTHER, CLIENT), (OTHER, SERVER), (SERVER, OTHER), (CLIENT, OTHER)] {
        assert!(!claims(&mut transfers, Ends { server, client }, 40000));
    }
}

/// And a place is claimed once.
#[test]
fn what_was_not_announced_is_not_claimed() {
    let mut transfers = Transfers::default();
    transfers.announce(&CONTROL, None, 40000);

    assert!(!claims(&mut transfers, CONTROL, 40001));
    assert!(claims(&mut transfers, CONTROL, 40000));
    assert!(!claims(&mut transfers, CONTROL, 40000));
}

/// The one announced longest ago is forgotten first; announced again, it is new, and the older knows no flow.
#[test]
fn announcements_are_bounded() {
    let mut transfers = Transfers::with_limit(2);
    let first = transfers.announce(&CONTROL, None, 1);
    for port in [2, 1, 3] {
        transfers.announce(&CONTROL, None, port);
    }

    assert!(!claims(&mut transfers, CONTROL, 2));
    assert!(claims(&mut transfers, CONTROL, 1));
    transfers.carries(first, b"nobody.txt");
    assert!(transfers.take_told().is_empty());
}
