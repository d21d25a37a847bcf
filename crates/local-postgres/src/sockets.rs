//! Where the server's socket goes. There is no other way in.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::home::{Home, private_directory};

/// The port only names the socket's file: nothing listens on the network.
pub(crate) const PORT: u16 = 5432;

/// The room for a socket's path in `sockaddr_un`, less the byte that ends it.
const PATH_LIMIT_BYTES: usize = 107;

/// Makes the directory for the socket: within the data directory, or, when that path cannot be
/// used, in `/tmp` under a name derived from it.
pub(crate) fn make_directory(home: &Home) -> Result<PathBuf, Error> {
    let directory = directory_for(&home.data_dir);
    private_directory(&directory, &home.account)?;
    Ok(directory)
}

/// Removes what the data directory's removal would leave behind.
pub(crate) fn remove_directory(home: &Home, directory: &Path) {
    if !directory.starts_with(&home.data_dir) {
        // The next start would do with it as well as without.
        let _ = fs::remove_dir(directory);
    }
}

/// The file that PostgreSQL guards the socket with.
pub(crate) fn lock_file(directory: &Path) -> PathBuf {
    directory.join(format!(".s.PGSQL.{PORT}.lock"))
}

fn directory_for(data_dir: &Path) -> PathBuf {
    let within = data_dir.join("run");
    let socket = within.join(format!(".s.PGSQL.{PORT}"));
    let socket = socket.as_os_str().as_bytes();
    // To libpq a comma in `host=` separates several hosts, however it is written.
    if socket.len() <= PATH_LIMIT_BYTES && !socket.contains(&b',') {
        within
    } else {
        let hash = fnv1a(data_dir.as_os_str().as_bytes());
        PathBuf::from(format!("/tmp/gigdesk-{hash:016x}"))
    }
}

/// FNV-1a: short, and the same in every build. The standard library's hash may change.
fn fnv1a(bytes: &[u8]) -> u64 {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_lies_with_the_data_as_long_as_its_path_fits() {
        // With `/run/.s.PGSQL.5432` after it, 107 bytes.
        let fits = format!("/{}", "d".repeat(107 - 1 - 18));
        let too_long = format!("{fits}d");

        assert_eq!(
            directory_for(Path::new(&fits)),
            Path::new(&fits).join("run")
        );
        let elsewhere = directory_for(Path::new(&too_long));
        assert!(elsewhere.starts_with("/tmp"), "{}", elsewhere.display());
    }

    #[test]
    fn a_path_that_a_client_would_misread_is_not_used() {
        let directory = directory_for(Path::new("/data, and more"));

        assert!(directory.starts_with("/tmp"), "{}", directory.display());
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
