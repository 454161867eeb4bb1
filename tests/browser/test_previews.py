"""Tables, archives and trees that a trial wrote, as a person meets them."""

import pytest

pytestmark = pytest.mark.slow

SCRIPT = """
import io, json, tarfile
import pyarrow, pyarrow.parquet

pyarrow.parquet.write_table(pyarrow.table({"<i>n</i>": range(300), "t": [None] * 300}), "rows.parquet")
open("log.jsonl", "w").write("".join(json.dumps({"at": each}) + "\\n" for each in range(3)))
with tarfile.open("some.tar.gz", "w:gz") as archive:
    archive.addfile(tarfile.TarInfo("<b>member</b>"), io.BytesIO())
open("torn.parquet", "wb").write(b"PAR1 and no more")
"""


def test_each_says_what_it_is_and_what_is_lacking(page_of, project):
    project.write(train=SCRIPT)
    project.run("python", "train.py")
    shown = page_of(project.ledger).open(f"#/trial/{project.last.id}?tab=files")
    for path, selector in (
        ("rows.parquet", "p:text-is('Parquet, 300 rows of 2 columns')"),
        ("rows.parquet", "th:has-text('<i>n</i>'):has-text('int64')"),
        ("rows.parquet", "td:text-is('199')"),
        ("log.jsonl", "td:text-is('2')"),
        ("some.tar.gz", "p:text-is('tar, packed by gzip')"),
        ("some.tar.gz", "td:text-is('<b>member</b>')"),
        ("torn.parquet", "p:has-text('no readable table: ')"),
        ("torn.parquet", "pre:has-text('50 41 52 31')"),
    ):
        place = f"details:has(> summary:has-text('{path}'))"
        if not shown.locator(f"{place}[open]").count():
            shown.click(f"{place} > summary")
        shown.wait_for_selector(f"{place} {selector}")
