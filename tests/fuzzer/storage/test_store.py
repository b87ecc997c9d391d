"""A run lies the same wherever it lies: in a folder, in memory, in an S3 bucket."""

from __future__ import annotations

import logging
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from runs import SMALL, command, contents, here, make

from fuzzer.base.options import Limits
from fuzzer.reports.show import show
from fuzzer.reports.stats import stats
from fuzzer.reports.verify import verify
from fuzzer.storage import lease, remote, store
from fuzzer.storage.base import Store
from fuzzer.storage.names import LOCK
from fuzzer.storage.store import at
from processes.errors import UserError


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a run that was stopped before its first shard."""
    out = tmp_path_factory.mktemp("stopped") / "run"

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fuzzer.run.maker.write_shard", stop)
        with pytest.raises(KeyboardInterrupt):
            make(out)
    return contents(out)


def held(place: Store) -> dict[str, bytes]:
    return {name: place.read(name) or b"" for name in place.files()}


def filled(address: str, files: dict[str, bytes]) -> Store:
    place = at(address)
    for name, content in files.items():
        store.write(place, name, content)
    return place


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket of a real S3 server on loopback."""
    pytest.importorskip("s3fs", reason="needs the extra [s3]")
    server_of = pytest.importorskip("moto.server", reason="needs moto[server]")
    boto3 = pytest.importorskip("boto3")

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = server_of.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="runs")
        yield "s3://runs"
    server.stop()


@pytest.fixture(params=["memory", "s3"])
def address(request: pytest.FixtureRequest) -> str:
    root = "memory://runs" if request.param == "memory" else request.getfixturevalue("bucket")
    return f"{root}/{uuid.uuid4().hex}"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEWED", 0.05)
    monkeypatch.setattr(lease, "SILENT", 0.5)


def test_same_bytes_anywhere(address: str, undisturbed: dict[str, bytes]) -> None:
    assert make(address).rows == 48
    assert held(at(address)) == undisturbed
    assert make(address).fresh == 0


def test_the_command_and_its_workers_write_to_s3(bucket: str, undisturbed: dict[str, bytes]) -> None:
    out = f"{bucket}/commanded"
    done = subprocess.run(command("SIMPLE", out, *SMALL, "--workers", "2"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"48 rows in {out}" in done.stdout
    assert held(at(out)) == undisturbed


def test_goes_on_where_it_was_stopped(address: str, stopped: dict[str, bytes], undisturbed: dict[str, bytes]) -> None:
    place = filled(address, stopped)
    first, second, *_ = place.files(".blocks/programs")
    store.write(place, first, stopped[first][:-1000])
    store.write(place, second, b"altered" + stopped[second][7:])
    assert 0 < make(address).fresh < 48
    assert held(place) == undisturbed


def test_a_shard_is_seen_whole_or_not_at_all(address: str) -> None:
    place = at(address)
    with pytest.raises(UnicodeEncodeError), place.writing("programs/shard") as file:
        file.write(b"half" + "\ud800".encode())
    assert place.files() == []


def test_small_commands_read_from_anywhere(
    address: str, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fuzzer.reports.verify.local", here)
    filled(address, undisturbed)
    assert [promise.text for promise in verify(address, 2, Limits(workers=1)) if not promise.holds] == []
    assert "# stablehlo" in show(address, "programs", index=3)
    assert "dot_general" in stats(address, None)
    store.write(at(address), "programs/stray", b"")
    assert [promise.text for promise in verify(address, 1, Limits(workers=1)) if not promise.holds] == [
        "no other data is in the folder"
    ]


def test_another_run_is_refused(address: str, stopped: dict[str, bytes]) -> None:
    filled(address, {".run.json": stopped[".run.json"]})
    with pytest.raises(UserError, match=r"holds a run that differs in seed \(7, not 8\)"):
        make(address, seed=8)


def test_other_things_are_refused(address: str) -> None:
    store.write(at(address), "mine.txt", b"mine")
    with pytest.raises(UserError, match=r"holds files that belong to no run \('mine.txt'\)"):
        make(address)


def test_two_runs_into_one_place_are_refused(address: str, quick: None) -> None:
    place = at(address)
    with place.locked():
        with pytest.raises(UserError, match="is in use by another run"):
            make(address)
        assert place.exists(LOCK)
    assert not place.exists(LOCK)


def test_the_lease_of_a_dead_run_is_taken_over(address: str, quick: None) -> None:
    place = at(address)
    store.write(place, LOCK, b"left by a run that was killed")
    with place.locked():
        assert b"owner" in (place.read(LOCK) or b"")
    assert not place.exists(LOCK)


def test_a_lease_taken_over_is_not_given_back(address: str, quick: None) -> None:
    place = at(address)
    with place.locked():
        store.write(place, LOCK, b"another's")
    assert place.read(LOCK) == b"another's"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nosuch://bucket/run", "is no address .*: give a path or one as s3:"),
        ("s3://no-such-bucket/run", "cannot be written|cannot be reached"),
    ],
)
def test_an_address_that_is_none(bucket: str, address: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        make(address)
    assert "\n" not in str(caught.value)


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch, bucket: str) -> None:
    s3fs = pytest.importorskip("s3fs")
    s3fs.S3FileSystem.clear_instance_cache()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(UserError, match=r"cannot be reached .*: check the address, the network"):
        at(f"{bucket}/run")
    s3fs.S3FileSystem.clear_instance_cache()


def test_an_extra_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(remote, "url_to_fs", missing)
    with pytest.raises(UserError, match=r"pip install 'jit-synthesis\[s3\]'"):
        at("s3://bucket/run")


def test_local_addresses() -> None:
    assert at("file:///tmp/run") == at(Path("/tmp/run"))
    assert at("some/run").address == "some/run"
    assert at("some/run") == store.LocalStore("some/run", Path.cwd() / "some/run")
