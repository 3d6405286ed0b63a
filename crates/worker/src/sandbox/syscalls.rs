//! What Landlock does not cover: system calls that reach around it.
//!
//! Before version 9 it lets a process connect to any socket that has a path. On a usual machine that
//! is the way to the Docker daemon, which is the way to everything.

use std::collections::BTreeMap;
use std::error::Error;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

/// Sockets by which a process talks to others on the machine, or to the host of a virtual one.
/// Pairs of connected sockets are another call, and stay.
const FAMILIES: [libc::c_int; 2] = [libc::AF_UNIX, libc::AF_VSOCK];
/// A ring makes sockets without the call that is watched; the others read the kernel's or another
/// process's memory where an administrator has been generous.
const CALLS: [libc::c_long; 7] = [
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_io_uring_setup,
    libc::SYS_keyctl,
    libc::SYS_perf_event_open,
    libc::SYS_request_key,
    libc::SYS_userfaultfd,
];

/// Takes these calls from the calling thread and all it starts: they fail with "permission denied".
pub(super) fn take_away() -> Result<(), Box<dyn Error + Send + Sync>> {
    let family = |family: &libc::c_int| {
        // Of the argument the kernel looks at the lower half only.
        let is = SeccompCondition::new(
            0,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::Eq,
            u64::from(family.unsigned_abs()),
        )?;
        SeccompRule::new(vec![is])
    };
    let families = FAMILIES.iter().map(family).collect::<Result<Vec<_>, _>>()?;
    let mut rules = BTreeMap::from([(libc::SYS_socket, families)]);
    rules.extend(CALLS.map(|call| (call, Vec::new())));
    let denied = SeccompAction::Errno(libc::EACCES.unsigned_abs());
    let machine = TargetArch::try_from(std::env::consts::ARCH)?;
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, denied, machine)?;
    apply_filter(&BpfProgram::try_from(filter)?)?;
    Ok(())
}
