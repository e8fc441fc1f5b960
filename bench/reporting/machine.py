"""What a report says of the machine that the benchmarks ran on."""

import datetime
import os
import pathlib
import platform
import shlex
import subprocess
import tempfile


def output_of(*command):
    """What a command prints, or "" where there is no such command or it fails."""
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def field_of(text, name):
    """The value of the first line "name: value"."""
    lines = (line.partition(":") for line in text.splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "")


def processor():
    lscpu = output_of("lscpu")
    model = field_of(lscpu, "Model name") or platform.processor() or "unknown"
    hypervisor = field_of(lscpu, "Hypervisor vendor")
    return model + (f" (virtual, {hypervisor})" if hypervisor else "")


def memory():
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{pages / 2**30:.1f} GiB"


def file_system(directory):
    lines = output_of("df", "--output=fstype", directory or tempfile.gettempdir()).split()
    return lines[-1] if lines else "unknown"


def describe(directory, command):
    """{what: text}, in the order in which it is to be shown. `directory`: where the databases were made."""
    commit = output_of("git", "-C", str(pathlib.Path(__file__).parent), "describe", "--always", "--dirty").strip()
    return {"processor": processor(), "cores": str(os.cpu_count()), "memory": memory(),
            "kernel": f"{platform.system()} {platform.release()}", "file system": file_system(directory),
            "commit": commit or "unknown", "date": datetime.date.today().isoformat(),
            "command": shlex.join(["bench/" + pathlib.Path(command[0]).name, *command[1:]])}
