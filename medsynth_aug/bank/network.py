"""Tell whether a folder lies on a network file system, where SQLite's locks cannot be trusted."""

from pathlib import Path

MOUNTS = Path("/proc/mounts")
"""Where Linux lists its mounts; absent elsewhere, then nothing is detected."""

_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "afs", "ceph", "lustre")


def network_filesystem(folder: Path, mounts: Path) -> str | None:
    """Type of the network file system that holds `folder`, or None if it is local or not known."""
    if not mounts.exists():
        return None
    parents = {str(parent) for parent in (folder.resolve(), *folder.resolve().parents)}
    longest, kind = "", None
    for line in mounts.read_text(errors="replace").splitlines():
        _, point, type_, *_ = line.split(" ")
        point = point.replace(r"\040", " ")
        if point in parents and len(point) >= len(longest):
            longest, kind = point, type_
    return kind if kind in _NETWORK else None
