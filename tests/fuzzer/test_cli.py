"""The command line: a user's mistakes, and the small commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from runs import command, contents, make

from fuzzer.base.errors import RunError
from fuzzer.families.programs import programs
from fuzzer.reports.show import show
from fuzzer.reports.stats import stats
from fuzzer.run.folder import as_json
from fuzzer.run.progress import JsonLines, Lines, State
from fuzzer.storage.local import LocalStore
from fuzzer.storage.store import at
from processes.errors import UserError

MISTAKES = {
    "no poisson": (["--poisson-shards", "0"], "--poisson-shards is 0 but must be between 1 and"),
    "no shards": (["--shards", "0"], "--shards is 0 but must be between 1 and"),
    "negative rows": (["--rows-per-shard", "-1"], "--rows-per-shard is -1 but must be between 1 and"),
    "no workers": (["--workers", "0"], "--workers is 0 but must be between 1 and"),
    "negative seed": (["--seed", "-1"], "--seed is -1 but must be between 0 and"),
    "large seed": (["--seed", str(2**63)], "but must be between 0 and 9223372036854775807"),
    "crowd": (["--per-structure", "256"], "--per-structure is 256 but must be between 1 and 255"),
    "no memory": (["--worker-memory", "1"], "--worker-memory is 1 but must be between 512 and"),
    "no executor": (["--executor", "spark"], "--executor is 'spark' but must be local or ray"),
    "address of nothing": (["--address", "here:1"], "--address is 'here:1' but nothing but --executor ray has one"),
    "no range": (["--block-range", "5"], "--block-range is '5' but must be FIRST:END"),
    "no such store": (["--out", "nosuch://a/b"], "is no address"),
    "no place": (["--out", ""], "'' names no place: give a folder"),
    "no bucket": (["--out", "s3://"], "'s3://' names no place: give a folder"),
    "memory": (["--out", "memory://run"], "but no worker sees another's memory"),
    "no file": (["--out", "file://"], "'file://' names no place: give a folder"),
    "too long": (["--out", "a" * 300], "cannot be reached (File name too long): give a folder"),
    "no number": (["--seed", "abc"], "--seed is 'abc' but must be a whole number: `python -m fuzzer --help` says"),
    "no option": (["--sed", "7"], "fuzzer: no such option: --sed"),
    "no command": (["verfy"], "fuzzer: no such command 'verfy'"),
    "no time": (["--block-seconds", "0"], "--block-seconds is 0.0 but must be between 1 and"),
}


def say(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run([sys.executable, "-m", "fuzzer", *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def one_sentence(text: str) -> bool:
    return text.startswith("fuzzer: ") and text.count("\n") == 1 and "Traceback" not in text


@pytest.mark.parametrize("mistake", MISTAKES)
def test_number_out_of_bounds(mistake: str, tmp_path: Path) -> None:
    options, expected = MISTAKES[mistake]
    status, _, said = say("--out", str(tmp_path / "run"), *options)
    assert status == 2
    assert expected in said
    assert one_sentence(said)
    assert list(tmp_path.iterdir()) == []


def test_unknown_profile(tmp_path: Path) -> None:
    log = str(tmp_path / "log")  # which is not left behind either
    status, _, said = say("--out", str(tmp_path / "run"), "--profile", "no-such", "--log-json", log)
    assert status == 2
    assert "no-such" in said
    assert one_sentence(said)
    assert list(tmp_path.iterdir()) == []


def test_rows_of_a_profile_are_drawn_again_without_its_file(tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text("[style]\ndocstring = 1.0\n")
    out = str(tmp_path / "run")
    small = ["--shards", "1", "--rows-per-shard", "8", "--block", "8", "--workers", "1"]
    assert say("--out", out, "--profile", str(profile), *small)[0] == 0
    profile.unlink()
    status, said, _ = say("verify", out, "--workers", "1")
    assert status == 0
    assert "ok      programs: seed and index give the source again (8 checked)" in said


def test_a_profile_of_any_name_gives_the_same_rows(tmp_path: Path) -> None:
    """In bytes that are no UTF-8, or in a locale that takes UTF-8 for no text."""
    profile = tmp_path / os.fsdecode(b"caf\xe9.toml")
    profile.write_text("")
    assert json.loads(programs(str(profile)).profile)["name"] == "caf\\xe9"
    asked = {"profile": str(profile)}
    assert json.loads(as_json(asked)) == asked
    (tmp_path / "café.toml").write_text("")
    asked_for = [
        sys.executable,
        "-c",
        "import sys; from fuzzer.families.programs import programs as p\nprint(p(sys.argv[1]).profile)",
    ]
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    accented = str(tmp_path / "café.toml")
    done = subprocess.run([*asked_for, accented], env=os.environ | plain, capture_output=True, text=True)
    assert done.stdout.strip() == programs(accented).profile, done.stderr


@pytest.mark.parametrize("name", ["a" * 300, "a" * 300 + ".toml", "", "folder.toml"])
def test_what_is_no_name_of_a_profile(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder.toml").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"is neither a file nor one of default|cannot be read .*File name too long"):
        programs(name)


@pytest.mark.parametrize(
    "text", ["[style]\njit = " + "9" * 5_000, "weights = [", "no_such_section = 1", "[weights]\ntanh = -1\n"]
)
def test_malformed_profile(tmp_path: Path, text: str) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text(text)
    status, _, said = say("--out", str(tmp_path / "run"), "--profile", str(profile))
    assert status == 2
    assert one_sentence(said)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


def drive(out: Path, *options: str) -> tuple[int, str]:
    done = subprocess.run(command("SIMPLE", out, "--workers", "1", *options), capture_output=True, text=True)
    return done.returncode, done.stderr


def test_output_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    status, said = drive(tmp_path / "file")
    assert status == 2
    assert "is a file: give a new folder with --out" in said
    assert one_sentence(said)
    assert contents(tmp_path) == {"file": b"mine"}


def test_output_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    status, said = drive(tmp_path / "file" / "run")
    assert status == 2
    assert "cannot be written (Not a directory): give another folder with --out" in said
    assert one_sentence(said)


def test_output_not_writable() -> None:
    status, said = drive(Path("/proc/run"))  # no user may write there, root included
    assert status == 2
    assert "cannot be written" in said
    assert one_sentence(said)


def test_output_is_a_circle_of_links(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    status, said = drive(tmp_path / "circle")
    assert status == 2
    assert "cannot be reached (Too many levels of symbolic links)" in said
    assert one_sentence(said)


def test_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert at("~/run") == LocalStore("~/run", tmp_path / "run")


def test_output_holds_other_things(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    status, said = drive(tmp_path)
    assert status == 2
    assert "holds files that belong to no run ('README.md')" in said
    assert contents(tmp_path) == {"README.md": b"mine"}


def test_output_with_a_broken_manifest(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{")
    status, said = drive(tmp_path)
    assert status == 2
    assert "is no JSON object" in said
    assert contents(tmp_path) == {"manifest.json": b"{"}


def test_help_reads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom fuzzer.cli import app\ntry:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'jax', 'numpy', 'pyarrow', 'grammar', 'lowering', 'ray', 'fsspec', 's3fs'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--shards" in done.stdout
    assert done.stdout.endswith("[]\n")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cli") / "run"
    log = out.with_name("log.jsonl")
    subprocess.run(
        command("SIMPLE", out, "--shards", "4", "--rows-per-shard", "12", "--log-json", str(log)),
        capture_output=True,
        check=True,
    )
    return out


def test_log_for_machines(finished: Path) -> None:
    steps = [json.loads(line) for line in (finished.parent / "log.jsonl").read_text().splitlines()]
    assert steps[-1]["rows"] == steps[-1]["fresh_rows"] == 48
    assert steps[-1]["largest_worker_bytes"] > 50e6
    assert steps[-1]["cpu_seconds"] > 0
    assert steps[-1]["stage"] == "writing programs"


def test_stats(finished: Path, tmp_path: Path) -> None:
    written = tmp_path / "stats.md"
    log = str(finished.parent / "log.jsonl")
    assert say("stats", str(finished), "--write", str(written), "--log", log) == (0, "", "")
    text = written.read_text()
    assert len(text.splitlines()) <= 20
    named = "rows a second, ms of CPU a row, largest worker, duplicates, rejects, equations, dot_general"
    assert all(name in text for name in named.split(", "))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["stats", "--write", "/proc/stats.md"], "--write '/proc/stats.md' cannot be written ("),
        (["verify", "--workers", "0"], "--workers is 0 but must be between 1 and"),
        (["verify", "--rows", "0"], "--rows is 0 but must be between 1 and"),
        (["merge", "--workers", "-1"], "--workers is -1 but must be between 1 and"),
        (["merge", "--log-json", "/proc/log"], "--log-json '/proc/log' cannot be written ("),
        (["stats", "--write", "/dev/full"], "--write '/dev/full' cannot be written (No space left on device)"),
    ],
)
def test_mistakes_about_a_run(finished: Path, arguments: list[str], expected: str) -> None:
    before = contents(finished)
    status, _, said = say(*arguments, str(finished))
    assert status == 2
    assert expected in said
    assert one_sentence(said)
    assert contents(finished) == before


@pytest.mark.parametrize("line", ["1", "{}", '{"seconds": "x", "stage": "", "fresh_rows": 1}', "[" * 100_000, "\x00"])
def test_a_log_that_no_run_wrote(line: str, finished: Path, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(line)
    with pytest.raises(UserError, match=r"cannot be read \(.*\): give a run's --log-json file"):
        stats(finished, tmp_path / "log")


def test_tenths_of_a_log(finished: Path, tmp_path: Path) -> None:
    """A hundred blocks of ten rows: the last half takes twice the time and half as much CPU again."""
    lines, seconds, cpu = [], 0.0, 0.0
    for block in range(100):
        seconds += 1 if block < 50 else 2
        cpu += 1 if block < 50 else 1.5
        step = {"seconds": seconds, "cpu_seconds": cpu, "stage": "programs", "fresh_rows": 10 * (block + 1)}
        lines.append(json.dumps(step | {"largest_worker_bytes": 3_000_000 + block}))
    (tmp_path / "log").write_text("\n".join(lines))
    text = stats(finished, tmp_path / "log")
    assert "| rows a second, first and last tenth | programs 10.00 and 5.00 |" in text
    assert "| ms of CPU a row, first and last tenth | programs 100.0 and 150.0 |" in text


def test_a_log_on_a_full_disk() -> None:
    with Path("/dev/full").open("w") as full:
        log = JsonLines(full)
        with pytest.raises(RunError, match="--log-json '/dev/full' cannot be written any more"):
            log.show(State())
        log.close()


def test_progress_that_cannot_be_shown_stops_nothing() -> None:
    full = os.fdopen(os.open("/dev/full", os.O_WRONLY), "w")
    Lines(full).show(State())
    with pytest.raises(OSError, match="No space"):
        full.close()


@pytest.mark.parametrize("name", ["fuzzer", "pde"])
def test_nobody_reads(name: str) -> None:
    """As `| head` does when it has what it wants."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-m", name, "--help"], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_nowhere_to_print(finished: Path) -> None:
    asked = [sys.executable, "-m", "fuzzer", "show", str(finished), "--index", "3"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(asked, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert one_sentence(done.stderr)


def test_an_id_of_several_rows(finished: Path) -> None:
    first = min(ids := pq.read_table(finished / "programs", columns=["id"])["id"].to_pylist())
    assert sum(id_[0] == first[0] for id_ in ids) > 1
    with pytest.raises(
        UserError, match=rf"more than one id begins with '{first[0]}' \(\w+ and \w+\): give more digits"
    ):
        show(finished, "programs", first[0])


def test_show_by_id_and_by_index(finished: Path) -> None:
    status, by_index, _ = say("show", str(finished), "--index", "3")
    assert status == 0
    for part in ("# source\nimport jax", "# jaxpr\n{ lambda ;", "# stablehlo\nmodule @jit_entry"):
        assert part in by_index
    assert say("show", str(finished), by_index.split()[2][:12])[1] == by_index


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--index", "999999"], "has index 999999"),
        (["zz"], "has an id that begins with 'zz'"),
        ([], "neither an id nor --index was given"),
        (["abc", "--index", "3"], "both an id ('abc') and --index (3) were given"),
        (["--index", "3", "--family", "poisson"], "--family is 'poisson' but this run has programs"),
    ],
)
def test_show_mistakes(finished: Path, arguments: list[str], expected: str) -> None:
    status, _, said = say("show", str(finished), *arguments)
    assert status == 2
    assert expected in said
    assert one_sentence(said)


def test_merge_of_nothing(tmp_path: Path) -> None:
    status, _, said = say("merge", str(tmp_path), "--out", str(tmp_path / "run"))
    assert status == 2
    assert "holds no blocks to merge" in said
    assert one_sentence(said)


@pytest.mark.parametrize("name", ["show", "stats", "verify"])
def test_no_run_to_look_at(tmp_path: Path, name: str) -> None:
    status, _, said = say(name, str(tmp_path))
    assert status == 2
    assert "holds no finished run" in said
    assert one_sentence(said)


def test_make_in_process_matches_the_command(finished: Path, tmp_path: Path) -> None:
    make(tmp_path / "run", seed=0)
    assert contents(tmp_path / "run") == contents(finished)
