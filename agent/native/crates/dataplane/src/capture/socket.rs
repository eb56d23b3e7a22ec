//! One packet socket: its system calls, each with a safe face.
#![allow(unsafe_code)] // system calls

use std::ffi::c_int;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

use super::program::Program;
use crate::filter::Instruction;

const SO_ATTACH_BPF: c_int = 50; // asm-generic/socket.h

/// A packet socket, in blocking mode; closing it undoes all it set on its interface.
#[derive(Debug)]
pub struct PacketSocket(OwnedFd);

impl PacketSocket {
    /// Opens a socket that receives nothing yet. Errors: EPERM without CAP_NET_RAW.
    pub fn new() -> io::Result<Self> {
        // SAFETY: takes three numbers; the descriptor returned is ours alone.
        let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
        succeeded(fd)?;
        // SAFETY: just opened, owned by no one else.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Sets an option whose value is a row of numbers.
    pub fn set<const N: usize>(&self, level: c_int, option: c_int, value: [u32; N]) -> io::Result<()> {
        self.set_raw(level, option, &value)
    }

    /// Lets through what a classic program passes, in place of what was attached before, without a gap.
    pub fn filter_by(&self, program: &[Instruction]) -> io::Result<()> {
        self.set_program(libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, program)
    }

    /// Lets through what a loaded program passes, in place of what was attached before, without a gap.
    pub fn judge_by(&self, program: &Program) -> io::Result<()> {
        self.set(libc::SOL_SOCKET, SO_ATTACH_BPF, [program.descriptor() as u32])
    }

    /// Sets an option that is a classic BPF program: a filter, or what shares a group's packets out.
    pub fn set_program(&self, level: c_int, option: c_int, program: &[Instruction]) -> io::Result<()> {
        let len = u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        // The kernel only reads the instructions; `Instruction` is laid out as `sock_filter`.
        let program = libc::sock_fprog { len, filter: program.as_ptr().cast_mut().cast() };
        self.set_raw(level, option, &program)
    }

    /// Sees the packets of an interface that are for others too, until the socket is closed.
    pub fn see_all(&self, index: c_int) -> io::Result<()> {
        let [mr_type, mr_alen] = [libc::PACKET_MR_PROMISC as u16, 0];
        let request = libc::packet_mreq { mr_ifindex: index, mr_type, mr_alen, mr_address: [0; 8] };
        self.set_raw(libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &request)
    }

    fn set_raw<T>(&self, level: c_int, option: c_int, value: &T) -> io::Result<()> {
        let size = size_of::<T>() as libc::socklen_t;
        // SAFETY: the kernel reads `size` bytes of `value`, which is that large, and, where it holds a pointer, the
        // instructions behind it, which `set_program` keeps borrowed until the call returns.
        succeeded(unsafe { libc::setsockopt(self.fd(), level, option, (&raw const *value).cast(), size) })
    }

    /// Reads an option whose value is a row of numbers; what the kernel does not fill stays 0.
    pub fn get<const N: usize>(&self, level: c_int, option: c_int) -> io::Result<[u32; N]> {
        let mut value = [0u32; N];
        let mut size = size_of::<[u32; N]>() as libc::socklen_t;
        // SAFETY: the kernel writes `size` bytes at most, and any bytes are numbers.
        succeeded(unsafe { libc::getsockopt(self.fd(), level, option, (&raw mut value).cast(), &raw mut size) })?;
        Ok(value)
    }

    /// Listens to an interface: packets of every protocol.
    pub fn bind(&self, index: c_int) -> io::Result<()> {
        // SAFETY: plain numbers, for which zeros are fine.
        let mut address: libc::sockaddr_ll = unsafe { zeroed() };
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
        address.sll_ifindex = index;
        let size = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        // SAFETY: the kernel reads `size` bytes of `address`, which is that large.
        succeeded(unsafe { libc::bind(self.fd(), (&raw const address).cast(), size) })
    }

    /// The interface the socket listens to: its index and hardware type; None when it has been removed.
    pub fn bound_to(&self) -> Option<(c_int, u16)> {
        // SAFETY: plain numbers, for which zeros are fine.
        let mut address: libc::sockaddr_ll = unsafe { zeroed() };
        let mut size = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        // SAFETY: the kernel writes `size` bytes at most into `address`, which is that large.
        let told = unsafe { libc::getsockname(self.fd(), (&raw mut address).cast(), &raw mut size) };
        (told == 0 && address.sll_ifindex > 0).then_some((address.sll_ifindex, address.sll_hatype))
    }

    /// Takes the error that waits on the socket, if any.
    pub fn take_error(&self) -> Option<io::Error> {
        match self.get(libc::SOL_SOCKET, libc::SO_ERROR) {
            Ok([0]) => None,
            Ok([errno]) => Some(io::Error::from_raw_os_error(errno as i32)),
            Err(error) => Some(error),
        }
    }

    /// Whether the interface of that name is up. Errors: ENODEV.
    pub fn is_up(&self, name: &str) -> io::Result<bool> {
        let answer = ask(&self.0, libc::SIOCGIFFLAGS, name)?;
        // SAFETY: this request is answered in the member for flags.
        Ok(c_int::from(unsafe { answer.ifr_ifru.ifru_flags }) & libc::IFF_UP != 0)
    }

    pub fn fd(&self) -> c_int {
        self.0.as_raw_fd()
    }

    pub fn borrow(&self) -> BorrowedFd<'_> {
        use std::os::fd::AsFd;
        self.0.as_fd()
    }
}

/// The hardware type of an interface; any socket will do. Errors: ENODEV.
pub fn hardware_of(socket: &impl AsRawFd, name: &str) -> io::Result<u16> {
    let answer = ask(socket, libc::SIOCGIFHWADDR, name)?;
    // SAFETY: this request is answered in the member for addresses.
    Ok(unsafe { answer.ifr_ifru.ifru_hwaddr }.sa_family)
}

/// Asks the kernel about an interface.
fn ask(socket: &impl AsRawFd, question: libc::c_ulong, name: &str) -> io::Result<libc::ifreq> {
    // SAFETY: plain bytes, for which zeros are fine.
    let mut request: libc::ifreq = unsafe { zeroed() };
    let room = request.ifr_name.len() - 1; // a zero ends it
    if name.len() > room {
        return Err(io::Error::from_raw_os_error(libc::ENODEV));
    }
    for (slot, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *slot = byte as libc::c_char;
    }
    // SAFETY: the kernel reads and writes one `ifreq`.
    succeeded(unsafe { libc::ioctl(socket.as_raw_fd(), question as _, &raw mut request) })?;
    Ok(request)
}

/// Waits until one of the sockets has packets or an error, or the time is over; tells of each which.
pub fn poll(sockets: &mut [libc::pollfd], timeout: Duration) {
    let millis = c_int::try_from(timeout.as_micros().div_ceil(1000)).unwrap_or(c_int::MAX);
    // SAFETY: the kernel reads and writes as many entries as the slice has.
    let ready = unsafe { libc::poll(sockets.as_mut_ptr(), sockets.len() as libc::nfds_t, millis) };
    if ready < 0 {
        sockets.iter_mut().for_each(|socket| socket.revents = 0); // a signal came: the caller looks around and waits again
    }
}

/// The error of a system call that returned a negative number.
pub fn succeeded(returned: c_int) -> io::Result<()> {
    if returned < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
