from __future__ import annotations

from pipeline.report import labels
from pipeline.run.evaluation.contestants import Confusion
from tests.pipeline.report.make import summary, with_contestants


def test_each_row_of_a_confusion_table_is_shaded_by_its_share() -> None:
    confusion = Confusion(("a", "b"), ((9, 1, 0), (0, 0, 0)))
    (table,) = labels.confusions(with_contestants({"student": summary(confusion=confusion)}))
    assert table.columns == ["a", "b", "none of them"]
    assert table.rows == [("a", [(9, 9), (1, 1), (0, 0)]), ("b", [(0, 0), (0, 0), (0, 0)])]


def test_of_many_labels_the_commonest_are_shown() -> None:
    names = tuple(f"l{number}" for number in range(30))
    counts = tuple(tuple(number if row == number else 0 for number in range(31)) for row in range(30))
    (table,) = labels.confusions(with_contestants({"student": summary(confusion=Confusion(names, counts))}))
    assert table.left_out == 10
    assert [label for label, _ in table.rows] == list(names[10:])
