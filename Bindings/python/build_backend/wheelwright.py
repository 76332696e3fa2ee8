"""Builds the wheel of a package without anything to compile: a zip of its files, with what pip wants to know beside them.

The library itself, libplat.so.1, goes into the wheel where PLAT_LIBRARY names it when the wheel is built; otherwise the
installed one is found when the package is imported.
"""

import base64
import csv
import hashlib
import io
import os
import re
import zipfile

NAME = "plat"
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
with open(os.path.join(HERE, "pyproject.toml"), encoding="utf-8") as _project:
    VERSION = re.search(r'^version = "([^"]+)"$', _project.read(), re.MULTILINE).group(1)
METADATA = f"""Metadata-Version: 2.1
Name: {NAME}
Version: {VERSION}
Summary: Plat, the partition-placement engine, for Python.
Requires-Python: >=3.9
Provides-Extra: numpy
Requires-Dist: numpy; extra == "numpy"
"""


def _write(path, files, tag):
    info = f"{NAME}-{VERSION}.dist-info"
    files = dict(files)
    files[f"{info}/METADATA"] = METADATA.encode()
    files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: wheelwright\nRoot-Is-Purelib: true\nTag: {tag}\n".encode()
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={digest}", len(data)])
    rows.writerow([f"{info}/RECORD", "", ""])
    files[f"{info}/RECORD"] = record.getvalue().encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in files.items():
            wheel.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)


def _build(directory, editable):
    library = os.environ.get("PLAT_LIBRARY")
    source = os.path.join(HERE, "src")
    files = {}
    if editable:
        files[f"{NAME}.pth"] = source.encode()
    else:
        for folder, _, names in os.walk(os.path.join(source, NAME)):
            for name in sorted(names):
                if name.endswith((".py", ".typed")):
                    path = os.path.join(folder, name)
                    with open(path, "rb") as file:
                        files[os.path.relpath(path, source)] = file.read()
        if library:
            with open(library, "rb") as file:
                files[f"{NAME}/libplat.so.1"] = file.read()
    tag = "py3-none-linux_x86_64" if library and not editable else "py3-none-any"
    name = f"{NAME}-{VERSION}-{tag}.whl"
    _write(os.path.join(directory, name), files, tag)
    return name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return _build(wheel_directory, editable=False)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return _build(wheel_directory, editable=True)


def build_sdist(sdist_directory, config_settings=None):
    import tarfile

    name = f"{NAME}-{VERSION}.tar.gz"
    with tarfile.open(os.path.join(sdist_directory, name), "w:gz") as archive:
        for part in ("pyproject.toml", "build_backend", "src"):
            archive.add(os.path.join(HERE, part), f"{NAME}-{VERSION}/{part}", filter=lambda i: None if "__pycache__" in i.name else i)
    return name
