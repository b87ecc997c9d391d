"""Each promise is kept by a run, and its breach is noticed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from run_families import SIMPLE
from runs import DAMAGES, here, make

import fuzzer.reports.verify
import lowering
from fuzzer.base.options import Limits
from fuzzer.base.versions import versions
from fuzzer.making.rows import source_map
from fuzzer.reports import recheck
from fuzzer.reports.show import show
from fuzzer.reports.stats import stats
from fuzzer.reports.verify import Promise, unchecked, verify
from fuzzer.storage.base import sha256
from fuzzer.storage.store import at
from processes.errors import UserError

SHARD = "programs/train-00000-of-00002.parquet"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("verify") / "run"
    make(out)
    return out


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzzer.reports.verify, "local", here)


FACTORIES = {SIMPLE.name: SIMPLE.factory}


def broken(out: Path, rows: int | None = None) -> list[str]:
    return [promise.text for promise in verify(out, rows, Limits(workers=1), FACTORIES) if not promise.holds]


def test_a_run_keeps_its_promises(whole: Path) -> None:
    promises = list(verify(whole, None, Limits(workers=1), FACTORIES))
    texts = {promise.text: promise for promise in promises}
    assert [text for text, promise in texts.items() if not promise.holds] == []
    assert texts["programs: the source alone lowers to the row's jaxpr and stablehlo"].checked == 48
    assert len(promises) == 18


def spoil(out: Path, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """Changes rows of a shard and signs it again, so that only the content is wrong."""
    path = out / SHARD
    table = pq.read_table(path)
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, table.schema), path)
    manifest = json.loads((out / "manifest.json").read_text())
    for shard in manifest["families"]["programs"]["shards"]:
        if shard["file"] == SHARD:
            shard["sha256"] = sha256(at(out), SHARD)
    (out / "manifest.json").write_text(json.dumps(manifest))


def set_value(name: str, value: Callable[[Any], Any]) -> Callable[[list[dict[str, Any]]], None]:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[3][name] = value(rows[3][name])

    return change


def crowd(rows: list[dict[str, Any]]) -> None:
    for row in rows[:6]:
        row["structure"] = rows[0]["structure"]


def move_span(spans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [spans[0] | {"end_line": 10_000}, *spans[1:]]


BREACHES: dict[str, tuple[Callable[[list[dict[str, Any]]], None], str]] = {
    "id twice": (lambda rows: rows[3].update(id=rows[2]["id"]), "no id twice"),
    "crowd": (crowd, "at most 4 rows of a structure"),
    "split": (set_value("structure", lambda _: "0" * 32), "structure decides the split"),
    "order": (lambda rows: rows.reverse(), "by ascending index"),
    "style": (
        set_value("source", lambda text: text + "\n\n"),
        "black leaves",
    ),
    "stablehlo": (set_value("stablehlo", lambda text: text + " "), "the source alone lowers"),
    "jaxpr": (set_value("jaxpr", lambda text: text + " "), "the source alone lowers"),
    "id": (set_value("id", lambda _: "1" * 32), "id and structure are its fingerprints"),
    "size": (set_value("equations", lambda number: number + 1), "sizes and counts"),
    "count": (set_value("primitives", lambda _: []), "sizes and counts"),
    "span": (set_value("source_map", move_span), "spans of the source map"),
    "index": (set_value("index", lambda number: number + 1_000), "seed and index give the source"),
    "null": (set_value("structure", lambda _: None), "every shard can be read"),
    "no fingerprint": (set_value("structure", lambda _: "none"), "structure decides the split"),
    "no program": (set_value("source", lambda _: "("), "the source alone lowers"),
    "no text": (set_value("jaxpr", lambda _: ""), "every equation and operation"),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_noticed(whole: Path, tmp_path: Path, breach: str) -> None:
    change, expected = BREACHES[breach]
    out = tmp_path / "run"
    shutil.copytree(whole, out)
    spoil(out, change)
    assert any(expected in text for text in broken(out))


def reroute(row: dict[str, Any]) -> None:
    span = row["source_map"][0]
    span["stablehlo_lines"] = span["stablehlo_lines"][:-1] or [1]


COLUMNS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "outputs": (lambda row: row["outputs"][0].update(dtype="int32"), "outputs and source map"),
    "source_map": (reroute, "outputs and source map"),
    "inputs": (lambda row: row["inputs"][0].update(refinement="positive"), "the columns that say how it was drawn"),
    "productions": (lambda row: row["productions"].pop(), "the columns that say how it was drawn"),
    "transform": (lambda row: row.update(transform="grad"), "the columns that say how it was drawn"),
}
"""What a row may be altered in so that all else still agrees."""


def test_a_change_of_any_column_is_noticed(whole: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(whole, tmp_path / "run"))
    ids: dict[str, str] = {}

    def change(rows: list[dict[str, Any]]) -> None:
        for row, (name, (alter_row, _)) in zip(rows, COLUMNS.items(), strict=False):
            alter_row(row)
            ids[name] = row["id"]

    spoil(out, change)
    promises = list(verify(out, None, Limits(workers=1), FACTORIES))
    for name, (_, expected) in COLUMNS.items():
        assert [ids[name] in promise.broken for promise in promises if expected in promise.text] == [True], name


def test_a_manifest_and_shards_that_disagree_are_noticed(whole: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(whole, tmp_path / "run"))
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["families"]["programs"]["counts"]["draws"] += 1
    manifest["run"]["versions"]["jax"] = "0.0.0"
    (out / "manifest.json").write_text(json.dumps(manifest))
    assert broken(out, 1) == ["programs: the manifest's counts add up", "programs: shards name the run that made them"]


def test_altered_missing_and_strange_files_are_noticed(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    shutil.copytree(whole, out)
    (out / "README.md").write_text("")
    (out / "programs" / "train-00009-of-00002.parquet").write_text("")
    assert broken(out, 1)[:2] == [
        "every file has its sha256 of the manifest",
        "no other data is in the folder",
    ]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_shard_that_cannot_be_read_keeps_no_promise_and_is_made_again(
    whole: Path, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    out = tmp_path / "run"
    shutil.copytree(whole, out)
    (out / SHARD).write_bytes(damage((out / SHARD).read_bytes())[:-4])
    assert broken(out) == ["every file has its sha256 of the manifest", "programs: every shard can be read"]
    for reader in (lambda: show(out, "programs", index=0), lambda: stats(out, None)):
        with pytest.raises(UserError, match="is no shard of this run"):
            reader()
    make(out)
    assert broken(out) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff", "no JSON object"),
        (b"[" * 100_000, "no JSON object"),
        (b"[]", "no JSON object"),
        (b"{}", "it has no 'run'"),
        (b"9" * 5_000, "no JSON object"),
    ],
)
def test_a_manifest_that_no_run_wrote_is_named(whole: Path, tmp_path: Path, content: bytes, said: str) -> None:
    out = tmp_path / "run"
    shutil.copytree(whole, out)
    (out / "manifest.json").write_bytes(content)
    with pytest.raises(UserError, match=said):
        broken(out)
    with pytest.raises(UserError, match=r"put the original back|holds a run that differs in"):
        make(out)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("files",), []),
        (("families", "programs", "shards", 0, "rows"), "many"),
        (("families", "programs", "shards"), None),
        (("run", "families", "programs", "factory"), 7),
        (("run", "versions"), ["jax"]),
        (("families", "programs", "counts", "duplicates"), 10**30),
        (("families", "programs", "shards", 0, "file"), "../other/train.parquet"),
        (("families", "programs", "shards", 0, "file"), "\0"),
        (("families", "programs", "counts", "draws"), None),
    ],
)
def test_a_manifest_with_a_wrong_value_says_which(
    whole: Path, tmp_path: Path, path: tuple[Any, ...], value: Any
) -> None:
    out = tmp_path / "run"
    shutil.copytree(whole, out)
    manifest = json.loads((out / "manifest.json").read_text())
    place = manifest
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    (out / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UserError, match=rf"'{path[-1]}' of .* is {re.escape(repr(value))}"):
        broken(out)


def test_a_manifest_that_is_a_folder_or_lacks_a_family_is_named(whole: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(whole, tmp_path / "run"))
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["families"]["foreign"] = manifest["families"]["programs"]
    (out / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UserError, match=r"are not of the same families \('foreign'\)"):
        broken(out)
    (out / "manifest.json").unlink()
    (out / "manifest.json").mkdir()
    with pytest.raises(UserError, match="holds no finished run"):
        broken(out)
    with pytest.raises(UserError, match="holds files that belong to no run"):
        make(out)


def test_a_sample_is_as_large_as_asked(whole: Path) -> None:
    promises = {promise.text: promise for promise in verify(whole, 10, Limits(workers=1), FACTORIES)}
    assert promises["programs: black leaves the source as it is"].checked == 10


def test_what_a_manifest_names_is_not_run(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    shutil.copytree(whole, out)
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["run"]["families"]["programs"]["factory"] = "builtins:exit"
    (out / "manifest.json").write_text(json.dumps(manifest))
    assert broken(out, 2) == []


def promises(out: Path) -> dict[str, Promise]:
    return {promise.text: promise for promise in verify(out, 4, Limits(workers=1), FACTORIES)}


REMADE = [f"programs: {text}" for text in recheck.LOWERED]


def test_what_other_versions_cannot_tell_is_not_called_broken(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, made_with = Path(shutil.copytree(whole, tmp_path / "run")), versions()
    other = {"jaxpr": lambda text: text + " ", "id": lambda _: "1" * 32}
    for column, change in other.items():  # as another JAX or Python would have them
        spoil(out, set_value(column, change))
    monkeypatch.setattr("fuzzer.base.versions.versions", lambda: made_with | {"python": "3.99", "jax": "99.9"})
    told = promises(out)
    assert [text for text, promise in told.items() if promise.unchecked] == REMADE
    assert all(promise.checked == 0 and promise.holds for text, promise in told.items() if text in REMADE)
    assert f"(not checked here: made with python {made_with['python']} (here 3.99), jax " in str(told[REMADE[0]])
    said = unchecked(list(told.values()))
    assert "14 of 18 promises were checked" in said
    assert f'use Python {made_with["python"]}, `pip install "jax=={made_with["jax"]}" ' in said


def test_what_other_versions_can_tell_is_told(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_with = versions()
    monkeypatch.setattr("fuzzer.base.versions.versions", lambda: made_with | {"jax": "99.9"})
    out = Path(shutil.copytree(whole, tmp_path / "run"))
    spoil(out, set_value("source_map", move_span))
    assert "programs: spans of the source map are valid" in broken(out)
    (out / "README.md").write_text("")
    assert broken(out)[0] == "every file has its sha256 of the manifest"


def test_another_pyarrow_or_numpy_leaves_nothing_unchecked(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"pyarrow": "99.9", "numpy": "99.9"}
    monkeypatch.setattr("fuzzer.base.versions.version", lambda name: found.get(name) or metadata.version(name))
    told = promises(whole)
    assert unchecked(list(told.values())) == ""
    assert all(promise.holds and promise.checked for promise in told.values())


def test_what_another_grammar_drew_is_not_silently_left_out(whole: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(whole, tmp_path / "run"))
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["run"]["families"]["programs"]["grammar"] = "1" * 32
    (out / "manifest.json").write_text(json.dumps(manifest))
    told = promises(out)
    assert [text for text in told if told[text].unchecked] == [f"programs: {text}" for text in recheck.REDRAWN]
    assert unchecked(list(told.values())).endswith("for the others, take the grammar that drew it")


@pytest.mark.parametrize("decorator", ["", "@jax.jit\n"])
@pytest.mark.parametrize("value", ["jnp.cos(x)", "jnp.cos(" * 30 + "x" + ")" * 30])
def test_what_stands_at_the_top_is_found_however_short_the_jaxpr_is(decorator, value):
    """JAX puts a short one on one line; a long one that is jitted itself stands before it, under its name."""
    source = f"import jax\nimport jax.numpy as jnp\n\n\n{decorator}def model(x):\n    return {value}\n"
    lowered = lowering.extract_source(source, "model", [lowering.Leaf("x", "float32", (3,))])
    row = {"source": source, "jaxpr": lowered.traced.jaxpr, "stablehlo": lowered.stablehlo}
    mapped = row | {"source_map": source_map(lowered)}
    assert recheck._all_mapped(recheck.Again(mapped))
    assert not recheck._all_mapped(recheck.Again(row | {"source_map": []}))
