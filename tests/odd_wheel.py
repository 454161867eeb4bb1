"""A wheel with all that a wheel can have."""

import base64
import subprocess
import zipfile


def digest(content):
    done = subprocess.run(["sha256sum"], input=content, capture_output=True, check=True)
    return base64.urlsafe_b64encode(bytes.fromhex(done.stdout[:64].decode())).rstrip(b"=").decode()


def wheel(directory, name="odd", version="1.0", *, tags=("py3-none-any",), more=None):
    """Write one into `directory`."""
    info, data = f"{name}-{version}.dist-info", f"{name}-{version}.data"
    content = {
        f"{name}/__init__.py": f"VALUE = {version!r}\ndef main(): print('called')\n".encode(),
        f"{name}/native.so": bytes(range(256)) * 40,
        f"{name}/a, b.txt": b"a comma in its name",
        f"{data}/scripts/{name}-script": b"#!python\nimport sys; print(sys.prefix)\n",
        f"{data}/scripts/{name}-shell": b"#!/bin/sh\necho shell\n",
        f"{data}/scripts/{name}-binary": b"\x7fELF and more",
        f"{data}/data/share/{name}/table.csv": b"1,2\n",
        f"{data}/headers/{name}.h": b"int odd;\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": "".join(
            [
                "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\n",
                *(f"Tag: {each}\n" for each in tags),
            ]
        ).encode(),
        f"{info}/entry_points.txt": f"[console_scripts]\n{name}-command = {name}:main\n".encode(),
        f"{info}/licenses/LICENSE": b"free\n",
        **(more or {}),
    }
    rows = [f'"{path}",sha256={digest(each)},{len(each)}\n' for path, each in content.items()]
    content[f"{info}/RECORD"] = "".join([*rows, f"{info}/RECORD,,\n"]).encode()
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}-{version}-{'py3-none-any' if len(tags) > 1 else tags[0]}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for each, bytes_of_it in content.items():
            entry = zipfile.ZipInfo(each)
            entry.external_attr = (0o100755 if "/scripts/" in each else 0o100644) << 16
            archive.writestr(entry, bytes_of_it)
    return path
