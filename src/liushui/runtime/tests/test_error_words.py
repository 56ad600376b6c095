"""What errors say is said in the reader's language on pages, and in English on the wire."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.runtime import error_words


@pytest.mark.parametrize(
    ("said", "chinese"),
    [
        ("The file is empty", "文件为空"),
        ("There is no chain 'HM' that you may see", "没有您可以查看的连锁“HM”"),
        ("There is no version 7, or it is not yours to see", "版本 7 不存在，或您无权查看"),
        ("Draft 'Double Eleven' is in review", "草稿“Double Eleven”的状态：审核中"),
        ("The workbook is too large to be read: it has 4 parts", "工作簿过大，无法读取：含有 4 个部分"),
        (
            "Promotion 'x', effects[0].percent: A percent is wanted; true was given",
            "促销“x”，effects[0].percent：应为百分比；给出的是 true",
        ),
        ("row 5, column Amount: 'x1' is not a number (and 2 more)", "第 5 行，列 Amount：“x1”不是数字（另有 2 处）"),
        (
            "The file has no column for name. Name the columns as in the template.",
            "文件缺少列：name。列名请与模板一致。",
        ),
        ("Nobody has ever said this", "Nobody has ever said this"),
        ("", ""),
    ],
)
def test_a_sentence_is_found_by_its_shape_and_its_values_are_put_in(said: str, chinese: str) -> None:
    with override("en"):
        assert error_words.translated(said) == said
    with override("zh-hans"):
        assert error_words.translated(said) == chinese


def test_values_that_look_like_sentences_stay_what_they_are() -> None:
    with override("zh-hans"):
        assert error_words.translated("The chain lists 'open' already") == "本连锁已有商品“open”"
        assert error_words.translated("The user name 'The file is empty' is taken") == (
            "用户名“The file is empty”已被使用"
        )


def test_of_two_shapes_that_fit_the_one_that_says_more_is_taken() -> None:
    with override("zh-hans"):
        assert error_words.translated("Row 3 is not a header: 'a' stands there twice") == (
            "第 3 行不是表头：“a”出现了两次"
        )


def test_a_detail_that_nobody_translated_is_left_out_for_who_reads_chinese() -> None:
    unknown = NotAllowed("Nobody has ever said this", remedy="Nor this.")
    known = NotAllowed("This needs the right 'sale.read'", remedy="Ask another person who manages access.")
    plain = InvalidValue("A GTIN has 13 digits here", remedy="A GTIN has 8, 12, 13 or 14 digits.")
    with override("zh-hans"):
        assert error_words.error_text(unknown, with_remedy=True) == "您无权执行此操作"
        assert error_words.error_text(known, with_remedy=True) == (
            "您无权执行此操作：需要“sale.read”权限。请由另一位权限管理员操作。"
        )
        assert error_words.error_text(plain, with_remedy=True) == (
            "某个值的格式不符合要求。国际条码为 8、12、13 或 14 位数字。"
        )
    with override("en"):
        assert error_words.error_text(known, with_remedy=True) == (
            "You may not do this: This needs the right 'sale.read'. Ask another person who manages access."
        )
    assert known.problem()["detail"] == "This needs the right 'sale.read'"


def test_a_long_text_is_no_sentence_and_takes_no_time() -> None:
    with override("zh-hans"):
        text = "Line 1: " * 10_000
        assert error_words.translated(text) == text
