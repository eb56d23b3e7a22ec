//! Interfaces by name, and the sentences for people when one cannot be listened to.
#![allow(unsafe_code)] // the list of interfaces is C's

use std::ffi::{CStr, CString, c_int};
use std::io;
use std::os::unix::net::UnixDatagram;

use super::socket;

/// ARPHRD_LOOPBACK: every packet is seen twice, going out and coming in.
pub const LOOPBACK: u16 = libc::ARPHRD_LOOPBACK;

const ETHERNET: u32 = 1;
const RAW_IP: u32 = 101;
const NO_ONES: u32 = u32::MAX;

/// The link type of frames of a hardware type (ARPHRD of net/if_arp.h). On tunnels, PPP and modems the kernel hands out
/// bare IP packets.
#[must_use]
pub const fn linktype(hardware: u16) -> u32 {
    match hardware {
        libc::ARPHRD_ETHER | LOOPBACK => ETHERNET,
        512 | 519 | 768 | 769 | 776 | 778 | 65534 => RAW_IP, // PPP, RAWIP, TUNNEL, TUNNEL6, SIT, IPGRE, NONE
        _ => NO_ONES,
    }
}

/// The index of an interface. Errors: a sentence that lists those there are.
pub fn index_of(name: &str) -> Result<c_int, String> {
    let index = CString::new(name).map_or(0, |name| {
        // SAFETY: a string that ends with a zero.
        unsafe { libc::if_nametoindex(name.as_ptr()) }
    });
    match c_int::try_from(index) {
        Ok(index) if index > 0 => Ok(index),
        _ => Err(format!("no interface {name}; there are {}", names().join(", "))),
    }
}

/// The link type of an interface's frames, to compile a filter for; None when there is no such interface.
#[must_use]
pub fn linktype_of(name: &str) -> Option<u32> {
    Some(linktype(socket::hardware_of(&UnixDatagram::unbound().ok()?, name).ok()?))
}

/// The name of an interface now; it may have been given another. None when it has been removed.
#[must_use]
pub fn name_of(index: c_int) -> Option<String> {
    let mut name = [0u8; libc::IFNAMSIZ];
    // SAFETY: the kernel's name of an interface has that much room, its zero included.
    let found = unsafe { libc::if_indextoname(index as libc::c_uint, name.as_mut_ptr().cast()) };
    let name = CStr::from_bytes_until_nul(&name).ok().filter(|_| !found.is_null())?;
    Some(name.to_string_lossy().into_owned())
}

/// The interfaces there are, in the kernel's order.
#[must_use]
pub fn names() -> Vec<String> {
    let mut names = Vec::new();
    // SAFETY: returns null or a list that ends with an entry of zeros, each before it with a name; read while it is
    // ours, then given back once.
    unsafe {
        let list = libc::if_nameindex();
        let mut entry = list;
        while !entry.is_null() && (*entry).if_index != 0 && !(*entry).if_name.is_null() {
            names.push(CStr::from_ptr((*entry).if_name).to_string_lossy().into_owned());
            entry = entry.add(1);
        }
        if !list.is_null() {
            libc::if_freenameindex(list);
        }
    }
    names
}

/// Why an interface cannot be listened to, and what to do.
#[must_use]
pub fn refusal(name: &str, error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => format!(
            "no permission to capture on {name}: run as root, or allow the interpreter once with: \
             sudo setcap cap_net_raw,cap_net_admin+ep \"$(readlink -f .venv/bin/python)\""
        ),
        Some(libc::ENETDOWN) => format!("interface {name} is down; bring it up with: ip link set {name} up"),
        _ => format!("interface {name} cannot be opened: {error}"),
    }
}

/// What to say of an interface that stopped delivering.
#[must_use]
pub fn loss(name: &str) -> String {
    format!("interface {name} went down or was removed while capturing")
}
