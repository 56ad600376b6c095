"""Errors: a class with a status, and RFC 9457 on the wire."""

import json

import pytest

from liushui.kernel.errors import Conflict, InvalidValue, LiushuiError, NotAllowed, NotFound, NotSignedIn


def test_a_problem_document_says_what_was_wrong_where_and_what_to_do():
    error = InvalidValue("'12,5' is not an amount", pointer="/lines/3/amount", remedy="Write 12.5.", context={"row": 7})
    assert error.problem() == {
        "type": "urn:liushui:problem:invalid-value",
        "title": "A value is not of the form that its field takes",
        "status": 422,
        "detail": "'12,5' is not an amount",
        "pointer": "/lines/3/amount",
        "remedy": "Write 12.5.",
        "row": 7,
    }
    assert json.loads(json.dumps(error.problem())) == error.problem()
    assert str(error) == "'12,5' is not an amount"


def test_members_that_are_absent_are_left_out():
    assert set(NotFound("no store S9").problem()) == {"type", "title", "status", "detail"}


def test_context_adds_members_but_takes_no_place_of_the_standard_ones():
    problem = Conflict("known with another body", context={"status": "voided", "sale_id": "1"}).problem()
    assert (problem["status"], problem["sale_id"]) == (409, "1")


@pytest.mark.parametrize(
    ("kind", "status"),
    [(LiushuiError, 500), (InvalidValue, 422), (NotFound, 404), (NotAllowed, 403), (NotSignedIn, 401), (Conflict, 409)],
)
def test_every_kind_has_its_status(kind, status):
    assert kind("x").problem()["status"] == status


def test_a_new_kind_needs_a_docstring_a_status_and_a_type():
    class TillClosed(Conflict):
        """The till is closed.

        More about it, for programmers.
        """

        type = "till-closed"

    problem = TillClosed("till 3").problem()
    assert problem == {
        "type": "urn:liushui:problem:till-closed",
        "title": "The till is closed",
        "status": 409,
        "detail": "till 3",
    }


def test_context_of_one_error_does_not_change_with_the_dict_it_came_from():
    given = {"row": 1}
    error = NotFound("x", context=given)
    given["row"] = 2
    assert error.problem()["row"] == 1
