"""Files of a log: folders, gzip, and lines too long for memory."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path

from prompts.logs.files import MAX_LINE_BYTES
from prompts.logs.read import Skipped, read_logs
from tests.prompts.log_records import (
    HOUR,
    converse,
    write_jsonl,
)


def test_a_folder_is_walked_in_order_and_large_bodies_are_found(tmp_path: Path) -> None:
    stem, hour = "20261120T070000000Z_1", tmp_path / HOUR
    large = converse("", "")
    large["input"] = {"inputBodyS3Path": f"s3://bucket/{HOUR}/data/r1_input.json.gz", "inputTokenCount": 9}
    body = {"messages": [{"role": "user", "content": [{"text": "large"}]}]}
    write_jsonl(hour / "data/r1_input.json.gz", [body], packed=True)
    gone = converse("", "") | {"input": {"inputBodyS3Path": f"s3://bucket/{HOUR}/data/r2_input.json.gz"}}
    write_jsonl(hour / f"{stem}.json.gz", [large, gone, converse("second", "b")], packed=True)
    write_jsonl(hour.with_name("06") / f"{stem}.json.gz", [converse("first", "a")], packed=True)
    (tmp_path / f"AWSLogs/{'111122223333'}/BedrockModelInvocationLogs/amazon-bedrock-logs-permission-check").touch()
    write_jsonl(hour / f"._{stem}.json.gz", [converse("a Mac's own file", "b")])
    skipped = Skipped()
    calls = list(read_logs(tmp_path, skipped))
    assert [call.messages[-1].content for call in calls] == ["first", "large", "second"]
    assert skipped.counts == {"body_not_here": 1}
    assert skipped.first["body_not_here"].endswith(f"{stem}.json.gz:2")


def test_gzip_is_known_by_its_bytes_and_a_torn_one_keeps_what_came_before(tmp_path: Path) -> None:
    lines = [json.dumps(converse(f"question {number}", "a" * 50)) for number in range(2000)]
    packed = gzip.compress("\n".join(lines).encode())
    (tmp_path / "log.json").write_bytes(packed[: len(packed) // 2])
    skipped = Skipped()
    calls = list(read_logs(tmp_path, skipped))
    assert 0 < len(calls) < 2000
    assert skipped.counts["torn_gzip"] == 1
    assert f"1 torn_gzip (first: {tmp_path / 'log.json'}:" in str(skipped)


def test_a_byte_order_mark_and_empty_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(converse("Why?", "So.")).encode() + b"\r\n\r\n")
    assert [call.where for call in read_logs(path)] == [f"{path}:1"]


def test_a_gzip_bomb_is_one_line_too_long(tmp_path: Path) -> None:
    """400 MB in one line: counted, the next line is read, and the memory stays near one line's bound."""
    with gzip.open(tmp_path / "log.json.gz", "wb", compresslevel=1) as file:
        for _ in range(400):
            file.write(b" " * 2**20)
        file.write(b"\n" + json.dumps(converse("Why?", "So.")).encode() + b"\n")
    skipped = Skipped()
    tracemalloc.start()
    calls = list(read_logs(tmp_path / "log.json.gz", skipped))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [call.reply for call in calls] == ["So."]
    assert skipped.counts == {"line_too_long": 1}
    assert peak < 3 * MAX_LINE_BYTES
